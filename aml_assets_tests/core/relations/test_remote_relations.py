"""A remote engine computes what one machine does, whatever the types of ids and amounts."""

import datetime as dt
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from aml_assets.core.relations import partials
from aml_assets.core.relations.account_behaviour import MEASURES, behaviour
from aml_assets.core.relations.movements import movement_columns, movements
from aml_assets.core.relations.network import network
from aml_assets.core.relations.remote_relations import (
    Transactions,
    account_day_of,
    behaviour_of,
    network_of,
    pair_day_of,
)
from aml_assets.core.relations.traits import have_time_of_day, trait_columns, trait_names, traits
from aml_assets.core.tables.chunks import in_memory
from aml_assets.core.tables.remote_engine import StoredFrame
from aml_assets.core.tables.values import WHOLE
from aml_assets.settings.feature_settings import BehaviourSettings, NetworkSettings
from aml_assets.settings.table_settings import TRX, TableSettings, with_default_tables
from aml_assets_tests.core.relations.embedded import Embedded

DAY = dt.date(2024, 3, 5)
SPEC = TableSettings.model_validate(with_default_tables({})[TRX])
ODD = ["a", "it's", "back\\slash", "ß"]
TRAITS = BehaviourSettings(
    windows=(1, 3),
    horizon_days=5,
    threshold=Decimal(10_000),
    marks={"cash": {"type": ("ATM", "back\\slash", "it's"), "flag": ("true",)}},
)

TIES = st.integers(-(10**9), 10**9).map(lambda n: n / 20_000)
"""Floating-point numbers of which many lie just between two ten-thousandths."""

HUGE = st.integers(9 * 10**15, 10**17).map(lambda n: n / 8192) | st.sampled_from([300.0, -300.0])
"""Floating-point numbers at whose size ten-thousandths are no longer whole."""

AMOUNTS = {
    pa.float64(): TIES | st.floats(-9e18, 9e18) | HUGE,
    pa.int64(): st.integers(-(2**62), 2**62),
    pa.uint8(): st.integers(0, 255),
    pa.decimal128(18, 2): st.decimals(-(10**15), 10**15, places=2),
    pa.decimal128(38, 4): st.decimals(-(10**15), 10**15, places=4),
}
IDS = {
    pa.string(): st.sampled_from(ODD),
    pa.dictionary(pa.int32(), pa.string()): st.sampled_from(ODD),
    pa.int64(): st.integers(-2, 2),
    WHOLE: st.integers(2**64, 2**64 + 3).map(Decimal),
}
MIDNIGHT = dt.datetime.combine(DAY, dt.time())
TIMES = st.datetimes() | st.sampled_from(
    [MIDNIGHT + dt.timedelta(ago, 0, 0, 0, 0, hour) for ago in range(3) for hour in (0, 6, 22)]
)


@st.composite
def transactions(draw: st.DrawFn) -> pa.Table:
    ids, amounts = draw(st.sampled_from(list(IDS))), draw(st.sampled_from(list(AMOUNTS)))
    rows = draw(st.integers(0, 12))

    def column(values: st.SearchStrategy, type_: pa.DataType) -> pa.Array:
        return pa.array(draw(st.lists(st.none() | values, min_size=rows, max_size=rows)), type_)

    return pa.table(
        {
            "account_id": column(IDS[ids], ids),
            "target_account_id": column(IDS[ids], ids),
            "cust_id": column(st.just("c"), pa.string()),
            "target_cust_id": column(st.just("c"), pa.string()),
            "amount": column(AMOUNTS[amounts], amounts),
            "timestamp": column(TIMES, pa.timestamp("us")),
            "type": column(st.sampled_from(["ATM", "WIRE", *ODD]), pa.string()),
            "flag": column(st.booleans(), pa.bool_()),
        }
    )


def stored(table: pa.Table, *names: str) -> StoredFrame:
    return StoredFrame("trx", table.select(list(dict.fromkeys(names))).schema)


def asked(table: pa.Table, given_: BehaviourSettings | None = None) -> Transactions:
    names = [*movement_columns(SPEC), *(trait_columns(SPEC, given_) if given_ else ())]
    id_type = table.schema.field("account_id").type
    plain = id_type.value_type if pa.types.is_dictionary(id_type) else id_type
    timed = have_time_of_day([table.column("timestamp")])
    return Transactions(stored(table, *names), SPEC, plain, given_, timed)


def same(found: pa.Table, expected: pa.Table) -> None:
    assert found.schema.equals(expected.schema)
    assert found.to_pylist() == expected.to_pylist()


