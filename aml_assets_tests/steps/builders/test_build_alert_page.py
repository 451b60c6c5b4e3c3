"""The alert page of a day: its cases by the queue, and what it tells of customers as known then."""

import datetime as dt
import json
import math
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from aml_assets.core.graph import ALERT_PAGE, PREDICTIONS, QUEUE, Line
from aml_assets.core.pages import reasons as reasons_of_scores
from aml_assets.steps.deciding import take_dispositions
from aml_assets_tests import pages
from aml_assets_tests.conftest import STATIC, Bank, day, str_columns, trx_columns

DAY = 8
CUSTOMERS = Line("customer")
OPTIONS: dict[str, Any] = {
    "lines": {"customer": {"horizon_days": 1, "windows": [2], "train_every": 1}},
    "windows": {"train_days": 3, "eval_days": 1},
    "queue": {"budget": 6, "days": 4, "cool_down_days": 0},
    "reports": {"alerts": 2},
}


@pytest.fixture(scope="module")
def scored(landed_bank: Bank, tmp_path_factory: pytest.TempPathFactory) -> Bank:
    """Day 8 has two reports: customers 1 and 2 pay, 4 and 5 are paid."""
    bank = landed_bank.copy_to(tmp_path_factory.mktemp("cases"), **OPTIONS)
    names = [f"Zoe {number}" for number in range(1, 7)]
    bank.land("retail", None, {**STATIC["retail"], "full_name": names})
    few = {name: values[:2] for name, values in str_columns(DAY).items()}
    bank.land("str", DAY, few)
    bank.prepare(1, DAY)
    decide(bank, 7, (5, 500, "suspicious"), (6, 601, "not_suspicious"))
    decide(bank, DAY, (6, 600, "suspicious"))
    bank.good("daily", 7)
    bank.good("daily", DAY)
    return bank


def decide(bank: Bank, number: int, *cases: tuple[int, int, str]) -> None:
    lines = ["day,trx_id,ins_id,disposition,reason,note"]
    lines += [f"{day(of)},{trx},7,{said},R1,as Bea said" for of, trx, said in cases]
    noon = dt.datetime.combine(day(number), dt.time(12), dt.UTC)
    take_dispositions(bank.catalog, "\n".join(lines).encode(), by="Ada", at=noon)


def each_feature_counts(_: Any, values: np.ndarray, *, threads: int) -> np.ndarray:
    return np.full((len(values), values.shape[1] + 1), 0.25 * threads, np.float32)


def page_of(bank: Bank, number: int = DAY) -> pages.Element:
    return pages.read(bank.catalog.alert_pages.load(day(number)))


def cases_of(bank: Bank, number: int = DAY) -> list[dict[str, Any]]:
    return pages.cases_in(page_of(bank, number))


def test_the_queue_comes_first_in_its_order_also_those_without_a_report_today(scored: Bank):
    entries = scored.catalog.queues.load(day(DAY)).to_pylist()
    assert len(entries) == 6
    cases = cases_of(scored)
    assert [each["customer"] for each in cases[:6]] == [str(of["customer"]) for of in entries]
    assert [each["queued"] for each in cases] == [1] * 6 + [0] * (len(cases) - 6)
    for case, entry in zip(cases, entries, strict=False):
        assert case["score"] == pytest.approx(entry["evidence"], abs=1e-6)
        assert case["line"] == (entry["line"] or "")
        assert len(case["reports"]) == entry["reports_today"]
        assert (case["lately"], case["confirmed"]) == (
            entry["reports_lately"],
            entry["confirmed_lately"],
        )
    by_line = [each for each in cases if each["line"]]
    assert any(not each["reports"] for each in by_line)
    for each in by_line:
        *_, margin = each["why"]
        assert 1 / (1 + math.exp(-margin)) == pytest.approx(each["score"], abs=1e-4)


def test_a_report_stands_with_its_payer_and_with_a_queued_payee(scored: Bank):
    rows = {row["rank"]: row for row in scored.csv(DAY).to_pylist()}
    for case in cases_of(scored):
        for rank in case["reports"]:
            sides = {str(rows[rank][side]) for side in ("cust_id", "target_cust_id")}
            assert case["customer"] in sides
            if not case["queued"]:
                assert case["customer"] == str(rows[rank]["cust_id"])
    shown = {rank for case in cases_of(scored) for rank in case["reports"]}
    assert shown >= {1, 2}


