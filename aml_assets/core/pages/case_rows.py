"""The cases of a page as data: what its script shows, filters, sorts and exports.

Belongs here: packing cases and their alerts into JSON that is small and stands safely in HTML. Does
not belong here: their content (``core.pages.shown_case``, ``core.pages.alerts``), or how they look
(``templates/alerts.js``).

A row of the table costs some 2 kB as HTML and a third of it as data. Texts that many share, such as
names, or how usual a value is, are kept once and named by their position. Sums of money are whole
cents; of a timeline only days on which something happened are kept, as their distance from the
first.
"""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from aml_assets.core.days import number_of
from aml_assets.core.language import ENGLISH, Language
from aml_assets.core.pages.alerts import Alert, Party
from aml_assets.core.pages.reasons import Explanation, FamilyReasons
from aml_assets.core.pages.shown_case import EarlierDecision, ShownCase
from aml_assets.core.relations.timeline import Activity


class _Texts:
    """Texts by position, in the reader's language; the first one is empty."""

    def __init__(self, language: Language) -> None:
        self.language = language
        # What is said of a value, and how usual it is, are two texts, since each recurs alone.
        self.usual = language.say(" ({beyond})", beyond="\0").partition("\0")[0]
        self._places: dict[str, int] = {"": 0}

    def place(self, text: str | None) -> int:
        return self._places.setdefault(text or "", len(self._places))

    def all(self) -> list[str]:
        return list(self._places)


def packed(
    cases: Sequence[ShownCase],
    alerts: Sequence[Alert],
    first: dt.date,
    names: Mapping[str, str],
    language: Language = ENGLISH,
) -> str:
    """Cases and alerts as JSON without a character that HTML or a script gives a meaning.

    Args:
        cases: in their order.
        alerts: the reports of the cases.
        first: the first day of the timelines.
        names: the text of a counterparty's id → the name.
        language: the reader's.

    Returns:
        An object with ``texts``, the log-odds ``base`` that all alerts share, ``alerts`` and
        ``cases``: of each a list in the order that ``templates/alerts.js`` reads.
    """
    texts = _Texts(language)
    data = {
        "base": round(alerts[0].explanation.base, 4) if alerts else 0.0,
        "alerts": [_alert(each, texts) for each in alerts],
        "cases": [_case(each, texts, number_of(first), names) for each in cases],
        "texts": texts.all(),
    }
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for letter in "<>&\u2028\u2029":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return text


def _case(case: ShownCase, texts: _Texts, first: int, names: Mapping[str, str]) -> list[Any]:
    activity = case.activity
    return [
        case.customer or "",
        texts.place(case.name),
        list(activity.accounts),
        float(f"{case.score:.7g}"),
        round(case.below, 6),
        texts.place(case.higher_than(texts.language)),
        texts.place(case.line),
        0 if case.explanation is None else _explanation(case.explanation, texts),
        case.reports,
        int(case.is_queued),
        int(case.is_sample),
        case.lately,
        case.confirmed,
        _moved(activity, texts, first),
        [value for day, count in case.report_days for value in (number_of(day) - first, count)],
        [number_of(day) - first for day in case.queue_days],
        _counterparties(activity, texts, names),
        activity.others,
        [texts.place(each) for each in case.marks],
        [_decision(each, texts) for each in case.decisions],
    ]


def _explanation(of: Explanation, texts: _Texts) -> list[Any]:
    families = [_family(each, texts) for each in of.families]
    return [round(of.base, 4), families, round(of.rest, 4), round(of.margin, 4)]


def _moved(activity: Activity, texts: _Texts, first: int) -> list[Any]:
    """For each currency, that of the most payments first: its name and five values a day."""
    payments = Counter[str]()
    days: dict[str, list[Any]] = {}
    for each in activity.moved:
        payments[each.currency] += each.payments_in + each.payments_out
        days.setdefault(each.currency, []).extend(
            (
                each.day - first,
                cents(each.paid_in),
                cents(each.paid_out),
                each.payments_in,
                each.payments_out,
            )
        )
    ordered = sorted(days, key=lambda currency: (-payments[currency], currency))
    return [[texts.place(each), days[each]] for each in ordered]


def _counterparties(
    activity: Activity, texts: _Texts, names: Mapping[str, str]
) -> list[list[int | str | None]]:
    return [
        [
            texts.place(names.get(each.customer) if each.customer else None),
            each.customer or "",
            each.account or "",
            texts.place(each.currency),
            cents(each.paid_in),
            cents(each.paid_out),
            each.payments_in,
            each.payments_out,
        ]
        for each in activity.counterparties
    ]


def _decision(of: EarlierDecision, texts: _Texts) -> list[Any]:
    return [
        texts.place(str(of.day)),
        of.key,
        texts.place(of.says),
        texts.place(of.reason),
        of.note,
        texts.place(of.by),
    ]


def cents(amount: Decimal | None) -> int | None:
    """An amount in whole cents; ``None`` if it is not known."""
    return None if amount is None else int((amount * 100).to_integral_value())


def _alert(alert: Alert, texts: _Texts) -> list[Any]:
    return [
        alert.rank,
        alert.score,
        round(alert.below, 6),
        texts.place(alert.higher_than(texts.language)),
        texts.place(alert.decision),
        alert.key,
        alert.when or "",
        texts.place(alert.offset),
        alert.amount or "",
        texts.place(alert.currency),
        _party(alert.who, texts),
        _party(alert.whom, texts),
        [texts.place(each) for each in alert.own],
        [_family(each, texts) for each in alert.explanation.families],
        round(alert.explanation.rest, 4),
        round(alert.explanation.margin, 4),
    ]


def _family(family: FamilyReasons, texts: _Texts) -> list[Any]:
    """A family's name, its contribution, and three entries for each of its reasons."""
    reasons: list[Any] = []
    for each in family.reasons:
        words, bracket, usual = each.words.partition(texts.usual)
        reasons += [
            texts.place(words), texts.place(bracket + usual), round(each.contribution, 4)
        ]  # fmt: skip
    return [texts.place(family.family), round(family.contribution, 4), reasons]


def _party(party: Party, texts: _Texts) -> list[Any]:
    return [texts.place(party.name), party.customer or "", party.account or ""]
