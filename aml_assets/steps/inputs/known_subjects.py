"""Known subjects: whether the report or customer of a disposition is one of a stored day.

Belongs here: whether a subject is one of ours, and whether a line's labels are ripe without it.
Does not belong here: reading decisions (``core.cases.disposition_file``) or keeping them
(``steps.deciding``, ``steps.builders.build_dispositions``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar

from aml_assets.core.cases.dispositions import Disposition, Key, as_texts
from aml_assets.core.cases.queue import CUSTOMER
from aml_assets.core.days import ONE_DAY
from aml_assets.core.graph import FEATURES, QUEUE, Line
from aml_assets.settings.table_settings import STR

if TYPE_CHECKING:
    from aml_assets.io.catalog import Catalog

_T = TypeVar("_T")


class Doubt(StrEnum):
    """Why a subject is not known to be one of ours, as a sentence about a row."""

    NO_REPORTS = f"no {FEATURES} of its day are stored"
    NOT_A_REPORT = f"its day has no report of {STR} with this key"
    NO_CUSTOMERS = f"no {QUEUE} and no line's scores of customers of its day are stored"
    NOT_A_CUSTOMER = f"its customer is not in {QUEUE} of its day, and no line has scored him then"

    @property
    def is_open(self) -> bool:
        """Whether nothing of the subject's day is stored that could tell."""
        return self in (Doubt.NO_REPORTS, Doubt.NO_CUSTOMERS)


def doubts(
    catalog: Catalog, given: Sequence[Disposition], key: Sequence[str]
) -> list[Doubt | None]:
    """Why each subject is not known to be one of ours; ``None`` for one that is.

    A report is one of its day's merged frame. A customer is in the queue of the day, or was scored
    on it by a line.

    Args:
        catalog: what is stored.
        given: the dispositions of the subjects.
        key: the key columns of reports.
    """
    customers = {day: _customers_of(catalog, day) for day in _days(given, of_customers=True)}
    reports = {day: _reports_of(catalog, day, key) for day in _days(given, of_customers=False)}
    return [
        _doubt(each.customer, customers[each.day], Doubt.NO_CUSTOMERS, Doubt.NOT_A_CUSTOMER)
        if each.customer
        else _doubt(each.key, reports[each.day], Doubt.NO_REPORTS, Doubt.NOT_A_REPORT)
        for each in given
    ]


def is_after_ripe(catalog: Catalog, said: Disposition, day: dt.date) -> bool:
    """Whether a disposition comes so late that its subject's label already counted as ripe.

    Args:
        catalog: after how many days a label is ripe, by model line.
        said: the disposition.
        day: when it is brought. A customer's label counts as ripe once it does for one line.
    """
    lines = _lines_of_customers(catalog) if said.customer else [catalog]
    maturities = [of.settings.labels.maturity_days for of in lines]
    return any(days and day > said.day + days * ONE_DAY for days in maturities)


def _days(given: Iterable[Disposition], *, of_customers: bool) -> set[dt.date]:
    return {each.day for each in given if bool(each.customer) is of_customers}


def _doubt(one: _T, known: Collection[_T] | None, no_day: Doubt, unknown: Doubt) -> Doubt | None:
    if known is None:
        return no_day
    return None if one in known else unknown


def _reports_of(catalog: Catalog, day: dt.date, key: Sequence[str]) -> set[Key] | None:
    """The keys of a day's reports; ``None`` if the day is not stored."""
    if not catalog.features.has(day):
        return None
    table = catalog.features.load(day, list(key))
    return set(zip(*(as_texts(table.column(name)).to_pylist() for name in key), strict=True))


def _customers_of(catalog: Catalog, day: dt.date) -> set[str] | None:
    """The customers whom a day's queue lists or a line has scored; ``None`` if nothing did."""
    lines = _lines_of_customers(catalog)
    listing = [of for of in (catalog.queues, *(each.predictions for each in lines)) if of.has(day)]
    if not listing:
        return None
    ids = (as_texts(of.load(day).column(CUSTOMER)) for of in listing)
    return {text for column in ids for text in column.to_pylist()}


def _lines_of_customers(catalog: Catalog) -> list[Catalog]:
    """The catalog as each line has it that scores customers."""
    lines = catalog.settings.lines.items()
    return [catalog.of_line(Line(name)) for name, line in lines if line.unit == CUSTOMER]
