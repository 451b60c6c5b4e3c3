"""The part of the page about the queues until now: its figures and its chart."""

import datetime as dt
from collections.abc import Sequence
from xml.etree import ElementTree

from aml_assets.core.cases.backlog import Backlog
from aml_assets.core.cases.missed import Missed
from aml_assets.core.model.intervals import Interval
from aml_assets.core.pages.workload import Workload

OCTOBER = Missed(dt.date(2024, 10, 1), 600, 580, 3, Interval(0.0052, 0.0011, 0.0151), 9_120.4)
NOVEMBER = Missed(dt.date(2024, 11, 1), 20, 0, 0, None, 9_000.0)


def workload(deadline: int | None = None, missed: Sequence[Missed] = (), **ages: int) -> Workload:
    by_age = {int(age.removeprefix("age_")): count for age, count in ages.items()}
    return Workload(Backlog(by_age, deadline), missed)


def test_figures_are_those_that_are_known():
    assert workload(age_0=3, age_7=1).figures == {"open": 4}
    assert workload(5, age_0=3, age_6=1).figures == {"open": 4, "overdue": 1}
    assert workload(5, [OCTOBER, NOVEMBER]).figures == {"open": 0, "overdue": 0}
    assert workload(None, [OCTOBER]).figures == {
        "open": 0,
        "missed_value": 0.0052,
        "missed_low": 0.0011,
        "missed_high": 0.0151,
    }


def bars(of: Workload) -> list[tuple[str, float]]:
    svg = ElementTree.fromstring(of.chart)
    return [(bar.attrib["class"], float(bar.attrib["height"])) for bar in svg.iter("rect")]


def test_the_chart_has_a_bar_per_age_and_those_beyond_the_deadline_look_otherwise():
    drawn = bars(workload(5, age_0=10, age_5=20, age_6=5))
    assert [look for look, _ in drawn] == ["blue", "blue", "vermilion"]
    ten, twenty, five = (height for _, height in drawn)
    assert abs(twenty - 2 * ten) <= 0.2
    assert abs(ten - 2 * five) <= 0.2
    assert {look for look, _ in bars(workload(age_0=10, age_66=1))} == {"blue"}
