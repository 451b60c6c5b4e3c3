"""``aml ledger``: whether the ledger is whole, and what it says of a day, a model or a customer.

Belongs here: the command's options and output. Does not belong here: the ledger (``io.ledger``), or
finding out which model scored (``steps.scored_by``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from aml_assets.cli.arguments import as_day

if TYPE_CHECKING:
    from aml_assets.core.governance.chain import Entry
    from aml_assets.io.catalog import Catalog
    from aml_assets.steps.scored_by import Lost, Scored

_LATEST = 20


class Action(StrEnum):
    """What to do with the ledger."""

    SHOW = "show"
    VERIFY = "verify"


def ledger(
    action: Annotated[
        Action, typer.Argument(help="`verify`: is it whole? `show`: what does it say?")
    ],
    day: Annotated[
        str | None, typer.Option(help="Show which model scored a day, and why: YYYY-MM-DD.")
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="Show a model's promotions, and the days that it scored.")
    ] = None,
    customer: Annotated[
        str | None, typer.Option(help="Show the days on which a customer was scored, by his id.")
    ] = None,
) -> None:
    """Verify the ledger, or show its latest entries, or what is known of a day, model, customer."""
    from aml_assets.io.catalog import Catalog
    from aml_assets.settings.load import load_settings

    given = [each for each in (day, model, customer) if each is not None]
    if len(given) > (action is Action.SHOW):
        raise typer.BadParameter("show takes one of --day, --model and --customer; verify, none")
    catalog = Catalog(load_settings())
    if action is Action.VERIFY:
        lines = _verified(catalog)
    elif day is not None:
        lines = _of_day(catalog, day)
    elif model is not None:
        lines = _of_model(catalog, model)
    elif customer is not None:
        lines = _of_customer(catalog, customer)
    else:
        lines = _latest(catalog)
    for line in lines:
        typer.echo(line)


def _verified(catalog: Catalog) -> Iterator[str]:
    from aml_assets.errors import LedgerError

    broken = catalog.ledger.verify()
    if broken is not None:
        place = f" at entry {broken.number}" if broken.number else ""
        raise LedgerError(f"the ledger is broken{place}: {broken.why}")
    end = catalog.ledger.end()
    if end is None:
        yield _empty(catalog)
        return
    count = end.entry.number
    entries = "The one entry is whole" if count == 1 else f"All {count} entries are whole"
    yield f"{entries}; the first one is of {_time(catalog.ledger.entry(1))}."
    yield f"The last one is of {_time(end.entry)}; its digest is {end.digest}."


def _latest(catalog: Catalog) -> Iterator[str]:
    from aml_assets.core.governance.entry_words import one_line

    last = catalog.ledger.last()
    if last is None:
        yield _empty(catalog)
        return
    for number in range(max(1, last.number - _LATEST + 1), last.number + 1):
        yield one_line(catalog.ledger.entry(number))


def _of_day(catalog: Catalog, text: str) -> Iterator[str]:
    from aml_assets.core.governance.entry_words import one_line
    from aml_assets.steps.scored_by import of_day

    day = as_day(text)
    found = of_day(catalog, day)
    for line in found.lines:
        yield from _told(line)
    yield f"{len(found.entries)} entries of the ledger speak of {day}."
    yield from map(one_line, found.entries)


def _of_model(catalog: Catalog, model: str) -> Iterator[str]:
    from aml_assets.core.days import ranges, span
    from aml_assets.core.governance.entry_words import line_in_words, one_line
    from aml_assets.steps.scored_by import of_model

    found = of_model(catalog, model)
    for entry in found.championships:
        yield one_line(entry)
        yield from _gate(entry)
    if not found.championships:
        yield "No entry of the ledger made it a champion."
    for line in dict.fromkeys(each.line for each in found.days):
        days = [each.day for each in found.days if each.line == line]
        spans = ", ".join(span(first, last) for first, last in ranges(days))
        yield f"{line_in_words(line)}: it scored {len(days)} days: {spans}"
    if not found.days:
        yield "No stored scores are of it."
    yield from _unread(found.lost)


def _of_customer(catalog: Catalog, customer: str) -> Iterator[str]:
    from aml_assets.core.governance.entry_words import line_in_words, one_line
    from aml_assets.steps.scored_by import of_customer

    found = of_customer(catalog, customer)
    for each in found.days:
        entry = f", champion by entry {each.promoted.number}" if each.promoted else ""
        yield f"{each.day}  {line_in_words(each.line)}: {_model(each)}{entry}"
    if not found.days:
        yield "No stored scores are of this customer."
    promoted = {each.promoted.number: each.promoted for each in found.days if each.promoted}
    for _, entry in sorted(promoted.items()):
        yield one_line(entry)
        yield from _gate(entry)
    yield from _unread(found.lost)


def _told(line: Scored | Lost) -> Iterator[str]:
    """The lines of a model line on a day."""
    from aml_assets.core.governance.entry_words import line_in_words, one_line
    from aml_assets.steps.scored_by import Lost

    if isinstance(line, Lost):
        yield f"{line_in_words(line.line)}: {line.why}"
        return
    yield f"{line_in_words(line.line)}: scored by {_model(line)}"
    if line.promoted is None:
        yield "  no entry of the ledger made this model the champion by then"
    else:
        yield f"  {one_line(line.promoted).strip()}"
        yield from _gate(line.promoted)


def _gate(entry: Entry) -> Iterator[str]:
    from aml_assets.core.governance.entry_words import gate_in_words

    if words := gate_in_words(entry):
        yield f"    gate: {words}"


def _model(scored: Scored) -> str:
    return f"{scored.model_id}, content {scored.digest[:12]} ({scored.because})"


def _unread(lost: Iterable[Lost]) -> Iterator[str]:
    from aml_assets.core.governance.entry_words import line_in_words

    for each in lost:
        yield f"{each.day}  {line_in_words(each.line)}: {each.why}"


def _empty(catalog: Catalog) -> str:
    return f"The ledger of {catalog.settings.store.url} is empty: nothing was decided yet."


def _time(entry: Entry) -> str:
    return f"{entry.at[:16].replace('T', ' ')} UTC"
