"""``aml compare``: compare predictions and metrics of two days, stores, versions or files.

Belongs here: the command's options, its lines and its exit code. Does not belong here: reading
the two inputs (``steps.comparing``) and comparing them (``core.compare.file_comparison``).
Nothing that is printed holds a customer's value.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from aml_assets.cli.arguments import as_local_path
from aml_assets.errors import AmlError

if TYPE_CHECKING:
    import pyarrow as pa

    from aml_assets.core.compare.file_comparison import FileComparison, MetricPair
    from aml_assets.steps.comparing import ComparedInput

SAME, DIFFERS = 0, 1
"""Exit codes, as those of ``diff``; its 2, for trouble, is the boundary's."""


@dataclass(frozen=True)
class _Result:
    """Two inputs and their differences.

    Attributes:
        left: one input.
        right: the other one.
        predictions: their differences in predictions; ``None`` if one has no predictions.
        metrics: every metric of either input; empty if one has no metrics.
    """

    left: ComparedInput
    right: ComparedInput
    predictions: FileComparison | None
    metrics: Sequence[MetricPair]

    @property
    def without_metrics(self) -> str | None:
        """``left`` or ``right`` if that input alone has no metrics."""
        left, right = self.left.metrics is None, self.right.metrics is None
        return None if left == right else "left" if left else "right"

    @property
    def same(self) -> bool:
        """``True`` if nothing differs."""
        alike = self.predictions is None or self.predictions.same
        # A file of predictions is the same as its day, whose metrics are another file.
        lacking = self.left.is_day and self.right.is_day and self.without_metrics is not None
        return alike and all(figure.same for figure in self.metrics) and not lacking


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
        Path | None,
        typer.Option(
            parser=as_local_path, help="Write the keys of rows that differ to this file (0600)."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")] = False,
) -> None:
    """Compare outputs of two days, stores or files. Exit code: 0 same, 1 differs, 2 trouble."""
    result = _compare(left, right, other, key, top, keys)
    if as_json:
        typer.echo(json.dumps(_as_json(result), ensure_ascii=False))
    else:
        for line in _lines(result):
            typer.echo(line)
    raise typer.Exit(SAME if result.same else DIFFERS)


def _compare(
    left: str,
    right: str | None,
    other: str | None,
    key: Sequence[str] | None,
    top: int,
    keys: Path | None,
) -> _Result:
    from aml_assets.core.compare.file_comparison import compare_metrics, compare_predictions
    from aml_assets.io.catalog import Catalog
    from aml_assets.settings.load import load_settings
    from aml_assets.settings.table_settings import STR
    from aml_assets.steps.comparing import read_input, refuse_unlike

    if right is None and other is None:
        raise AmlError("with what?", remedy="Name the other day or file, or --other STORE.")
    catalog = Catalog(load_settings())
    one, two = read_input(catalog, left), read_input(catalog, right or left, store=other)
    refuse_unlike(one, two)
    predictions: FileComparison | None = None
    metrics: list[MetricPair] = []
    if one.predictions is not None and two.predictions is not None:
        predictions = compare_predictions(
            one.predictions,
            two.predictions,
            key=key or catalog.settings.tables[STR].key,
            top=top,
            threshold=catalog.settings.scoring.threshold,
        )
        if keys is not None:
            _write_keys(keys, predictions.keys)
    if one.metrics is not None and two.metrics is not None:
        metrics = compare_metrics(one.metrics, two.metrics)
    return _Result(one, two, predictions, metrics)


def _lines(result: _Result) -> Iterator[str]:
    yield f"left       {result.left.name}"
    yield f"right      {result.right.name}"
    if result.predictions is not None:
        yield from _prediction_lines(result.predictions)
    if result.without_metrics:
        yield f"metrics    none on the {result.without_metrics}"
    yield from _metric_lines(result.metrics)


def _metric_lines(figures: Sequence[MetricPair]) -> Iterator[str]:
    both = [figure for figure in figures if all(figure.on)]
    width = max((len(each.name) for each in both), default=0)
    for each in both:
        sign = " " if each.same else "≠"
        yield f"metrics    {each.name:<{width}} {sign} {_text(each.left)} | {_text(each.right)}"
    for position, name in enumerate(("left", "right")):
        alone = [each.name for each in figures if each.on[position] and not all(each.on)]
        if alone:
            yield f"metrics    only {name}: {', '.join(alone)}"


def _prediction_lines(found: FileComparison) -> Iterator[str]:
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


def _as_json(result: _Result) -> dict[str, Any]:
    document: dict[str, Any] = {"left": result.left.name, "right": result.right.name}
    if (found := result.predictions) is not None:
        names = ("rows", "both", "only", "repeated", "columns_only", "same")
        document["predictions"] = {
            **{name: getattr(found, name) for name in names},
            "differing": {name: asdict(each) for name, each in found.differing.items()},
            "scores": asdict(found.scores),
        }
    document["metrics"] = {each.name: [each.left, each.right] for each in result.metrics}
    document["same"] = result.same
    return document


def _text(value: Any) -> str:
    return f"{value:.4f}" if isinstance(value, float) else "none" if value is None else str(value)


def _write_keys(path: Path, keys: pa.Table) -> None:
    """Write the keys, which are customers' data, to a new file that the user alone can read."""
    from aml_assets.io.filesystems import Modes
    from aml_assets.io.formats.csv import csv_text
    from aml_assets.io.store import Store

    if path.exists():
        raise AmlError(f"{path} exists already", remedy="Choose another name for --keys.")
    store = Store(str(path.absolute().parent), modes=Modes(0o600, 0o700))
    store.publish_bytes(path.name, csv_text(keys))
