"""The queue of a day: what its builder reads, and what keeps a customer out."""

import datetime as dt
import shutil
from typing import Any

import pyarrow as pa
import pytest

from aml_assets.core.graph import FEATURES, MODEL, PREDICTIONS, QUEUE, Line
from aml_assets.steps.deciding import take_dispositions
from aml_assets.steps.inputs.dispositions_known import known_dispositions
from aml_assets.steps.inputs.evidence import evidence_of
from aml_assets_tests.conftest import Bank, day, str_columns

CUSTOMERS = Line("customer")
DAY = 7
LINES = {"customer": {"horizon_days": 1, "windows": [2], "train_every": 1}}


@pytest.fixture(scope="module")
def scored(landed_bank: Bank, tmp_path_factory: pytest.TempPathFactory) -> Bank:
    bank = landed_bank.copy_to(
        tmp_path_factory.mktemp("queue"),
        lines=LINES,
        windows={"train_days": 3, "eval_days": 1},
        queue={"budget": 3, "days": 4, "cool_down_days": 3},
    )
    bank.prepare(1, DAY)
    bank.good("daily", 6)
    bank.good("daily", DAY)
    return bank


def decide_on(bank: Bank, number: int, *cases: tuple[int, object, str]) -> None:
    """On a day, investigators decide on customers, each as day, customer and disposition."""
    lines = ["day,customer,disposition,reason"]
    lines += [f"{day(of)},{customer},{said},R1" for of, customer, said in cases]
    noon = dt.datetime.combine(day(number), dt.time(12), dt.UTC)
    take_dispositions(bank.catalog, "\n".join(lines).encode(), by="Ada", at=noon)


def entries(bank: Bank, number: int = DAY) -> list[dict[str, Any]]:
    return bank.catalog.queues.load(day(number)).to_pylist()


def decide(bank: Bank, number: int, *cases: tuple[int, int, str], by: str = "Ada") -> None:
    """On a day, investigators decide on reports, each as day, transaction and disposition."""
    lines = ["day,trx_id,ins_id,disposition,reason"]
    lines += [f"{day(of)},{trx},7,{said},R1" for of, trx, said in cases]
    noon = dt.datetime.combine(day(number), dt.time(12), dt.UTC)
    take_dispositions(bank.catalog, "\n".join(lines).encode(), by=by, at=noon)


def test_each_customer_is_listed_once_with_the_best_of_his_scores(scored: Bank):
    listed = entries(scored)
    assert [each["rank"] for each in listed] == [1, 2, 3]
    assert len({each["customer"] for each in listed}) == 3
    scores = {
        each["customer"]: each["pred_score"]
        for each in scored.catalog.of(CUSTOMERS.scores).load(day(DAY)).to_pylist()
    }
    reports = scored.csv(DAY).to_pylist()
    best = {
        one: max(
            row["pred_score"] for row in reports if one in (row["cust_id"], row["target_cust_id"])
        )
        for one in scores
    }
    expected = sorted(scores, key=lambda one: (-max(scores[one], best[one]), one))[:3]
    assert [each["customer"] for each in listed] == expected
    for each in listed:
        one = each["customer"]
        assert each["evidence"] == max(each["report_score"], each["line_score"])
        assert (each["report_score"], each["line_score"]) == (best[one], scores[one])
        assert each["line"] == ("customer" if scores[one] > best[one] else "")


def test_repeated_alerts_are_folded_into_counts(scored: Bank):
    # Each day each customer pays in one of eight reports, and is paid in another.
    for each in entries(scored):
        assert each["reports_today"] == 2
        assert each["reports_lately"] == 2 * 4
        confirmed = {2: 4, 5: 4, 6: 4, 1: 4}
        assert each["confirmed_lately"] == confirmed.get(each["customer"], 0)


def test_an_entry_names_the_report_by_which_it_is_there(scored: Bank):
    reports = {row["trx_id"]: row for row in scored.csv(DAY).to_pylist()}
    for each in entries(scored):
        row = reports[each["report_trx_id"]]
        assert each["customer"] in (row["cust_id"], row["target_cust_id"])
        assert row["pred_score"] == each["report_score"]
        assert each["report_ins_id"] == 7


def test_a_customer_whose_report_was_decided_is_not_listed_until_he_has_cooled_down(
    scored: Bank, tmp_path
):
    bank = scored.copy_to(tmp_path / "closed")
    first = entries(bank)[0]
    row = next(r for r in bank.csv(6).to_pylist() if r["cust_id"] == first["customer"])
    decide(bank, 6, (6, row["trx_id"], "not_suspicious"))
    bank.good("daily", DAY, only=(QUEUE,))
    assert first["customer"] not in {each["customer"] for each in entries(bank)}
    assert len(entries(bank)) == 3
    facts = bank.catalog.queues.manifest(day(DAY)).facts
    assert facts["cooling"] == 1, "the payee of that report would not be listed anyway"
    assert facts["dispositions"]

    bank.options["queue"] = {"budget": 3, "days": 4, "cool_down_days": 0}
    bank.good("daily", DAY, only=(QUEUE,))
    assert entries(bank)[0]["customer"] == first["customer"]


