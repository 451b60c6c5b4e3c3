"""``aml status`` and ``aml explain``: the status of every day, and the reasons for it.

Belongs here: what is printed. Does not belong here: finding out
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
from aml_assets.cli.boundary import is_defect, say, sentence_of
from aml_assets.cli.terminal import console

if TYPE_CHECKING:
    from aml_assets.core.night.cursor import Cursor
    from aml_assets.io.catalog import Catalog
    from aml_assets.io.store import Store
    from aml_assets.steps.watching.status_board import PartitionStatus, StatusBoard

_SIGNS = {
    "built": "✓",
    "stale": "stale",
    "superseded": "past",
    "missing": "–",
    "exempt": "·",
    "unreadable": "unreadable",
}
_LEGEND = (
    "✓ built · stale: an input has changed · past: superseded, kept as evidence · – missing"
    " · · nothing waits for it"
)


def status(
    days: Annotated[
        int | None, typer.Option(help="How many days back; by default all watched days.", min=1)
    ] = None,
) -> None:
    """Show each day: landed, checked, built, stale, superseded, skipped; and what repairs it."""
    from rich import box
    from rich.table import Table

    from aml_assets.core.graph import FEATURES, METRICS, MODEL, PREDICTIONS

    catalog, board = _status_board()
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
            _checks(blocking, warning) if board.has_any(day) else "–",
            *cells,
            _pages(board, day, catalog.graph.followers),
            _bytes(sizes[str(day)]),
            _note(board, day, blocking),
        )
    console(width=max(120, console().width)).print(table)
    for day in shown:
        for sentence in board.unreadable(day):
            typer.echo(f"{day}: {sentence}")
    typer.echo(f"The store {catalog.store.url} holds {_bytes(sum(sizes.values()))}.")
    commands = list(board.repair_commands())
    if commands:
        typer.echo("The landing sensor, if it is on, builds what is missing or stale. By hand:")
        for command in commands:
            typer.echo(f"  {command}")
    else:
        typer.echo("Nothing that could be built is missing or stale.")


def explain(
    asset: Annotated[str, typer.Argument(help="An asset, e.g. model or tables/trx.")],
    day: Annotated[str, typer.Argument(help="Its day, YYYY-MM-DD.")],
) -> None:
    """Say whether an asset's day is built, stale, blocked or missing, and why."""
    from aml_assets.automation.backfill_plan import select_assets
    from aml_assets.core.staleness import changed_inputs

    catalog, board = _status_board()
    partition = as_day(day)
    for name in select_assets(catalog, [asset]):
        typer.echo(f"{name} {partition}: {board.of(name, partition).state}")
        stored = board.view.partition(name, partition)
        if stored is not None:
            typer.echo(f"  content {stored.digest[:12]}, built from:")
            changed = set(changed_inputs(stored, board.current))
            for upstream, keys in stored.inputs.items():
                for key, digest in keys.items():
                    now = board.current(upstream, key)
                    then = digest if digest == "absent" else digest[:12]
                    more = f", now {now[:12]}" if (upstream, key) in changed and now else ""
                    typer.echo(f"    {upstream} {key}: {then}{more}")
        for line in [*board.unreadable(partition, name), *_reasons(board, partition)]:
            typer.echo(f"  {line}")


def _reasons(board: StatusBoard, day: dt.date) -> list[str]:
    found = []
    if reason := board.blocked(day):
        found.append(f"blocked: {reason}")
    if exemption := board.view.exempt.get(day):
        found.append(f"exempt: {exemption}")
    if note := board.notes.get(day):
        found.append(note)
    if day in board.view.busy:
        found.append("a run for this day is queued or under way")
    requests = [each for each in board.plan.requests if each.first <= day <= each.last]
    found += [f"the landing sensor would request {each.summary}" for each in requests]
    return found


def _status_board() -> tuple[Catalog, StatusBoard]:
    from aml_assets.io.catalog import Catalog
    from aml_assets.settings.load import load_settings
    from aml_assets.steps.watching.status_board import StatusBoard

    settings = load_settings()
    catalog = Catalog(settings)
    cursor, busy = _of_the_instance(catalog)
    return catalog, StatusBoard(catalog, cursor, now=time.time(), busy=busy)


def _of_the_instance(catalog: Catalog) -> tuple[Cursor, set[dt.date]]:
    """The sensor's cursor and the days of unfinished runs; both empty without an instance.

    What is stored and has landed can be told without it; a broken one is named.
    """
    from aml_assets.automation.landing_sensor import sensor_cursor, unfinished_days
    from aml_assets.cli.home import default_home, open_instance
    from aml_assets.core.night.cursor import Cursor

    try:
        home = default_home()
        nearest = next(each for each in (home, *home.parents) if each.exists())
        if nearest != home and nearest.is_dir():  # nothing ran here yet
            return Cursor(), set()
        with open_instance() as instance:
            busy = {day for days in unfinished_days(instance, catalog.settings) for day in days}
            return sensor_cursor(instance), busy
    except Exception as error:
        if is_defect(error):
            raise
        say(f"runs under way and the sensor's cursor are not known: {sentence_of(error)}")
        return Cursor(), set()


def _sign(status: PartitionStatus) -> str:
    """A table cell: a sign, and for a stale partition the first of its changed inputs."""
    sign = _SIGNS[status.state]
    if status.state != "stale":
        return sign
    asset, key = status.changed[0]
    more = f" +{len(status.changed) - 1}" if len(status.changed) > 1 else ""
    return f"stale ({asset.rpartition('/')[2]} {key[-10:]}{more})"


def _pages(board: StatusBoard, day: dt.date, pages: Iterable[str]) -> str:
    """A table cell: one sign if all pages have the same status, else one for each."""
    signs = {name: _SIGNS[board.of(name, day).state] for name in pages}
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
    elif (note := board.notes.get(day)) and note != board.view.damaged.get(day):
        parts.append(note)
    if blocking and not parts:
        parts.append(f"failed: {', '.join(blocking)}")
    return "; ".join(parts)


def _sizes(store: Store) -> Counter[str]:
    """Bytes in the store by the last day that a path names; ``""`` for paths without a day."""
    from aml_assets.io.usage import bytes_by_day

    return bytes_by_day(store)


def _bytes(count: int) -> str:
    value, unit = float(count), "B"
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if value < 1000 or unit == "TB":
            break
        value /= 1000
    return f"{value:.0f} {unit}" if value >= 10 or unit == "B" else f"{value:.1f} {unit}"
