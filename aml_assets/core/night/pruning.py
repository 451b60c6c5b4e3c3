"""Pruning: which of the cursor's entries are still needed.

Belongs here: keeping the cursor small. Does not belong here: its types (``core.night.cursor``).

Entries of watched days are kept. For other days, only failed requests are kept whose inputs still
lie in the landing, since the next tick would repeat them otherwise. They are kept for the newest
``_MOST_FAILED_DAYS`` such days; days before these are ignored from then on, so that the cursor
stays bounded in any landing.
"""

from __future__ import annotations

from aml_assets.core.night.cursor import Cursor, RequestKey, Stage
from aml_assets.core.night.lookups import missing_learnt
from aml_assets.core.night.view import Rules, View

_MOST_FAILED_DAYS = 366
"""For how many days before the watched ones failed requests are remembered."""


def prune(cursor: Cursor, view: View, rules: Rules) -> None:
    """Drop the entries that no later tick can need."""
    watched = frozenset(view.days)
    listed = watched | view.transactions.keys()
    cursor.settling = {day: each for day, each in cursor.settling.items() if day in listed}
    cursor.partial_since = {day: at for day, at in cursor.partial_since.items() if day in watched}
    cursor.alarmed &= watched
    cursor.requested = {
        key: inputs
        for key, inputs in cursor.requested.items()
        if key.day in watched or _would_be_repeated(key, cursor, view, rules)
    }
    failed = sorted({key.day for key in cursor.requested} - watched)
    if len(failed) > _MOST_FAILED_DAYS:
        before = cursor.left_alone = failed[-_MOST_FAILED_DAYS]
        cursor.requested = {
            key: inputs for key, inputs in cursor.requested.items() if key.day >= before
        }


def _would_be_repeated(key: RequestKey, cursor: Cursor, view: View, rules: Rules) -> bool:
    """Whether an unwatched day's request would be made again if it were forgotten."""
    if key.stage is Stage.BESIDE:
        return False
    if key.stage is Stage.TRANSACTIONS:
        return key.day in view.transactions
    if not view.has_landed(key.day, rules.daily):
        return False
    if key.stage in (Stage.LEARNING, Stage.FEATURES):
        line = next((each for each in rules.lines if each.name == key.asset), None)
        if line is None:  # one that the settings no longer have
            return False
        if key.stage is Stage.LEARNING:
            return bool(missing_learnt(view, line, key.day))
        if line.derived:
            return not all(view.partition(asset, key.day) for asset in line.derived)
    tables_requested = RequestKey(Stage.TABLES, key.day) in cursor.requested
    return tables_requested and not view.partition(rules.features, key.day)