@settings(max_examples=40)
@given(transactions())
def test_pairs_are_those_of_one_machine(trx):
    assert asked(trx).can_be_asked
    found = pair_day_of(Embedded({"trx": trx}), asked(trx), in_memory)
    expected = partials.pair_day(movements(trx, SPEC, DAY))
    same(found.table, expected.table)
    assert found.counts == expected.counts


def account_day_here(trx: pa.Table) -> partials.Partial:
    moved = movements(trx, SPEC, DAY)
    timed = have_time_of_day([trx.column("timestamp")])
    amounts = moved.table.column("amount")
    return partials.account_day(moved, traits(trx, amounts, SPEC, TRAITS, timed=timed))


@settings(max_examples=40)
@given(transactions())
def test_accounts_with_traits_are_those_of_one_machine(trx):
    names = trait_names(SPEC, TRAITS)
    found = account_day_of(Embedded({"trx": trx}), asked(trx, TRAITS), names, in_memory)
    expected = account_day_here(trx)
    same(found.table, expected.table)
    assert found.counts == expected.counts


def of_one_type(days: list[pa.Table]) -> list[pa.Table]:
    """The days up to the first whose ids are of another type, and meet nowhere."""
    types = [each.schema.field("account_id").type for each in days]
    return [each for each, type_ in zip(days, types, strict=True) if type_ == types[0]]


@settings(max_examples=20)
@given(st.lists(transactions(), min_size=3, max_size=3), st.booleans())
def test_behaviour_is_that_of_one_machine(days, outside):
    given_ = TRAITS.model_copy(update={"outside": outside})
    days = of_one_type(days)
    names = trait_names(SPEC, given_)
    columns = ["account", "paid", "inside", *MEASURES, *names]
    tables = {DAY - dt.timedelta(ago): account_day_here(trx).table for ago, trx in enumerate(days)}
    frames = {
        day: StoredFrame(str(day), table.select(columns).schema)
        for day, table in tables.items()
        if table.num_rows
    }
    if not frames:
        return
    remote = Embedded({str(day): table for day, table in tables.items()})
    more = {"traits": names, "history_days": 3}
    found = behaviour_of(remote, frames, DAY, given_, **more, keep=in_memory)
    expected = behaviour(tables, DAY, given_, **more)
    same(found.table, expected.table)
    assert found.columns == expected.columns


@settings(max_examples=40)
@given(st.lists(transactions(), min_size=3, max_size=3), st.booleans())
def test_the_network_is_that_of_one_machine(days, cycles):
    days = of_one_type(days)
    given_ = NetworkSettings(windows=(2, 3), horizon_days=5, cycles=cycles)
    tables = {
        DAY - dt.timedelta(ago): partials.pair_day(movements(trx, SPEC, DAY)).table
        for ago, trx in enumerate(days)
    }
    frames = {
        day: StoredFrame(str(day), table.select(["payer", "payee", "payments"]).schema)
        for day, table in tables.items()
        if table.num_rows
    }
    if not frames:
        return
    remote = Embedded({str(day): table for day, table in tables.items()})
    found = network_of(remote, frames, DAY, given_, history_days=3, keep=in_memory)
    expected = network(tables, DAY, given_, history_days=3)
    same(found.table, expected.table)
    assert (found.columns, found.hubs) == (expected.columns, expected.hubs)


@pytest.mark.parametrize(
    ("name", "type_"),
    [
        ("amount", pa.float32()),
        ("amount", pa.decimal128(20, 6)),
        ("amount", pa.decimal128(38, 2)),
        ("type", pa.float64()),
        ("type", pa.timestamp("us")),
    ],
)
def test_what_engines_spell_or_round_differently_is_not_asked(name, type_):
    trx = pa.table({"account_id": ["a"], "target_account_id": ["b"], "cust_id": ["c"]})
    for other in ("target_cust_id", "amount", "timestamp", "type", "flag"):
        trx = trx.append_column(other, pa.nulls(1, type_ if other == name else pa.int64()))
    given_ = TRAITS
    names = [*movement_columns(SPEC), *trait_columns(SPEC, given_)]
    of = Transactions(stored(trx, *names), SPEC, pa.string(), given_)
    assert not of.can_be_asked


@example(0.00005)
@example(-0.00015)
@given(AMOUNTS[pa.float64()])
def test_a_tie_between_two_ten_thousandths_goes_to_the_even_one(amount):
    trx = pa.table({"account_id": ["a"], "target_account_id": ["b"], "amount": [amount]})
    for name in ("cust_id", "target_cust_id"):
        trx = trx.append_column(name, pa.array(["c"]))
    trx = trx.append_column("timestamp", pa.array([None], pa.timestamp("us")))
    found = pair_day_of(Embedded({"trx": trx}), asked(trx), in_memory)
    same(found.table, partials.pair_day(movements(trx, SPEC, DAY)).table)
