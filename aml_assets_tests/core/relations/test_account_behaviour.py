"""Behaviour: features equal a plain reading of their definitions, and odd payments break none."""

import datetime as dt
from collections import defaultdict
from decimal import Decimal
from statistics import mean, pstdev

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from aml_assets.core.relations.account_behaviour import FLOWS, behaviour
from aml_assets.core.relations.history import SHORT_HISTORY
from aml_assets.core.relations.movements import movements
from aml_assets.core.relations.partials import account_day
from aml_assets.core.relations.traits import have_time_of_day, trait_names, traits
from aml_assets.errors import InputError
from aml_assets.settings.feature_settings import BehaviourSettings
from aml_assets.settings.table_settings import TRX, TableSettings, with_default_tables

SPEC = TableSettings.model_validate(with_default_tables({})[TRX])
DAY = dt.date(2024, 3, 5)
SMALL = BehaviourSettings(windows=(1, 3), horizon_days=5)
TYPES = {"account_id": pa.string(), "target_account_id": pa.string(), "amount": pa.float64()}


def day_before(days: int) -> dt.date:
    return DAY - dt.timedelta(days)


def partial(rows, day=DAY, given_=SMALL):
    """Of rows (payer, payee, amount); an account in capitals is no customer's."""
    columns = {
        name: pa.array([row[place] for row in rows], type_)
        for place, (name, type_) in enumerate(TYPES.items())
    }
    for side, customer in (("account_id", "cust_id"), ("target_account_id", "target_cust_id")):
        ours = [each if each and each.islower() else None for each in columns[side].to_pylist()]
        columns[customer] = pa.array(ours, pa.string())
    late = [dt.datetime.combine(day, dt.time(23))] * len(rows)
    columns["timestamp"] = pa.array(late, pa.timestamp("us"))
    table = pa.table(columns)
    moved = movements(table, SPEC, day)
    timed = have_time_of_day([table.column("timestamp")])
    return account_day(moved, traits(table, moved.table["amount"], SPEC, given_, timed=timed))


def features(rows, given_=SMALL, known=None):
    """Account → features, of rows (days ago, payer, payee, amount)."""
    partials = {
        day_before(ago): partial([row[1:] for row in rows if row[0] == ago], day_before(ago)).table
        for ago in {0, *(row[0] for row in rows)}
    }
    known = given_.horizon_days if known is None else known
    names = trait_names(SPEC, given_)
    frame = behaviour(partials, DAY, given_, traits=names, history_days=known)
    assert list(frame.columns) == frame.table.column_names
    listed = frame.table.to_pylist()
    assert [row["account"] for row in listed] == sorted({row["account"] for row in listed})
    return {row.pop("account"): row for row in listed}


# -- a plain reading of the definitions ----------------------------------------------------


def moved_by_account(rows):
    """Account → its movements (days ago, flow, amount)."""
    found = defaultdict(list)
    for ago, payer, payee, amount in rows:
        if payer == payee:
            continue
        ours = [bool(each) and each.islower() for each in (payer, payee)]
        if ours[0]:
            found[payer].append((ago, "sent" if ours[1] else "sent_outside", amount))
        if ours[1]:
            found[payee].append((ago, "received" if ours[0] else "received_outside", amount))
    return found


def read_plainly(moves):
    found = {}
    for name, *_ in FLOWS:
        mine = [(ago, amount) for ago, flow, amount in moves if flow == name]
        for window in (1, 3):
            amounts = [amount for ago, amount in mine if ago < window]
            known = [each for each in amounts if each is not None]
            found[f"{name}_{window}"] = len(amounts)
            total = float(sum(map(Decimal, map(str, known)))) if known or not amounts else None
            found[f"{name}_total_{window}"] = total
        now = [amount for ago, amount in mine if not ago and amount is not None]
        usual = [amount for ago, amount in mine if ago and amount is not None]
        deviation = pstdev(usual) if len(usual) > 1 else None
        found[f"{name}_usual"] = mean(usual) if usual else None
        found[f"{name}_deviation"] = deviation
        found[f"{name}_largest"] = max(usual, default=None)
        unusual = (mean(now) - mean(usual)) / deviation if now and deviation else None
        found[f"{name}_unusual"] = unusual
        found[f"{name}_gap"] = min((ago for ago, _ in mine if ago), default=None)
    today = [(flow, amount or 0) for ago, flow, amount in moves if not ago]
    out, in_ = (
        sum(amount for flow, amount in today if flow.startswith(word))
        for word in ("sent", "received")
    )
    found["passed_on_1"] = min(out, in_) / max(out, in_) if out > 0 and in_ > 0 else 0
    shares = {"round": is_round, "night": is_late, "weekend": is_on_a_weekend}
    for name, has in shares.items():
        for window in (1, 3):
            told = [has(ago, amount) for ago, _, amount in moves if ago < window]
            known = [each for each in told if each is not None]
            found[f"{name}_share_{window}"] = sum(known) / len(told) if known else None
    return found


