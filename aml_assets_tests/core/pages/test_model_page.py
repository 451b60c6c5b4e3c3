"""The model page: its features, charts and figures, and the reasons where one is missing."""

import datetime as dt
import re
from dataclasses import replace

import numpy as np
import pyarrow as pa

from aml_assets.core.days import days_between
from aml_assets.core.model import budget, evaluation
from aml_assets.core.model.encoding import Encoder, Feature, Matrix
from aml_assets.core.model.reference import fit
from aml_assets.core.pages import validation
from aml_assets.core.pages.feature_lines import Looks, family_lines, feature_lines
from aml_assets.core.pages.model_page import ModelPage
from aml_assets.core.pages.row_words import OF_REPORTS, RowWords
from aml_assets_tests import pages

DAY = dt.date(2024, 3, 10)
ENCODER = Encoder(
    (
        Feature("trx", "amount", "number"),
        Feature("trx", "<b>", "category", ("a", "b")),
        Feature("trx", "timestamp", "weekday"),
    ),
    {"retail.name": "100% of its values <i>"},
)
RNG = np.random.default_rng(0)
TRAINED = np.column_stack(
    [RNG.normal(size=2000), RNG.integers(0, 2, 2000), RNG.integers(0, 7, 2000)]
).astype(np.float32)
MOVED = TRAINED[:600] + np.array([2, 0, 0], np.float32)


def matrix(values: np.ndarray, **unseen: int) -> Matrix:
    return Matrix(values, {}, unseen, ())


def report(
    today: np.ndarray | None = MOVED,
    decided: bool = True,
    with_reference: bool = True,
    words: RowWords = OF_REPORTS,
) -> ModelPage:
    truth = (RNG.random(600) < 0.2).astype(np.float32) if decided else np.full(600, np.nan)
    scores = np.random.default_rng(1).random(600)
    days_of = np.repeat(np.arange(3), 200)
    accounts = pa.array([f"A{n % 150}" for n in range(600)])
    types = pa.array(["fan <i>", "cycle", None] * 200)
    metrics = {
        **evaluation.evaluate(truth, scores),
        "restated_train_days": [],
        "by_budget": {
            **budget.by_budget(
                budget.ScoredReports(days_of, truth, scores),
                {"account": accounts, "customer": None},
                types,
                10,
            ),
            "days": 3,
            "types_column": "str.typology",
            "types_are_a_feature": True,
        },
    }
    days = days_between(DAY - dt.timedelta(days=9), DAY)
    contributed = np.tile(np.array([0.5, -0.25, 0.1, -3], np.float32), (600, 1))
    return ModelPage(
        day=DAY,
        facts={
            "model_id": "m_2024-03-10",
            "windows": {
                "train_start": "2024-02-01", "train_end": "2024-03-06",
                "eval_start": "2024-03-07", "eval_end": "2024-03-09",
            },
            "rows": 2000, "positives": 40, "features": 3, "train_days_read": ["2024-02-01"],
        },
        digest="cd" * 32,
        trees=100,
        metrics=metrics,
        history={each: metrics if each.day not in (3, 4) else None for each in days},
        truth=truth,
        scores=scores,
        today=None if today is None else np.full(len(today), 0.5),
        features=feature_lines(
            ENCODER,
            fit(lambda n: TRAINED[:, n], [False, True, False]) if with_reference else None,
            {"trx.amount": 3.0, "trx.<b>": 1.0},
            contributed,
            Looks(matrix(TRAINED[:600]), *[None if today is None else matrix(today)] * 2),
            words.language,
            0.1,
        ),
        families=family_lines(
            ENCODER, {"trx.amount": 3.0, "trx.<b>": 1.0}, contributed, words.language
        ),
        left_out=ENCODER.left_out,
        with_reference=with_reference,
        link="alert_report_2024-03-10.html",
        built_by={"code version": "2", "xgboost": "3.2.0"},
        at_alerts=validation.alert_lines(truth, scores, threshold=1.0, words=words),
        segments=validation.segments(
            truth,
            scores,
            [("2024-03-07", 300), ("2024-03-08", 300)],
            ENCODER,
            TRAINED[:600],
            categories=[],
            gains={"trx.<b>": 1.0},
            language=words.language,
        ),
        changes=[
            validation.Change("last, 2024-03-09", {**metrics, "auc": 0.25}, ""),
            validation.Change("pinned, 2024-01-01", None, "it is gone"),
        ],
        marking="SECRET <i>",
        words=words,
    )  # fmt: skip


def lines(page: pages.Element) -> dict[str, pages.Element]:
    (body,) = page.one("table", id="features").all("tbody")
    return {row.one("th", data_f="name").attributes["title"]: row for row in body.all("tr")}


def test_features_stand_by_gain_with_their_drift_from_the_training_rows():
    page = pages.read(report().to_html())
    found = lines(page)
    assert list(found) == ["trx.amount", "trx.<b>", "trx.timestamp weekday"]
    amount = found["trx.amount"]
    assert amount.one("td", data_f="gain").say() == "75 %"
    assert amount.one("td", data_f="contribution").say() == "0.500"
    assert amount.one("td", data_f="psi-window").one("span").attributes["class"] == "stable"
    assert amount.one("td", data_f="psi-day").one("span").attributes["class"] == "major"
    assert amount.one("td", data_f="psi-nights").one("span").attributes["class"] == "major"
    shares = r"amount \(larger values: [\d.]+ % → [\d.]+ % of the rows\)"
    assert re.search(rf"Shifted: {shares}\.", page.say())
    assert re.search(rf"Input has shifted since training: {shares}\.", page.say())
    # A day has one weekday, which is no drift.
    assert "few weekdays" in found["trx.timestamp weekday"].one("td", data_f="psi-window").say()


