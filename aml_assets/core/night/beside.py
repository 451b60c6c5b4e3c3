"""Tables beside: landed tables for which no day waits, such as the bank's own dispositions.

Belongs here: requesting them once they have landed, or landed anew. Does not belong here: the
tables that a day's features are built from (``core.night.preparing``), or when a table has settled
(``core.night.readiness``).

Such a table may land on a day for which nothing else lands, and its failure holds nothing up.
"""

from __future__ import annotations

import datetime as dt

from aml_assets.core.night.candidate import DayWork
from aml_assets.core.night.cursor import RequestKey, Stage
from aml_assets.core.night.finding import CURRENT, NOTHING, Finding, Outcome, failed
from aml_assets.core.night.tick import Tick


def request_beside(tick: Tick) -> None:
    """Propose each such table of a day whose landed files are not the ones that are stored."""
    for table, asset in tick.rules.beside.items():
        work: dict[dt.date, DayWork] = {}
        for day in tick.view.days:
            finding, key = _beside(tick, table, asset, day), RequestKey(Stage.BESIDE, day, asset)
            tick.record(key, finding)
            if finding.outcome is Outcome.BUILD:
                work[day] = DayWork((asset,), {key: finding.fingerprint})
        tick.propose_days(Stage.BESIDE, work)


def _beside(tick: Tick, table: str, asset: str, day: dt.date) -> Finding:
    """The finding about a table of a day; ``CURRENT`` if its landed files are those stored."""
    listing = tick.view.beside.get(day, {}).get(table)
    if listing is None or day in tick.view.busy:
        return NOTHING
    if reason := tick.unsettled.get(table, {}).get(day):
        return Finding(Outcome.WAIT, reason, is_minor=True)
    if tick.view.receipts.get(table, {}).get(day) == listing.signature:
        return CURRENT
    if tick.requested(Stage.BESIDE, day, asset) == listing.signature:
        return failed(table, listing.signature, is_minor=True)
    return Finding(Outcome.BUILD, fingerprint=listing.signature)
