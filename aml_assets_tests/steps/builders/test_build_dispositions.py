"""What investigators decided in the bank's own tool: a table that is taken whole, or not at all."""

import datetime as dt
import json
import shutil
from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pytest

from aml_assets.core.graph import FEATURES, QUEUE
from aml_assets.errors import InputError
from aml_assets.io.manifest import ABSENT, Manifest
from aml_assets.steps.builders.build_dispositions import build_dispositions
from aml_assets.steps.deciding import take_dispositions
from aml_assets.steps.inputs.dispositions_known import KnownDispositions, known_dispositions
from aml_assets_tests.conftest import Bank, day

ASSET = "tables/dispositions"
WORDS = {"suspicious": ["SAR", "SAR late"], "not_suspicious": ["closed"]}
REPORT: dict[str, Any] = {
    "trx_id": 200,
    "ins_id": 7,
    "cust_id": None,
    "day": day(2),
    "disposition": "SAR",
    "reason": "R1",
    "note": "a secret note",
    "by": "Ada",
}
CUSTOMER = {**REPORT, "trx_id": None, "ins_id": None, "cust_id": 4, "day": day(3)}


@pytest.fixture
def bank(landed_bank: Bank, tmp_path) -> Bank:
    """Features of five days, and the queue of one."""
    bank = landed_bank.copy_to(
        tmp_path / "bank",
        features={"network": {"enabled": False}},
        tables={"dispositions": {}},
        dispositions={"words": WORDS},
    )
    bank.prepare(1, 5)
    listed = pa.table({"customer": range(1, 9)})
    bank.catalog.queues.publish(day(3), listed, Manifest(QUEUE, str(day(3))))
    return bank


def land(bank: Bank, number: int, *rows: Mapping[str, Any]) -> None:
    shutil.rmtree(bank.folder("dispositions", number), ignore_errors=True)
    types = {"trx_id": pa.int64(), "ins_id": pa.int64(), "cust_id": pa.int64(), "day": pa.date32()}
    columns = {name: pa.array([row[name] for row in rows], types.get(name)) for name in rows[0]}
    bank.land("dispositions", number, columns)


def take(bank: Bank, number: int):
    built = build_dispositions(bank.catalog, day(number))
    return built, built.publish_to(bank.catalog.of(ASSET), day(number))


def known(bank: Bank, number: int) -> KnownDispositions:
    return known_dispositions(bank.catalog, day(1), day(number))


def refused(bank: Bank, number: int, *rows: Mapping[str, Any]) -> str:
    land(bank, number, *rows)
    before = bank.files()
    run = bank.bad("daily", number, only=(ASSET,))
    assert bank.files() == before
    assert "secret" not in bank.event_log()
    return run.sentence


def test_a_table_is_known_from_the_day_after_its_partition_beside_what_was_brought(bank):
    land(bank, 4, REPORT, {**CUSTOMER, "disposition": "closed", "by": "Bob"})
    built, _ = take(bank, 4)
    assert dict(built.figures) == {
        "rows": 2,
        "suspicious": 1,
        "not_suspicious": 1,
        "of_customers": 1,
        "unchecked": 0,
    }
    assert not known(bank, 4).counting
    found = known(bank, 5)
    assert {key: said.disposition for key, said in found.counting.items()} == {
        ("200", "7"): "suspicious"
    }
    assert {case: said.disposition for case, said in found.customers.items()} == {
        (day(3), "4"): "not_suspicious"
    }
    assert found.fact["dispositions"]["files"] == 1
    data = f"day,trx_id,ins_id,disposition,reason\n{day(2)},200,7,needs_more,\n".encode()
    noon = dt.datetime.combine(day(5), dt.time(12), dt.UTC)
    assert take_dispositions(bank.catalog, data, by="Eve", at=noon).contradicting == 1
    assert known(bank, 6).counting["200", "7"].by == "Eve"
    assert known(bank, 6).fact["dispositions"]["files"] == 2


