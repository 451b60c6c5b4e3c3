"""News of drift: the shifted features that a model page names for the first time in a quarter.

Belongs here: reading the features from a page's event, and remembering which were told. Does not
belong here: what a shift is (``core.pages.drift``), or reading the event log (``alarm_events``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias, get_args

from aml_assets.core.language import Said, message
from aml_assets.core.pages.drift import Cause
from aml_assets.steps.builders.build_model_page import SHIFTED

Told: TypeAlias = "dict[str, dict[str, list[str]]]"
"""What earlier alarms said. Model page → its newest quarter with an alarm → the features named.

Gates are kept beside: gate → ``worse`` → the days in a row (``gate_news``).
"""

_CAUSES: Mapping[Cause, str] = {
    "larger": message("larger values: {features}"),
    "smaller": message("smaller values: {features}"),
    "other": message("other shares of values: {features}"),
    "missing": message("missing values: {features}"),
    "unseen": message("new values: {features}"),
}


def quarter_of(day: dt.date) -> str:
    """The quarter of a day, such as ``2024-Q1``; later quarters sort later."""
    return f"{day.year:04}-Q{(day.month + 2) // 3}"


def news(
    told: Told, page: str, day: dt.date, figures: Mapping[str, Any]
) -> tuple[tuple[Said, ...], Told]:
    """The sentences of an alarm about a day's page, by cause, none if there is no news.

    Each feature is named once per model line and quarter. A page of an earlier quarter than the
    newest one is history, and raises no alarm. Returned with the updated ``told``.

    Args:
        told: what earlier alarms said.
        page: the page's asset.
        day: its partition.
        figures: the metadata of its event.
    """
    quarter, before = quarter_of(day), told.get(page, {})
    named = before.get(quarter, [])
    found = [each for each in _shifts(figures.get(SHIFTED)) if each[0] not in named]
    if not found or any(quarter < other for other in before):
        return (), told
    sentences = tuple(
        Said(text, {"features": tuple(name for name, why in found if why == cause)})
        for cause, text in _CAUSES.items()
        if any(why == cause for _, why in found)
    )
    return sentences, {**told, page: {quarter: [*named, *(name for name, _ in found)]}}


def _shifts(value: Any) -> Iterable[tuple[str, str]]:
    """(feature, cause) of each shift; none for a page that was built before it had the figure."""
    for each in value if isinstance(value, list) else ():
        if isinstance(each, Mapping) and each.get("cause") in get_args(Cause):
            yield str(each.get("feature")), str(each["cause"])
