"""Days that hold nothing up although they have no features: by the calendar, or by a decision.

Belongs here: whether a day is exempt, and deciding so. Does not belong here: the calendar
itself (``calendar``), keeping decisions (``io.decisions``).
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from aml_assets.errors import AmlError
from aml_assets.io.decisions import Decision

if TYPE_CHECKING:
    from aml_assets.io.catalog import Catalog


def has_landed(catalog: Catalog, day: dt.date) -> bool:
    """Whether all daily tables of a day have landed, complete or not."""
    return all(catalog.landing.has(name, day) for name in catalog.settings.daily_tables)


def exemption(catalog: Catalog, day: dt.date) -> str | None:
    """Why nothing waits for a day; ``None`` if something does.

    A day that is empty by design is exempt as long as it has not landed, a skipped one as long
    as the landing is as it was when somebody decided to skip it.
    """
    by_design = catalog.settings.partitions.empty_by_design(day)
    if by_design and not has_landed(catalog, day):
        return by_design
    decision = skip_of(catalog, day)
    return f"skipped by {decision.by}: {decision.why}" if decision else None


def skip_of(catalog: Catalog, day: dt.date) -> Decision | None:
    """The decision to go on without a day, if it still is about what lies in the landing."""
    decision = catalog.skips.find(str(day))
    if decision is None or decision.about != _landing_of(catalog, day):
        return None
    return decision


def skip(catalog: Catalog, day: dt.date, why: str, *, by: str | None = None) -> Decision:
    """Decide to go on without a day, as it lies in the landing now.

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
    decision = Decision.now(why.strip(), _landing_of(catalog, day), by=by)
    catalog.skips.record(str(day), decision)
    return decision


def take_skip_back(catalog: Catalog, day: dt.date, why: str, *, by: str | None = None) -> None:
    """Wait for a skipped day again.

    Raises:
        AmlError: it is not skipped.
    """
    decision = catalog.skips.find(str(day))
    if decision is None:
        raise AmlError("the day is not skipped", day=day, remedy="See aml status.")
    catalog.skips.record(str(day), Decision.now(why, decision.about, by=by, holds=False))


def _landing_of(catalog: Catalog, day: dt.date) -> str:
    return catalog.landing.signature(catalog.settings.daily_tables, day)
