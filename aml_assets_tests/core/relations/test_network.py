"""The network: counts equal a plain reading of their definitions, and odd accounts break none."""

import datetime as dt
from collections import Counter
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aml_assets.core.relations import history, ways
from aml_assets.core.relations import network as networks
from aml_assets.core.relations.history import SHORT_HISTORY
from aml_assets.core.relations.movements import movements
from aml_assets.core.relations.network import network
from aml_assets.core.relations.partials import pair_day
from aml_assets.errors import InputError
from aml_assets.io.spill import Spill
from aml_assets.settings.engine_settings import EngineSettings
from aml_assets.settings.feature_settings import NetworkSettings
from aml_assets.settings.table_settings import TRX, TableSettings, with_default_tables
from aml_assets_tests.core.relations.test_cycles import tried

SPEC = TableSettings.model_validate(with_default_tables({})[TRX])
DAY = dt.date(2024, 3, 5)
SMALL = NetworkSettings(windows=(2, 4), horizon_days=6, max_new_counterparties=3)


def day_before(days: int) -> dt.date:
    return DAY - dt.timedelta(days)


def landed(payers, payees, amounts=None) -> pa.Table:
    payers, payees = (
        side if isinstance(side, pa.Array) else pa.array(side) for side in (payers, payees)
    )
    return pa.table(
        {
            "account_id": payers,
            "cust_id": payers,
            "target_account_id": payees,
            "target_cust_id": payees,
            "amount": pa.array(amounts or [1.0] * len(payers)),
        }
    )


def partial(payers, payees, day=DAY) -> pa.Table:
    return pair_day(movements(landed(payers, payees), SPEC, day)).table


def partials_of(rows, ids=str) -> dict[dt.date, pa.Table]:
    """Rows (days ago, payer, payee) → the partials, the day's own among them."""
    type_ = pa.array([ids(0)]).type
    found = {}
    for ago in {0, *(row[0] for row in rows)}:
        sides = ([ids(row[side]) for row in rows if row[0] == ago] for side in (1, 2))
        found[day_before(ago)] = partial(*(pa.array(side, type_) for side in sides))
    return found


def features(rows, given_=SMALL, ids=str):
    frame = network(partials_of(rows, ids), DAY, given_, history_days=given_.horizon_days)
    listed = frame.table.to_pylist()
    assert len({(row["payer"], row["payee"]) for row in listed}) == len(listed)
    return {(int(row.pop("payer")), int(row.pop("payee"))): row for row in listed}


# -- a plain reading of the definitions ----------------------------------------------------


def read_plainly(rows):
    """Pair of the day → features, by loops over sets."""
    rows = [row for row in rows if row[1] != row[2]]
    days: dict[tuple[int, int], list[int]] = {}
    for ago, payer, payee in rows:
        days.setdefault((payer, payee), []).append(ago)
    return {pair: of_pair(days, *pair) for pair in days if 0 in days[pair]}


def of_pair(days, payer, payee):
    own, reverse = days[payer, payee], days.get((payee, payer), [])
    row = {
        "pair_payments": len(own),
        "pair_age": max(own),
        "pair_gap": min((ago for ago in own if ago), default=None),
        "reverse_payments": len(reverse),
        "reverse_age": max(reverse, default=None),
    }
    for window in SMALL.windows:
        row |= {f"{name}_{window}": value for name, value in of_window(days, payer, payee, window)}
    return row


def of_window(days, payer, payee, window):
    recent = {pair for pair, agos in days.items() if min(agos) < window}
    new = {pair for pair, agos in days.items() if max(agos) < window}
    for side, account in (("payer", payer), ("payee", payee)):
        for prefix, pairs in (("", recent), ("new_", new)):
            yield f"{side}_{prefix}payees", sum(pair[0] == account for pair in pairs)
            yield f"{side}_{prefix}payers", sum(pair[1] == account for pair in pairs)
    most = SMALL.max_new_counterparties
    outs, ins = Counter(pair[0] for pair in new), Counter(pair[1] for pair in new)
    fresh = {(a, b) for a, b in new if outs[a] <= most and ins[b] <= most}
    payees = {a: {y for x, y in fresh if x == a} for a in range(9)}
    payers = {a: {x for x, y in fresh if y == a} for a in range(9)}
    shared = [len(payees[payer] & payees[other]) for other in payers[payee] - {payer}]
    yield "shared_payees", max(shared, default=0)
    yield "sharing_payers", sum(number >= 2 for number in shared)
    yield "gather_ways", most_of(len(payees[a] & payers[payee]) for a in payers[payer])
    yield "scatter_ways", most_of(len(payees[payer] & payers[a]) for a in payees[payee])
    yield "upstream", len(set().union(*(payers[a] for a in payers[payee])))
    yield "downstream", len(set().union(*(payees[a] for a in payees[payer])))
    dated = [(-ago, *pair) for pair in fresh for ago in days[pair]]
    closes = (payer, payee) in fresh
    yield "cycle", (tried_back(dated, payer, payee) if closes else 0) or None


def tried_back(dated, payer, payee):
    return tried([(at + 9, a, b) for at, a, b in dated], payer, payee)


def most_of(numbers):
    return max(numbers, default=0)


account = st.integers(0, 8)
payments = st.lists(
    st.tuples(st.integers(0, 5), account, account), min_size=12, max_size=40, unique=True
)


@settings(max_examples=12)
@given(payments, st.randoms())
def test_each_feature_is_what_its_definition_says_whatever_the_order_of_rows(rows, random):
    random.shuffle(rows)
    found = features(rows)
    for row in found.values():
        assert row.pop(SHORT_HISTORY) is False
        assert row.pop("payer_rank") > 0
        assert row.pop("payee_rank") > 0
    assert found == read_plainly(rows)