def test_a_case_tells_payments_counterparties_and_days_in_the_queue(scored: Bank):
    case = next(each for each in cases_of(scored) if each["customer"] == "1")
    assert case["name"] == "Zoe 1"
    # Each day customer 1 pays in the transactions 0 and 8 and is paid in 5; amounts are 10 per
    # row and 1 per day.
    assert [case["moved"][""][place : place + 5] for place in range(0, 20, 5)] == [
        [back, (50 + number) * 100, (80 + 2 * number) * 100, 1, 2]
        for back, number in enumerate(range(5, 9))
    ]
    assert [(each["name"], each["id"]) for each in case["counterparties"]] == [
        ("Zoe 4", "4"),
        ("Zoe 6", "6"),
    ]
    seven = {str(each) for each in scored.catalog.queues.load(day(7))["customer"].to_pylist()}
    for each in cases_of(scored):
        assert each["queue_days"] == ([2] if each["customer"] in seven else [])


def test_decisions_are_those_that_were_known_at_the_end_of_the_day(scored: Bank, tmp_path):
    told = {each["customer"]: each["decisions"] for each in cases_of(scored)}
    rows = {
        number: {row["trx_id"]: row for row in scored.features(number).to_pylist()}
        for number in (5, 6)
    }
    expected = [
        (str(day(number)), [str(trx), "7"], said, "R1", "as Bea said", "Ada")
        for number, trx, said in ((6, 601, "not suspicious"), (5, 500, "suspicious"))
    ]
    for customer, decisions in told.items():
        mine = [
            said
            for said in expected
            for row in [rows[int(said[0][-2:])][int(said[1][0])]]
            if customer in (str(row["cust_id"]), str(row["target_cust_id"]))
        ]
        assert decisions == mine, customer
    assert any(told.values())

    bank = scored.copy_to(tmp_path / "later")
    before = bank.catalog.alert_pages.load(day(DAY))
    decide(bank, DAY + 1, (7, 700, "suspicious"), (5, 500, "not_suspicious"))
    bank.good("daily", DAY, only=(ALERT_PAGE,))
    assert bank.catalog.alert_pages.load(day(DAY)) == before


def test_customers_have_names_also_on_a_day_on_which_one_side_names_nobody(scored: Bank, tmp_path):
    bank = scored.copy_to(tmp_path / "sides")
    columns = trx_columns(DAY)
    bank.land("trx", DAY, {**columns, "target_cust_id": [None] * len(columns["trx_id"])})
    bank.good("daily", DAY)
    named = {each["name"] for each in cases_of(bank) if each["customer"]}
    assert named
    assert "" not in named


def test_the_manifest_names_what_was_read_and_no_customer(scored: Bank):
    manifest = scored.catalog.alert_pages.manifest(day(DAY))
    days = [str(day(number)) for number in range(5, DAY + 1)]
    assert sorted(manifest.inputs["tables/trx"]) == days
    queues = manifest.inputs[QUEUE]
    assert sorted(queues) == [str(day(number)) for number in range(1, DAY + 1)]
    assert [each for each in sorted(queues) if queues[each] != "absent"] == days[2:]
    assert list(manifest.inputs[CUSTOMERS.scores]) == [str(day(DAY))]
    assert manifest.facts["dispositions"]
    assert "Zoe" not in str(manifest)


def test_without_a_queue_the_cases_are_those_of_the_highest_scores(scored: Bank, tmp_path):
    bank = scored.copy_to(tmp_path / "none", queue={**OPTIONS["queue"], "enabled": False})
    bank.good("daily", DAY, only=(ALERT_PAGE,))
    cases = cases_of(bank)
    assert [each["reports"] for each in cases] == [[1], [2]]
    assert all(each["moved"] for each in cases)
    page = page_of(bank)
    assert not any("queue" in each.say() for each in page.all("dt"))


def test_where_transactions_name_no_customer_each_report_is_a_case(landed_bank: Bank, tmp_path):
    nobody = {"cust_id": None, "target_cust_id": None}
    tables = {"trx": {"roles": nobody}, "retail": None, "corporate": None}
    bank = landed_bank.copy_to(tmp_path / "nobody", tables=tables, windows=OPTIONS["windows"])
    bank.prepare(1, 6)
    bank.good("daily", 6)
    cases = cases_of(bank, 6)
    assert [each["reports"] for each in cases] == [[rank] for rank in range(1, 9)]
    assert {each["customer"] for each in cases} == {""}
    assert {each["lately"] for each in cases} == {None}
    assert QUEUE not in bank.catalog.graph


