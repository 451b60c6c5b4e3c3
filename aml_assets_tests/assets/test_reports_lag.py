"""Reports lag: transactions of earlier days, found newest first; labels decided later."""

import shutil
from pathlib import Path

import pytest

from aml_assets.io.manifest import ABSENT
from aml_assets_tests.conftest import PREPARE, Bank, day, str_columns, trx_columns

pytestmark = pytest.mark.long  # whole graphs

FRAME = "features/merged_features"
NO_HISTORY = {"network": {"enabled": False}, "behaviour": {"enabled": False}}
"""Only the look-back is looked at here; histories are in `steps/builders/test_build_relations`."""


@pytest.fixture
def bank(landed_bank: Bank, tmp_path: Path) -> Bank:
    return landed_bank.copy_to(tmp_path / "bank", features=NO_HISTORY)


def report(bank: Bank, number: int, transactions: list[int | None]) -> None:
    """Land reports of the given transactions on a day."""
    count = len(transactions)
    columns = {"trx_id": transactions, "ins_id": list(range(count)), "label": [0] * count}
    bank.land("str", number, {**columns, "reason": ["rule 1"] * count})


def consulted(bank: Bank, number: int) -> dict[str, str]:
    """The days of transactions that a frame's manifest names."""
    inputs = dict(bank.catalog.features.manifest(day(number)).inputs["tables/trx"])
    own = inputs.pop(str(day(number)))
    assert own == digest(bank, number)
    return inputs


def digest(bank: Bank, number: int) -> str:
    return bank.catalog.table("trx").manifest(day(number)).digest


def found_on(bank: Bank, number: int) -> list[str | None]:
    """Per report, the day whose transactions held it."""
    return [each and str(each) for each in bank.features(number)["trx_day"].to_pylist()]


def only_days(bank: Bank, *numbers: int) -> None:
    """Take away every landed day but these."""
    for number in range(1, 13):
        if number not in numbers:
            bank.unland(number)


def test_late_reports_find_their_transactions_and_the_rest_stays_null_and_counted(bank: Bank):
    report(bank, 5, [500, 403, 201, 999])
    bank.prepare(1, 4)
    run = bank.good("daily", 5, only=PREPARE)
    assert found_on(bank, 5) == [str(day(2)), str(day(4)), str(day(5)), None]
    frame = bank.features(5)
    # As pandas would: the transaction's own columns, and what is joined to them.
    assert frame["trx_id"].to_pylist() == [201, 403, 500, 999]
    assert frame["amount"].to_pylist() == [12.0, 34.0, 5.0, None]
    assert frame["channel"].to_pylist() == ["atm", "app", "web", None]
    assert frame["city"].to_pylist() == ["Genf", "Basel", "Bern", None]
    figures = run.figures(FRAME, 5)
    assert (figures["rows"], figures["late"], figures["unmatched"]) == (4, 2, 1)
    assert figures["days_consulted"] == 4
    assert consulted(bank, 5) == {str(day(n)): digest(bank, n) for n in (1, 2, 3, 4)}


def test_the_newest_earlier_day_that_holds_the_transaction_wins(bank: Bank):
    for number in (2, 3):
        again = {**trx_columns(number), "amount": [float(number)] * 12}
        again["trx_id"] = [777, *again["trx_id"][1:]]
        bank.land("trx", number, again)
    report(bank, 5, [777])
    bank.prepare(1, 5)
    assert found_on(bank, 5) == [str(day(3))]
    assert bank.features(5)["amount"].to_pylist() == [3.0]
    assert set(consulted(bank, 5)) == {str(day(4)), str(day(3))}  # and not further


def test_a_day_whose_reports_all_match_its_own_transactions_consults_none(bank: Bank):
    only_days(bank, 4, 5)  # day 4 has landed and is not built: nobody asks for it
    run = bank.good("daily", 5, only=PREPARE)
    assert consulted(bank, 5) == {}
    assert run.figures(FRAME, 5)["days_consulted"] == 0


@pytest.mark.parametrize(
    ("lookback", "found", "days"),
    [
        (0, [None, None], set()),
        (1, [None, str(day(4))], {4}),
        (2, [str(day(3)), str(day(4))], {3, 4}),
    ],
)
def test_the_look_back_ends_where_the_settings_say(
    bank: Bank, lookback: int, found: list[str | None], days: set[int]
):
    bank.options["features"] = {**NO_HISTORY, "trx_lookback_days": lookback}
    report(bank, 5, [300, 400])
    bank.prepare(1, 5)
    assert found_on(bank, 5) == found
    assert set(consulted(bank, 5)) == {str(day(number)) for number in days}


def test_a_day_that_never_landed_is_consulted_as_absent(bank: Bank):
    only_days(bank, 2, 5)
    report(bank, 5, [201, 999])
    bank.good("daily", 2, only=PREPARE)
    bank.good("daily", 5, only=PREPARE)
    assert found_on(bank, 5) == [str(day(2)), None]
    assert consulted(bank, 5) == {
        str(day(4)): ABSENT,
        str(day(3)): ABSENT,
        str(day(2)): digest(bank, 2),
        str(day(1)): ABSENT,
    }


def test_a_landed_day_without_its_table_is_an_error_to_retry_never_nulls(bank: Bank):
    report(bank, 5, [201])
    bank.good("daily", 4, only=PREPARE)
    bank.good("daily", 5, only=("tables",))
    bank.options["automation"] = {"retries": 1, "retry_delay_seconds": 0}
    requested = {"aml/asked_by": "landing"}
    run = bank.bad("daily", 5, only=(FRAME,), tags=requested)
    assert run.sentence == (
        "table tables/trx, day 2024-01-03: reports of 2024-01-05 may belong to transactions of "
        "this day, which has landed but has not been materialized yet. Materialize it: aml "
        "backfill --from 2024-01-03 --to 2024-01-03 --select tables/trx"
    )
    assert run.retried == 1
    assert not bank.catalog.features.has(day(5))
    # The counter-example: nobody gains from trying bad input again.
    bank.land("trx", 6, {"trx_id": [1]})
    run = bank.bad("daily", 6, only=("tables/trx",), tags=requested)
    assert run.retried == 0