def test_a_decided_customer_whose_score_is_not_known_any_more_waits(scored: Bank, tmp_path):
    bank = scored.copy_to(tmp_path / "unknown")
    first = entries(bank)[0]
    path = bank.catalog.predictions.path(day(6))
    (bank.store / path).unlink()
    row = next(r for r in bank.features(6).to_pylist() if r["cust_id"] == first["customer"])
    decide(bank, 6, (6, row["trx_id"], "not_suspicious"))
    bank.good("daily", DAY, only=(QUEUE,))
    assert first["customer"] not in {each["customer"] for each in entries(bank)}


def test_a_customer_who_was_decided_on_cools_down_from_his_evidence_of_that_day(
    scored: Bank, tmp_path
):
    bank = scored.copy_to(tmp_path / "customer")
    then = {each["customer"]: each["evidence"] for each in entries(bank, 6)}
    first = next(each["customer"] for each in entries(bank) if each["customer"] in then)
    decide_on(bank, 6, (6, first, "not_suspicious"))
    bank.good("daily", DAY, only=(QUEUE,))
    assert first not in {each["customer"] for each in entries(bank)}
    assert len(entries(bank)) == 3
    manifest = bank.catalog.queues.manifest(day(DAY))
    assert manifest.facts["cooling"] == 1
    assert manifest.facts["dispositions"]

    catalog = bank.catalog
    scores = {"customer": catalog.upstream(CUSTOMERS.scores)}
    predictions, merged = catalog.upstream(PREDICTIONS), catalog.upstream(FEATURES)
    found = evidence_of(
        catalog,
        day(DAY),
        predictions.load(day(DAY))[0],
        predictions,
        merged,
        scores,
        known_dispositions(catalog, day(6), day(DAY)),
    ).decided.to_pylist()
    assert {each["customer"] for each in found} == {first}
    assert max(each["score"] for each in found) == then[first]


@pytest.mark.parametrize("said", ["needs_more", "suspicious"])
def test_a_yes_on_a_customer_keeps_him_out_too_and_what_needs_more_does_not(
    scored: Bank, tmp_path, said
):
    bank = scored.copy_to(tmp_path / said)
    first = entries(bank)[0]["customer"]
    decide_on(bank, 6, (6, first, said))
    bank.good("daily", DAY, only=(QUEUE,))
    assert (first in {each["customer"] for each in entries(bank)}) is (said == "needs_more")


def test_a_customer_who_was_decided_on_waits_if_nobody_knows_how_he_was_scored(
    scored: Bank, tmp_path
):
    bank = scored.copy_to(tmp_path / "unscored")
    first = entries(bank)[0]["customer"]
    decide_on(bank, 6, (6, first, "not_suspicious"))
    for stored in (bank.catalog.predictions, bank.catalog.of(CUSTOMERS.scores)):
        (bank.store / stored.path(day(6))).unlink()
    shutil.rmtree(bank.store / FEATURES / str(day(6)))
    bank.good("daily", DAY, only=(QUEUE,))
    assert first not in {each["customer"] for each in entries(bank)}


def test_what_needs_more_closes_nothing_and_what_is_brought_today_is_known_tomorrow(
    scored: Bank, tmp_path
):
    bank = scored.copy_to(tmp_path / "open")
    before = entries(bank)
    trx = {row["cust_id"]: row["trx_id"] for row in bank.csv(6).to_pylist()}
    decide(bank, 6, (6, trx[before[0]["customer"]], "needs_more"))
    decide(bank, 7, (6, trx[before[1]["customer"]], "not_suspicious"))
    bank.good("daily", DAY, only=(QUEUE,))
    assert entries(bank) == before


@pytest.mark.parametrize("lines", [{}, LINES, {**LINES, "person": LINES["customer"]}])
def test_a_share_as_budget_is_of_the_customers_who_are_scored(scored: Bank, tmp_path, lines):
    bank = scored.copy_to(tmp_path / "share", lines=lines, queue={"budget": 0.25})
    bank.good("daily", DAY, only=(QUEUE,))
    assert len(entries(bank)) == 2, "of eight customers"


def test_a_report_from_before_the_counted_days_closes_its_customer_once_it_is_decided(
    scored: Bank, tmp_path
):
    bank = scored.copy_to(tmp_path / "old")
    first = entries(bank)[0]["customer"]
    row = next(each for each in bank.features(2).to_pylist() if each["cust_id"] == first)
    decide(bank, 6, (2, row["trx_id"], "suspicious"))
    bank.good("daily", DAY, only=(QUEUE,))
    assert first not in {each["customer"] for each in entries(bank)}
    manifest = bank.catalog.queues.manifest(day(DAY))
    assert sorted(manifest.inputs[FEATURES]) == [str(day(n)) for n in (2, 4, 5, 6, 7)]


