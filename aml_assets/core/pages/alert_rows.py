"""The alerts of a page as data: what its script shows, filters, sorts and exports.

Belongs here: packing alerts into JSON that is small and stands safely in HTML. Does not belong
here: an alert's content (``core.pages.alert_page``), or how it looks (``templates/alerts.js``).

A row of the table costs some 2 kB as HTML and a third of it as data. Texts that many alerts share,
such as how usual a value is, are kept once and named by their position.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aml_assets.core.pages.alert_page import Alert, Party
    from aml_assets.core.pages.reasons import FamilyReasons


class _Texts:
    """Texts by position; the first one is empty."""

    def __init__(self) -> None:
        self._places: dict[str, int] = {"": 0}

    def place(self, text: str | None) -> int:
        return self._places.setdefault(text or "", len(self._places))

    def all(self) -> list[str]:
        return list(self._places)


def packed(alerts: Sequence[Alert]) -> str:
    """The alerts as JSON without a character that HTML or a script gives a meaning.

    Args:
        alerts: in the order of their rank, beginning with 1.

    Returns:
        An object with ``texts``, the log-odds ``base`` that all alerts share, and ``alerts``: per
        alert a list in the order that ``templates/alerts.js`` reads.
    """
    texts = _Texts()
    rows = [_row(alert, texts) for alert in alerts]
    base = round(alerts[0].explanation.base, 4) if alerts else 0.0
    text = json.dumps(
        {"texts": texts.all(), "base": base, "alerts": rows},
        ensure_ascii=False,
        separators=(",", ":"),
        allow_nan=False,
    )
    for letter in "<>&\u2028\u2029":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return text


def _row(alert: Alert, texts: _Texts) -> list[Any]:
    return [
        alert.score,
        round(alert.below, 6),
        texts.place(alert.higher_than),
        texts.place(alert.decision),
        alert.key,
        alert.when or "",
        texts.place(alert.offset),
        alert.amount or "",
        texts.place(alert.currency),
        _party(alert.who),
        _party(alert.whom),
        [texts.place(each) for each in alert.own],
        [_family(each, texts) for each in alert.explanation.families],
        round(alert.explanation.rest, 4),
        round(alert.explanation.margin, 4),
    ]


def _family(family: FamilyReasons, texts: _Texts) -> list[Any]:
    """A family's name, its contribution, and of each of its reasons three entries."""
    reasons: list[Any] = []
    for each in family.reasons:
        words, bracket, usual = each.words.partition(" (")
        reasons += [
            texts.place(words), texts.place(bracket + usual), round(each.contribution, 4)
        ]  # fmt: skip
    return [texts.place(family.family), round(family.contribution, 4), reasons]


def _party(party: Party) -> list[str]:
    return [party.name or "", party.customer or "", party.account or ""]
