"""Pages for people: which are missing though what they tell of is there.

Belongs here: asking for a page alone. Does not belong here: the usual case, in which the run that
makes a day's metrics or predictions makes their page, too, and pages that are out of date (both
``learning``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

from aml_assets.core.night.tick import FAILED, Look


def request_pages(look: Look) -> None:
    """Ask for pages that no run makes that was asked for already."""
    wished = {(asset, day) for wish in look.wishes for asset in wish.assets for day in wish.days}
    for report, of in look.rules.reports.items():
        wanted: dict[dt.date, str] = {}
        for day in look.view.days:
            told = look.stored(of, day)
            if told is None or look.stored(report, day) or not told.digest:
                look.forget(f"report {report}", day)
            elif day in look.moving or {(report, day), (of, day)} & wished:
                continue
            elif _is_of_other_features(look, told.inputs.get(look.rules.features, {})):
                name = report.rpartition("/")[2]
                look.notes.setdefault(day, f"{name}: its features are others by now")
            elif look.memory.asked.get(f"report {report} {day}") == told.digest:
                look.notes.setdefault(day, f"{report}: {FAILED}")
            else:
                wanted[day] = told.digest
        for chunk in look.chunks(wanted):

            def remember(
                days: Sequence[dt.date] = chunk,
                report: str = report,
                words: dict[dt.date, str] = wanted,
            ) -> None:
                for day in days:
                    look.asked(f"report {report}", day, words[day])

            look.wish("report", (report,), chunk, [wanted[day] for day in chunk], remember)


def _is_of_other_features(look: Look, read: Mapping[str, str]) -> bool:
    """Whether what a page would tell of cannot be looked into any more."""
    stored = ((look.current(look.rules.features, day), digest) for day, digest in read.items())
    return any(now is not None and now != digest for now, digest in stored)
