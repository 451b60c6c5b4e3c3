"""``aml status`` and ``aml explain``: the status of every day, and the reasons for it.

Belongs here: the two commands. Does not belong here: finding out
(``steps.watching.status_board``), or the table of days (``cli.status_table``).
"""

from __future__ import annotations

import datetime as dt
import time
from collections import Counter
from textwrap import wrap
from typing import TYPE_CHECKING, Annotated

import typer

from aml_assets.cli.arguments import as_day
from aml_assets.cli.boundary import is_defect, say, sentence_of

if TYPE_CHECKING:
    from aml_assets.core.night.cursor import Cursor
    from aml_assets.core.night.day_failure import DayFailure
    from aml_assets.io.catalog import Catalog
    from aml_assets.io.store import Store
    from aml_assets.steps.watching.status_board import StatusBoard


def status(
    days: Annotated[
        int | None,
        typer.Option(
            help="How many days, up to the newest that has landed; by default all watched ones.",
            min=1,
        ),
    ] = None,
) -> None:
    """Show each day: landed, checked, built, stale, superseded, skipped; and what repairs it."""
    from aml_assets.cli.status_table import as_bytes, print_days
    from aml_assets.core.days import ONE_DAY
    from aml_assets.steps.watching.model_board import champion_sentence

    catalog, board = _status_board(back=days or 0)
    shown = board.days
    if days and (newest := board.view.newest_landed):
        shown = [day for day in shown if day > newest - days * ONE_DAY]
    sizes = _sizes(catalog.store)
    print_days(catalog, board, shown, sizes)
    typer.echo(f"The store {catalog.store.url} holds {as_bytes(sum(sizes.values()))}.")
    for line in catalog.graph.lines:
        if sentence := champion_sentence(catalog.of_line(line)):
            typer.echo("\n".join(wrap(sentence, 80, subsequent_indent="  ")))
    if deleted := catalog.deletions.last_day(catalog.assets):
        typer.echo(f"Days up to {deleted} are not watched: something was deleted under a term.")
    if board.view.newest_landed is None:
        for line in _nothing_landed(catalog):
            typer.echo(line)
        return
    commands = list(board.repair_commands())
    if commands:
        typer.echo("The landing sensor, if it is on, builds what is missing or stale. By hand:")
        for command in commands:
            typer.echo(" \\\n    ".join(wrap(command, 76, break_on_hyphens=False)))
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
        stored = board.view.partition(name, partition)
        deleted = None if stored else catalog.deletions.under(name, partition)
        typer.echo(f"{name} {partition}: {deleted or board.of(name, partition).state}")
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


def _nothing_landed(catalog: Catalog) -> list[str]:
    """Where daily tables are looked for, and which settings say so."""
    settings = catalog.settings
    paths = [
        f"  {settings.tables[name].path}  (tables.{name}.path)" for name in settings.daily_tables
    ]
    return [
        f"No day of any daily table has landed since {settings.partitions.first_day} "
        f"(partitions.first_day). In {settings.landing.url} they are looked for under",
        *paths,
    ]


def _reasons(board: StatusBoard, day: dt.date) -> list[str]:
    found = []
    if reason := board.blocked(day):
        found.append(f"blocked: {reason}")
    if exemption := board.view.exempt.get(day):
        found.append(f"exempt: {exemption}")
    elif note := board.note(day):
        found.append(note)
    requests = [each for each in board.plan.requests if each.first <= day <= each.last]
    found += [f"the landing sensor would request {each.summary}" for each in requests]
    return found


def _status_board(back: int = 0) -> tuple[Catalog, StatusBoard]:
    from aml_assets.io.catalog import Catalog
    from aml_assets.settings.load import load_settings
    from aml_assets.steps.watching.status_board import StatusBoard

    settings = load_settings()
    catalog = Catalog(settings)
    cursor, busy, failures = _of_the_instance(catalog)
    return catalog, StatusBoard(
        catalog, cursor, now=time.time(), busy=busy, failures=failures, back=back
    )


def _of_the_instance(
    catalog: Catalog,
) -> tuple[Cursor, set[dt.date], dict[dt.date, DayFailure]]:
    """The sensor's cursor, the days of unfinished runs, and those whose last run failed.

    All are empty where no instance exists yet, and where it is broken, which is printed: what has
    landed and what is stored is known without it.
    """
    from aml_assets.automation.day_failures import last_failures
    from aml_assets.automation.landing_sensor import sensor_cursor, unfinished_days
    from aml_assets.cli.home import default_home, open_instance
    from aml_assets.core.night.cursor import Cursor

    try:
        home = default_home()
        nearest = next(each for each in (home, *home.parents) if each.exists())
        if nearest != home and nearest.is_dir():  # nothing ran here yet
            return Cursor(), set(), {}
        with open_instance() as instance:
            busy = {day for days in unfinished_days(instance, catalog.settings) for day in days}
            return sensor_cursor(instance), busy, last_failures(instance)
    except Exception as error:
        if is_defect(error):
            raise
        say(f"runs under way and the sensor's cursor are not known: {sentence_of(error)}")
        return Cursor(), set(), {}


def _sizes(store: Store) -> Counter[str]:
    """Bytes in the store by the last day that a path names; ``""`` for paths without a day."""
    from aml_assets.io.usage import bytes_by_day

    return bytes_by_day(store)
