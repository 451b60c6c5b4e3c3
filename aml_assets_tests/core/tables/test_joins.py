"""The merged frame: its rows, names, types and errors, for any order of rows and any names."""

from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aml_assets.core.days import ONE_DAY
from aml_assets.core.tables import look_back
from aml_assets.core.tables.contracts import CheckedTable
from aml_assets.errors import InputError
from aml_assets.settings.load import Settings
from aml_assets_tests.core.samples import (
    DAY,
    NOON,
    accounts,
    check,
    customers,
    five,
    merge,
    reports,
    transactions,
)


def test_five_tables_become_one_row_per_report_in_order_of_the_key():
    merged = merge(five())
    assert merged.table.to_pylist() == [
        {
            "trx_id": 1,
            "ins_id": 1,
            "label": None,
            "score": 0.25,
            "cust_id": 10,
            "account_id": 7,
            "target_cust_id": 20,
            "target_account_id": 8,
            "amount": 100.0,
            "timestamp": NOON,
            "trx_kind": "wire",
            "trx_day": DAY,
            "retail_name": "Ada",
            "segment": "b",
            "corporate_name": None,
            "account_kind": "current",
            "event_day": DAY,
        },
        {
            "trx_id": 2,
            "ins_id": 1,
            "label": 0,
            "score": 0.75,
            "cust_id": None,
            "account_id": 8,
            "target_cust_id": 20,
            "target_account_id": 7,
            "amount": 200.0,
            "timestamp": NOON,
            "trx_kind": "cash",
            "trx_day": DAY,
            "retail_name": None,
            "segment": None,
            "corporate_name": None,
            "account_kind": "savings",
            "event_day": DAY,
        },
        {
            **dict.fromkeys(merged.table.column_names),
            "trx_id": 3,
            "ins_id": 1,
            "label": 1,
            "score": 0.5,
            "event_day": DAY,
        },
    ]
    assert merged.matched == {"trx": 2, "retail": 1, "corporate": 0, "account": 2}


def test_each_merged_column_knows_its_table_and_its_own_name():
    columns = merge(five()).columns
    assert (columns["trx_kind"].table, columns["trx_kind"].source) == ("trx", "kind")
    assert (columns["account_kind"].table, columns["account_kind"].kind) == ("account", "category")
    assert columns["retail_name"].distinct == 2
    assert columns["event_day"].kind == "day"


def test_types_survive_the_join():
    schema = merge(five()).table.schema
    assert schema.field("label").type == pa.int8()
    assert schema.field("segment").type == pa.dictionary(pa.int32(), pa.string())
    assert schema.field("timestamp").type == pa.timestamp("us")
    assert schema.field("trx_day").type == pa.date32()


def test_an_id_stays_an_id_under_a_prefix():
    kinds = {"tables": {"retail": {"kinds": {"partner": "id"}}}}
    config = Settings.model_validate(kinds)
    tables = five(
        retail=customers(10, partner=[4]), corporate=customers(20, partner=["a partner's name"])
    )
    columns = merge(tables, config).columns
    assert columns["retail_partner"].kind == "id"
    assert columns["corporate_partner"].kind == "category"


def test_the_reports_key_and_label_keep_their_names_against_other_tables():
    tables = five(
        trx=transactions(1, ins_id=[5], label=["x"]), retail=customers(10, account_id=[3])
    )
    names = merge(tables).table.column_names
    assert names[:3] == ["trx_id", "ins_id", "label"]
    assert {"trx_ins_id", "trx_label", "account_id", "retail_account_id"} <= set(names)


def test_columns_that_differ_only_in_case_are_told_apart_by_their_table():
    tables = five(retail=customers(10, Segment=["a"]), corporate=customers(20, sEGMENT=["b"]))
    names = merge(tables).table.column_names
    assert {"retail_Segment", "corporate_sEGMENT"} <= set(names)


def test_two_merged_columns_of_one_name_are_refused():
    tables = five(
        str=reports(1, retail_name=["x"]),
        retail=customers(10, name=["a"]),
        corporate=customers(20, name=["b"]),
    )
    with pytest.raises(InputError, match="two columns of the merged frame"):
        merge(tables)


