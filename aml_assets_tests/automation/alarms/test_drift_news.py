"""What a model page names anew: each feature once per line and quarter."""

import datetime as dt
from typing import Any

import pytest

from aml_assets.automation.alarms.drift_news import Told, news, quarter_of

PAGE, LINE = "reports/model_report", "reports/customer_model_report"
MAY, JUNE, JULY = dt.date(2024, 5, 31), dt.date(2024, 6, 30), dt.date(2024, 7, 1)


def figures(**causes: str) -> dict[str, Any]:
    return {"shifted": [{"feature": f"trx.{n}", "cause": c, "psi": 0.3} for n, c in causes.items()]}


def said(told: Told, page: str, day: dt.date, **causes: str) -> tuple[list[str], Told]:
    sentences, after = news(told, page, day, figures(**causes))
    return [str(each) for each in sentences], after


def test_a_feature_is_named_once_a_quarter_and_another_one_when_it_comes():
    first, told = said({}, PAGE, MAY, channel="unseen", amount="larger", fee="larger")
    assert first == ["larger values: trx.amount, trx.fee", "new values: trx.channel"]
    assert said(told, PAGE, JUNE, channel="unseen", amount="larger") == ([], told)
    later, told = said(told, PAGE, JUNE, channel="unseen", time="smaller")
    assert later == ["smaller values: trx.time"]
    assert said(told, PAGE, JULY, channel="unseen")[0] == ["new values: trx.channel"]


def test_each_lines_page_has_its_own_and_a_quarter_that_is_over_tells_nothing():
    _, told = said({}, PAGE, JULY, amount="larger")
    assert said(told, LINE, JULY, amount="larger")[0] == ["larger values: trx.amount"]
    assert said(told, PAGE, JUNE, fee="larger") == ([], told)


@pytest.mark.parametrize("value", [None, "text", [1], [{"feature": "a", "cause": "unknown"}], []])
def test_a_page_that_names_no_feature_tells_nothing(value):
    assert news({}, PAGE, MAY, {"shifted": value}) == ((), {})
    assert news({}, PAGE, MAY, {}) == ((), {})


@pytest.mark.parametrize(
    ("day", "quarter"),
    [("2024-01-01", "2024-Q1"), ("2024-03-31", "2024-Q1"), ("2024-12-31", "2024-Q4")],
)
def test_a_quarter_has_three_months(day, quarter):
    assert quarter_of(dt.date.fromisoformat(day)) == quarter