def test_a_table_that_lands_again_replaces_its_day_whole_and_the_same_changes_nothing(bank):
    land(bank, 4, REPORT, CUSTOMER)
    take(bank, 4)
    before = known(bank, 5)
    _, published = take(bank, 4)
    assert not published.changed
    assert known(bank, 5) == before
    land(bank, 4, {**REPORT, "disposition": "closed"})
    take(bank, 4)
    after = known(bank, 5)
    assert [said.disposition for said in after.counting.values()] == ["not_suspicious"]
    assert (after.customers, after.fact == before.fact) == ({}, False)


def test_rows_in_another_order_are_the_same_table(bank):
    land(bank, 4, REPORT, CUSTOMER)
    _, first = take(bank, 4)
    land(bank, 4, CUSTOMER, REPORT)
    _, second = take(bank, 4)
    assert first.manifest.digest == second.manifest.digest


def test_on_a_day_without_the_table_nobody_decided_and_what_lands_later_is_taken(bank):
    run = bank.good("daily", 4, only=(ASSET,))
    assert run.figures(ASSET, 4)["rows"] == 0
    manifest = bank.catalog.of(ASSET).manifest(day(4))
    assert manifest.inputs == {"landing/dispositions": {str(day(4)): ABSENT}}
    assert known(bank, 5).fact == {}
    land(bank, 4, REPORT)
    bank.good("daily", 4, only=(ASSET,))
    assert len(known(bank, 5).counting) == 1


def test_a_landing_that_is_gone_takes_nothing_back_but_a_table_without_a_row_does(bank):
    land(bank, 4, REPORT)
    take(bank, 4)
    before = known(bank, 5)
    shutil.rmtree(bank.folder("dispositions", 4))
    run = bank.good("daily", 4, only=(ASSET,))
    assert run.figures(ASSET, 4)["kept"]
    assert known(bank, 5) == before
    bank.folder("dispositions", 4).mkdir()
    (bank.folder("dispositions", 4) / "_SUCCESS").touch()
    bank.good("daily", 4, only=(ASSET,))
    assert not known(bank, 5).counting


def test_no_features_wait_for_the_table_and_none_hold_it(bank):
    land(bank, 6, {**REPORT, "day": day(6), "trx_id": 600, "disposition": "perhaps"})
    run = bank.bad("daily", 6, only=("tables", "features"))
    assert (FEATURES, str(day(6))) in run.materialized
    assert run.sentence.count("\n") == 0
    names = {column.split(".")[0] for column in bank.features(6).column_names}
    assert "disposition" not in names


def test_where_it_takes_two_people_the_table_says_who_they_are(bank):
    bank.options["dispositions"] = {"words": WORDS, "four_eyes": True}
    land(bank, 4, REPORT, CUSTOMER, {**REPORT, "by": "Bob"})
    take(bank, 4)
    assert [said.by for said in known(bank, 5).counting.values()] == ["Bob"]
    assert not known(bank, 5).customers
    land(bank, 5, {**CUSTOMER, "by": "Bob"})
    take(bank, 5)
    assert [said.by for said in known(bank, 6).customers.values()] == ["Bob"]


@pytest.mark.parametrize(
    ("row", "column", "sentence"),
    [
        ({"disposition": "perhaps"}, "disposition", "its disposition is none of suspicious"),
        ({"reason": None}, "reason", "it gives no reason"),
        ({"by": " "}, "by", "it does not say who decided"),
        ({"day": None}, "day", "its day is no day"),
        ({"day": day(5)}, "day", "its day lies after that of the table"),
        ({"ins_id": None}, "trx_id, ins_id, cust_id", "it names no report: trx_id, ins_id"),
        ({"cust_id": 4}, "trx_id, ins_id, cust_id", "it names a report and a customer"),
        ({"trx_id": 999_111}, "trx_id, ins_id, cust_id", "its day has no report of str"),
        (
            {"trx_id": None, "ins_id": None, "cust_id": 999_111, "day": day(3)},
            "trx_id, ins_id, cust_id",
            "its customer is not in reports/queue of its day",
        ),
    ],
)
def test_bad_rows_are_one_error_with_table_day_column_and_number_and_nothing_is_stored(
    bank, row, column, sentence
):
    text = refused(bank, 4, REPORT, {**REPORT, "trx_id": 201, **row})
    assert f"1 row: {sentence}" in text
    assert "nothing of it was taken" in text
    assert all(part in text for part in ("dispositions", str(day(4)), column))
    assert "999111" not in text
    assert not known(bank, 5).counting


