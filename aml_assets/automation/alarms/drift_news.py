"""What is new in the drift that a model page names: each feature once per model line and quarter.

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
"""Page → the newest quarter of which it was told, and the features that were named then."""

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
    """What a page of a day names anew, by what moved, and what was told after it.

    A page of an earlier quarter than the newest one is history, and tells nothing.

    Args:
        told: what was told before.
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
    """The features of a figure, each with what moved; a page of before has no such figure."""
    for each in value if isinstance(value, list) else ():
        if isinstance(each, Mapping) and each.get("cause") in get_args(Cause):
            yield str(each.get("feature")), str(each["cause"])
