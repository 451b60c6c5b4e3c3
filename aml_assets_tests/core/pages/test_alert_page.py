"""The alert page: its facts, its safety against hostile names, and its bytes."""

import base64
import datetime as dt
import hashlib
import json
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from aml_assets.core.pages.alert_page import AlertPage, Roles, alerts_of, amount_in_words
from aml_assets.core.pages.reasons import Explanation, FamilyReasons, Reason
from aml_assets.settings.load import Settings
from aml_assets_tests import pages
from aml_assets_tests.core.samples import frame, reports, transactions

HOSTILE = "<script>alert(1)</script>\"'><img src=//x onerror=alert(1)>&amp;"
DAY = dt.date(2024, 3, 5)


def explanation(words="amount is 7", count=5) -> Explanation:
    reasons = tuple(Reason("trx.amount", words, 1.25 - n) for n in range(count))
    families = (
        FamilyReasons("the transaction", 2.25, reasons[:2]),
        FamilyReasons("<b>", -1.5, reasons[2:]),
    )
    return Explanation(base=-2.0, families=families, rest=0.5, margin=1.0)


def report(
    labels=(1, 0, None), rows=None, names=None, own=(), marking="", settings=None, **changed
) -> AlertPage:
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
        Roles.of((settings or Settings()).tables),
        scores,
        scores,
        [explanation(HOSTILE) for _ in ids],
        names or {"c0": HOSTILE},
        time_zone="Europe/Amsterdam",
        own=own,
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
        predictions_digest="cd" * 32,
        model_report="model_report_2024-03-05.html",
        time_zone="Europe/Amsterdam",
        own=[column for _, column in own],
        absent=["str.desk"] if own else [],
        marking=marking,
    )


def shown(page: pages.Element) -> list[pages.Element]:
    """The rows for a browser that runs no script."""
    (body,) = page.one("table", id="first").all("tbody")
    return [row for row in body.children if row.tag == "tr"]


def test_hostile_names_are_text_and_nothing_else():
    html = report(marking=HOSTILE).to_html()
    page = pages.read(html)
    assert [e.tag for e in page.all() if e.tag in ("img", "iframe")] == []
    assert len(list(page.all("script"))) == 2
    assert len(list(page.all("style"))) == 1
    first = shown(page)[0]
    assert first.one("span", class_="name").text == HOSTILE
    assert next(each.text for each in first.all("li")).endswith(HOSTILE)
    row = pages.alerts_in(page)[0]
    assert row["who"][0] == row["whom"][1] == HOSTILE
    assert row["reasons"][0] == (HOSTILE, 1.25)
    assert all(each.text == HOSTILE for each in page.all("p", class_="marking"))
    assert "<script>alert" not in html


