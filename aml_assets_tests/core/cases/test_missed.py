"""What the queue misses: a month's estimate, and how often its interval covers the truth."""

import datetime as dt

import numpy as np
import pytest
from scipy.stats import binomtest

from aml_assets.core.cases.missed import Drawn, missed, share
from aml_assets.core.cases.queue import drawn

YEAR = [dt.date(2023, 1, 1) + dt.timedelta(days=n) for n in range(365)]
RUNS, SAMPLE = 200, 10


def test_months_are_estimated_of_their_own_days_and_open_ones_are_counted():
    of = [
        *(Drawn(dt.date(2024, 2, 29), 50.0, said) for said in (True, False)),
        *(Drawn(dt.date(2024, 3, 1), 18.0, said) for said in (True, False, False, False, None)),
        *(Drawn(dt.date(2024, 3, 2), 40.0, said) for said in (True, None, None)),
        Drawn(dt.date(2024, 3, 3), 60.0, False),
    ]
    february, march = missed(reversed(of))
    assert (february.month, february.drawn, february.suspicious) == (dt.date(2024, 2, 1), 2, 1)
    assert february.rate
    assert february.rate.value == 0.5
    assert (march.month, march.drawn) == (dt.date(2024, 3, 1), 9)
    assert (march.decided, march.suspicious) == (6, 2)
    # The first day's four decided ones stand for 22.5 each; the second day's sample is not worked.
    assert march.rate
    assert march.rate.value == pytest.approx(22.5 / (90 + 60))
    assert march.below == 270 / 3
    assert missed([]) == []


def test_a_day_counts_once_most_of_its_drawn_customers_are_decided():
    of = [Drawn(dt.date(2024, 3, 1), 5.0, said) for said in (True, True, True, None)]
    (found,) = missed(of)
    assert (found.decided, found.rate) == (3, None), "three of four are fewer than 80 percent"
    (found,) = missed([*of, *of[:1]])
    assert found.rate
    assert found.rate.value == 1


@pytest.mark.parametrize(("suspicious", "count"), [(0, 40), (1, 40), (7, 25), (40, 40)])
def test_with_equal_weights_the_interval_is_cloppers_and_pearsons(suspicious: int, count: int):
    found = np.arange(count) < suspicious
    value, low, high = share(np.full(count, 12.5), found)
    exact = binomtest(suspicious, count).proportion_ci(0.95, "exact")
    assert value == suspicious / count
    assert (low, high) == pytest.approx((exact.low, exact.high))


@pytest.mark.parametrize("rate", [0.0005, 0.005, 0.03])
def test_over_simulated_years_the_interval_covers_the_truth(rate: float):
    """As often as it says.

    Weekends have a third of the customers, the rate doubles over the year and jumps by day, and
    one drawn customer in twenty is not decided.
    """
    covered, months = 0, 0
    for run in range(RUNS):
        generator = np.random.default_rng(run)
        found, truth = list[Drawn](), dict[dt.date, list[tuple[int, int]]]()
        for place, day in enumerate(YEAR):
            count = int(generator.poisson(300 if day.weekday() > 4 else 900))
            of_day = rate * (1 + place / 365) * generator.gamma(2, 0.5)
            suspicious = generator.random(count) < of_day
            truth.setdefault(day.replace(day=1), []).append((count, int(suspicious.sum())))
            places = drawn(count, SAMPLE, day.toordinal() + 1000 * run)
            for at in places:
                is_open = generator.random() < 0.05
                said = None if is_open else bool(suspicious[at])
                found.append(Drawn(day, count / len(places), said))
        for each in missed(found):
            counts = np.array(truth[each.month])
            assert each.rate
            months += 1
            covered += each.rate.low <= counts[:, 1].sum() / counts[:, 0].sum() <= each.rate.high
    assert months == 12 * RUNS
    assert covered / months >= 0.93
