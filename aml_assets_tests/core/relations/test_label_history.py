"""Label history: confirmed reports of an account and of those that it deals with, known by then."""

import datetime as dt
from typing import Any

import pyarrow as pa
import pytest

from aml_assets.core.days import ONE_DAY
from aml_assets.core.model.labels import Ripeness
from aml_assets.core.relations.label_history import (
    DECIDED_AT,
    LabelHistoryFrame,
    label_history,
)
from aml_assets.core.tables.values import WHOLE
from aml_assets.errors import InputError

DAY = dt.date(2024, 3, 10)


def before(number: int) -> dt.date:
    return DAY - number * ONE_DAY


def pairs(*found: tuple[Any, Any], type_: pa.DataType | None = None) -> pa.Table:
    payers, payees = (pa.array(each, type_ or pa.string()) for each in zip(*found, strict=True))
    ones = pa.array([1] * len(found), pa.int64())
    return pa.table({"payer": payers, "payee": payees, "payments": ones})


def reports(*found: tuple[int, str | None, str | None, int | None], **more: object) -> pa.Table:
    keys, payers, payees, labels = zip(*found, strict=True)
    columns = {
        "key_1": pa.array(keys, pa.int64()),
        "payer": pa.array(payers, pa.string()),
        "payee": pa.array(payees, pa.string()),
        "label": pa.array(labels, pa.int8()),
    }
    return pa.table({**columns, **more})


TODAY = pairs(("a", "b"), ("c", "d"))


def history(
    of: dict[dt.date, pa.Table],
    *,
    earlier: dict[dt.date, pa.Table] | None = None,
    ripeness: Ripeness | None = None,
    today: pa.Table = TODAY,
) -> LabelHistoryFrame:
    ripeness = ripeness or Ripeness(DAY)
    moved = {DAY: today, **(earlier or {})}
    return label_history(of, moved, ripeness, key=["key_1"], is_short=False)


def rows(frame: LabelHistoryFrame) -> dict[Any, tuple[object, ...]]:
    return {
        row["account"]: (
            row["confirmed"],
            row["confirmed_age"],
            row["near_confirmed"],
            row["near_share"],
        )
        for row in frame.table.to_pylist()
    }


def test_an_account_and_those_it_deals_with_have_their_confirmed_reports():
    found = history(
        {
            before(5): reports((1, "a", "x", 1), (2, "c", "d", 0), (3, "d", "d", 1)),
            before(2): reports((4, "y", "a", 1), (5, None, None, 1), (6, "c", None, None)),
        },
        earlier={before(7): pairs(("b", "e"), ("x", "b"))},
    )
    # x stands in a confirmed report, too, and has dealt with b, who is no account of x's day.
    assert rows(found) == {
        "a": (2, 2, 0, 0.0),
        "b": (0, None, 2, 2 / 3),
        "c": (0, None, 1, 1.0),
        "d": (1, 5, 0, 0.0),
    }
    assert found.confirmed == 4
    assert found.columns.keys() == set(found.table.column_names)


def test_a_report_counts_once_and_by_its_newest_known_decision():
    contents = {before(5): reports((1, "a", "b", 1)), before(2): reports((1, "a", "b", 0))}
    assert rows(history(contents))["a"][0] == 0
    turned = {before(5): reports((1, "a", "b", 0)), before(2): reports((1, "a", "b", 1))}
    assert rows(history(turned))["a"][:2] == (1, 2)


@pytest.mark.parametrize(("age", "confirmed"), [(29, 0), (30, 1), (31, 1)])
def test_what_is_not_mature_is_not_known(age: int, confirmed: int):
    contents = {before(age): reports((1, "a", "b", 1))}
    assert rows(history(contents, ripeness=Ripeness(DAY, 30)))["a"][0] == confirmed


@pytest.mark.parametrize(("decided", "confirmed"), [(-1, 0), (0, 1), (3, 1)])
def test_a_decision_counts_from_its_own_day_on(decided: int, confirmed: int):
    at = pa.array([before(decided)], pa.date32())
    contents = {before(5): reports((1, "a", "b", 1), **{DECIDED_AT: at})}
    known = history(contents, ripeness=Ripeness(DAY, 30, DECIDED_AT))
    assert rows(known)["a"][0] == confirmed


def test_without_a_confirmed_report_or_a_pair_there_is_nothing_to_say():
    nothing = rows(history({before(1): reports((1, "a", "b", 0))}))
    assert set(nothing.values()) == {(0, None, 0, 0.0)}
    assert rows(history({}, today=TODAY.slice(0, 0))) == {}


def test_numbers_of_two_widths_are_one_account_and_texts_are_refused_by_name():
    wide = reports((1, None, None, 1)).set_column(1, "payer", pa.array([7], WHOLE))
    wide = wide.set_column(2, "payee", pa.array([None], WHOLE))
    today = pairs((7, 8), type_=pa.int64())
    assert rows(history({before(1): wide}, today=today))[7][0] == 1
    with pytest.raises(InputError, match="payer, payee"):
        history({before(1): reports((1, "a", "b", 1))}, today=today)


def test_a_day_whose_reports_name_no_account_takes_the_type_of_the_others():
    numbered = reports((1, None, None, 1)).set_column(1, "payer", pa.array([7], pa.int64()))
    numbered = numbered.set_column(2, "payee", pa.array([None], pa.int64()))
    unnamed = reports((2, None, None, 1))
    found = history(
        {before(2): numbered, before(1): unnamed}, today=pairs((7, 8), type_=pa.int64())
    )
    assert rows(found)[7][0] == 1