def test_the_page_needs_nothing_but_itself_and_its_policy_says_so():
    html = report().to_html()
    page = pages.read(html)
    assert pages.foreign(page) == []
    assert "http://" not in html
    assert "https://" not in html
    policy = page.one("meta", http_equiv="Content-Security-Policy").attributes["content"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    code = [each for each in page.all("script") if "type" not in each.attributes]
    for tag, (element,) in (("style", page.all("style")), ("script", code)):
        digest = hashlib.sha256(element.text.encode()).digest()
        assert f"{tag}-src 'sha256-{base64.b64encode(digest).decode()}'" in policy


def test_a_report_without_a_label_is_undecided_and_never_cleared():
    page = pages.read(report(labels=(None, 0, 1)).to_html())
    assert [row["decision"] for row in pages.alerts_in(page)] == [
        "undecided",
        "cleared",
        "suspicious",
    ]
    assert ["undecided" in row.say() for row in shown(page)] == [True, False, False]


def test_the_data_holds_every_fact_once_and_an_export_knows_its_columns():
    page = pages.read(report().to_html())
    fields = json.loads(page.one("table", id="alerts").attributes["data-fields"])
    assert [title for _, title in fields] == [
        "rank", "score", "higher_than_share", "decision", "trx_id", "ins_id", "time", "utc_offset",
        "amount", "currency", "name", "customer", "account", "target_name", "target_customer",
        "target_account", "reasons", "model_id",
    ]  # fmt: skip
    first = pages.alerts_in(page)[0]
    assert (first["score"], first["key"], first["when"]) == (
        0.9,
        ["0", "i0"],
        "2024-03-05 12:00:00",
    )
    assert first["offset"] == "+01:00"  # in winter
    assert first["who"] == [HOSTILE, "c0", "0"]
    assert [by for _, by in first["reasons"]][:2] == [1.25, 0.25]
    assert [(name, by) for name, by, _ in first["families"]] == [
        ("the transaction", 2.25), ("<b>", -1.5),
    ]  # fmt: skip


def test_what_is_not_known_is_said_and_is_no_zero():
    page = pages.read(report(labels=(None,), amount=[float("nan")]).to_html())
    (row,) = shown(page)
    assert "not known" in row.one("td", class_="amount").say()
    assert pages.alerts_in(page)[0]["amount"] == ""


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1234.5, "1,234.50"), (123456789012.5, "123,456,789,012.50"), (0.00012345, "0.00012345"),
        (-7.0, "-7.00"), (2**63 + 1, "9,223,372,036,854,775,809.00"),
        (1e16, "10,000,000,000,000,000.00"), (Decimal("0E-18"), "0.00"), (12, "12.00"),
        (Decimal("12345678901234567890.125"), "12,345,678,901,234,567,890.125"), (None, None),
    ],
)  # fmt: skip
def test_an_amount_keeps_its_digits(value, text):
    assert amount_in_words(value) == text


def test_an_amount_carries_its_currency_and_the_banks_own_columns_stand_beside():
    roles = {"trx": {"roles": {"currency": "ccy"}}}
    page = pages.read(
        report(
            labels=(1, 0), settings=Settings(tables=roles), ccy=["EUR", None],  # type: ignore[arg-type]
            own=[("trx", "ccy")], channel=["a", "b"],
        ).to_html()
    )  # fmt: skip
    assert [row["currency"] for row in pages.alerts_in(page)] == ["EUR", ""]
    assert [row["own"] for row in pages.alerts_in(page)] == [["EUR"], [""]]
    assert "0.00 EUR" in shown(page)[0].say()
    assert "ccy: none" in shown(page)[1].say()
    assert "no column str.desk" in page.one(id="extent").say()


@pytest.mark.parametrize(("roles", "text"), [({}, "EUR"), ({"currency": None}, "")])
def test_a_column_currency_needs_no_role_and_null_says_that_it_is_none(roles, text):
    settings = Settings(tables={"trx": {"roles": roles}})  # type: ignore[arg-type]
    page = pages.read(report(labels=(1,), settings=settings, currency=["EUR"]).to_html())
    assert [row["currency"] for row in pages.alerts_in(page)] == [text]


def test_long_ids_give_an_alert_two_lines():
    assert "data-long" not in pages.read(report().to_html()).one("table", id="first").attributes
    one = report()
    long = replace(one.alerts[0], key=("x" * 36, "1"))
    page = pages.read(replace(one, alerts=[long]).to_html())
    assert "data-long" in page.one("table", id="alerts").attributes


def test_ten_thousand_alerts_are_less_than_eight_megabytes():
    one = report()
    usual = explanation("account opened is 2012-07-10, 1,841 days before (96.8 % of rows)", 8)
    many = [replace(one.alerts[0], rank=n + 1, explanation=usual) for n in range(10_000)]
    assert len(replace(one, alerts=many).to_html()) < 8_000_000


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
    assert "hidden" in page.one("div", id="scripted").attributes  # of no use without it
    assert "average training row −2.00" in shown(page)[0].say()
    families = [each.say().partition(":")[0] for each in shown(page)[0].all("li")]
    assert families == ["+2.25the transaction", "−1.50<b>"]
    assert "runs no script" in page.one("div", id="plain").say()


@pytest.mark.parametrize("labels", [(1, None), ()])
def test_the_same_day_gives_the_same_bytes(labels):
    assert report(labels).to_html() == report(labels).to_html()