def test_who_alone_contradicts_two_others_starts_no_new_cool_down(scored: Bank, tmp_path):
    bank = scored.copy_to(tmp_path / "eyes", dispositions={"four_eyes": True})
    bank.options["queue"] = {"budget": 3, "days": 4, "cool_down_days": 1}
    before = entries(bank)
    trx = {row["cust_id"]: row["trx_id"] for row in bank.features(4).to_pylist()}
    report = trx[before[0]["customer"]]
    for number, by, said in ((4, "Ada", "not_suspicious"), (4, "Bea", "not_suspicious")):
        decide(bank, number, (4, report, said), by=by)
    decide(bank, 6, (4, report, "needs_more"), by="Cy")
    bank.good("daily", DAY, only=(QUEUE,))
    assert entries(bank) == before


def test_a_decided_report_of_nobody_keeps_nobody_out(scored: Bank, tmp_path):
    bank = scored.copy_to(tmp_path / "nobody")
    bank.land("str", 6, {**str_columns(6), "trx_id": [*range(600, 607), 999_999]})
    bank.good("daily", 6)
    decide(bank, 6, (6, 999_999, "suspicious"))
    bank.good("daily", DAY, only=(QUEUE,))
    assert bank.catalog.queues.manifest(day(DAY)).facts["cooling"] == 0


def test_ids_of_scores_and_reports_that_differ_in_type_are_refused_without_an_id(
    scored: Bank, tmp_path
):
    bank = scored.copy_to(tmp_path / "typed")
    scores = bank.catalog.of(CUSTOMERS.scores)
    table = scores.load(day(DAY))
    other = table.set_column(0, "customer", pa.array([f"K-{n}" for n in range(8)]))
    scores.publish(day(DAY), other, scores.manifest(day(DAY)))
    sentence = bank.bad("daily", DAY, only=(QUEUE,)).sentence
    assert "cust_id" in sentence
    assert "has type" in sentence
    assert "K-" not in sentence


def test_without_a_line_of_customers_the_queue_is_of_reports(scored: Bank, tmp_path):
    bank = scored.copy_to(tmp_path / "reports")
    bank.options["lines"] = {}
    bank.good("daily", DAY, only=(QUEUE,))
    assert {each["line"] for each in entries(bank)} == {""}
    assert {each["line_score"] for each in entries(bank)} == {None}


def test_customers_whose_ids_are_texts_are_listed_all_the_same(landed_bank: Bank, tmp_path):
    texts = {name: {"kinds": {"cust_id": "text"}} for name in ("retail", "corporate")}
    texts["trx"] = {"kinds": {"cust_id": "text", "target_cust_id": "text"}}
    bank = landed_bank.copy_to(
        tmp_path / "texts",
        tables=texts,
        lines=LINES,
        queue={"budget": 3, "days": 4, "cool_down_days": 3},
        windows={"train_days": 3, "eval_days": 1},
    )
    bank.prepare(1, DAY)
    bank.good("daily", 6)
    decide(bank, 6, (6, 600, "suspicious"), (6, 601, "not_suspicious"))
    decide_on(bank, 6, (6, "8", "not_suspicious"))
    bank.good("daily", DAY)
    listed = [each["customer"] for each in entries(bank)]
    assert "8" not in listed
    assert len(listed) == 3
    assert {*listed} <= {str(number) for number in range(1, 9)}


def test_the_manifest_names_what_was_read(scored: Bank, tmp_path):
    def read(bank: Bank) -> dict[str, list[str]]:
        found = bank.catalog.queues.manifest(day(DAY)).inputs
        return {name: sorted(days) for name, days in found.items()}

    def days(*numbers: int) -> list[str]:
        return [str(day(number)) for number in numbers]

    merged = {FEATURES: days(4, 5, 6, 7)}
    assert read(scored) == {**merged, PREDICTIONS: days(7), CUSTOMERS.scores: days(7)}
    bank = scored.copy_to(tmp_path / "read")
    decide(bank, 6, (6, 600, "suspicious"), (5, 500, "suspicious"))
    bank.good("daily", DAY, only=(QUEUE,))
    assert read(bank) == {**merged, PREDICTIONS: days(5, 6, 7), CUSTOMERS.scores: days(5, 6, 7)}


def test_an_ad_hoc_run_lists_by_its_own_scores_under_a_name_of_its_own(scored: Bank, tmp_path):
    bank = scored.copy_to(tmp_path / "adhoc")
    before = bank.files()
    run = bank.good(
        "daily",
        DAY,
        only=(MODEL, PREDICTIONS, QUEUE),
        config={"training": {"rounds": 1}},
    )
    assert (QUEUE, str(day(DAY))) in run.observed
    added = [name for name in bank.files() if name not in before and "queue" in name]
    assert any("adhoc" in name for name in added)
    assert (
        bank.files()[bank.catalog.queues.path(day(DAY))]
        == before[bank.catalog.queues.path(day(DAY))]
    )
