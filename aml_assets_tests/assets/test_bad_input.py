"""Bad input: the run fails with one sentence, nothing of it is published, the rest stands.

Each case breaks one thing of a bank with six good days, and runs what meets it.
"""

import math
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from aml_assets.core.graph import FEATURES
from aml_assets_tests.conftest import STATIC, Bank, day, flip_byte, str_columns, trx_columns

BAD = 7
"""The day that is broken; it is not built yet."""


@dataclass(frozen=True)
class Case:
    """How to break table of the landing, and what is said of it."""

    table: str
    break_it: Callable[[dict[str, Any]], Any]
    sentence: str
    options: dict[str, Any] = field(default_factory=dict)


def _without(column: str) -> Callable[[dict[str, Any]], Any]:
    return lambda columns: {name: v for name, v in columns.items() if name != column}


def _with(column: str, values: Any) -> Callable[[dict[str, Any]], Any]:
    return lambda columns: {**columns, column: values}


def _first(column: str, value: Any) -> Callable[[dict[str, Any]], Any]:
    return lambda columns: {**columns, column: [value, *columns[column][1:]]}


WRONG_TYPE = (
    "Have the table restated in that type, or correct tables.{0}.roles and tables.{0}.kinds."
)
CASES = {
    "missing column": Case(
        "trx",
        _without("account_id"),
        "table trx, day 2024-01-07, column account_id: the column is missing. Have the table "
        "restated with it, or map its name (or null) under tables.trx.roles.",
    ),
    "wrong type of an amount": Case(
        "trx",
        _with("amount", ["much"] * 12),
        "table trx, day 2024-01-07, column amount: it has type string, and a number is needed. "
        "If its texts spell such values, set tables.trx.kinds: {amount: numeric}; else have the "
        "table restated, or correct tables.trx.roles.",
    ),
    "wrong type of an id": Case(
        "trx",
        _with("cust_id", [0.5] * 12),
        "table trx, day 2024-01-07, column cust_id: it has type double, and a whole number or a "
        "text is needed. " + WRONG_TYPE.format("trx"),
    ),
    "null key": Case(
        "str",
        _first("trx_id", None),
        "table str, day 2024-01-07, column trx_id: 1 of 8 rows have a null key. Have the table "
        "restated with a key in every row.",
    ),
    "duplicate key": Case(
        "str",
        _first("trx_id", BAD * 100 + 1),
        "table str, day 2024-01-07, column trx_id, ins_id: 1 of 8 rows repeat the key of another "
        "row. Have the table restated with unique keys, or correct tables.str.key if another "
        "column identifies its rows.",
    ),
    "duplicate key of a static table": Case(
        "retail",
        _first("cust_id", 2),
        "table retail, day 2024-01-07, column cust_id: 1 of 6 rows repeat the key of another "
        "row. Have the table restated with unique keys, or correct tables.retail.key if another "
        "column identifies its rows.",
    ),
    "label outside 0, 1 and null": Case(
        "str",
        _first("label", 2),
        "table str, day 2024-01-07, column label: there are labels outside {0, 1, null}. Have "
        "the table restated with 0, 1 or null (not yet decided).",
    ),
    "infinite number": Case(
        "trx",
        _first("amount", math.inf),
        "table trx, day 2024-01-07, column amount: there are infinite or absurdly large numbers. "
        "Have the table restated; or raise features.max_abs_number (now 1e+20) if such numbers "
        "are real.",
    ),
    "absurdly large number": Case(
        "retail",
        _with("income", [1.0, 2.0, 3.0, 4.0, 5.0, -1e21]),
        "table retail, day 2024-01-07, column income: there are infinite or absurdly large "
        "numbers. Have the table restated; or raise features.max_abs_number (now 1e+20) if such "
        "numbers are real.",
    ),
    "nested column": Case(
        "account",
        _with("flags", [{"a": 1}] * 10),
        "table account, day 2024-01-07, column flags: columns of type struct<a: int64> are not "
        "supported. Have it flattened upstream, or list it under tables.account.exclude.",
    ),
    "our own output's name": Case(
        "trx",
        _with("pred_score", [0.5] * 12),
        "table trx, day 2024-01-07, column pred_score: the name is reserved for our output. "
        "Rename it upstream, or list it under tables.trx.exclude.",
    ),
}


