"""Words of units: the name of each feature of the frames of a further line.

Belongs here: messages about one customer or account as a whole. Does not belong here: messages
about a pair, which these quote (``words``), or computing the features (``unit_features``).
"""

from __future__ import annotations

import re

from aml_assets.core.language import ENGLISH, Language, message
from aml_assets.core.relations.words import name_of

_LARGEST = re.compile(r"(?P<side>payer|payee)_(?P<of_pair>.+)_within_(?P<days>\d+)")
"""A column with the largest value of a pair's feature, of all pairs in which the unit is the payer
(or the payee) on the days of a window."""

_WINDOWED = re.compile(r"(?P<what>[a-z_]+)_(?P<days>\d+)")

_OF_WINDOW = {
    "paid": message("payments made"),
    "received": message("payments received"),
    "paid_total": message("sum of the payments made"),
    "received_total": message("sum of the payments received"),
    "passed_on": message("share of the money that passes through"),
    "active_days": message("days with a payment"),
    "reports_paid": message("reports about payments made"),
    "reports_received": message("reports about payments received"),
}

_OTHERS = {
    "quiet_days": message("days since the last payment"),
    "short_history": message("short history"),
}


def name_of_unit(column: str, language: Language = ENGLISH) -> str:
    """The name that pages show for a unit's feature; its column's own name if it has no words."""
    if largest := _LARGEST.fullmatch(column):
        days = _days(largest["days"], language)
        of_pair = name_of(largest["of_pair"], language)
        if largest["side"] == "payer":
            return language.say(
                "as payer, the largest within {days}: {of_pair}", days=days, of_pair=of_pair
            )
        return language.say(
            "as payee, the largest within {days}: {of_pair}", days=days, of_pair=of_pair
        )
    windowed = _WINDOWED.fullmatch(column)
    if windowed and (name := _OF_WINDOW.get(windowed["what"])):
        days = _days(windowed["days"], language)
        return language.say("{name}, {days}", name=language.say(name), days=days)
    name = _OTHERS.get(column)
    return language.say(name) if name else name_of(column, language)


def _days(number: str, language: Language) -> str:
    return language.counted("{number} day", "{number} days", int(number))