def test_each_familys_features_stand_together_with_all_of_their_gain():
    page = pages.read(report().to_html())
    assert rows(page, "families") == [
        ["the transaction", "how much, when, by which channel", "3", "100 %", "0.350"]
    ]
    amount = lines(page)["trx.amount"]
    assert amount.one("td", data_f="family").say() == "the transaction"


def test_the_lists_at_the_budget_stand_by_unit_with_a_chart_and_by_type():
    one = report()
    page = pages.read(one.to_html())
    found = {name: cells for name, *cells in rows(page, "at-budget")}
    assert list(found) == ["reports", "paying accounts", "paying customers"]
    assert found["paying customers"] == ["no column has the role cust_id"]
    at = one.metrics["by_budget"]["units"]["account"]["at"]
    assert found["paying accounts"][0] == str(at["found"])
    assert f"of {at['positives']} suspicious" in found["paying accounts"][2]
    chart = page.one("figure", id="budget")
    assert len(list(chart.all("circle"))) == len(list(chart.all("rect"))) == 20
    assert "Card precision top-10" in page.one("p", id="cards").say()
    assert [name for name, *_ in rows(page, "types")] == ["cycle", "fan <i>", "all others"]
    assert "The model looks at this column" in page.say()
    assert "no operating point" in page.say()


def test_metrics_of_before_there_was_a_budget_say_so():
    one = report()
    before = {name: value for name, value in one.metrics.items() if name != "by_budget"}
    page = pages.read(replace(one, metrics=before).to_html())
    assert "measured before they held this" in page.say()


def test_a_day_without_metrics_is_a_gap_and_no_zero():
    page = pages.read(report().to_html())
    history = page.one("figure", id="history")
    assert len(list(history.all("polyline"))) == 4  # of ten days the third and fourth are missing
    assert len(list(history.all("circle"))) == len(list(history.all("rect"))) == 8


def test_every_chart_is_an_image_with_a_name():
    page = pages.read(report().to_html())
    charts = [svg for svg in page.all("svg") if "aria-hidden" not in svg.attributes]
    assert len(charts) == 7
    for chart in charts:
        assert chart.attributes["role"] == "img"
        assert chart.attributes["aria-label"]
        assert next(chart.all("title")).text


def test_without_a_decision_there_are_reasons_in_place_of_figures():
    page = pages.read(report(decided=False).to_html())
    (body,) = page.one("table", id="figures").all("tbody")
    values = [[cell.say() for cell in row.children] for row in body.all("tr")]
    assert [value for name, value, *_ in values if name != "decided"] == ["none"] * 9
    assert {note for name, *_, note in values if name != "decided"} == {"No row is decided yet."}
    assert "is decided yet" in page.one("figure", id="calibration").say()


def test_a_day_without_features_and_a_model_without_reference_say_so():
    page = pages.read(report(today=None).to_html())
    assert "The day has no features yet" in page.say()
    assert lines(page)["trx.amount"].one("td", data_f="missing-day").say() == "–"
    page = pages.read(report(with_reference=False).to_html())
    assert "train it again to have drift" in page.say()


def test_shares_and_areas_have_their_interval():
    found = {figure.name: figure for figure in report().figures}
    for name in ("AUC", "average precision", "recall", "accuracy", "base rate"):
        figure = found[name]
        assert figure.low < figure.value < figure.high  # type: ignore[operator]
    assert found["log loss"].low is None


def test_the_page_needs_nothing_but_itself_and_is_always_the_same():
    one = report()
    html = one.to_html()
    assert html == replace(one).to_html()
    page = pages.read(html)
    assert pages.foreign(page) == []
    assert "://" not in html
    assert list(page.all("b", class_="x")) == []
    assert list(page.all("i")) == []


def rows(page: pages.Element, table: str) -> list[list[str]]:
    (body,) = page.one("table", id=table).all("tbody")
    return [[cell.say() for cell in row.children] for row in body.children if row.tag == "tr"]


def test_a_validator_finds_alerts_change_segments_parameters_and_limits():
    one = report()
    page = pages.read(replace(one, facts={**one.facts, "parameters": {"seed": 0}}).to_html())
    alerts = {name: cells for name, *cells in rows(page, "at-alerts")}
    assert list(alerts) == [
        "20 alerts", "50 alerts", "100 alerts", "200 alerts", "the threshold, 1",
    ]  # fmt: skip
    assert alerts["the threshold, 1"][-1] == "nothing is flagged"
    change = {name: cells for name, *cells in rows(page, "change")}
    assert change["AUC"][0] == "0.250"
    assert change["base rate"] == [change["base rate"][0], "+0.000", "–", "–"]
    assert "pinned, 2024-01-01: it is gone." in page.say()
    assert [part for _, part, *_ in rows(page, "segments")] == [
        "2024-03-07",
        "2024-03-08",
        "a",
        "b",
    ]
    assert rows(page, "parameters") == [["seed", "0"]]
    assert ["xgboost", "3.2.0"] in rows(page, "built")
    assert "every figure" not in page.one("ul", id="limits").say()
    assert "trained before models kept" in pages.read(one.to_html()).say()


def test_every_table_has_a_caption_and_scoped_headers():
    page = pages.read(report().to_html())
    assert len(list(page.all("main"))) == 1
    for table in page.all("table"):
        assert next(table.all("caption")).say()
        assert all(head.attributes["scope"] in ("row", "col") for head in table.all("th"))
