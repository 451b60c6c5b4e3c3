"""Exemptions: days without features that training windows may ignore.

Belongs here: days that are empty by the calendar or skipped by a person, and recording a skip.
Does not belong here: the calendar itself (``settings.calendar_settings``), or keeping decisions
(``io.decisions``).
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from aml_assets.errors import AmlError
from aml_assets.io.decisions import Decision

if TYPE_CHECKING:
    from aml_assets.io.catalog import Catalog


def has_landed(catalog: Catalog, day: dt.date) -> bool:
    """Tell whether all daily tables of a day have landed, complete or not."""
    return all(catalog.landing.has(name, day) for name in catalog.settings.daily_tables)


def exemption(catalog: Catalog, day: dt.date) -> str | None:
    """The reason why a window may ignore a day without features; ``None`` if there is none.

    A day that is empty by design is exempt as long as it has not landed. A skipped day is exempt
    as long as the landing is as it was when somebody decided to skip it.
    """
    by_design = catalog.settings.partitions.empty_by_design(day)
    if by_design and not has_landed(catalog, day):
        return by_design
    decision = skip_of(catalog, day)
    return skip_in_words(decision) if decision else None


def skip_of(catalog: Catalog, day: dt.date) -> Decision | None:
    """The decision to skip a day, if the landing is still as it was then."""
    decision = catalog.skips.find(str(day))
    if decision is None or decision.about != _landing_of(catalog, day):
        return None
    return decision


def skip_in_words(decision: Decision) -> str:
    """A skip as the reason why a day is exempt."""
    return f"skipped by {decision.who}: {decision.why}"


def skip(catalog: Catalog, day: dt.date, why: str, *, by: str | None = None) -> Decision:
    """Record the decision to skip a day, as it is in the landing now.

    Raises:
        AmlError: no reason is given, or the day has features and holds nothing up.
    """
    if not why.strip():
        raise AmlError("a skip needs its reason", day=day, remedy="Give one: --why '…'.")
    if catalog.features.has(day):
        raise AmlError(
            "the day has features, so that nothing waits for it",
            day=day,
            remedy="See what does not go on: aml status.",
        )
    decision = Decision.now(why.strip(), _landing_of(catalog, day), by=by, login=catalog.login)
    _record(catalog, day, decision)
    return decision


def take_skip_back(catalog: Catalog, day: dt.date, why: str, *, by: str | None = None) -> None:
    """Take a skip back: windows wait for the day again.

    Raises:
        AmlError: it is not skipped.
    """
    decision = catalog.skips.find(str(day))
    if decision is None:
        raise AmlError("the day is not skipped", day=day, remedy="See aml status.")
    taken_back = Decision.now(why, decision.about, by=by, login=catalog.login, holds=False)
    _record(catalog, day, taken_back)


def _record(catalog: Catalog, day: dt.date, decision: Decision) -> None:
    """Record a decision, first in the ledger: none is in force that the ledger does not hold."""
    about = {"day": str(day), "landed": decision.about, "holds": decision.holds}
    catalog.ledger.append("skip", decision, about)
    catalog.skips.record(str(day), decision)


def _landing_of(catalog: Catalog, day: dt.date) -> str:
    return catalog.landing.signature(catalog.settings.daily_tables, day)
