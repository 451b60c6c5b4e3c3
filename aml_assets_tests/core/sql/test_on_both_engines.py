"""Each SQL file gives the same rows, types and order on DuckDB and on Spark SQL, unchanged.

Our code runs twice on random inputs, the second time with Spark in the engine's place.
"""

import datetime as dt
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from importlib import resources
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from aml_assets.core import sql
from aml_assets.core.cases.queue import Evidence, queue
from aml_assets.core.days import ONE_DAY
from aml_assets.core.graph import NETWORK
from aml_assets.core.model.labels import Ripeness, newest_decisions
from aml_assets.core.relations.account_behaviour import MEASURES, behaviour
from aml_assets.core.relations.label_history import label_history
from aml_assets.core.relations.merging import of_pair
from aml_assets.core.relations.movements import (
    movement_columns,
    movements,
    movements_with_ids,
)
from aml_assets.core.relations.network import network
from aml_assets.core.relations.partials import (
    account_day,
    account_day_of_parts,
    pair_day,
    pair_day_of_parts,
)
from aml_assets.core.relations.remote_relations import (
    Transactions,
    account_day_of,
    behaviour_of,
    network_of,
    pair_day_of,
)
from aml_assets.core.relations.timeline import activities, payments_of
from aml_assets.core.relations.traits import trait_names, traits
from aml_assets.core.relations.unit_day import ReportedUnits, UnitDay, unit_day
from aml_assets.core.relations.unit_features import unit_features
from aml_assets.core.relations.unit_labels import DecidedReports, Units, unit_labels
from aml_assets.core.tables import engine, joins
from aml_assets.core.tables.chunks import in_memory
from aml_assets.core.tables.contracts import CheckedTable
from aml_assets.core.tables.counts import orphan_keys
from aml_assets.core.tables.remote_engine import StoredFrame, View, rows_reached
from aml_assets.errors import AmlError
from aml_assets.io.spark_engine import plain_schema
from aml_assets.settings.feature_settings import BehaviourSettings, NetworkSettings
from aml_assets.settings.load import Settings
from aml_assets.settings.table_settings import Join
from aml_assets_tests.core.relations.embedded import Embedded
from aml_assets_tests.core.samples import DAY, check
from aml_assets_tests.core.sql import random_inputs
from aml_assets_tests.core.sql.dialects import DIFFERENCES, FACTS, Difference
from aml_assets_tests.requirements import amlgentex
from aml_assets_tests.spark.session import SparkSession

pytestmark = pytest.mark.long  # Spark starts, and each query is planned in seconds

SETTINGS = Settings()
TRX = SETTINGS.tables["trx"]
Run = Callable[[], list[pa.Table]]


def merge_a_bank(rng: np.random.Generator) -> Run:
    bank = random_inputs.bank(rng)
    tables = {name: check(name, **columns) for name, columns in bank.items()}
    partial = pair_day(movements(tables["trx"].table, TRX, DAY)).table
    pairs = network({DAY: partial}, DAY, NetworkSettings(), history_days=1)
    joined = of_pair(NETWORK)
    features = joined.of_days({DAY: CheckedTable(pairs.table, pairs.columns)})

    def run() -> list[pa.Table]:
        merged = joins.merge(
            {**tables, joined.table: features},
            [*SETTINGS.joins, joined.join(TRX)],
            {**SETTINGS.tables, joined.table: joined.contract},
            day=DAY,
        )
        assert all(merged.matched.values())
        return [merged.table]

    return run


def select_reports(rng: np.random.Generator, *, first: bool = False) -> Run:
    days = list(random_inputs.reports(rng, 9))
    ripeness = Ripeness(days[6].day, maturity_days=2, decided_at="decided")

    def run() -> list[pa.Table]:
        found = newest_decisions(
            days[:6],
            key=random_inputs.KEY,
            label="label",
            deciding=days[6:8],
            known=days[8:],
            ripeness=ripeness,
            first=first,
        )
        return [
            pa.table({"row": each.rows, "label": pa.array(each.labels, from_pandas=True)})
            for each in found
        ]

    return run