def test_a_queue_of_other_predictions_is_refused(scored: Bank, tmp_path):
    bank = scored.copy_to(tmp_path / "stale")
    queues = bank.catalog.queues
    table, manifest = queues.load_with_manifest(day(DAY))
    of_another = {**manifest.inputs, PREDICTIONS: {str(day(DAY)): "another"}}
    queues.publish(day(DAY), table, replace(manifest, inputs=of_another))
    run = bank.bad("daily", DAY, only=(ALERT_PAGE,))
    assert "it was listed by other predictions than are stored now" in run.sentence
    assert f"--select {QUEUE} --select {ALERT_PAGE}" in run.sentence


def test_entries_that_were_drawn_at_random_are_marked(scored: Bank, tmp_path):
    bank = scored.copy_to(tmp_path / "drawn")
    queues = bank.catalog.queues
    table, manifest = queues.load_with_manifest(day(DAY))
    drawn = pa.array([None] * 5 + [40.0])
    queues.publish(day(DAY), table.append_column("stands_for", drawn), manifest)
    bank.good("daily", DAY, only=(ALERT_PAGE,))
    assert [each["sample"] for each in cases_of(bank)][:6] == [0, 0, 0, 0, 0, 1]


def test_an_ad_hoc_run_lists_by_its_own_queue_and_does_without_one(scored: Bank, tmp_path):
    bank = scored.copy_to(tmp_path / "adhoc")
    before = bank.files()
    tried = {"training": {"rounds": 1}}
    only = ("models/model", PREDICTIONS, ALERT_PAGE)
    bank.good("daily", DAY, only=only, config=tried)
    (path,) = (name for name in bank.files() if name not in before and name.endswith(".html"))
    alone = pages.cases_in(pages.read((bank.store / path).read_text()))
    assert [each["queued"] for each in alone] == [0, 0]
    bank.good("daily", DAY, only=(*only, QUEUE), config=tried)
    with_queue = pages.cases_in(pages.read((bank.store / path).read_text()))
    assert sum(each["queued"] for each in with_queue) == 6
    own = bank.catalog.alert_pages.path(day(DAY))
    assert bank.files()[own] == before[own]


def test_a_bank_that_reads_chinese_has_reasons_marks_and_decisions_in_chinese(
    scored: Bank, tmp_path, monkeypatch: pytest.MonkeyPatch
):
    before = scored.catalog.alert_pages.manifest(day(DAY))
    reports = {**OPTIONS["reports"], "language": "zh"}
    chinese = scored.copy_to(tmp_path / "chinese", **{**OPTIONS, "reports": reports})
    with monkeypatch.context() as patched:  # the line's model is too small to have learnt anything
        patched.setattr(reasons_of_scores, "contributions", each_feature_counts)
        chinese.good("daily", DAY, only=(ALERT_PAGE,))
    page = page_of(chinese)
    assert page.one("h1").say() == f"{day(DAY):%Y年%-m月%-d日} 星期一 预警"
    assert page.one("details", id="workload").say().startswith("积压案件")
    mine, english = cases_of(chinese), cases_of(scored)
    assert [each["customer"] for each in mine] == [each["customer"] for each in english]
    assert {said[2] for each in mine for said in each["decisions"]} == {"可疑", "排除可疑"}
    texts = json.loads(page.one("script", id="data").text)["texts"]
    of_reports = [family for row in pages.alerts_in(page) for family, *_ in row["families"]]
    of_lines = [texts[name] for each in mine if each["line"] for name, *_ in each["why"][1]]
    for families in (of_reports, of_lines):
        assert families
        assert [each for each in families if not re.search("[一-鿿]", each)] == []
    assert chinese.catalog.alert_pages.manifest(day(DAY)).settings != before.settings
    # A bank that chose English is one that chose nothing.
    options = {**OPTIONS, "reports": {**OPTIONS["reports"], "language": "en"}}
    english_too = scored.copy_to(tmp_path / "english", **options)
    english_too.good("daily", DAY, only=(ALERT_PAGE,))
    assert english_too.catalog.alert_pages.manifest(day(DAY)).digest == before.digest
