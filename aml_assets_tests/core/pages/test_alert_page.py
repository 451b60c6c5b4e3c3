"""The alert page: its facts, its safety against hostile names, and its bytes."""

import base64
import datetime as dt
import hashlib
import json
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest

from aml_assets.core.pages.alert_page import AlertPage, Roles, alerts_of
from aml_assets.core.pages.reasons import Explanation, Reason
from aml_assets.settings.load import Settings
from aml_assets_tests import pages
from aml_assets_tests.core.samples import frame, reports, transactions

HOSTILE = "<script>alert(1)</script>\"'><img src=//x onerror=alert(1)>&amp;"
DAY = dt.date(2024, 3, 5)


def explanation(words="amount is 7", count=5) -> Explanation:
    reasons = tuple(Reason("trx.amount", words, 1.25 - n) for n in range(count))
    return Explanation(base=-2.0, reasons=reasons, rest=0.5, margin=1.0)


def report(labels=(1, 0, None), rows=None, names=None, **changed) -> AlertPage:
    ids = list(range(len(labels)))
    day = frame(
        str=reports(*ids, label=list(labels), ins_id=[f"i{n}" for n in ids]),
        trx=transactions(
            *ids, cust_id=[f"c{n}" for n in ids], target_cust_id=[HOSTILE] * len(ids), **changed
        ),
    )
    scores = np.linspace(0.9, 0.1, len(ids)) if ids else np.array([])
    alerts = alerts_of(
        day,
        Roles.of(Settings().tables),
        scores,
        scores,
        [explanation(HOSTILE) for _ in ids],
        names or {"c0": HOSTILE},
    )
    return AlertPage(
        day=DAY,
        alerts=alerts,
        rows=len(ids) if rows is None else rows,
        flagged=1,
        threshold=0.5,
        decided=2,
        key=["trx_id", "ins_id"],
        with_positions=True,
        model_id="m_2024-03-05",
        model_digest="ab" * 32,
        chosen="today's",
        trained=("2024-02-01", "2024-02-27", 1234),
        predictions="../predict_res/x.csv",
        model_report="model_report_2024-03-05.html",
    )


def shown(page: pages.Element) -> list[pages.Element]:
    (body,) = page.one("table", id="alerts").all("tbody")
    return [row for row in body.children if row.tag == "tr"]


def test_hostile_names_are_text_and_nothing_else():
    page = pages.read(report().to_html())
    assert [e.tag for e in page.all() if e.tag in ("img", "iframe")] == []
    assert len(list(page.all("script"))) == 1
    first = shown(page)[0]
    assert first.one(data_f="name").text == HOSTILE
    assert first.one(data_f="target_customer").text == HOSTILE
    assert next(each.text for each in first.all("li")).endswith(HOSTILE)


def test_the_page_needs_nothing_but_itself_and_its_policy_says_so():
    html = report().to_html()
    page = pages.read(html)
    assert pages.foreign(page) == []
    assert "http://" not in html
    assert "https://" not in html
    policy = page.one("meta", http_equiv="Content-Security-Policy").attributes["content"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    for tag in ("style", "script"):
        digest = hashlib.sha256(page.one(tag).text.encode()).digest()
        assert f"{tag}-src 'sha256-{base64.b64encode(digest).decode()}'" in policy


def test_a_report_without_a_label_is_undecided_and_never_cleared():
    rows = shown(pages.read(report(labels=(None, 0, 1)).to_html()))
    found = [row.one("td", data_f="decision").say() for row in rows]
    assert found == ["undecided", "cleared", "suspicious"]


def test_every_fact_stands_under_the_mark_that_an_export_looks_for():
    page = pages.read(report().to_html())
    fields = json.loads(page.one("table", id="alerts").attributes["data-fields"])
    titles = [title for _, title in fields]
    assert titles[:6] == ["rank", "score", "higher_than_share", "decision", "trx_id", "ins_id"]
    first = shown(page)[0]
    found = {title: list(first.all(data_f=mark)) for mark, title in fields}
    values = {
        title: cells[0].attributes.get("data-v", cells[0].say())
        for title, cells in found.items()
        if cells
    }
    # Of an unknown name there is none, and these two stand elsewhere.
    assert {*titles} - {*values} == {"target_name", "reasons", "model_id"}
    assert values["score"] == "0.9"
    assert values["time"] == "2024-03-05 12:00:00"
    assert (values["trx_id"], values["ins_id"], values["customer"]) == ("0", "i0", "c0")
    assert [item.attributes["data-c"] for item in first.all("li")][:2] == ["1.2500", "0.2500"]


def test_what_is_not_known_is_said_and_is_no_zero():
    page = pages.read(report(labels=(None,), amount=[float("nan")]).to_html())
    (row,) = shown(page)
    amount = row.one("td", data_f="amount")
    assert (amount.attributes["data-v"], amount.say()) == ("", "not known")


def test_an_amount_keeps_the_digits_that_a_double_would_lose():
    large = Decimal("12345678901234567.89")
    for amount, exact, say in (
        ([large, Decimal("0.10")], str(large), "12,345,678,901,234,567.89"),
        (pa.array([2**63 + 1, 1], pa.uint64()), str(2**63 + 1), "9,223,372,036,854,775,809.00"),
        ([2.5, 1.0], "2.5", "2.50"),
        (pa.array([Decimal(0), None], pa.decimal128(38, 18)), "0.0", "0.00"),
    ):
        page = pages.read(report(labels=(1, 0), amount=amount).to_html())
        cell = shown(page)[0].one("td", data_f="amount")
        assert (cell.attributes["data-v"], cell.say()) == (exact, say)


def test_more_reports_than_are_shown_are_said_and_where_they_are():
    page = pages.read(report(rows=12_000).to_html())
    extent = page.one(id="extent")
    assert "3 highest scores of 12,000 reports" in extent.say()
    assert extent.one("a").attributes["href"] == "../predict_res/x.csv"
    assert "All 3 reports" in pages.read(report().to_html()).one(id="extent").say()


def test_a_day_without_reports_has_a_page_that_says_so():
    page = pages.read(report(labels=()).to_html())
    assert "No report landed" in page.one(id="empty").say()
    assert list(page.all("table")) == []


def test_the_page_reads_without_its_script():
    page = pages.read(report().to_html())
    assert "hidden" in page.one("form", id="filters").attributes  # of no use without it
    assert "average training row −2.00" in next(shown(page)[0].all("details")).say()


@pytest.mark.parametrize("labels", [(1, None), ()])
def test_the_same_day_gives_the_same_bytes(labels):
    assert report(labels).to_html() == report(labels).to_html()