def first_reports(rng: np.random.Generator) -> Run:
    return select_reports(rng, first=True)


def pairs_of(rng: np.random.Generator, day: dt.date, size: int = 40) -> Run:
    landed = check("trx", day=day, **random_inputs.transfers(rng, size, accounts=30))

    def run() -> list[pa.Table]:
        whole = pair_day(movements(landed.table, TRX, day))
        halves = [landed.table.slice(0, size // 2), landed.table.slice(size // 2)]
        parts = (movements_with_ids(each, TRX, pa.string()) for each in halves)
        streamed = pair_day_of_parts(parts, in_memory)
        assert_same(streamed.table, whole.table)
        assert streamed.counts == whole.counts
        return [whole.table]

    return run


def many_pairs(rng: np.random.Generator) -> Run:
    return pairs_of(rng, DAY, size=500)


def network_of_forty_days(rng: np.random.Generator) -> Run:
    days = [DAY - n * ONE_DAY for n in range(0, 40, 3)]
    partials = {day: pairs_of(rng, day)()[0] for day in days}
    bounded = NetworkSettings(max_new_counterparties=7)

    def run() -> list[pa.Table]:
        found = network(partials, DAY, bounded, history_days=40)
        assert found.hubs["30"]
        return [found.table]

    return run


BEHAVIOUR = BehaviourSettings(threshold=Decimal(1_000), round_to=Decimal("0.0002"))
TRAITS = trait_names(TRX, BEHAVIOUR)


def accounts_of(rng: np.random.Generator, day: dt.date, size: int = 40) -> Run:
    columns = random_inputs.transfers(rng, size, accounts=30)
    # Sums of squares up to 10^15: beyond it the engines' doubles differ in the last digit.
    few = random_inputs.amounts(rng, size, 11)
    columns["amount"] = random_inputs.with_nulls(rng, few, pa.decimal128(24, 11))
    landed = check("trx", day=day, **columns).table

    def traits_of(rows: pa.Table, moved: pa.Table) -> dict[str, pa.ChunkedArray]:
        return traits(rows, moved["amount"], TRX, BEHAVIOUR, timed=True)

    def part(rows: pa.Table) -> pa.Table:
        moved = movements_with_ids(rows, TRX, pa.string())
        for name, values in traits_of(rows, moved).items():
            moved = moved.append_column(name, values)
        return moved

    def run() -> list[pa.Table]:
        moved = movements(landed, TRX, day)
        whole = account_day(moved, traits_of(landed, moved.table))
        parts = map(part, [landed.slice(0, size // 2), landed.slice(size // 2)])
        streamed = account_day_of_parts(parts, TRAITS, in_memory)
        assert_same(streamed.table, whole.table)
        assert streamed.counts == whole.counts
        return [whole.table]

    return run


def many_accounts(rng: np.random.Generator) -> Run:
    return accounts_of(rng, DAY, size=500)


def behaviour_of_forty_days(rng: np.random.Generator) -> Run:
    days = [DAY - n * ONE_DAY for n in range(0, 40, 3)]
    partials = {day: accounts_of(rng, day)()[0] for day in days}

    def run() -> list[pa.Table]:
        found = behaviour(partials, DAY, BEHAVIOUR, traits=TRAITS, history_days=40)
        assert found.table.column("sent_unusual").null_count < found.table.num_rows
        return [found.table]

    return run


def labels_of_forty_days(rng: np.random.Generator) -> Run:
    pairs = {day: pairs_of(rng, day)()[0] for day in (DAY - n * ONE_DAY for n in range(0, 40, 3))}
    reports: dict[dt.date, pa.Table] = {}
    for number, (day, table) in enumerate(pairs.items()):
        labels = random_inputs.with_nulls(rng, rng.integers(0, 2, len(table)).tolist(), pa.int8())
        key = pa.array(np.arange(len(table)) + 1_000 * number)
        accounts = {side: table.column(side).cast(pa.string()) for side in ("payer", "payee")}
        reports[day] = pa.table({"key_1": key, **accounts, "label": labels})

    def run() -> list[pa.Table]:
        earlier = {day: table for day, table in reports.items() if day < DAY}
        known = Ripeness(DAY, maturity_days=5)
        found = label_history(earlier, pairs, known, key=["key_1"], is_short=True)
        assert found.confirmed
        return [found.table]

    return run


def units_of(rng: np.random.Generator, day: dt.date, size: int = 40) -> Callable[[], UnitDay]:
    landed = check("trx", day=day, **random_inputs.transfers_of_customers(rng, size, 30)).table
    partial = {day: pair_day(movements(landed, TRX, day)).table}
    pairs = network(partial, day, NetworkSettings(windows=(7,)), history_days=1)
    taken = landed.take(pa.array(rng.integers(0, size, 15)))
    told = ReportedUnits(taken.column("cust_id"), taken.column("target_cust_id"))
    features = CheckedTable(pairs.table, pairs.columns)
    return lambda: unit_day(landed, told, features, TRX, unit="customer", day=day)


def many_units(rng: np.random.Generator) -> Run:
    of_day = units_of(rng, DAY, size=500)

    def run() -> list[pa.Table]:
        found = of_day().table
        assert found.column("payee_payer_new_payees_7").null_count < found.num_rows
        return [found]

    return run


def units_of_thirty_days(rng: np.random.Generator) -> Run:
    days = {day: units_of(rng, day)() for day in (DAY - n * ONE_DAY for n in range(0, 30, 3))}
    partials = {day: partial.table for day, partial in days.items()}

    def run() -> list[pa.Table]:
        found = unit_features(
            partials,
            DAY,
            (7, 30),
            unit="customer",
            features=days[DAY].features,
            history_days=30,
        )
        return [found.table]

    return run


def labels_of_many_units(rng: np.random.Generator) -> Run:
    days = [DAY + n * ONE_DAY for n in range(8)]
    ids = [np.flatnonzero(rng.random(60) < 0.8) for _ in days]
    rows = [Units(day, pa.chunked_array([pa.array(of)])) for day, of in zip(days, ids, strict=True)]
    told = []
    for day in days:
        sides = [
            random_inputs.with_nulls(rng, rng.integers(0, 60, 9).tolist(), pa.int64())
            for _ in range(2)
        ]
        labels = rng.choice([0, 1, np.nan], 9).astype(np.float32)
        told.append(DecidedReports(day, tuple(pa.chunked_array([side]) for side in sides), labels))

    def run() -> list[pa.Table]:
        ripe = days[:-3]
        found = unit_labels(rows, told, horizon_days=3, ripe=ripe, column="cust_id")
        labels = np.concatenate([each.labels for each in found])
        assert set(labels[~np.isnan(labels)]) == {0, 1}
        return [pa.table({"label": pa.array(labels, mask=np.isnan(labels))})]

    return run


def numbered_transactions_for_remote(rng: np.random.Generator) -> Run:
    size = 200
    columns = random_inputs.transfers(rng, size, accounts=30)
    for name in ("account_id", "target_account_id"):
        ids = rng.integers(-15, 15, size).tolist()
        columns[name] = random_inputs.with_nulls(rng, ids, pa.int64())
    few = random_inputs.amounts(rng, size, 2)
    columns["amount"] = random_inputs.with_nulls(rng, few, pa.decimal128(18, 2))
    return asked_of_remote(rng, columns, size)


def transactions_for_remote(rng: np.random.Generator) -> Run:
    size = 300
    columns = random_inputs.transfers(rng, size, accounts=30)
    # Many lie between two ten-thousandths; and some are so large that those are no longer whole.
    amounts = rng.integers(-(10**9), 10**9, size) / 20_000
    amounts[::9] = rng.integers(9 * 10**15, 10**17, len(amounts[::9])) / 8192
    columns["amount"] = random_inputs.with_nulls(rng, amounts.tolist(), pa.float64())
    return asked_of_remote(rng, columns, size)


def asked_of_remote(rng: np.random.Generator, columns: dict[str, Any], size: int) -> Run:
    texts = random_inputs.texts(rng, size)
    columns["kind"] = random_inputs.with_nulls(rng, texts, pa.string())
    landed = check("trx", **columns).table
    marked = BehaviourSettings(
        threshold=Decimal(1_000),
        round_to=Decimal("0.0002"),
        marks={"odd": {"kind": tuple(texts[:90])}},
    )
    names = trait_names(TRX, marked)
    remote = Embedded({"trx": landed})
    id_type = landed.schema.field("account_id").type
    trx = Transactions(StoredFrame("trx", landed.schema), TRX, id_type, marked, timed=True)
    stored = ("account", "paid", "inside", *MEASURES, *names)

    def run() -> list[pa.Table]:
        assert trx.can_be_asked
        pairs = pair_day_of(remote, trx, in_memory)
        accounts = account_day_of(remote, trx, names, in_memory)
        some = landed["target_account_id"].slice(0, 9)
        nobody = {"account_id": some.slice(0, 0)}
        reached = rows_reached(remote, trx.stored, [{"account_id": some}, nobody])
        assert 0 < len(reached) < size
        days = {DAY - n * ONE_DAY: f"day {n}" for n in range(3)}
        history = Embedded(dict.fromkeys(days.values(), accounts.table))
        schema = accounts.table.select(stored).schema
        lately = behaviour_of(
            history,
            {day: StoredFrame(path, schema) for day, path in days.items()},
            DAY,
            marked,
            traits=names,
            history_days=3,
            keep=in_memory,
        )
        history = Embedded(dict.fromkeys(days.values(), pairs.table))
        schema = pairs.table.select(["payer", "payee", "payments"]).schema
        graph = network_of(
            history,
            {day: StoredFrame(path, schema) for day, path in days.items()},
            DAY,
            NetworkSettings(windows=(30,)),
            history_days=3,
            keep=in_memory,
        )
        order = [(name, "ascending") for name in ("account_id", "trx_id")]
        counts = pa.Table.from_pylist([pairs.counts | accounts.counts])
        of_histories = [lately.table, graph.table]
        return [pairs.table, accounts.table, reached.sort_by(order), counts, *of_histories]

    return run


def references_of_two_columns(rng: np.random.Generator) -> Run:
    def rows(size: int) -> list[pa.Table]:
        banks = pa.array(rng.choice(["a", "b"], size))
        accounts = random_inputs.with_nulls(rng, rng.integers(0, 40, size).tolist(), pa.int64())
        return [pa.table({"bank": banks, "account_id": accounts})]

    tables = {"trx": rows(90), "account": rows(50)}
    joins = [Join(table="account", on={"trx.bank": "bank", "trx.account_id": "account_id"})]

    def run() -> list[pa.Table]:
        found = orphan_keys({name: lambda _, of=of: of for name, of in tables.items()}, joins)
        ((orphans, references),) = found.values()
        assert 0 < orphans < references < 90
        return [pa.table({"orphans": [orphans], "references": [references]})]

    return run


def queue_of_many_customers(rng: np.random.Generator) -> Run:
    def table(rows: int, **columns: pa.Array) -> pa.Table:
        ids = pa.array([f"C{number}" for number in rng.integers(0, 40, rows)])
        return pa.table({"customer": ids, **columns})

    def scores(rows: int) -> pa.Array:
        return pa.array(rng.integers(0, 20, rows) / 20, pa.float64())  # many are equal

    evidence = Evidence(
        table(60, place=pa.array(np.arange(60)), score=scores(60)),
        {name: table(30, score=scores(30)) for name in ("customer", "person")},
        table(90, confirmed=pa.array(rng.integers(0, 2, 90))),
        table(20, score=random_inputs.with_nulls(rng, scores(20).to_pylist(), pa.float64())),
    )
    return lambda: [queue(evidence, budget=25, rise=1.25).entries]


def payments_of_many_customers(rng: np.random.Generator) -> Run:
    size, days = 900, [DAY - n * ONE_DAY for n in range(9)]
    wanted = {str(number) for number in range(0, 12, 2)}
    found = []
    for day in days:
        columns = random_inputs.transfers_of_customers(rng, size // len(days), 36)
        columns["currency"] = random_inputs.with_nulls(
            rng, rng.choice(["EUR", "USD"], size // len(days)).tolist(), pa.string()
        )
        found.append(payments_of(pa.table(columns), TRX, day, wanted))

    def run() -> list[pa.Table]:
        done = activities(found)
        assert done.keys() == wanted
        counted = {name: len(of.moved) + len(of.counterparties) for name, of in done.items()}
        return [pa.table({"customer": list(counted), "lines": list(counted.values())})]

    return run


@dataclass(frozen=True)
class Case:
    """What our code makes of random inputs, by which of the files, and from which seeds."""

    make: Callable[[np.random.Generator], Run]
    files: tuple[str, ...]
    seeds: tuple[int, ...] = (1, 2)


NETWORK_FILES = (
    *("relation", "counterparties", "new_relation", "ways", "network"),
    *("new_payments", "steps"),
)
REMOTE_FILES = (
    *("movements", "movement_counts", "pair_day", "account_day", "reached", "stacked_days"),
    *("behaviour", "relation", "new_payments"),
    *("counterparties", "new_relation", "steps", "ways", "network"),
)
CASES = (
    Case(merge_a_bank, ("merged_features",)),
    Case(select_reports, ("newest_decisions",)),
    Case(first_reports, ("newest_decisions",)),
    Case(references_of_two_columns, ("orphans",)),
    Case(transactions_for_remote, REMOTE_FILES),
    Case(numbered_transactions_for_remote, REMOTE_FILES, seeds=(3,)),
    Case(many_pairs, ("pair_day",)),
    Case(network_of_forty_days, NETWORK_FILES, seeds=(1,)),
    Case(many_accounts, ("account_day",)),
    Case(behaviour_of_forty_days, ("behaviour",)),
    Case(labels_of_forty_days, ("label_history", "newest_decisions", "relation")),
    Case(many_units, ("unit_day",)),
    Case(units_of_thirty_days, ("unit_features",)),
    Case(labels_of_many_units, ("unit_labels",)),
    Case(queue_of_many_customers, ("queue",)),
    Case(
        payments_of_many_customers,
        ("case_days", "case_counterparties", "case_fans", "case_passes"),
    ),
)
"""All files; a new one has to be added."""


@pytest.fixture
def on_both(
    spark: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Run], tuple[list[pa.Table], list[pa.Table], list[str]]]:
    """Runs something with DuckDB and then with Spark; returns both results, and Spark's queries."""

    def twice(run: Run) -> tuple[list[pa.Table], list[pa.Table], list[str]]:
        by_duckdb = run()
        asked: list[str] = []
        of_duckdb = engine.query

        def query(text: str, given: Mapping[str, pa.Table | engine.Stream]) -> pa.Table:
            asked.append(text)
            tables = {name: table_of(each) for name, each in given.items()}
            views = {name: each.cast(plain_schema(each.schema)) for name, each in tables.items()}
            found = spark.query(text, views)
            assert found.num_rows
            expected = of_duckdb(text, views)
            if not re.search(r"\nORDER BY [^()]+$", text.rstrip()):  # rows in any order
                found, expected = (
                    each.sort_by([(name, "ascending") for name in each.column_names])
                    for each in (found, expected)
                )
            assert_same(found, expected)
            return found

        def batches(
            text: str, given: Mapping[str, pa.Table | engine.Stream], _: int
        ) -> Iterator[pa.RecordBatch]:
            yield from query(text, given).to_batches()

        def of_executors(
            embedded: Embedded, text: str, given: Mapping[str, View]
        ) -> Iterator[pa.RecordBatch]:
            asked.extend([text, *(view for view in given.values() if isinstance(view, str))])
            views = {
                name: view if isinstance(view, str) else embedded.table(view)
                for name, view in given.items()
            }
            yield from spark.batches(text, views)

        with monkeypatch.context() as patch:
            patch.setattr(engine, "query", query)
            patch.setattr(engine, "batches", batches)
            patch.setattr(Embedded, "batches", of_executors)
            return by_duckdb, run(), asked

    return twice


def table_of(view: pa.Table | engine.Stream) -> pa.Table:
    if isinstance(view, pa.Table):
        return view
    return pa.Table.from_batches(list(view.batches), view.schema)


def assert_same(found: pa.Table, expected: pa.Table) -> None:
    """The same columns, types, rows and order; Spark's schema also says which are never null."""
    assert found.column_names == expected.column_names
    assert found.schema.types == expected.schema.types
    assert found.to_pylist() == expected.to_pylist()


# -- the files -----------------------------------------------------------------------------


def first_line(name: str) -> str:
    return resources.files(sql).joinpath(f"{name}.sql").read_text("utf-8").splitlines()[0]


def test_every_file_is_tried_on_both_engines():
    files = [entry.name for entry in resources.files(sql).iterdir() if entry.name.endswith(".sql")]
    tried = {f"{name}.sql" for case in CASES for name in case.files}
    assert sorted(files) == sorted(tried)


@pytest.mark.parametrize(
    ("case", "seed"),
    [
        pytest.param(case, seed, id=f"{case.make.__name__} {seed}")
        for case in CASES
        for seed in case.seeds
    ],
)
def test_a_file_gives_the_same_on_both_engines_whatever_the_tables_hold(on_both, case, seed):
    by_duckdb, by_spark, asked = on_both(case.make(np.random.default_rng(seed)))
    assert {text.splitlines()[0] for text in asked} == set(map(first_line, case.files))
    for found, expected in zip(by_spark, by_duckdb, strict=True):
        assert_same(found, expected)


@pytest.mark.long
def test_the_network_of_a_simulated_bank_is_the_same_on_both_engines(on_both):
    landing = amlgentex() / "trx" / "daily"
    days = sorted(dt.date.fromisoformat(folder.name) for folder in landing.iterdir())[:6]
    partials = {}
    for day in days:
        landed = pq.read_table(landing / str(day), columns=movement_columns(TRX))
        partials[day] = pair_day(movements(landed, TRX, day)).table
    (by_duckdb,), (by_spark,), _ = on_both(
        lambda: [network(partials, days[-1], NetworkSettings(), history_days=6).table]
    )
    assert_same(by_spark, by_duckdb)


# -- the dialects --------------------------------------------------------------------------


@pytest.mark.parametrize("difference", DIFFERENCES, ids=lambda each: each.what)
def test_where_the_dialects_differ_one_spelling_means_the_same(
    spark: SparkSession, difference: Difference
):
    assert outcome(engine.query, difference.avoided) != outcome(spark.query, difference.avoided)
    assert_same(spark.query(difference.written, FACTS), engine.query(difference.written, FACTS))


def outcome(query: Callable[[str, Mapping[str, pa.Table]], pa.Table], text: str) -> object:
    """Types and rows that a query gives, or that it was refused."""
    try:
        found = query(text, FACTS)
    except AmlError:
        return "refused"
    return found.schema.types, found.to_pylist()


ODD = ['a "quoted" name', "'; --", "{{ 7 * 7 }}", "größe", "select", "`", "${env:HOME}", "a\\b"]
"""Names of views and columns. Spark takes all but one that ends with a backslash."""


@pytest.mark.parametrize("name", ODD)
def test_a_quoted_name_may_hold_any_character_on_both_engines(spark: SparkSession, name: str):
    text = f"SELECT {sql.quoted(name)}.x AS {sql.quoted(name)} FROM {sql.quoted(name)}"
    views = {name: pa.table({"x": [1]})}
    assert spark.query(text, views).to_pylist() == [{name: 1}]
    assert engine.query(text, views).to_pylist() == [{name: 1}]
