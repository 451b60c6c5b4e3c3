"""``aml compare``: a day's outputs held against another program's, store's, day's or version's.

Belongs here: the command's words, its lines and its exit code. Does not belong here: what is
compared (``comparing``) and how (``core.compare.file_comparison``). Nothing printed holds a
customer's value.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from aml_assets.errors import AmlError

if TYPE_CHECKING:
    import pyarrow as pa

    from aml_assets.core.compare.file_comparison import Comparison, Figure
    from aml_assets.steps.comparing import Side

SAME, DIFFERS, TROUBLE = 0, 1, 2
"""Exit codes, as those of ``diff``."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(compare)


def compare(
    left: Annotated[
        str,
        typer.Argument(help="A day, DAY@DIGEST for a replaced CSV, or a file's path or URL."),
    ],
    right: Annotated[
        str | None, typer.Argument(help="The other one; the same day, with --other.")
    ] = None,
    other: Annotated[
        str | None, typer.Option(help="Root of the store in which the right one lies.")
    ] = None,
    key: Annotated[
        list[str] | None, typer.Option(help="A column of the key; the reports' key by default.")
    ] = None,
    top: Annotated[int, typer.Option(help="How many of the highest scores.", min=1)] = 100,
    keys: Annotated[
        Path | None, typer.Option(help="Write the keys of rows that differ to this file (0600).")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")] = False,
) -> None:
    """Compare outputs of two days, stores or files. Exit code: 0 same, 1 differs, 2 trouble."""
    try:
        same = _compare(left, right, other, key, top, keys, as_json=as_json)
    except AmlError as error:
        typer.secho(f"aml: {error}", fg="red", err=True)
        raise typer.Exit(TROUBLE) from None
    raise typer.Exit(SAME if same else DIFFERS)


def _compare(
    left: str,
    right: str | None,
    other: str | None,
    key: Sequence[str] | None,
    top: int,
    keys: Path | None,
    *,
    as_json: bool,
) -> bool:
    from aml_assets.core.compare.file_comparison import compare_metrics, compare_predictions
    from aml_assets.io.catalog import Catalog
    from aml_assets.settings.load import load_settings
    from aml_assets.settings.table_settings import STR
    from aml_assets.steps.comparing import refuse_unlike, side_of

    if right is None and other is None:
        raise AmlError("with what?", remedy="Name the other day or file, or --other STORE.")
    catalog = Catalog(load_settings())
    sides = side_of(catalog, left), side_of(catalog, right or left, store=other)
    refuse_unlike(*sides)
    found: Comparison | None = None
    figures: list[Figure] = []
    if sides[0].predictions is not None and sides[1].predictions is not None:
        named = key or catalog.settings.tables[STR].key
        threshold = catalog.settings.scoring.threshold
        tables = sides[0].predictions, sides[1].predictions
        found = compare_predictions(*tables, key=named, top=top, threshold=threshold)
        if keys is not None:
            _write_keys(keys, found.keys)
    if sides[0].metrics is not None and sides[1].metrics is not None:
        figures = compare_metrics(sides[0].metrics, sides[1].metrics)
    lacking = _lacking(sides)
    alike = found is None or found.same
    same = alike and all(figure.same for figure in figures) and lacking is None
    if as_json:
        typer.echo(json.dumps(_plain(sides, found, figures, same=same), ensure_ascii=False))
    else:
        for line in _lines(sides, found, figures, lacking):
            typer.echo(line)
    return same


def _lacking(sides: tuple[Side, Side]) -> str | None:
    """Which side alone has no metrics."""
    none = [side.metrics is None for side in sides]
    return None if none[0] == none[1] else ("left", "right")[none[1]]


def _lines(
    sides: tuple[Side, Side],
    found: Comparison | None,
    figures: Sequence[Figure],
    lacking: str | None,
) -> Iterator[str]:
    for name, side in zip(("left", "right"), sides, strict=True):
        yield f"{name:<10} {side.name}"
    if found is not None:
        yield from _of_predictions(found)
    if lacking:
        yield f"metrics    none on the {lacking}"
    if figures:
        both = [figure for figure in figures if all(figure.on)]
        width = max((len(each.name) for each in both), default=0)
        for each in both:
            sign = " " if each.same else "≠"
            yield f"metrics    {each.name:<{width}} {sign} {_text(each.left)} | {_text(each.right)}"
        for place, name in enumerate(("left", "right")):
            alone = [each.name for each in figures if each.on[place] and not all(each.on)]
            if alone:
                yield f"metrics    only {name}: {', '.join(alone)}"


def _of_predictions(found: Comparison) -> Iterator[str]:
    yield (
        f"rows       {found.rows[0]:,} | {found.rows[1]:,}; in both {found.both:,}; "
        f"only left {found.only[0]:,}; only right {found.only[1]:,}"
    )
    if any(found.repeated):
        yield f"repeated   {found.repeated[0]:,} | {found.repeated[1]:,} rows repeat a key"
    for name, columns in zip(("left", "right"), found.columns_only, strict=True):
        if columns:
            yield f"columns    only {name}: {', '.join(columns)}"
    for column, differing in found.differing.items():
        empty = [
            f"{count:,} empty on the {name}"
            for count, name in ((differing.empty_left, "left"), (differing.empty_right, "right"))
            if count
        ]
        more = f" ({', '.join(empty)})" if empty else ""
        yield f"column     {column} differs in {differing.rows:,} rows{more}"
    scores = found.scores
    ranking = scores.reason if scores.spearman is None else f"{scores.spearman:.4f}"
    yield f"scores     differ in {scores.differing:,} rows; Spearman's correlation: {ranking}"
    if scores.median is not None:
        yield f"scores     apart by {scores.median:.4f} (median), {scores.largest:.4f} (largest)"
    yield (
        f"top {scores.top:<6} {scores.shared:,} in both of {scores.head[0]:,} | {scores.head[1]:,}"
    )
    yield (
        f"above {scores.threshold:<4g} {scores.alerts[0]:,} | {scores.alerts[1]:,}; "
        f"in both {scores.alerts[2]:,}"
    )


def _plain(
    sides: tuple[Side, Side], found: Comparison | None, figures: Sequence[Figure], *, same: bool
) -> dict[str, Any]:
    plain: dict[str, Any] = {"left": sides[0].name, "right": sides[1].name}
    if found is not None:
        names = ("rows", "both", "only", "repeated", "columns_only", "same")
        plain["predictions"] = {
            **{name: getattr(found, name) for name in names},
            "differing": {name: asdict(each) for name, each in found.differing.items()},
            "scores": asdict(found.scores),
        }
    plain["metrics"] = {each.name: [each.left, each.right] for each in figures}
    plain["same"] = same
    return plain


def _text(value: Any) -> str:
    return f"{value:.4f}" if isinstance(value, float) else "none" if value is None else str(value)


def _write_keys(path: Path, keys: pa.Table) -> None:
    """Write customers' keys for the eyes of their reader alone."""
    import pyarrow as pa
    import pyarrow.csv as pc

    from aml_assets.io.filesystems import Modes
    from aml_assets.io.store import Store

    if path.exists():
        raise AmlError(f"{path} exists already", remedy="Choose another name for --keys.")
    sink = pa.BufferOutputStream()
    pc.write_csv(keys, sink)
    store = Store(str(path.absolute().parent), modes=Modes(0o600, 0o700))
    store.publish_bytes(path.name, sink.getvalue().to_pybytes())
