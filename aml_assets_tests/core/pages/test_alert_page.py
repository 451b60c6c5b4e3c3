"""The alert page: its cases and alerts, its safety against hostile names, and its bytes."""

import base64
import datetime as dt
import hashlib
import json
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from aml_assets.core.cases.backlog import Backlog
from aml_assets.core.cases.missed import Missed
from aml_assets.core.days import ONE_DAY, number_of
from aml_assets.core.model.intervals import Interval
from aml_assets.core.pages.alert_page import AlertPage
from aml_assets.core.pages.alerts import Roles, alerts_of, amount_in_words
from aml_assets.core.pages.reasons import Explanation, FamilyReasons, Reason
from aml_assets.core.pages.shown_case import EarlierDecision, ShownCase
from aml_assets.core.pages.workload import Workload
from aml_assets.core.relations.timeline import Activity, Counterparty, Moved
from aml_assets.settings.load import Settings
from aml_assets.settings.table_settings import Join
from aml_assets_tests import pages
from aml_assets_tests.core.samples import frame, reports, transactions

HOSTILE = "<script>alert(1)</script>\"'><img src=//x onerror=alert(1)>&amp;"
DAY = dt.date(2024, 3, 5)
FIRST = DAY - 29 * ONE_DAY


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
        Roles.of((settings or Settings()).tables, []),
        scores,
        scores,
        [explanation(HOSTILE) for _ in ids],
        names or {"c0": HOSTILE},
        ranks=[n + 1 for n in ids],
        time_zone="Europe/Amsterdam",
        own=own,
    )
    return AlertPage(
        day=DAY,
        cases=[case(f"c{n}", n, score=alerts[n].score) for n in ids],
        alerts=alerts,
        first=FIRST,
        rows=len(ids) if rows is None else rows,
        flagged=1,
        threshold=0.5,
        decided=2,
        most=1000,
        has_queue=True,
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


def case(customer: str | None, *reports: int, score: float = 0.9, **more) -> ShownCase:
    """A case with everything that a page can tell."""
    monday = number_of(FIRST)
    activity = Activity(
        moved=(
            Moved(monday, "EUR", Decimal("1234.5"), None, 2, 0),
            Moved(monday + 4, "EUR", Decimal("0.05"), Decimal("-3"), 1, 1),
            Moved(monday + 4, "USD", None, Decimal(9), 1, 1),
        ),
        counterparties=(Counterparty("c9", None, "EUR", Decimal("1234.5"), None, 2, 0),),
        others=12,
        accounts=("a1",),
    )
    told = {
        "name": HOSTILE,
        "below": 0.5,
        "line": "",
        "explanation": None,
        "is_queued": True,
        "lately": 5,
        "confirmed": 1,
        "activity": activity,
        "report_days": ((FIRST, 2), (DAY, 3)),
        "queue_days": (FIRST + ONE_DAY,),
        "marks": (HOSTILE,),
        "decisions": (EarlierDecision(FIRST, ("7", "i7"), "suspicious", "R1", HOSTILE, "Ada"),),
    }
    return ShownCase(customer=customer, score=score, reports=reports, **{**told, **more})


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
    assert {each.text for each in first.all("span", class_="name")} == {HOSTILE}
    assert next(each.text for each in first.all("li")).endswith(HOSTILE)
    row = pages.alerts_in(page)[0]
    assert row["who"][0] == row["whom"][1] == HOSTILE
    told = pages.cases_in(page)[0]
    assert told["name"] == told["marks"][0] == told["decisions"][0][4] == HOSTILE
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
    fields = json.loads(page.one("table", id="cases").attributes["data-fields"])
    assert [title for _, title in fields] == [
        "case", "in_queue", "case_customer", "case_name", "evidence", "line", "reports_today",
        "reports_lately", "confirmed_lately", "marks", "rank", "score", "higher_than_share",
        "decision", "trx_id", "ins_id", "time", "utc_offset", "amount", "currency", "name",
        "customer", "account", "target_name", "target_customer", "target_account", "reasons",
        "model_id",
    ]  # fmt: skip
    first = pages.alerts_in(page)[0]
    assert (first["rank"], first["score"], first["key"], first["when"]) == (
        1,
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


def test_a_case_has_its_last_days_in_cents_and_only_the_days_on_which_something_happened():
    (one,) = pages.cases_in(pages.read(report(labels=(1,)).to_html()))
    assert (one["customer"], one["accounts"], one["reports"]) == ("c0", ["a1"], [1])
    assert one["moved"] == {
        "EUR": [0, 123450, None, 2, 0, 4, 5, -300, 1, 1],
        "USD": [4, None, 900, 1, 1],
    }
    assert (one["report_days"], one["queue_days"]) == ([0, 2, 29, 3], [1])
    assert one["counterparties"] == [
        {
            "name": "",
            "id": "c9",
            "currency": "EUR",
            "in": 123450,
            "out": None,
            "payments": (2, 0),
        }
    ]
    assert (one["lately"], one["confirmed"], one["others"]) == (5, 1, 12)
    assert one["decisions"] == [
        (str(FIRST), ["7", "i7"], "suspicious", "R1", HOSTILE, "Ada"),
    ]


def test_a_line_score_has_the_reasons_of_its_line_or_its_name_alone():
    line = {"line": "customer", "explanation": explanation("paid 30 others")}
    told, bare = case("c8", score=0.4, **line), case("c9", score=0.3, line="customer")
    page = replace(report(labels=(1,)), cases=[told, bare])
    first, second = shown(pages.read(page.to_html()))
    assert "line customer" in first.say()
    assert "paid 30 others" in first.say()
    assert "log-odds" in first.say()
    assert "line customer" in second.say()
    assert "log-odds" not in second.say()
    assert [each["reports"] for each in pages.cases_in(pages.read(page.to_html()))] == [[], []]


def test_what_was_drawn_at_random_stands_among_the_others_and_its_mark_can_be_asked_for():
    page = report(labels=(1, 0))
    assert "filter-sample" not in page.to_html().partition("<script")[0]
    drawn = replace(page, cases=[page.cases[0], replace(page.cases[1], is_sample=True)])
    read = pages.read(drawn.to_html())
    assert len(shown(read)) == 2
    assert "random" not in shown(read)[1].say()
    assert read.one("input", id="filter-sample").attributes["type"] == "checkbox"
    assert [each["sample"] for each in pages.cases_in(read)] == [0, 1]


def test_the_work_that_is_waiting_stands_below_the_summary_where_it_is_given():
    assert "workload" not in report().to_html().partition("<main>")[2].partition("<script")[0]
    waiting = Workload(Backlog({0: 1199, 7: 1}, None), [])
    read = pages.read(replace(report(), workload=waiting).to_html()).one("details", id="workload")
    assert read.one("summary").say() == "1,200 open cases"
    assert read.one("svg").attributes["aria-label"].startswith("Open cases by age")
    assert not list(read.all("table"))


def test_a_deadline_and_the_missed_cases_of_each_month_are_told():
    rate = Interval(0.0052, 0.0011, 0.0151)
    months = [
        Missed(dt.date(2024, 10, 1), 600, 580, 3, rate, 9_120.4),
        Missed(dt.date(2024, 11, 1), 20, 0, 0, None, 9_000.0),
    ]
    workload = Workload(Backlog({6: 1}, 5), months)
    read = pages.read(replace(report(), workload=workload).to_html()).one("details", id="workload")
    assert read.one("summary").say() == ("1 open case, 1 beyond the deadline of 5 working days")
    october, november = read.one("table", id="missed").one("tbody").all("tr")
    cells = [[each.say() for each in row.children] for row in (october, november)]
    assert cells == [
        ["2024-10", "0.5 %", "0.1 % … 1.5 %", "600", "580", "3"],
        ["2024-11", "too few are decided", "20", "0", "0"],
    ]
    assert "some 9,000 a day" in read.say()
    nothing = pages.read(replace(report(), workload=Workload(Backlog({}, 5), [])).to_html())
    assert not list(nothing.one("details", id="workload").all("svg"))


def test_a_party_is_found_where_a_join_compares_its_column_with_one_of_the_reports():
    joins = [
        Join(table="trx", on={"str.trx_id": "trx_id", "str.party": "cust_id"}),
        Join(table="retail", on={"trx.cust_id": "cust_id"}),
    ]
    roles = Roles.of(Settings().tables, joins)
    assert (roles.who, roles.whom) == (("str", "party"), ("trx", "target_cust_id"))


def test_only_a_bank_whose_dispositions_take_customers_offers_them():
    assert report().dispositions["customer"] is False
    assert replace(report(), takes_customers=True).dispositions["customer"] is True


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
    assert "0.00 EUR" in shown(page)[0].one("td", class_="amount").say()
    assert "ccy: none" in shown(page)[1].say()
    assert "no column str.desk" in page.one(id="extent").say()


@pytest.mark.parametrize(("roles", "text"), [({}, "EUR"), ({"currency": None}, "")])
def test_a_column_currency_needs_no_role_and_null_says_that_it_is_none(roles, text):
    settings = Settings(tables={"trx": {"roles": roles}})  # type: ignore[arg-type]
    page = pages.read(report(labels=(1,), settings=settings, currency=["EUR"]).to_html())
    assert [row["currency"] for row in pages.alerts_in(page)] == [text]


def test_long_ids_give_a_case_two_lines():
    assert "data-long" not in pages.read(report().to_html()).one("table", id="first").attributes
    one = report()
    long = replace(one.alerts[0], key=("x" * 36, "1"))
    page = pages.read(replace(one, alerts=[long], cases=one.cases[:1]).to_html())
    assert "data-long" in page.one("table", id="cases").attributes


def test_ten_thousand_alerts_are_less_than_eight_megabytes():
    one = report(labels=(1,))
    usual = explanation("account opened is 2012-07-10, 1,841 days before (96.8 % of rows)", 8)
    many = [replace(one.alerts[0], rank=n + 1, explanation=usual) for n in range(10_000)]
    cases = [replace(one.cases[0], reports=tuple(range(10_000)))]
    assert len(replace(one, alerts=many, cases=cases).to_html()) < 8_000_000


def test_more_reports_than_are_shown_are_said_and_where_they_are():
    page = pages.read(report(rows=12_000).to_html())
    extent = page.one(id="extent")
    assert "1,000 highest scores of 12,000 reports" in extent.say()
    assert extent.one("a").attributes["href"] == "../predict_res/x.csv"
    assert "all 3 reports" in pages.read(report().to_html()).one(id="extent").say()


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