def _tree(bank: Bank) -> dict[str, tuple[bytes, int]]:
    times = bank.times()
    return {path: (data, times[path]) for path, data in bank.files().items()}


def _refused(bank: Bank, number: int = BAD, **kwargs: Any) -> str:
    """Run, and check that it failed with one sentence and left the store as it was."""
    before = _tree(bank)
    run = bank.bad("daily", number, **kwargs)
    assert _tree(bank) == before
    return run.sentence


@pytest.mark.parametrize("name", CASES)
def test_a_table_that_breaks_its_contract_is_refused_in_one_sentence(built: Bank, name: str):
    case = CASES[name]
    static = case.table in STATIC
    columns = (
        STATIC[case.table] if static else {"trx": trx_columns, "str": str_columns}[case.table](BAD)
    )
    built.land(case.table, None if static else BAD, case.break_it(columns))
    # A stored snapshot stands for the day until someone restates it.
    config = {"restate": [case.table]} if static else None
    # Models need nothing of the day, so they are no part of this.
    only = (f"tables/{case.table}", FEATURES, "predictions")
    assert _refused(built, only=only, config=config) == case.sentence


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"PAR1 not really", "truncated: its footer is missing"),
        (b"", "empty (0 bytes)"),
        (None, "truncated: its footer is missing"),
    ],
    ids=["text", "empty", "cut"],
)
def test_a_file_that_is_cut_or_not_parquet_is_refused(
    built: Bank, content: bytes | None, what: str
):
    file = built.folder("trx", BAD) / "part-00000.parquet"
    file.write_bytes(file.read_bytes()[:-9] if content is None else content)
    assert _refused(built, only=("tables/trx", FEATURES)) == (
        f"table trx, day 2024-01-07: the file part-00000.parquet is {what}. "
        "Have the upstream system write it again."
    )


def test_files_of_a_day_that_disagree_on_a_type_are_refused_by_column(built: Bank):
    columns = trx_columns(BAD)
    part = {**columns, "trx_id": [n + 50 for n in columns["trx_id"]], "amount": ["much"] * 12}
    built.land("trx", BAD, part, part=1)
    assert _refused(built, only=("tables/trx",)) == (
        "table trx, day 2024-01-07, column amount: its files disagree on a column's type "
        "(double, string). Have the upstream system write all files of a day with one schema."
    )


def test_a_day_that_has_not_landed_is_named_and_may_be_retried(built: Bank):
    shutil.rmtree(built.folder("trx", BAD))
    assert _refused(built, only=("tables/trx",)) == (
        "table trx, day 2024-01-07: nothing has landed under trx/daily/2024-01-07. Wait for the "
        "upstream system, or correct the landing's paths."
    )


def test_one_bad_table_stops_neither_the_other_tables_nor_another_day(built: Bank):
    built.land("trx", BAD, _without("amount")(trx_columns(BAD)))
    run = built.bad("daily", BAD)
    assert run.sentences == [
        "table trx, day 2024-01-07, column amount: the column is missing. Have the table "
        "restated with it, or map its name (or null) under tables.trx.roles."
    ]
    tables = {asset for asset, _ in run.materialized if asset.startswith("tables/")}
    assert tables == {"tables/str", "tables/retail", "tables/corporate", "tables/account"}
    assert not any("2024-01-07" in path for path in built.files() if "merged" in path)
    built.good("daily", 6, only=("models", "predictions"))


