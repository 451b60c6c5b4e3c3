"""Scored by: which model scored a day, and what the ledger says of that model and that day.

Belongs here: answers about the past, of a day, a model or a customer, from the stored manifests
and the ledger. Does not belong here: printing them (``cli.ledger_command``), or scoring.

A customer's id is only compared. It is in no answer and in no error.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow.compute as pc

from aml_assets.core.cases.dispositions import as_texts
from aml_assets.core.cases.queue import CUSTOMER
from aml_assets.core.governance.chain import Entry
from aml_assets.core.governance.entry_words import speaks_of
from aml_assets.errors import AmlError, CorruptFile, DeletedUnderRule, NotReady
from aml_assets.io.formats.csv import columns_in
from aml_assets.steps.inputs.customer_columns import customer_columns

if TYPE_CHECKING:
    from aml_assets.io.catalog import Catalog
    from aml_assets.io.manifest import Manifest

_DIGEST = re.compile(r"[0-9a-f]{12,64}")


@dataclass(frozen=True)
class Scored:
    """A day of a model line that was scored.

    Attributes:
        line: the model line; "" for the reports.
        day: the day.
        model_id: the model that scored.
        digest: of that model's content.
        because: why it was selected, as the scores' manifest says.
        promoted: the entry that had made it the champion by then; ``None`` if there is none.
    """

    line: str
    day: dt.date
    model_id: str
    digest: str
    because: str
    promoted: Entry | None


@dataclass(frozen=True)
class Lost:
    """A day of a model line of which no stored scores can be read.

    Attributes:
        line: the model line; "" for the reports.
        day: the day.
        why: the reason, as a sentence.
        damaged: whether something is stored, and cannot be read.
    """

    line: str
    day: dt.date
    why: str
    damaged: bool = False


@dataclass(frozen=True)
class OfDay:
    """What is known of a day.

    Attributes:
        lines: each model line's scores.
        entries: the ledger's entries that speak of the day, oldest first.
    """

    lines: list[Scored | Lost]
    entries: list[Entry]


@dataclass(frozen=True)
class OfModel:
    """What is known of a model.

    Attributes:
        championships: the entries that made it a champion, oldest first.
        days: the days that it scored.
        lost: the days whose scores cannot be read, so that it may have scored them, too.
    """

    championships: list[Entry]
    days: list[Scored]
    lost: list[Lost]


@dataclass(frozen=True)
class OfCustomer:
    """What is known of a customer's scores.

    Attributes:
        days: the days on which a line scored him or a report of his.
        lost: the days whose scores cannot be read.
    """

    days: list[Scored]
    lost: list[Lost]


def of_day(catalog: Catalog, day: dt.date) -> OfDay:
    """Tell which model scored a day, line by line, and what was decided about the day.

    Raises:
        AmlError: nothing is known of the day.
        LedgerError: the ledger is not what was written.
    """
    entries = list(catalog.ledger.entries())
    lines = [_scored(of, day, entries) for of in _lines(catalog)]
    about = [entry for entry in entries if speaks_of(entry, day)]
    if not about and not any(isinstance(each, Scored) or each.damaged for each in lines):
        raise AmlError(
            "no line has scored it, and the ledger has no entry about it",
            day=day,
            remedy="See aml explain.",
        )
    return OfDay(lines, about)


def of_model(catalog: Catalog, model: str) -> OfModel:
    """Tell which entries made a model a champion, and which days it scored.

    Args:
        catalog: the store.
        model: its model_id, or the first digits of its digest (at least 12).

    Raises:
        AmlError: nothing is known of it.
        LedgerError: the ledger is not what was written.
    """

    def is_meant(model_id: object, digest: object) -> bool:
        by_digest = _DIGEST.fullmatch(model) is not None and str(digest).startswith(model)
        return model_id == model or by_digest

    entries = list(catalog.ledger.entries())
    championships = [
        entry
        for entry in entries
        if entry.line is not None
        and is_meant(entry.about.get("model_id"), entry.about.get("model_digest"))
    ]
    scored, lost = _apart(
        _scored(of, day, entries) for of in _lines(catalog) for day in of.predictions.days()
    )
    days = [each for each in scored if is_meant(each.model_id, each.digest)]
    if not (championships or days or lost):
        raise AmlError(
            "no entry of the ledger and no stored scores name this model",
            remedy="Give a model_id or at least 12 digits of a digest, as aml ledger show --day "
            "prints them.",
        )
    return OfModel(championships, days, lost)


def of_customer(catalog: Catalog, customer: str) -> OfCustomer:
    """Tell on which days a customer was scored, and by which model.

    Args:
        catalog: the store.
        customer: the text of his id.

    Raises:
        LedgerError: the ledger is not what was written.
    """
    entries = list(catalog.ledger.entries())
    days, lost = _apart(
        _scored(of, day, entries, customer)
        for of in _lines(catalog)
        for day in of.predictions.days()
    )
    return OfCustomer(days, lost)


def _lines(catalog: Catalog) -> Iterator[Catalog]:
    """The catalog as each model line has it, the reports' first."""
    return map(catalog.of_line, catalog.graph.lines)


def _apart(found: Iterable[Scored | Lost | None]) -> tuple[list[Scored], list[Lost]]:
    every = list(found)
    scored = [each for each in every if isinstance(each, Scored)]
    return scored, [each for each in every if isinstance(each, Lost) and each.damaged]


def _scored(
    catalog: Catalog, day: dt.date, entries: Sequence[Entry], customer: str | None = None
) -> Scored | Lost:
    """Which model a line's stored scores of a day name; `Lost` if none, or without the customer."""
    line, stored = catalog.line.name, catalog.predictions
    try:
        manifest = stored.manifest(day)
        if customer is not None and not _names(catalog, day, manifest, customer):
            return Lost(line, day, "the customer was not scored")
    except DeletedUnderRule as error:
        return Lost(line, day, error.what)
    except NotReady:
        return Lost(line, day, "it was not scored")
    except CorruptFile as error:
        return Lost(line, day, str(error), damaged=True)
    ((model_id, digest),) = manifest.inputs[catalog.line.model].items()
    because = str(manifest.facts.get("model_chosen", "the reason is not recorded"))
    made = [
        entry
        for entry in entries
        if entry.line == line
        and entry.about.get("model_digest") == digest
        and str(entry.about.get("from_day")) <= str(day)
    ]
    return Scored(line, day, model_id, digest, because, made[-1] if made else None)


def _names(catalog: Catalog, day: dt.date, manifest: Manifest, customer: str) -> bool:
    """Whether the scores of a day have a row of a customer; no other column is read."""
    if catalog.line.name and catalog.settings.lines[catalog.line.name].unit != CUSTOMER:
        return False
    columns = customer_columns(catalog.settings, columns_in(manifest))
    if not columns:
        return False
    table = catalog.predictions.load(day, columns)
    return any(pc.any(pc.equal(as_texts(of), customer)).as_py() for of in table.columns)
