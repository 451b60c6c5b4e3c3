"""Words of units: the name of each feature of the frames of a further line.

Belongs here: English texts about one customer or account as a whole. Does not belong here: those
about a pair, which stand in them (``words``), or computing the features (``unit_features``).
"""

from __future__ import annotations

import re

from aml_assets.core.relations.words import name_of

_LARGEST = re.compile(r"(?P<side>payer|payee)_(?P<of_pair>.+)_within_(?P<days>\d+)")
"""The largest of the pairs of a unit within a window, by the side on which it stands."""

_WINDOWED = re.compile(r"(?P<what>[a-z_]+)_(?P<days>\d+)")

_OF_WINDOW = {
    "paid": "payments made",
    "received": "payments received",
    "paid_total": "sum of the payments made",
    "received_total": "sum of the payments received",
    "passed_on": "share of the money that passes through",
    "active_days": "days with a payment",
    "reports_paid": "reports about payments made",
    "reports_received": "reports about payments received",
}

_OTHERS = {"quiet_days": "days since the last payment", "short_history": "short history"}


def name_of_unit(column: str) -> str:
    """The name of a feature of a unit; its column's name if it has none here."""
    if largest := _LARGEST.fullmatch(column):
        return (
            f"as {largest['side']}, the largest within {_days(largest['days'])}: "
            f"{name_of(largest['of_pair'])}"
        )
    windowed = _WINDOWED.fullmatch(column)
    if windowed and (name := _OF_WINDOW.get(windowed["what"])):
        return f"{name}, {_days(windowed['days'])}"
    return _OTHERS.get(column) or name_of(column)


def _days(number: str) -> str:
    return f"{int(number):,} day{'' if number == '1' else 's'}"