ODD = [
    "a space",
    'a "quoted" name',
    "it's",
    "select",
    "größe",
    "名前",
    "semi;colon --",
    "{{ jinja }}",
    "trx",
    "retail.name",
    ".dot",
    "[0]",
    "matched trx",
    "position",
    "rowid",
]


def test_any_name_is_a_column_name():
    tables = five(retail=customers(10, **{name: [f"value of {name}"] for name in ODD}))
    row = merge(tables).table.to_pylist()[0]
    assert {name: row[name] for name in ODD} == {name: f"value of {name}" for name in ODD}


@pytest.mark.parametrize("name", ODD)
def test_any_name_joins_and_looks_back(name):
    config = Settings.model_validate(
        {
            "tables": {
                "str": {"roles": {"trx_id": name}},
                "trx": {"roles": {"trx_id": name, "cust_id": f"{name} 2"}},
            }
        }
    )
    ours = check("str", settings=config, **{name: [1, 2], "ins_id": [1, 1], "label": pa.nulls(2)})

    def day_of(number):
        columns = transactions(number)
        columns[name], columns[f"{name} 2"] = columns.pop("trx_id"), columns.pop("cust_id")
        return check("trx", settings=config, **columns)

    def lookup(wanted):
        past = day_of(1)
        rows = look_back.matching_rows(past.table.select([name]), wanted, day=DAY - ONE_DAY)
        return CheckedTable(past.table.take(rows), past.columns)

    both = look_back.look_back(
        ours, day_of(2), config.joins[0], day=DAY, earlier=[(DAY - ONE_DAY, lookup)]
    )
    tables = {**five(), "str": ours, "trx": both}
    merged = merge(tables, config)
    assert merged.table["trx_day"].to_pylist() == [DAY - ONE_DAY, DAY]


def test_a_right_side_that_repeats_its_join_columns_is_refused_with_a_count():
    config = Settings.model_validate(
        {
            "tables": {
                "retail": {"key": ["row"], "roles": {"cust_id": "cust_id"}},
            }
        }
    )
    tables = five(retail=customers(10, 10, 11, 11, 11, 12, row=range(6)))
    with pytest.raises(InputError) as caught:
        merge(tables, config)
    error = caught.value
    assert (error.table, error.day, error.column) == ("retail", str(DAY), "cust_id")
    assert "2 values" in error.what
    assert "one of them in 3" in error.what
    null_customers = customers(None, None, 10, row=range(3))
    assert merge(five(retail=null_customers), config).matched["retail"] == 1


def test_join_columns_of_different_types_are_refused_by_name():
    tables = five(retail=customers(name=["x"]) | {"cust_id": ["10"]})
    with pytest.raises(InputError) as caught:
        merge(tables)
    error = caught.value
    assert (error.table, error.column) == ("retail", "cust_id")
    assert error.what.startswith("retail.cust_id has type string and trx.cust_id has type int64")
    assert "tables.trx.kinds: {cust_id: text}" in (error.remedy or "")
    as_text = {"tables": {"trx": {"kinds": {"cust_id": "text"}}, "corporate": None}}
    del tables["corporate"]
    assert merge(tables, Settings.model_validate(as_text)).matched["retail"] == 1


def test_whole_numbers_meet_whatever_their_size_and_type():
    large = 2**63 + 10
    tables = five(
        trx=transactions(
            1,
            2,
            cust_id=pa.array([large, 11], pa.uint64()),
            account_id=pa.array([Decimal(7), Decimal(10) ** 30], pa.decimal128(38, 0)),
        ),
        retail=customers(10, 11, name=["Ada", "Bo"])
        | {"cust_id": pa.array([large, 11], pa.decimal128(38, 0)), "born": [1, 2]},
    )
    merged = merge(tables)
    assert dict(merged.matched) == {"trx": 2, "retail": 2, "corporate": 0, "account": 1}
    rows = {row["trx_id"]: row for row in merged.table.to_pylist()}
    assert [rows[n]["cust_id"] for n in (1, 2, 3)] == [large, 11, None]
    assert [rows[n]["born"] for n in (1, 2, 3)] == [1, 2, None]


