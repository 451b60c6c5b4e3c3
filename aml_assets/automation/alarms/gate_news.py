"""News of gates: challengers that are surely worse than the champion, several nights in a row.

Belongs here: counting such nights of each model line. Does not belong here: judging
(``core.governance.gate``), or reading the event log (``alarm_events``).

A challenger that is no better than the champion is usual, and no news. Several in a row that are
surely worse show that something is wrong with the rows that they learn from.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from aml_assets.automation.alarms.drift_news import Told
from aml_assets.core.language import Said, message

NIGHTS = 3
"""After so many gates in a row there is an alarm, and again after as many more."""

_WORSE = "worse"
_SENTENCE = message("{number} challengers in a row are surely worse than the champion {model}")


def news(
    told: Told, gate: str, day: dt.date, figures: Mapping[str, Any]
) -> tuple[tuple[Said, ...], Told]:
    """The sentences of an alarm about a day's gate, none if there is no news; the updated ``told``.

    A night in which nobody was judged changes nothing. A gate that is built again counts once.

    Args:
        told: what is remembered of earlier gates.
        gate: the gate's asset.
        day: its partition.
        figures: the metadata of its event.
    """
    outcome, days = figures.get("outcome"), told.get(gate, {}).get(_WORSE, [])
    if outcome == "waits" or (days and str(day) <= days[-1]):
        return (), told
    if outcome != _WORSE:
        return (), {name: of for name, of in told.items() if name != gate}
    days = [*days, str(day)]
    after = {**told, gate: {_WORSE: days}}
    if len(days) % NIGHTS:
        return (), after
    values = {"number": str(len(days)), "model": str(figures.get("champion"))}
    return (Said(_SENTENCE, values),), after
