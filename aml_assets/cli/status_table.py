"""The table of days that ``aml status`` prints, with the notes under it.

The columns are those of the reports' line; of further lines, the notes tell what is missing or
stale.

Belongs here: cells, which days share a row or a note, and a width of 80 columns. Does not belong
here: the statuses themselves (``steps.watching.status_board``), or the commands (``cli.status``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from aml_assets.core.days import ranges, span
from aml_assets.core.graph import FEATURES, METRICS, MODEL, PREDICTIONS, REPORTS

if TYPE_CHECKING:
    from aml_assets.io.catalog import Catalog
    from aml_assets.steps.watching.status_board import PartitionStatus, StatusBoard

_SIGNS = {
    "built": "✓",
    "stale": "stale",
    "superseded": "past",
    "missing": "–",
    "exempt": "·",
    "unreadable": "✗",
}
_LEGEND = (
    "✓ built · stale: an input has changed · past: superseded, kept as evidence · – missing"
    " · · nothing waits for it · ✗ unreadable · checks: ✗ blocks, ! warns"
)
_COLUMNS = ("landed", "tables", "checks", "features", "model", "metrics", "predic-\ntions")


def print_days(
    catalog: Catalog, board: StatusBoard, days: Sequence[dt.date], sizes: Mapping[str, int]
) -> None:
    """Print a row for each day, or one for consecutive days that are alike, and their notes.

    Args:
        catalog: the store.
        board: the statuses.
        days: the days to show, oldest first.
        sizes: day → bytes in the store.
    """
    from rich import box
    from rich.table import Table

    from aml_assets.cli.terminal import console

    table = Table(box=box.SIMPLE_HEAD, padding=0, pad_edge=False, show_edge=False)
    for name in ("day", *_COLUMNS, "reports"):
        table.add_column(name, no_wrap=name == "day", vertical="bottom")
    table.add_column("disk", justify="right", no_wrap=True, vertical="bottom")
    graph = catalog.graph
    pages = [page for page in graph.followers if graph.line_of(page) == REPORTS]
    for cells, alike in groupby(days, key=lambda day: _cells(board, day, pages)):
        row = list(alike)
        size = sum(sizes.get(str(day), 0) for day in row)
        table.add_row(span(row[0], row[-1]).replace(" … ", "\n… "), *cells, as_bytes(size))
    out = console(highlight=False)
    out.print(table)
    out.print(_LEGEND, style="dim")
    for line in _notes(board, days):
        out.print(line, markup=False)


def _cells(board: StatusBoard, day: dt.date, pages: Sequence[str]) -> tuple[str, ...]:
    """A day's cells but for its name and size."""
    found = board.landed(day)
    blocking, warning = board.failed_checks(day)
    return (
        "✓" if len(found) == len(board.rules.daily) else " ".join(found) or "–",
        _SIGNS[board.tables(day).state],
        _checks(blocking, warning) if board.has_any(day) else "–",
        *(_SIGNS[board.of(asset, day).state] for asset in (FEATURES, MODEL, METRICS, PREDICTIONS)),
        _pages(board, day, pages),
    )


def _pages(board: StatusBoard, day: dt.date, pages: Sequence[str]) -> str:
    """One sign if all pages have the same status, else one for each."""
    signs = {name: _SIGNS[board.of(name, day).state] for name in pages}
    if len(set(signs.values())) == 1:
        return next(iter(signs.values()))
    return "\n".join(f"{name.rpartition('/')[2].partition('_')[0]} {signs[name]}" for name in signs)


def _checks(blocking: list[str], warning: list[str]) -> str:
    if blocking:
        return f"✗ {len(blocking)}"
    return f"! {len(warning)}" if warning else "✓"


def _notes(board: StatusBoard, days: Sequence[dt.date]) -> Iterator[str]:
    """The notes, oldest day first; consecutive days with the same one share a line."""
    by_note: dict[str, list[dt.date]] = {}
    for day in days:
        for note in _notes_of(board, day):
            by_note.setdefault(note, []).append(day)
    lines = [
        (first, f"{span(first, last)}: {note}")
        for note, of in by_note.items()
        for first, last in ranges(of)
    ]
    for _, line in sorted(lines):
        yield line


def _notes_of(board: StatusBoard, day: dt.date) -> Iterator[str]:
    """Why a day does not go on, what failed of its checks, and why something of it is stale.

    Further lines have no columns: what of them is missing is a note, too.
    """
    blocking, _ = board.failed_checks(day)
    yield from board.unreadable(day)
    if (note := board.note(day)) and note != board.view.damaged.get(day):
        yield note
    elif blocking:
        yield f"failed: {', '.join(blocking)}"
    if lacking := board.lacking_of_lines(day):
        yield f"missing: {', '.join(map(_last, lacking))}"
    further = [asset for line in board.rules.further for asset in (*line.derived, *line.learnt)]
    for name in (FEATURES, MODEL, METRICS, PREDICTIONS, *further):
        status = board.of(name, day)
        if status.state == "stale":
            yield f"{_last(name)} is stale: {_changed(status)}"


def _changed(status: PartitionStatus) -> str:
    """The first changed input of a stale partition, and how many more there are."""
    asset, key = status.changed[0]
    more = f", and {len(status.changed) - 1} more" if len(status.changed) > 1 else ""
    return f"{_last(asset)} {key[-10:]} has changed{more}"


def _last(asset: str) -> str:
    """An asset's name without its group."""
    return asset.rpartition("/")[2]


def as_bytes(count: int) -> str:
    """A number of bytes for people: two digits and a unit."""
    value, unit = float(count), "B"
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if value < 1000 or unit == "TB":
            break
        value /= 1000
    return f"{value:.0f} {unit}" if value >= 10 or unit == "B" else f"{value:.1f} {unit}"
