"""``aml status`` and ``aml explain``: how the days stand, and why.

Belongs here: what is printed. Does not belong here: how anything stands
(``steps.watching.status_board``).
"""

from __future__ import annotations

import datetime as dt
import time
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

import typer

from aml_assets.cli.arguments import as_day

if TYPE_CHECKING:
    from aml_assets.core.night.view import Memory
    from aml_assets.io.catalog import Catalog
    from aml_assets.io.store import Store
    from aml_assets.steps.watching.status_board import PartitionStatus, StatusBoard

_SIGNS = {"built": "✓", "stale": "stale", "superseded": "past", "missing": "–", "exempt": "·"}
_LEGEND = (
    "✓ built · stale: an input is another by now · past: superseded, kept as evidence · – missing"
    " · · nothing waits for it"
)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(status)
    app.command()(explain)


def status(
    days: Annotated[
        int | None, typer.Option(help="How many days back; all that are watched by default.", min=1)
    ] = None,
) -> None:
    """How each day stands: landed, checked, built, stale, superseded, skipped; what mends it."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    from aml_assets.core.graph import FEATURES, METRICS, MODEL, PREDICTIONS

    catalog, board = _look()
    shown = board.days[-days:] if days else board.days
    sizes = _sizes(catalog.store)
    table = Table(box=box.SIMPLE_HEAD, caption=_LEGEND)
    for name in ("day", "landed", "tables", "checks", "features", "model", "metrics"):
        table.add_column(name, no_wrap=True)
    table.add_column("predictions")
    table.add_column("reports", no_wrap=True)
    table.add_column("disk", justify="right", no_wrap=True)
    table.add_column("note")
    for day in shown:
        blocking, warning = board.failed_checks(day)
        cells = [_sign(board.of(asset, day)) for asset in (FEATURES, MODEL, METRICS, PREDICTIONS)]
        table.add_row(
            str(day),
            " ".join(board.landed(day)) or "–",
            _sign(board.tables(day)),
            _checks(blocking, warning) if board.is_begun(day) else "–",
            *cells,
            _reports(board, day, catalog.graph.followers),
            _bytes(sizes[str(day)]),
            _note(board, day, blocking),
        )
    console = Console(width=max(120, Console().width))
    console.print(table)
    typer.echo(f"The store {catalog.store.url} holds {_bytes(sum(sizes.values()))}.")
    commands = list(board.mending())
    if commands:
        typer.echo(
            "What is missing or stale is mended by itself if the landing sensor is on, or by:"
        )
        for command in commands:
            typer.echo(f"  {command}")
    else:
        typer.echo("Nothing is missing or stale that could be built.")


def explain(
    asset: Annotated[str, typer.Argument(help="An asset, e.g. model or tables/trx.")],
    day: Annotated[str, typer.Argument(help="Its day, YYYY-MM-DD.")],
) -> None:
    """Why a day of an asset is there, stale, blocked or missing."""
    from aml_assets.automation.backfill_plan import select_assets
    from aml_assets.core.staleness import outdated

    catalog, board = _look()
    asked = as_day(day)
    for name in select_assets(catalog, [asset]):
        standing = board.of(name, asked)
        typer.echo(f"{name} {asked}: {standing.state}")
        stored = board.view.stored[name].get(asked)
        if stored is not None:
            typer.echo(f"  content {stored.digest[:12]}, made of:")
            changed = set(outdated(stored, board.current))
            for upstream, keys in stored.inputs.items():
                for key, digest in keys.items():
                    now = board.current(upstream, key)
                    then = digest if digest == "absent" else digest[:12]
                    more = f", now {now[:12]}" if (upstream, key) in changed and now else ""
                    typer.echo(f"    {upstream} {key}: {then}{more}")
        for line in _reasons(catalog, board, asked):
            typer.echo(f"  {line}")


def _reasons(catalog: Catalog, board: StatusBoard, day: dt.date) -> list[str]:
    found = []
    if reason := board.view.blocked(day):
        found.append(f"blocked: {reason}")
    if exemption := board.view.exempt.get(day):
        found.append(f"exempt: {exemption}")
    if note := board.notes.get(day):
        found.append(note)
    if day in board.view.busy:
        found.append("a run builds this day now, or will")
    asked = [each for each in board.decision.requests if each.first <= day <= each.last]
    found += [f"the landing sensor would ask for {each.why}" for each in asked]
    return found


def _look() -> tuple[Catalog, StatusBoard]:
    from aml_assets.io.catalog import Catalog
    from aml_assets.settings.load import load_settings
    from aml_assets.steps.watching.status_board import StatusBoard

    settings = load_settings()
    catalog = Catalog(settings)
    memory, busy = _of_the_instance(catalog)
    return catalog, StatusBoard(catalog, memory, now=time.time(), busy=busy)


def _of_the_instance(catalog: Catalog) -> tuple[Memory, set[dt.date]]:
    """What the sensor remembers and which days runs build, where there is an instance."""
    from aml_assets.cli.home import default_home, prepare_home
    from aml_assets.core.night.view import Memory

    if not default_home().is_dir():
        return Memory(), set()
    import dagster as dg

    from aml_assets.automation.landing_sensor import sensors_memory, unfinished_days

    prepare_home()
    with dg.DagsterInstance.get() as instance:
        busy = {day for days in unfinished_days(instance, catalog.settings) for day in days}
        return sensors_memory(instance), busy


def _sign(standing: PartitionStatus) -> str:
    sign = _SIGNS[standing.state]
    if standing.state != "stale":
        return sign
    asset, key = standing.because[0]
    more = f" +{len(standing.because) - 1}" if len(standing.because) > 1 else ""
    return f"stale ({asset.rpartition('/')[2]} {key[-10:]}{more})"


def _reports(board: StatusBoard, day: dt.date, reports: Iterable[str]) -> str:
    """Both pages in one sign, or each in its own where they stand differently."""
    signs = {name: _SIGNS[board.of(name, day).state] for name in reports}
    if len(set(signs.values())) == 1:
        return next(iter(signs.values()))
    return " ".join(f"{name.rpartition('/')[2].partition('_')[0]} {signs[name]}" for name in signs)


def _checks(blocking: list[str], warning: list[str]) -> str:
    if blocking:
        return f"✗ {len(blocking)}"
    return f"! {len(warning)}" if warning else "✓"


def _note(board: StatusBoard, day: dt.date, blocking: list[str]) -> str:
    parts = []
    if day in board.view.busy:
        parts.append("a run is under way")
    if exemption := board.view.exempt.get(day):
        parts.append(exemption)
    elif note := board.notes.get(day):
        parts.append(note)
    if blocking and not parts:
        parts.append(f"failed: {', '.join(blocking)}")
    return "; ".join(parts)


def _sizes(store: Store) -> Counter[str]:
    """Bytes in the store by the last day that a path names; "" where it names none."""
    from aml_assets.io.usage import bytes_by_day

    return bytes_by_day(store)


def _bytes(count: int) -> str:
    value, unit = float(count), "B"
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if value < 1000 or unit == "TB":
            break
        value /= 1000
    return f"{value:.0f} {unit}" if value >= 10 or unit == "B" else f"{value:.1f} {unit}"