def test_all_kinds_of_bad_rows_are_counted_in_one_error(bank):
    rows = [{**REPORT, "trx_id": 201 + n, "reason": ""} for n in range(3)]
    text = refused(bank, 4, REPORT, *rows, {**REPORT, "trx_id": 206, "disposition": "odd"})
    assert "3 rows: it gives no reason" in text
    assert "1 row: its disposition is none of" in text


def test_a_case_that_is_decided_twice_needs_the_time_of_each_decision(bank):
    other = {**REPORT, "disposition": "closed", "by": "Bob"}
    text = refused(bank, 4, REPORT, other)
    assert "1 row: it is decided twice" in text
    assert "1 row: it is decided twice" in refused(bank, 4, REPORT, REPORT)

    bank.options["tables"] = {"dispositions": {"roles": {"decided_at": "at"}}}
    early, late = (dt.datetime.combine(day(4), dt.time(hour)) for hour in (9, 15))
    land(bank, 4, {**REPORT, "at": late}, {**other, "at": early})
    take(bank, 4)
    assert [said.by for said in known(bank, 5).counting.values()] == ["Ada"]
    tomorrow = dt.datetime.combine(day(5), dt.time(9))
    text = refused(bank, 4, {**REPORT, "at": tomorrow})
    assert "1 row: it was decided after the day of the table" in text
    assert "1 row: it was decided after" in refused(bank, 4, {**REPORT, "at": tomorrow.date()})
    land(bank, 4, {**REPORT, "at": day(4)})
    take(bank, 4)
    assert len(known(bank, 5).counting) == 1, "a day serves, too"


def test_what_nothing_stored_can_tell_is_taken_and_counted(bank):
    shutil.rmtree(bank.store / FEATURES / str(day(2)))
    land(bank, 4, REPORT, {**CUSTOMER, "day": day(1)})
    built, _ = take(bank, 4)
    assert built.figures["unchecked"] == 2


def test_columns_have_the_banks_own_names_and_a_note_may_begin_a_line_with_a_day(bank):
    roles = {
        "trx_id": "ref",
        "ins_id": "desk",
        "cust_id": None,
        "day": "of",
        "disposition": "verdict",
    }
    bank.options["tables"] = {"dispositions": {"roles": {**roles, "decided_at": None}}}
    note = "asked\n2024-01-03 answered"
    row = {"ref": 200, "desk": 7, "of": str(day(2)), "verdict": "SAR late"}
    land(bank, 4, {**row, "reason": "R1", "note": note, "by": "Ada"})
    take(bank, 4)
    assert [said.note for said in known(bank, 5).counting.values()] == [note]


def test_a_table_without_a_row_is_a_day_on_which_nobody_decided(bank):
    folder = bank.folder("dispositions", 4)
    folder.mkdir(parents=True)
    (folder / "_SUCCESS").touch()
    built, _ = take(bank, 4)
    assert built.figures["rows"] == 0


def test_a_table_that_lacks_a_column_is_refused_by_its_name(bank):
    land(bank, 4, {name: value for name, value in REPORT.items() if name != "by"})
    with pytest.raises(InputError, match="the column is missing") as error:
        take(bank, 4)
    assert error.value.column == "by"


def test_facts_and_figures_hold_nothing_of_a_case(bank):
    land(bank, 4, REPORT, CUSTOMER)
    built, published = take(bank, 4)
    said = json.dumps([published.manifest.to_dict(), dict(built.figures)], default=str)
    assert not any(text in said for text in ("secret", "R1", "Ada", "200"))
