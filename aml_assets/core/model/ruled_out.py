"""Columns of merged frames that are ruled out as features, from the manifests' facts alone.

Belongs here: the rules, each with its reason in words. Does not belong here: rules that need a
column's values, and vocabularies (``core.model.fitting``).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from aml_assets.core.language import message
from aml_assets.core.tables.contracts import INDEX, LABEL, Column
from aml_assets.settings.table_settings import STR

NEVER_FEATURES = {
    "id": message("an id"),
    "text": message("a text by configuration"),
    INDEX: message("the index of a data frame (force its kind under tables.*.kinds if it is none)"),
}
"""The kinds of columns that are never features, with the reason."""

WITHHELD = message("protected: the bank keeps it from models (governance.protected_as_features)")
"""Why a protected column is no feature."""

_MAY_COME_LATER = message(
    "it may be written after the report (list it under labels.known_at_report if it never is)"
)

TOO_DISTINCT = message(
    "{share} of its values in {table} are distinct: a name or a free text (force it under "
    "tables.{table}.kinds if it is a category)"
)
"""Why a text is no category."""


def ruled_out(
    days: Sequence[Mapping[str, Column]],
    max_text_distinct_share: float,
    report_features: Collection[str] | None = None,
) -> dict[tuple[str, str], str]:
    """The columns that cannot be features, from the manifests' facts alone.

    Args:
        days: each day's columns (merged name → source), oldest first.
        max_text_distinct_share: as in ``fitting.fit``.
        report_features: the columns of reports that may be features; all by default.

    Returns:
        (table, column) → the reason.
    """
    known: dict[tuple[str, str], list[Column]] = {}
    for columns in days:
        for column in columns.values():
            known.setdefault((column.table, column.source), []).append(column)
    reasons: dict[tuple[str, str], str] = {}
    for (table, source), facts in known.items():
        kinds = {fact.kind for fact in facts}
        if len(kinds) == 1 and kinds <= set(NEVER_FEATURES):
            reasons[table, source] = NEVER_FEATURES[facts[0].kind]
        elif table == STR and _may_come_later(source, kinds, report_features):
            reasons[table, source] = _MAY_COME_LATER
        elif kinds == {"category"} and table != STR:
            # In the merged frame a name of ``retail`` repeats as often as its customer is
            # reported; only its own table shows how distinct its values are.
            distinct = sum(fact.distinct or 0 for fact in facts)
            values = sum(fact.values or 0 for fact in facts)
            reason = too_distinct(facts, distinct, values, max_text_distinct_share)
            if reason:
                reasons[table, source] = reason
    return reasons


def _may_come_later(source: str, kinds: set[str], report_features: Collection[str] | None) -> bool:
    """Whether a column of reports may be written after the report, with its decision."""
    is_feature = kinds.isdisjoint({LABEL, "day"})
    return is_feature and report_features is not None and source not in report_features


def too_distinct(facts: Sequence[Column], distinct: int, values: int, limit: float) -> str | None:
    """The reason why a text is no category; ``None`` if it is one."""
    if not values or distinct / values <= limit or any(fact.forced for fact in facts):
        return None
    return TOO_DISTINCT.format(share=f"{distinct / values:.0%}", table=facts[0].table)
