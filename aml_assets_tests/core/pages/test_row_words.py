"""The words of the pages of further lines; the tables they stand in are `test_model_page`'s."""

import re
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from aml_assets.core.model import budget, evaluation
from aml_assets.core.pages import validation
from aml_assets.core.pages.model_page import ModelPage
from aml_assets.core.pages.row_words import OF_REPORTS, RowWords, words_of_line
from aml_assets.settings.line_settings import LineSettings
from aml_assets_tests import pages
from aml_assets_tests.core.pages.test_model_page import lines, report, rows

CUSTOMERS = words_of_line("customer", LineSettings())
ACCOUNTS = words_of_line("payer", LineSettings(unit="account", budget=30, train_every=1))


def page_of(words: RowWords = CUSTOMERS, unit: str = "customer", **changed: Any) -> ModelPage:
    """The page of `report` as that of a line, of whose units each has a row a day."""
    one = report(words=words)
    texts = pa.array([f"C{n % 200}" for n in range(600)])
    scored = budget.ScoredReports(np.repeat(np.arange(3), 200), one.truth, one.scores)
    known = {"account": None, "customer": None, unit: texts}
    found = budget.by_budget(scored, known, None, 10)
    by_budget = {**found, "days": 3, "types_column": None, "types_are_a_feature": False}
    return replace(
        one,
        metrics={**one.metrics, "by_budget": by_budget},
        at_alerts=validation.alert_lines(one.truth, one.scores, threshold=1.0, words=words),
        link="../predict_res/customer_scores_2024-03-10.csv",
        words=words,
        **changed,
    )


def unripe(words: RowWords = CUSTOMERS) -> ModelPage:
    one = page_of(words)
    truth = np.full(600, np.nan)
    figures = evaluation.evaluate(truth, one.scores)
    return replace(one, truth=truth, metrics={**one.metrics, **figures, "ripens_on": "2024-03-21"})


def said(page: ModelPage) -> pages.Element:
    return next(pages.read(page.to_html()).all("main"))


def test_a_page_of_customers_says_who_is_scored_and_when_one_is_positive():
    page = said(page_of())
    assert page.one("h1").say() == "Customers’ model of Sunday 10 March 2024"
    about = page.one("p", id="rows").say()
    assert "Every customer that paid or was paid within the last 30 days is scored" in about
    assert "positive if a report of the 14 days after it" in about
    assert "learnt from on one day of 3" in about
    summary = page.one("dl").say()
    assert "2,000 decided customer-days, 40 positive, of 1 days" in summary
    assert "600 customer-days, 600 decided" in summary
    assert page.one("a").say() == "scores of the day, as a CSV"


def test_accounts_have_their_own_words_and_numbers():
    about = said(page_of(ACCOUNTS, "account")).one("p", id="rows").say()
    assert "an account-day is one of them" in about
    assert "learnt from on each day" in about
    one_day = words_of_line("customer", LineSettings(horizon_days=1))
    assert "a report of the day after it" in one_day.about
    assert "once that day is over" in one_day.about


@pytest.mark.parametrize(
    ("words", "unit", "setting"),
    [
        (CUSTOMERS, "customer", "( lines.customer.budget ), 1 % of those who are scored."),
        (ACCOUNTS, "account", "( lines.payer.budget ). What"),
    ],
)
def test_the_lists_are_of_those_who_are_scored_and_as_long_as_the_lines_own_budget(
    words: RowWords, unit: str, setting: str
):
    page = said(page_of(words, unit))
    assert [name for name, *_ in rows(page, "at-budget")] == [f"{unit}s"]
    assert f"many {unit}s." in page.one("figure", id="budget").say()
    plain = page.say().replace("\u00a0", " ")
    assert setting.replace("( ", "(").replace(" )", ")") in plain
    assert "reports.budget" not in plain
    assert list(page.all("table", id="types")) == []
    cards = [each.say() for each in page.all("p", id="cards")]
    assert len(cards) == (unit == "account")
    assert all("10 accounts a day, those that are positive" in each for each in cards)


OF_REPORTS_ONLY = ("alert page", "cleared", "suspicious reports", "paying", "reports.")


@pytest.mark.parametrize("make", [page_of, unripe])
def test_a_page_of_customers_speaks_of_reports_only_where_it_means_those_of_transactions(make):
    page = make()
    text = " ".join((said(page).say(), *re.findall("<title>(.*?)</title>", page.to_html())))
    meant = [page.words.about, *page.words.labels, page.unripe]
    for sentence in meant:
        text = text.replace(sentence, "")
    assert re.findall(r"\b\S*[Rr]eport\S*", text) == []
    assert [each for each in OF_REPORTS_ONLY if each in text] == []


def test_words_of_lines_differ_in_what_stands_in_them_and_nothing_is_left_to_be_filled_in():
    for words in (CUSTOMERS, ACCOUNTS):
        for each in fields(words):
            value = getattr(words, each.name)
            if each.name != "ripening":
                assert "{" not in str(value).replace(str(words.units), ""), each.name
        assert words.unripe({"decided": 0, "ripens_on": "2024-03-21"}).count("2024-03-21") == 2


def test_a_window_without_a_horizon_that_is_over_has_the_day_on_which_it_ripens_and_no_figures():
    page = said(unripe())
    assert "first of these days ripens on 2024-03-21" in page.one("p", id="unripe").say()
    shown = {each.attributes.get("id") for each in (*page.all("table"), *page.all("figure"))}
    assert shown.isdisjoint({"figures", "at-budget", "at-alerts", "segments", "calibration"})
    assert {"history", "scores", "features"} <= shown
    assert list(lines(pages.read(unripe().to_html())))
    assert "undecided; if they" not in page.one("ul", id="limits").say()


def test_figures_are_shown_once_a_label_is_known_and_of_reports_even_before():
    ripens = {"ripens_on": "2024-03-21"}
    assert CUSTOMERS.unripe({**ripens, "decided": 1}) == ""
    assert CUSTOMERS.unripe({"ripens_on": None, "decided": 0}) == ""
    assert OF_REPORTS.unripe({**ripens, "decided": 0}) == ""


def test_of_many_features_that_have_shifted_the_first_ones_are_named():
    names = [f"paid, {n} days" for n in range(7)]
    assert CUSTOMERS.listed(names).endswith("paid, 4 days; and 2 more")
    assert CUSTOMERS.listed(names[:2]) == "paid, 0 days; paid, 1 days"
    assert OF_REPORTS.listed(names) == ", ".join(names)
