"""What the queue misses: the share of suspicious customers below the budget, by a random sample.

Belongs here: the estimate of a month and its interval. Does not belong here: drawing the sample
(``core.cases.queue``), or reading what was decided (``steps.inputs.worked_queues``).

Nobody looks at customers below the budget, so nobody knows how many of them are suspicious. Each
day some of them are drawn at random; with 5 drawn of 1,000, each drawn one stands for 200. The
missed-case rate of a month is the share of suspicious ones among those decided, each weighted by
how many he stands for. Its interval is Clopper and Pearson's (1934), at Kish's effective number of
drawn ones (1965), as Korn and Graubard use it for rare shares in surveys (1998): it holds with few
or no suspicious ones, too, where an interval by the variance would be empty.

A day counts once most of its drawn customers are decided; the undecided ones are left out, as if
they were a random part. On a day whose sample nobody has worked, a few are decided all the same,
because a report about them was: they are not like the others, and would make the rate too high.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from aml_assets.core.model.intervals import Interval

LEAST_DECIDED = 0.8
"""The share of a day's drawn customers who must be decided for the day to count."""


@dataclass(frozen=True)
class Drawn:
    """One customer who was drawn at random on a day.

    Attributes:
        day: when.
        stands_for: how many customers below the budget he stands for.
        is_suspicious: what was decided; ``None`` as long as nothing is.
    """

    day: dt.date
    stands_for: float
    is_suspicious: bool | None


@dataclass(frozen=True)
class Missed:
    """The estimate of one month.

    Attributes:
        month: its first day.
        drawn, decided, suspicious: the numbers of drawn customers.
        rate: the share of suspicious ones among customers below the budget; ``None`` as long as no
            day counts.
        below: how many customers a day are below the budget, on average.
    """

    month: dt.date
    drawn: int
    decided: int
    suspicious: int
    rate: Interval | None
    below: float


def missed(drawn: Iterable[Drawn]) -> list[Missed]:
    """Estimate each month's missed-case rate, the oldest month first."""
    months: dict[dt.date, dict[dt.date, list[Drawn]]] = {}
    for each in drawn:
        days = months.setdefault(each.day.replace(day=1), {})
        days.setdefault(each.day, []).append(each)
    return [_of_month(month, list(months[month].values())) for month in sorted(months)]


def _of_month(month: dt.date, days: list[list[Drawn]]) -> Missed:
    weights, found, decided = list[float](), list[bool](), list[bool]()
    for of_day in days:
        said = [each.is_suspicious for each in of_day if each.is_suspicious is not None]
        decided += said
        if len(said) >= LEAST_DECIDED * len(of_day):
            # The decided ones stand for all below the day's budget.
            weights += [sum(each.stands_for for each in of_day) / len(said)] * len(said)
            found += said
    return Missed(
        month,
        drawn=sum(map(len, days)),
        decided=len(decided),
        suspicious=sum(decided),
        rate=share(np.array(weights), np.array(found)) if found else None,
        below=sum(each.stands_for for of_day in days for each in of_day) / len(days),
    )


def share(weights: np.ndarray, found: np.ndarray) -> Interval:
    """A weighted share with its 95 % interval.

    Args:
        weights: positive, float64 of shape (n,), n > 0.
        found: bool of shape (n,).
    """
    from scipy.stats import beta

    value = float(weights[found].sum() / weights.sum())
    count = float(weights.sum() ** 2 / (weights**2).sum())  # Kish's effective number
    low = float(beta.ppf(0.025, value * count, count - value * count + 1)) if value > 0 else 0.0
    high = float(beta.ppf(0.975, value * count + 1, count - value * count)) if value < 1 else 1.0
    return Interval(value, low, high)