def test_a_model_is_trained_on_a_day_whose_own_tables_are_bad_or_missing(built: Bank):
    built.land("trx", BAD, _without("amount")(trx_columns(BAD)))
    run = built.bad("self_learning", BAD)
    assert [s.partition(":")[0] for s in run.sentences] == [
        "table trx, day 2024-01-07, column amount"
    ]
    assert ("models/model", str(day(BAD))) in run.materialized
    assert ("models/metrics", str(day(BAD))) in run.materialized
    assert ("features/merged_features", str(day(BAD))) not in run.materialized


# -- runs without a day, or with one that is none ------------------------------------------


@pytest.mark.parametrize("only", [None, ("models",), ("tables/trx",)], ids=["all", "models", "trx"])
def test_a_run_without_a_day_is_refused(built: Bank, only: tuple[str, ...] | None):
    before = _tree(built)
    run = built.bad("daily", only=only)
    assert run.sentence == (
        "this run has no day, and every asset is partitioned by day. "
        """Give one: --tags '{"dagster/partition": "YYYY-MM-DD"}'."""
    )
    assert _tree(built) == before


@pytest.mark.parametrize("asked", ["2023-12-31", "2024-01-21", "2034-01-01"])
def test_a_day_outside_the_partitions_is_refused(built: Bank, asked: str):
    before = _tree(built)
    run = built.bad("daily", partition=asked)
    assert run.sentence == (
        f"day {asked}: the day is outside the partitions, 2024-01-01 … 2024-01-20. Request a day "
        "inside, or change partitions.first_day or partitions.last_day."
    )
    assert _tree(built) == before


# -- files altered after they were published -----------------------------------------------


def test_one_flipped_byte_in_a_frame_stops_whole_and_pruned_reads(built: Bank):
    # model(6) reads day 2 whole; metrics(6) reads nothing of it but key and label.
    path = built.store / "features/merged_features/2024-01-02/data.parquet"
    column = pq.ParquetFile(path).metadata.row_group(0).column(0)
    assert column.path_in_schema == "trx_id"
    built.good("self_learning", 6, only=("models",))
    flip_byte(path, column.data_page_offset + column.total_compressed_size - 1)
    sentence = (
        "read features/merged_features/2024-01-02/data.parquet: the data was altered "
        f"(store {built.store}). Materialize it again, or restore the file"
    )
    assert _refused(built, 6, only=("models/model",)) == sentence
    assert _refused(built, 6, only=("models/metrics",)) == sentence
    built.good("daily", 2, only=("features",))
    built.good("self_learning", 6, only=("models",))


def test_one_flipped_byte_in_earlier_transactions_stops_the_look_back(built: Bank):
    columns = str_columns(BAD)
    built.land("str", BAD, {**columns, "trx_id": [601, *columns["trx_id"][1:]]})
    path = built.store / "tables/trx/2024-01-06/data.parquet"
    flip_byte(path, 100)
    run = built.bad("daily", BAD)
    assert run.sentence.startswith("read tables/trx/2024-01-06/data.parquet: ")
    assert "altered" in run.sentence
    assert not any("features/merged_features/2024-01-07" in path for path in built.files())


