"""What became of the queues: open cases, and what the drawn ones tell; each as it was known."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

import pytest

from aml_assets.core.graph import FEATURES, PREDICTIONS, QUEUE
from aml_assets.steps.deciding import take_dispositions
from aml_assets.steps.inputs.dispositions_known import known_dispositions
from aml_assets.steps.inputs.worked_queues import WorkedQueues, worked_queues
from aml_assets_tests.conftest import Bank, day, str_columns

FIRST, LAST = 6, 8


@pytest.fixture(scope="module")
def listed(landed_bank: Bank, tmp_path_factory: pytest.TempPathFactory) -> Bank:
    """Three days, each with one customer listed by his evidence, and two of seven drawn."""
    bank = landed_bank.copy_to(
        tmp_path_factory.mktemp("worked"),
        windows={"train_days": 3, "eval_days": 1},
        queue={"budget": 1, "sample": 2, "deadline_days": 1},
    )
    for number in range(FIRST, LAST + 1):
        bank.land("str", number, {**str_columns(number), "label": [None] * 8})
    bank.prepare(1, LAST)
    for number in range(FIRST, LAST + 1):
        bank.good("daily", number, only=(PREDICTIONS, QUEUE) if number > FIRST else ())
    return bank


def worked(bank: Bank, number: int) -> WorkedQueues:
    catalog, of = bank.catalog, day(number)
    said = known_dispositions(catalog, day(1), of)
    return worked_queues(catalog, of, catalog.upstream(QUEUE), catalog.upstream(FEATURES), said)


def entries(bank: Bank, number: int) -> list[Mapping[str, Any]]:
    return bank.catalog.queues.load(day(number)).to_pylist()


def decide(bank: Bank, of: int, at: int, *, says: str, customer: Any = "", trx: Any = "") -> None:
    report = f"{trx},7" if trx else ","
    text = f"day,trx_id,ins_id,customer,disposition,reason\n{day(of)},{report},{customer},{says},R"
    before = len(bank.catalog.dispositions.brought().given)
    moment = dt.datetime.combine(day(at), dt.time(12, before), dt.UTC)
    take_dispositions(bank.catalog, text.encode(), by="Ada", at=moment)


def test_drawn_customers_stand_for_those_below_the_budget(listed: Bank):
    for number in range(FIRST, LAST + 1):
        weights = [each["stands_for"] for each in entries(listed, number)]
        assert weights == [None, 3.5, 3.5]


def test_who_was_listed_is_open_since_then_until_somebody_decides(listed: Bank, tmp_path):
    bank = listed.copy_to(tmp_path / "open")
    everybody = {each["customer"] for n in (6, 7, 8) for each in entries(bank, n)}
    assert worked(bank, LAST).backlog.open == len(everybody)
    one = entries(bank, 7)[0]["customer"]
    decide(bank, of=7, at=7, customer=one, says="not_suspicious")
    again = {each["customer"] for each in entries(bank, LAST)}
    assert worked(bank, LAST).backlog.open == len(everybody) - (one not in again)
    before = {each["customer"] for n in (6, 7) for each in entries(bank, n)}
    assert worked(bank, 7).backlog.open == len(before), "what is brought today is known tomorrow"


def test_a_report_with_a_known_label_closes_the_cases_of_its_customers(listed: Bank, tmp_path):
    bank = listed.copy_to(tmp_path / "labels")
    before = worked(bank, LAST).backlog.open
    bank.land("str", LAST, {**str_columns(LAST), "label": [0] * 8})
    bank.prepare(LAST, LAST)
    assert before > 0
    assert worked(bank, LAST).backlog.open == 0, "each customer is in a report of each day"


def test_ages_count_the_banks_working_days(listed: Bank, tmp_path):
    bank = listed.copy_to(tmp_path / "ages")
    assert [f"{day(number):%a}" for number in (6, 7, 8)] == ["Sat", "Sun", "Mon"]
    assert worked(bank, 7).backlog.by_age.keys() == {0}
    assert max(worked(bank, LAST).backlog.by_age) == 1
    assert worked(bank, LAST).backlog.overdue == 0
    bank.options["queue"] = {"working_days": ["sun", "mon"], "deadline_days": 1}
    backlog = worked(bank, LAST).backlog
    assert max(backlog.by_age) == 2
    assert backlog.overdue == backlog.by_age[2]
    (tmp_path / "holidays").write_text(f"{day(7)} # a feast\n")
    bank.options["partitions"] = {"holiday_file": str(tmp_path / "holidays")}
    assert max(worked(bank, LAST).backlog.by_age) == 1


def test_the_sample_of_a_month_is_what_was_decided_of_its_drawn_customers(listed: Bank, tmp_path):
    bank = listed.copy_to(tmp_path / "drawn")
    (month,) = worked(bank, LAST).missed
    assert (month.month, month.drawn, month.decided) == (day(1).replace(day=1), 6, 0)
    assert (month.rate, month.below) == (None, 7)
    drawn = [each for each in entries(bank, 6) if each["stands_for"]]
    decide(bank, of=6, at=7, customer=drawn[0]["customer"], says="suspicious")
    decide(bank, of=6, at=7, trx=drawn[1]["report_trx_id"], says="not_suspicious")
    decide(bank, of=6, at=7, customer=entries(bank, 6)[0]["customer"], says="suspicious")
    (month,) = worked(bank, LAST).missed
    assert (month.decided, month.suspicious) == (2, 1)
    assert month.rate
    assert month.rate.value == 0.5
    (early,) = worked(bank, 7).missed
    assert early.decided == 0, "what is brought today is known tomorrow"
    decide(bank, of=6, at=7, customer=drawn[1]["customer"], says="needs_more")
    assert worked(bank, LAST).missed == [month], "what needs more is open, and its report is not"


def test_a_report_that_lands_again_takes_no_decision_from_the_day_of_its_queue(
    listed: Bank, tmp_path
):
    bank = listed.copy_to(tmp_path / "again")
    for trx in sorted({each["report_trx_id"] for each in entries(bank, 6) if each["stands_for"]}):
        decide(bank, of=6, at=6, trx=trx, says="suspicious")
    (before,) = worked(bank, 7).missed
    columns = {name: [*str_columns(6)[name], *str_columns(LAST)[name]] for name in str_columns(6)}
    bank.land("str", LAST, {**columns, "label": [None] * 16})
    bank.prepare(LAST, LAST)
    (after,) = worked(bank, LAST).missed
    assert (after.decided, after.suspicious) == (before.decided, before.suspicious)
    assert before.suspicious > 0


def test_the_months_of_the_sample_do_not_depend_on_how_long_cases_are_open(listed: Bank, tmp_path):
    bank = listed.copy_to(tmp_path / "short")
    bank.options["queue"] = {**bank.options["queue"], "open_days": 1}
    found = worked(bank, LAST)
    assert found.missed[0].drawn == 6
    assert found.backlog.open == 3


def test_a_decision_on_a_drawn_case_keeps_for_how_many_it_stands(listed: Bank, tmp_path):
    bank = listed.copy_to(tmp_path / "weights")
    first, drawn, _ = entries(bank, 6)
    decide(bank, of=6, at=7, customer=first["customer"], says="suspicious")
    decide(bank, of=6, at=7, customer=drawn["customer"], says="suspicious")
    decide(bank, of=6, at=7, trx=drawn["report_trx_id"], says="suspicious")
    decide(bank, of=6, at=7, trx=first["report_trx_id"], says="suspicious")
    rows = bank.features(6).to_pylist()
    report = next(each for each in rows if each["trx_id"] == drawn["report_trx_id"])
    with_listed = first["customer"] in (report["cust_id"], report["target_cust_id"])
    weights = [each.stands_for for each in bank.catalog.dispositions.brought().given]
    assert weights == [None, 3.5, None if with_listed else 3.5, None]


def test_days_without_a_queue_are_left_out_and_on_record(listed: Bank):
    catalog = listed.catalog
    queues, merged = catalog.upstream(QUEUE), catalog.upstream(FEATURES)
    said = known_dispositions(catalog, day(1), day(LAST))
    worked_queues(catalog, day(LAST), queues, merged, said)
    absent = [each for each, digest in queues.read.items() if digest == "absent"]
    assert absent == [str(day(number)) for number in range(1, FIRST)]
    assert sorted(merged.read) == [str(day(number)) for number in range(FIRST, LAST + 1)]