def test_columns_may_have_any_name_that_a_file_can_hold():
    odd = ["", " ", "a.b", '"', "'; --", "two\nlines", "\0", "%s", "matched trx", "0", "é"]
    found = merge(five(retail=customers(10, **{name: ["x"] for name in odd}))).table
    assert [name for name in found.column_names if name in odd] == odd
    assert all(found[name].drop_null().to_pylist() == ["x"] for name in odd)


def test_an_empty_side_has_no_type_to_disagree_with():
    tables = five(retail={"cust_id": pa.nulls(0)}, corporate={"cust_id": pa.array([], pa.string())})
    assert merge(tables).matched["retail"] == 0
    no_transactions = {name: pa.nulls(0) for name in transactions()}
    merged = merge(five(trx=no_transactions))
    assert merged.table.num_rows == 3
    assert merged.table["amount"].null_count == 3
    no_reports = {name: pa.nulls(0) for name in reports()}
    assert merge(five(str=no_reports)).table.num_rows == 0


IDS = st.none() | st.integers(0, 6)


@st.composite
def banks(draw):
    """Five tables in rows: ids often null, often unknown, right sides unique."""

    def unique(columns):
        rows = st.tuples(st.integers(0, 6), *columns)
        return draw(st.lists(rows, unique_by=lambda row: row[0], max_size=7))

    pairs = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 2)), unique=True, max_size=8)
    return {
        "str": [(*pair, draw(st.sampled_from(["x", "y", None]))) for pair in draw(pairs)],
        "trx": unique([IDS, IDS, st.sampled_from(["x", "z", None])]),
        "retail": unique([st.sampled_from(["p", "q", None])]),
        "corporate": unique([st.sampled_from(["r", "p"])]),
        "account": unique([st.none() | st.floats(-1, 1)]),
    }


def naive(bank):
    """The join as one would do it by hand, row by row."""
    found = {name: {row[0]: row[1:] for row in rows} for name, rows in bank.items()}
    rows = []
    for trx_id, ins_id, reason in sorted(bank["str"], key=lambda row: row[:2]):
        cust_id, account_id, channel = found["trx"].get(trx_id, (None, None, None))
        rows.append(
            {
                "trx_id": trx_id,
                "ins_id": ins_id,
                "str_reason": reason,
                "cust_id": cust_id,
                "account_id": account_id,
                "trx_reason": channel,
                "retail_name": found["retail"].get(cust_id, (None,))[0],
                "corporate_name": found["corporate"].get(cust_id, (None,))[0],
                "balance": found["account"].get(account_id, (None,))[0],
                "trx_day": DAY if trx_id in found["trx"] else None,
            }
        )
    return rows


@settings(deadline=None, max_examples=40)
@given(banks())
def test_the_join_is_what_one_would_do_by_hand(bank):
    def columns(rows, size):
        return list(zip(*rows, strict=True)) if rows else [()] * size

    trx_ids, ins_ids, reasons = columns(bank["str"], 3)
    ids, cust_ids, account_ids, channels = columns(bank["trx"], 4)
    merged = merge(
        {
            "str": reports(*trx_ids, ins_id=ins_ids, reason=pa.array(reasons, pa.string())),
            "trx": transactions(
                *ids,
                cust_id=pa.array(cust_ids, pa.int64()),
                account_id=pa.array(account_ids, pa.int64()),
                reason=pa.array(channels, pa.string()),
            ),
            **{
                name: customers(*keys, name=pa.array(names, pa.string()))
                for name in ("retail", "corporate")
                for keys, names in [columns(bank[name], 2)]
            },
            "account": accounts(
                *columns(bank["account"], 2)[0],
                balance=pa.array(columns(bank["account"], 2)[1], pa.float64()),
            ),
        }
    )
    expected = naive(bank)
    names = list(expected[0]) if expected else ["trx_id"]
    assert merged.table.select(names).to_pylist() == expected
    assert merged.matched["trx"] == sum(row["trx_day"] is not None for row in expected)