def test_one_flipped_byte_in_a_model_stops_scoring_and_measuring(built: Bank):
    path = built.store / "model/aml_xgboost_2024-01-05.ubj"
    for position in (100, path.stat().st_size // 2, path.stat().st_size - 100):
        original = path.read_bytes()
        flip_byte(path, position)
        for asset in ("predictions/predictions", "models/metrics"):
            sentence = _refused(built, 5, only=(asset,))
            assert sentence.startswith("read model/aml_xgboost_2024-01-05.ubj: ")
            assert "altered" in sentence
        path.write_bytes(original)


# -- windows and labels that nothing can be learnt from ------------------------------------


def _labelled(bank: Bank, label: int | None) -> None:
    for number in (1, 2, 3):
        bank.land("str", number, str_columns(number, [label] * 8))
    bank.prepare(1, 4)


def _nothing_to_learn(what: str) -> str:
    return (
        f"table models/model, day 2024-01-05: the training window holds no {what}. Wait until "
        "labels are decided, restate the days, or widen windows.train_days."
    )


@pytest.mark.parametrize(
    ("label", "what"),
    [
        (None, "row with a decided label"),
        (0, "positive label among 24 decided ones"),
        (1, "negative label among 24 decided ones"),
    ],
)
def test_a_window_of_one_class_is_refused_before_training(bank: Bank, label: int | None, what: str):
    _labelled(bank, label)
    assert _refused(bank, 5, only=("models",)) == _nothing_to_learn(what)


def test_a_window_of_empty_days_is_refused_before_training(bank: Bank):
    for number in (1, 2, 3):
        bank.land_empty(number)
    bank.prepare(1, 4)
    assert _refused(bank, 5, only=("models",)) == _nothing_to_learn("row with a decided label")


# -- contradictory run config --------------------------------------------------------------

DATES = {
    "train_start": "2024-01-01",
    "train_end": "2024-01-03",
    "eval_start": "2024-01-04",
    "eval_end": "2024-01-04",
}
BY_HAND = "Correct the dates in the launchpad or under windows.fixed."
ALL_DATES = "Give train_start, train_end, eval_start and eval_end as YYYY-MM-DD, or none."
RUN_CONFIGS = {
    "overlap": (
        DATES | {"eval_start": "2024-01-03"},
        "day 2024-01-05: the evaluation window 2024-01-03 … 2024-01-04 overlaps or precedes the "
        f"training window 2024-01-01 … 2024-01-03. {BY_HAND}",
    ),
    "reaches the day": (
        DATES | {"eval_end": "2024-01-05"},
        "day 2024-01-05: the windows reach 2024-01-05, but a model of 2024-01-05 may only know "
        f"what was known before it. {BY_HAND}",
    ),
    "upside down": (
        DATES | {"train_end": "2023-12-31"},
        f"day 2024-01-05: a window ends before it starts. {BY_HAND}",
    ),
    "no evaluation dates": (
        {name: DATES[name] for name in ("train_start", "train_end")},
        "a training window given by hand needs all its dates, evaluation dates too; missing: "
        f"eval_start, eval_end. {ALL_DATES}",
    ),
    "no date": (DATES | {"train_end": "yesterday"}, f"a date of this run is no date. {ALL_DATES}"),
    "before the first partition": (
        DATES | {"train_start": "2023-12-30"},
        "day 2024-01-05: the training window starts before the first partition 2024-01-01. "
        "Correct the dates, or partitions.first_day.",
    ),
    "unknown parameter": (
        {"training": {"depth": 3}},
        "training parameters of this run: an unknown name: Extra inputs are not permitted. "
        "Correct them in the launchpad; see docs/configuration.md.",
    ),
    "bad parameter": (
        {"training": {"max_depth": 0}},
        "training parameters of this run: max_depth: Input should be greater than or equal to 1. "
        "Correct them in the launchpad; see docs/configuration.md.",
    ),
    "early stopping without a day left": (
        {"training": {"early_stopping_rounds": 2, "early_stopping_days": 3}},
        "day 2024-01-05: training.early_stopping_days leaves no day of the training window "
        "2024-01-01 … 2024-01-03 to train on. Lower it, or widen the window.",
    ),
}


@pytest.mark.parametrize("name", RUN_CONFIGS)
def test_a_contradictory_run_is_refused(built: Bank, name: str):
    config, sentence = RUN_CONFIGS[name]
    found = _refused(built, 5, only=("models",), config=config)
    assert found == sentence


def test_a_day_on_which_nothing_happened_is_no_bad_input(built: Bank):
    built.land("trx", BAD, pa.table(trx_columns(BAD)).slice(0, 0))
    built.land("str", BAD, pa.table(str_columns(BAD)).slice(0, 0))
    run = built.good("daily", BAD)
    assert run.figures("predictions/predictions", BAD)["rows"] == 0
    text = (built.store / f"predict_res/pred_full_table{day(BAD)}.csv").read_text()
    assert text.startswith('"trx_id","ins_id","label"')
    assert text.count("\n") == 1
