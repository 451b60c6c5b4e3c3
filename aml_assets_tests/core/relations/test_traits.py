"""Traits: round amounts, amounts below a threshold, night, weekend and the bank's own marks."""

import datetime as dt
from decimal import Decimal

import pyarrow as pa
import pytest

from aml_assets.core.relations.movements import MONEY
from aml_assets.core.relations.traits import (
    have_time_of_day,
    refuse_missing_marks,
    trait_columns,
    trait_names,
    traits,
)
from aml_assets.errors import InputError
from aml_assets.settings.feature_settings import BehaviourSettings
from aml_assets.settings.table_settings import TRX, TableSettings, with_default_tables

DAY = dt.date(2024, 3, 8)  # a Friday


def spec(**roles) -> TableSettings:
    return TableSettings.model_validate(with_default_tables({TRX: {"roles": roles}})[TRX])


def at(*hours, days=0):
    start = dt.datetime.combine(DAY + dt.timedelta(days), dt.time())
    times = [None if each is None else start + dt.timedelta(hours=each) for each in hours]
    return pa.chunked_array([pa.array(times, pa.timestamp("us"))])


def found(trx, amounts=None, **settings):
    amounts = [None] * trx.num_rows if amounts is None else [Decimal(each) for each in amounts]
    money = pa.chunked_array([pa.array(amounts, MONEY)])
    timed = have_time_of_day([trx.column("timestamp")])
    read = traits(trx, money, spec(), BehaviourSettings(**settings), timed=timed)
    return {name: values.to_pylist() for name, values in read.items()}


def test_an_amount_is_round_if_it_is_a_multiple_and_just_below_within_a_share_of_a_threshold():
    amounts = ["0", "300", "-300", "300.0001", "9999.9999", "9000", "8999.9999", "10000"]
    read = found(pa.table({"timestamp": at(*range(8))}), amounts, threshold=10_000)
    assert read["round"] == [False, True, True, False, False, True, False, True]
    assert read["below_threshold"] == [*[False] * 4, True, True, False, False]
    read = found(pa.table({"timestamp": at(*range(8))}), amounts, round_to="0.0002")
    assert read["round"] == [False, True, True, False, False, True, False, True]


def test_night_goes_past_midnight_or_not_and_a_time_that_is_missing_is_neither():
    trx = pa.table({"timestamp": at(0, 5, 6, 21, 22, None)})
    assert found(trx)["night"] == [True, True, False, False, True, None]
    assert found(trx, night=(0, 6))["night"] == [True, True, False, False, False, None]


def test_a_day_without_a_time_of_day_has_no_night():
    assert found(pa.table({"timestamp": at(0, 0)}))["night"] == [None, None]
    dates = pa.table({"timestamp": pa.array([DAY, None])})
    assert found(dates) == {"round": [None, None], "night": [None, None], "weekend": [False, None]}


@pytest.mark.parametrize(("days", "weekend"), [(0, False), (1, True), (2, True), (3, False)])
def test_the_weekend_is_saturday_and_sunday(days, weekend):
    assert found(pa.table({"timestamp": at(12, days=days)}))["weekend"] == [weekend]


def test_a_mark_is_a_value_of_a_column_whatever_its_type():
    trx = pa.table(
        {
            "timestamp": at(1, 2, 3),
            "channel": pa.array(["atm", "web", None]).dictionary_encode(),
            "abroad": [None, True, False],
            "code": pa.array([7, 8, 7], pa.int32()),
        }
    )
    marks = {
        "cash": {"channel": ["atm", "counter"]},
        "cross_border": {"abroad": ["true"]},
        "odd": {"code": ["8"], "channel": ["atm"]},
    }
    read = found(trx, marks=marks)
    assert [read[name] for name in marks] == [
        [True, False, False],
        [False, True, False],
        [True, True, False],
    ]
    settings = BehaviourSettings.model_validate({"marks": marks})
    assert trait_columns(spec(), settings) == ["timestamp", "channel", "abroad", "code"]
    with pytest.raises(InputError, match=r"marks\.odd names this column.*missing"):
        refuse_missing_marks(["channel", "abroad"], settings, DAY)


def test_the_traits_follow_from_roles_and_settings_alone():
    settings = BehaviourSettings(threshold=Decimal(10_000))
    assert trait_names(spec(), settings) == ("round", "below_threshold", "night", "weekend")
    assert trait_names(spec(timestamp=None), settings) == ("round", "below_threshold")
    assert trait_names(spec(timestamp=None, amount=None), settings) == ()