@settings(max_examples=6)
@given(payments)
def test_a_network_on_disk_in_parts_of_a_few_rows_is_the_one_in_memory(rows):
    whole = network(partials_of(rows), DAY, SMALL, history_days=6)
    with pytest.MonkeyPatch.context() as patch, Spill(EngineSettings()) as spill:
        small = ((networks, "ROWS", 3), (ways, "ROWS", 2), (ways, "_WAYS", 2))
        for module, name, value in (*small, (history, "_AT_ONCE", 2)):
            patch.setattr(module, name, value)
        patch.setattr(spill, "fits", lambda _: False)
        parts = network(partials_of(rows), DAY, SMALL, history_days=6, keep=spill.keep)
    assert spill.written > 0
    assert parts.table.to_pylist() == whole.table.to_pylist()
    assert (parts.hubs, parts.given_up) == (whole.hubs, whole.given_up)


# -- ids -----------------------------------------------------------------------------------


def beyond(number):
    return Decimal(2**70 + number)


ROWS = [(3, 1, 2), (1, 2, 3), (1, 4, 2), (0, 3, 1), (0, 4, 1), (0, 4, 4)]


@pytest.mark.parametrize("ids", [int, beyond], ids=["int64", "beyond int64"])
def test_whole_numbers_as_ids_give_what_texts_give(ids):
    rows = {
        tuple(int(each) % 2**70 for each in pair): row
        for pair, row in features(ROWS, ids=ids).items()
    }
    assert rows == features(ROWS)


def test_whole_numbers_within_and_beyond_int64_are_one_account_if_equal():
    decimals = pa.decimal128(38, 0)
    history = {
        day_before(1): partial(pa.array([1], pa.int64()), pa.array([2], pa.int64())),
        DAY: partial(
            pa.array([beyond(0), Decimal(2)], decimals),
            pa.array([Decimal(1), Decimal(1)], decimals),
        ),
    }
    rows = network(history, DAY, SMALL, history_days=6).table.to_pylist()
    assert [(row["payer"], row["payee"], row["reverse_payments"]) for row in rows] == [
        (2, 1, 1),
        (2**70, 1, 0),
    ]


def test_ids_that_change_type_within_the_history_are_one_error_that_names_the_day():
    history = {
        day_before(2): partial([1], [2]),
        day_before(1): pair_day(movements(landed(["a"], ["b"]).slice(0, 0), SPEC, DAY)).table,
        DAY: partial(["1"], ["2"]),
    }
    with pytest.raises(InputError) as caught:
        network(history, DAY, SMALL, history_days=3)
    assert str(day_before(2)) in str(caught.value)
    assert "payer" in str(caught.value)


def test_a_day_on_which_nobody_pays_another_customer_has_no_pair_but_all_columns():
    nobody = partial(pa.array(["a", "b"]), pa.nulls(2, pa.string()))
    empty = network({DAY: nobody}, DAY, SMALL, history_days=1)
    some = network({DAY: partial(["a"], ["b"])}, DAY, SMALL, history_days=1)
    assert empty.table.num_rows == 0
    assert empty.table.column_names == some.table.column_names
    later = {day_before(1): nobody, DAY: partial(["a"], ["b"])}
    assert network(later, DAY, SMALL, history_days=1).table.equals(some.table)


# -- history and hubs ----------------------------------------------------------------------


@pytest.mark.parametrize(("known", "short"), [(5, True), (6, False)])
def test_less_history_than_the_horizon_is_flagged_on_each_pair(known, short):
    frame = network({DAY: partial(["a"], ["b"])}, DAY, SMALL, history_days=known)
    assert frame.table.column(SHORT_HISTORY).to_pylist() == [short]


def test_a_hub_of_a_hundred_thousand_edges_each_way_is_counted_and_leads_nowhere(monkeypatch):
    many = 100_000
    others = [f"a{number}" for number in range(many)]
    payers = [*others, *["hub"] * many, "x", "y"]
    payees = [*["hub"] * many, *others, "y", "z"]
    followed: list[int] = []

    def watched(pairs, first, second, windows, *, is_back):
        followed.extend(each.rows.num_rows for each in (first, second))
        return ways.ways(pairs, first, second, windows, is_back=is_back)

    monkeypatch.setattr(networks, "ways", watched)
    frame = network({DAY: partial(payers, payees)}, DAY, NetworkSettings(), history_days=90)
    # Two steps through the hub would be ten thousand million rows.
    assert {*followed} == {2}, "x to y, and y to z"
    assert frame.hubs == {"7": 1, "30": 1}
    rows = {(row["payer"], row["payee"]): row for row in frame.table.to_pylist()}
    assert len(rows) == 2 * many + 2
    assert rows["hub", "a1"]["payer_new_payees_30"] == many
    assert rows["hub", "a1"]["payer_new_payers_30"] == many
    assert rows["a1", "hub"]["downstream_30"] == 0
    assert rows["a1", "hub"]["cycle_30"] is None
    assert (rows["x", "y"]["downstream_30"], rows["y", "z"]["upstream_30"]) == (1, 1)


def test_switched_off_searches_leave_their_columns_out():
    given_ = NetworkSettings(windows=(2,), horizon_days=6, cycles=False, rank=False)
    names = network({DAY: partial(["a"], ["b"])}, DAY, given_, history_days=1).table.column_names
    assert not [name for name in names if name.startswith("cycle") or name.endswith("rank")]