def test_the_order_of_runs_never_changes_a_byte(bank: Bank, tmp_path):
    report(bank, 5, [201, 403, 999])
    report(bank, 4, [300, 101])
    forwards, backwards = bank.copy_to(tmp_path / "forwards"), bank.copy_to(tmp_path / "backwards")
    for number in (1, 2, 3, 4, 5):
        forwards.good("daily", number, only=PREPARE)
    for number in (5, 4, 3, 2, 1):
        run = backwards.run("daily", number, only=PREPARE)
        assert [("has landed but has not been" in each) for each in run.sentences] == (
            [True] if number in (5, 4) else []
        )
    for number in (5, 4):
        backwards.good("daily", number, only=PREPARE)
    daily = ("tables/trx", "tables/str", "features")
    assert {p: d for p, d in forwards.files().items() if p.startswith(daily)} == {
        p: d for p, d in backwards.files().items() if p.startswith(daily)
    }


def test_a_late_landing_changes_the_frame_only_when_it_is_built_again(bank: Bank):
    moved = bank.root / "later"
    report(bank, 5, [201])
    shutil.move(bank.folder("trx", 2), moved)
    bank.good("daily", 4, only=PREPARE)
    for number in (1, 3, 5):
        bank.good("daily", number, only=PREPARE)
    assert found_on(bank, 5) == [None]
    shutil.move(moved, bank.folder("trx", 2))
    bank.good("daily", 2, only=PREPARE)
    run = bank.good("daily", 5, only=PREPARE)
    assert run.figures(FRAME, 5)["changed"] is True
    assert found_on(bank, 5) == [str(day(2))]
    assert consulted(bank, 5)[str(day(2))] == digest(bank, 2)


# -- labels that are decided later ---------------------------------------------------------


def learnt(bank: Bank, number: int) -> tuple[int, int, int]:
    """Rows, positives and undecided reports that the model of a day was trained on."""
    figures = bank.good("self_learning", number, only=("models/model",)).figures(
        "models/model", number
    )
    return figures["rows"], figures["positives"], figures["undecided"]


def test_a_restated_day_brings_decisions_into_training_and_metrics(built: Bank):
    assert learnt(built, 5) == (21, 6, 3)
    built.land("str", 3, str_columns(3, [0, 1, 0, 0, 0, 1, 0, 1]))
    assert learnt(built, 5) == (21, 6, 3)  # not before it is built
    built.prepare(3, 3)
    assert learnt(built, 5) == (22, 7, 2)
    before = built.good("self_learning", 5, only=("models/metrics",)).figures("models/metrics", 5)
    built.land("str", 4, str_columns(4, [0, 1, 0, 0, 0, 1, None, 1]))
    built.prepare(4, 4)
    after = built.good("self_learning", 5, only=("models/metrics",)).figures("models/metrics", 5)
    assert (before["decided"], before["positives"], before["decided_share"]) == (7, 2, 0.875)
    assert (after["decided"], after["positives"], after["decided_share"]) == (7, 3, 0.875)


def test_a_later_row_of_the_same_report_decides_it_and_is_trained_on_once(bank: Bank):
    # Day 1's undecided report (107) comes again on day 2, undecided, and on day 3, decided.
    for number, label in ((2, None), (3, 1)):
        columns = str_columns(number)
        row = {"trx_id": 107, "ins_id": 7, "label": label, "reason": "rule 1"}
        bank.land("str", number, {name: [*columns[name], row[name]] for name in columns})
    bank.prepare(1, 4)
    assert learnt(bank, 5) == (22, 7, 2)


def test_a_decision_that_is_revised_counts_as_it_was_last_decided(bank: Bank):
    # 101 was reported as laundering on day 1; day 3 takes it back. A null later takes back nothing.
    for number, trx_id, label in ((3, 101, 0), (3, 105, None)):
        columns = str_columns(number)
        row = {"trx_id": trx_id, "ins_id": 7, "label": label, "reason": "rule 1"}
        bank.land("str", number, {name: [*columns[name], row[name]] for name in columns})
        bank.prepare(1, 4)
        assert learnt(bank, 5) == {101: (21, 5, 3), 105: (21, 6, 3)}[trx_id]


def test_a_report_learnt_from_is_not_measured_on(bank: Bank):
    columns = str_columns(4)
    row = {"trx_id": 101, "ins_id": 7, "label": 1, "reason": "rule 1"}
    bank.land("str", 4, {name: [*columns[name], row[name]] for name in columns})
    bank.prepare(1, 4)
    run = bank.good("self_learning", 5, only=("models",))
    metrics = run.figures("models/metrics", 5)
    assert (metrics["rows"], metrics["repeated_reports"]) == (8, 1)


def test_days_restated_since_the_training_are_named_in_the_metrics(built: Bank):
    assert built.catalog.metrics.load(day(5))["restated_train_days"] == []
    built.land("str", 3, str_columns(3, [0, 1, 0, 0, 0, 1, 0, 1]))
    built.prepare(3, 3)
    built.good("self_learning", 5, only=("models/metrics",))
    assert built.catalog.metrics.load(day(5))["restated_train_days"] == [str(day(3))]
    built.good("self_learning", 5, only=("models",))
    assert built.catalog.metrics.load(day(5))["restated_train_days"] == []