def is_round(_, amount):
    return None if amount is None else amount % 100 == 0 and amount != 0


def is_late(*_):
    return True


def is_on_a_weekend(ago, _):
    return day_before(ago).weekday() >= 5


account = st.sampled_from(["a", "b", "c", "X", None])
amount = st.one_of(st.none(), st.sampled_from([100.0, 12.5, 99.99, -3.0, 250.0, 1300.0]))


@example([(0, "a", "b", None), (1, "b", "a", None), (1, "b", "a", 100.0), (1, "b", "a", 100.0)])
@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), account, account, amount), max_size=30))
def test_features_equal_a_plain_reading_of_their_definitions(rows):
    moved = moved_by_account(rows)
    found = features(rows)
    assert sorted(found) == sorted(
        of for of, moves in moved.items() if not min(move[0] for move in moves)
    )
    for of, row in found.items():
        assert row.pop(SHORT_HISTORY) is False
        expected = read_plainly(moved[of])
        assert list(row) == list(expected)
        for name, value in row.items():
            wanted = expected[name]
            assert value == (wanted and pytest.approx(wanted, rel=1e-9, abs=1e-7)), (of, name)


@settings(max_examples=10, deadline=None)
@given(st.lists(st.tuples(account, account, amount), min_size=2, max_size=20), st.randoms())
def test_a_partial_is_the_same_whatever_the_order_of_rows(rows, random):
    assert partial(random.sample(rows, len(rows))).table.equals(partial(rows).table)


def test_the_outside_is_left_out_of_everything_where_it_is_switched_off():
    rows = [(0, "a", "X", 100.0), (1, "X", "a", 70.0), (0, "b", "X", 5.0), (0, "a", "b", 1.5)]
    found = features(rows, BehaviourSettings(windows=(1, 3), horizon_days=5, outside=False))
    assert not any("outside" in name for name in found["a"])
    assert (found["a"]["round_share_1"], found["b"]["passed_on_1"]) == (0, 0)
    assert sorted(found) == ["a", "b"]


def test_a_payment_to_itself_moves_nothing_and_an_unknown_account_is_nobodys():
    rows = [("a", "a", 5.0), ("a", None, 5.0), (None, "a", None)]
    found = partial(rows)
    counts = {"movements": 3, "to_itself": 1, "without_amount": 1, "accounts": 1}
    assert found.counts == counts
    listed = [(row["paid"], row["inside"], row["payments"]) for row in found.table.to_pylist()]
    assert listed == [(False, False, 1), (True, False, 1)]


def test_equal_amounts_have_no_deviation_and_no_amount_is_unusual_against_them():
    rows = [(ago, "a", "b", 1234.56) for ago in (1, 2, 3, 4)] + [(0, "a", "b", 9000.0)]
    row = features(rows)["a"]
    assert (row["sent_usual"], row["sent_deviation"], row["sent_unusual"]) == (1234.56, 0, None)


def test_an_enormous_amount_is_summed_exactly_and_its_deviation_is_bounded():
    rows = [(0, "a", "b", 1e19), (1, "a", "b", 1e19), (1, "a", "b", -1e19)]
    row = features(rows)["a"]
    assert (row["sent_total_1"], row["sent_total_3"], row["sent_usual"]) == (1e19, 1e19, 0)
    assert row["sent_deviation"] == pytest.approx(1e12)


@pytest.mark.parametrize(("known", "short"), [(4, True), (5, False)])
def test_a_short_history_is_flagged(known, short):
    assert features([(0, "a", "b", 1.0)], known=known)["a"][SHORT_HISTORY] is short


def test_a_day_on_which_nobody_moved_has_no_row():
    assert features([(1, "a", "b", 1.0)]) == {}


def test_ids_of_two_types_in_one_history_are_refused_by_day():
    text = partial([("a", "b", 1.0)]).table
    number = text.set_column(0, "account", pa.array([1, 2]))
    with pytest.raises(InputError, match=r"day 2024-03-04, column account: .* another"):
        behaviour(
            {DAY: text, day_before(1): number},
            DAY,
            SMALL,
            traits=trait_names(SPEC, SMALL),
            history_days=5,
        )
