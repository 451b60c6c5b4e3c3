"""The synthetic bank's rule-based monitoring, and the desk that decides about its reports.

Belongs here: the reports with their rules, arrival and decisions, and the errors of both. Does not
belong here: payments (``behaviour``), files (``synthetic_bank``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aml_assets.cli.demo.behaviour import BRANCH, CARD, CASH_IN, DEBIT, SALARY, Calendar, Movements
from aml_assets.cli.demo.population import HIGH_RISK_FROM, NOBODY, Floats, Ints, Population

RULES = (
    "large_amount", "out_of_profile", "new_payee", "risk_country", "odd_hour", "young_account",
    "cash", "below_threshold", "manual",
)  # fmt: skip
UNDECIDED = -1
UNMATCHED = -1

_REPORTED_NORMAL = 0.065
_REPORTED_LAUNDERING = 0.88
_TWICE = 0.02
_LATE = 0.15
_UNMATCHED_SHARE = 0.003
_MISSED = 0.06  # laundering that the desk dismisses
_ACCUSED = 0.002  # normal payments that the desk confirms
_UNDECIDED_OLD = 0.05  # half of them are decided later, see _DECIDED_LATER
_UNDECIDED_LAST_WEEK = (0.14, 0.38)
_DECIDED_LATER = 0.5


@dataclass(frozen=True)
class Reports:
    """Rows of ``str``, one array per column, in the order in which they land.

    Attributes:
        day: number of the day on which the row lands.
        movement: position of the payment, ``UNMATCHED`` where it never appears.
        report: number of the report; a later decision repeats it.
        rule: position in ``RULES``.
        score: the rules' points, 0 to 100.
        label: 1 confirmed, 0 dismissed, ``UNDECIDED``.
    """

    day: Ints
    movement: Ints
    report: Ints
    rule: Ints
    score: Ints
    label: Ints

    def __len__(self) -> int:
        return len(self.day)


def monitor(
    people: Population, calendar: Calendar, payments: Movements, rng: np.random.Generator
) -> Reports:
    """Report payments and decide about them.

    Args:
        people: who pays.
        calendar: when.
        payments: all payments.
        rng: the only source of chance.

    Returns:
        All rows that land within the calendar; what would land later is not among them.
    """
    points = _points(people, payments)
    laundering = payments.attempt != NOBODY
    normal = np.flatnonzero(~laundering)
    # Gumbel noise on log weights and the top k: sampling without replacement by weight.
    noisy = points.sum(axis=1)[normal] + rng.gumbel(size=len(normal))
    reported_normal = normal[np.argsort(-noisy)[: round(_REPORTED_NORMAL * len(normal))]]
    hits = np.flatnonzero(laundering & (rng.random(len(payments)) < _REPORTED_LAUNDERING))
    movement = np.concatenate([reported_normal, hits])
    movement = np.concatenate([movement, movement[rng.random(len(movement)) < _TWICE]])

    truth = np.where(rng.random(len(payments)) < np.where(laundering, 1 - _MISSED, _ACCUSED), 1, 0)
    day = payments.day[movement]
    late = rng.random(len(movement)) < _LATE
    delay = np.where(late, np.minimum(rng.geometric(0.35, len(movement)), 9), 0)
    rule = _rule(points[movement], rng)
    noise = rng.normal(0, 9, len(movement))
    score = np.clip(35 + 6 * points[movement].sum(axis=1) + noise, 1, 100).astype(np.int64)
    reports = {
        "day": calendar.or_next(day + delay),
        "movement": movement,
        "rule": rule,
        "score": score,
        "label": truth[movement],
    }
    reports = _with_unmatched(reports, rng)
    reports = _take(reports, reports["day"] < calendar.days)
    # Numbered as they land; the order within a day tells nothing.
    reports = _take(reports, np.lexsort((rng.random(len(reports["day"])), reports["day"])))
    reports["report"] = np.arange(len(reports["day"]))
    return Reports(**_decided_in_time(reports, calendar, rng))


def _points(people: Population, payments: Movements) -> Floats:
    """(payments, rules without ``manual``) Points that each rule gives each payment."""
    inside = (payments.payer >= 0) & (payments.payer < len(people.age_days))
    account = np.where(inside, payments.payer, 0)
    usual = people.monthly[people.owner[account]]
    abroad = np.maximum(
        people.country[np.maximum(payments.payer, 0)], people.country[np.maximum(payments.payee, 0)]
    )
    hour = payments.second / 3600
    by_card = np.isin(payments.kind, [CARD, DEBIT, SALARY])
    cash = (payments.kind == CASH_IN) | ((payments.payee == NOBODY) & (payments.channel == BRANCH))
    points = np.column_stack([
        np.clip(np.log(payments.amount / 900), -0.8, 2.2),
        1.1 * (inside & (payments.amount > usual * 0.6)),
        0.9 * ((payments.known_days >= 0) & (payments.known_days < 3)),
        1.2 * (abroad >= HIGH_RISK_FROM),
        0.7 * ((hour < 6) | (hour > 22.5)),
        0.9 * (inside & (people.age_days[account] < 400)),
        1.0 * cash,
        0.9 * ((payments.amount >= 7_000) & (payments.amount < 10_000)),
    ])  # fmt: skip
    points[by_card, 0] -= 2.2
    return points.astype(np.float64)


def _rule(points: Floats, rng: np.random.Generator) -> Ints:
    """The rule with the most points; ``manual`` where that is drawn, or no rule gives points."""
    loudest = np.argmax(points + rng.gumbel(0, 0.35, points.shape) * (points > 0), axis=1)
    manual = (rng.random(len(points)) < 0.06) | (points.max(axis=1) <= 0)
    return np.where(manual, RULES.index("manual"), loudest)


def _with_unmatched(
    reports: dict[str, NDArray[Any]], rng: np.random.Generator
) -> dict[str, NDArray[Any]]:
    """Add reports about payments that the bank's extract lacks."""
    size = max(1, round(_UNMATCHED_SHARE * len(reports["day"])))
    like = _take(reports, rng.choice(len(reports["day"]), size, replace=False))
    like |= {"movement": np.full(size, UNMATCHED), "label": np.zeros(size, dtype=np.int64)}
    return {name: np.concatenate([reports[name], like[name]]) for name in reports}


def _decided_in_time(
    reports: dict[str, NDArray[Any]], calendar: Calendar, rng: np.random.Generator
) -> dict[str, NDArray[Any]]:
    """Hide the labels that are not decided yet; add the rows that decide some of them later."""
    age = calendar.days - 1 - reports["day"]
    newest, oldest = _UNDECIDED_LAST_WEEK[1], _UNDECIDED_LAST_WEEK[0]
    share = np.where(age < 7, newest - (newest - oldest) * age / 6, _UNDECIDED_OLD)
    open_case = rng.random(len(age)) < share
    resolved = _take(reports, open_case & (rng.random(len(age)) < _DECIDED_LATER))
    wait = rng.integers(3, 15, len(resolved["day"]))
    resolved["day"] = calendar.or_next(resolved["day"] + wait)
    resolved = _take(resolved, resolved["day"] < calendar.days)
    reports = reports | {"label": np.where(open_case, UNDECIDED, reports["label"])}
    rows = {name: np.concatenate([reports[name], resolved[name]]) for name in reports}
    return _take(rows, np.lexsort((rows["report"], rows["day"])))


def _take(rows: dict[str, NDArray[Any]], which: NDArray[Any]) -> dict[str, NDArray[Any]]:
    return {name: values[which] for name, values in rows.items()}
