"""The landing contract: refused tables, and the normal form of accepted ones."""

import datetime as dt
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aml_assets.core.tables import contracts
from aml_assets.errors import InputError
from aml_assets.settings.load import Settings
from aml_assets.settings.table_settings import STR
from aml_assets_tests.core.samples import (
    DAY,
    NOON,
    accounts,
    check,
    customers,
    reports,
    transactions,
)

CANARY = "Kanarienvogel"
NUMBER = 987654321.125
"""What no error may repeat: a text and a number that stand in the refused tables."""

LABELS = "outside {0, 1, null}"
TYPE = "has type"
LARGE = "infinite or absurdly large"
UTF8 = "holds bytes that are not UTF-8"


def nested(value, type_):
    return customers(1, 2, extra=pa.array([value, None], type_))


def latin_1(*texts):
    """Texts as they come when nobody converted them: Arrow takes any bytes."""
    data = [text.encode("latin-1") for text in texts]
    offsets = np.cumsum([0, *map(len, data)], dtype=np.int32)
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(b"".join(data))]
    return pa.Array.from_buffers(pa.string(), len(data), buffers)


def latin_1_dictionary(*texts):
    return pa.DictionaryArray.from_arrays(pa.array(range(len(texts)), pa.int32()), latin_1(*texts))


BAD = {
    "missing column": ("trx", {**transactions(1), "amount": None}, "amount", "missing"),
    "amount as text": ("trx", transactions(1, amount=[CANARY]), "amount", TYPE),
    "amount as boolean": ("trx", transactions(1, amount=[True]), "amount", TYPE),
    "timestamp as number": ("trx", transactions(1, timestamp=[NUMBER]), "timestamp", TYPE),
    "timestamp as text": ("trx", transactions(1, timestamp=[CANARY]), "timestamp", TYPE),
    "id not whole": ("trx", transactions(1, cust_id=[NUMBER]), "cust_id", TYPE),
    "id infinite": ("trx", transactions(1, cust_id=[float("inf")]), "cust_id", TYPE),
    "id beyond doubles": ("trx", transactions(1, cust_id=[2.0**53]), "cust_id", TYPE),
    "id beyond floats": (
        "trx",
        transactions(1, cust_id=pa.array([2.0**24], pa.float32())),
        "cust_id",
        TYPE,
    ),
    "id of 50 digits": (
        "trx",
        transactions(1, cust_id=pa.array([Decimal(10) ** 50], pa.decimal256(60, 0))),
        "cust_id",
        "38 digits",
    ),
    "id as boolean": ("trx", transactions(1, cust_id=[True]), "cust_id", TYPE),
    "id as date": ("trx", transactions(1, cust_id=[dt.date(2024, 1, 1)]), "cust_id", TYPE),
    "id as bytes": ("trx", transactions(1, cust_id=[CANARY.encode()]), "cust_id", TYPE),
    "null key": ("trx", transactions(1, 2, trx_id=["x", None]), "trx_id", "1 of 2 rows"),
    "null in a key of two": (
        "str",
        reports(1, 2, ins_id=pa.array([None, 1], pa.int64())),
        "ins_id",
        "null key",
    ),
    "NaN key": ("retail", {"cust_id": [1.0, float("nan")]}, "cust_id", "null key"),
    "duplicate key": ("retail", {"cust_id": [CANARY, "b", CANARY]}, "cust_id", "1 of 3 rows"),
    "label 2": ("str", reports(1, label=[2]), "label", LABELS),
    "label 0.5": ("str", reports(1, label=[0.5]), "label", LABELS),
    "label 300": ("str", reports(1, label=[300]), "label", LABELS),
    "label infinite": ("str", reports(1, label=[float("inf")]), "label", LABELS),
    "label decimal": ("str", reports(1, label=[Decimal("0.5")]), "label", LABELS),
    "label as text": ("str", reports(1, label=[CANARY]), "label", TYPE),
    "label as bytes": ("str", reports(1, label=[b"1"]), "label", TYPE),
    "label as date": ("str", reports(1, label=[dt.date(2024, 1, 1)]), "label", TYPE),
    "label as list": ("str", reports(1, label=[[1]]), "label", TYPE),
    "infinite amount": ("trx", transactions(1, amount=[float("-inf")]), "amount", LARGE),
    "large number": ("retail", customers(1, income=[NUMBER * 1e20]), "income", LARGE),
    "large decimal": (
        "retail",
        customers(1, income=[Decimal(10) ** 30]),
        "income",
        LARGE,
    ),
    "too wide decimal": (
        "retail",
        customers(1, income=pa.array([Decimal(10) ** 50], pa.decimal256(60, 2))),
        "income",
        "38 digits",
    ),
    "list": ("retail", nested([NUMBER], pa.list_(pa.float64())), "extra", "not supported"),
    "struct": ("retail", nested({"a": CANARY}, None), "extra", "not supported"),
    "map": (
        "retail",
        nested([(CANARY, 1)], pa.map_(pa.string(), pa.int64())),
        "extra",
        "not supported",
    ),
    "binary": ("retail", nested(CANARY.encode(), None), "extra", "not supported"),
    "time of day": ("retail", nested(dt.time(12), None), "extra", "not supported"),
    "reserved": ("str", reports(1, pred_score=[NUMBER]), "pred_score", "reserved"),
    "reserved in capitals": ("trx", transactions(1, Rank=[1]), "Rank", "reserved"),
    "reserved model_id": ("retail", customers(1, model_id=[CANARY]), "model_id", "reserved"),
    "doubled in another case": ("retail", customers(1, Cust_ID=[1]), "Cust_ID", "twice"),
    "text in Latin-1": ("retail", customers(1, city=latin_1(f"{CANARY}é")), "city", UTF8),
    "dictionary in Latin-1": (
        "retail",
        customers(1, city=latin_1_dictionary(f"{CANARY}é")),
        "city",
        UTF8,
    ),
    "id in Latin-1": ("retail", {"cust_id": latin_1(f"é{CANARY}")}, "cust_id", UTF8),
    "amount with a comma": ("trx", transactions(1, amount=["987,5"]), "amount", TYPE),
    "year beyond microseconds": (
        "trx",
        transactions(1, timestamp=pa.array([2**61], pa.timestamp("s", "UTC"))),
        "timestamp",
        "outside the years",
    ),
}


@pytest.mark.parametrize(("name", "columns", "column", "what"), BAD.values(), ids=BAD.keys())
def test_bad_input_is_one_error_with_its_place_and_remedy_and_no_value(name, columns, column, what):
    columns = {key: value for key, value in columns.items() if value is not None}
    with pytest.raises(InputError) as caught:
        check(name, **columns)
    error = caught.value
    assert (error.table, error.day, error.column) == (name, str(DAY), column)
    assert what in error.what
    assert error.remedy
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    for value in (CANARY, str(NUMBER), "987654321", str(2**53), str(2**61), "0" * 50):
        assert value not in str(error)


def test_a_name_that_stands_twice_is_refused():
    frame = pa.table([[1], ["a"], ["b"]], names=["cust_id", "name", "name"])
    with pytest.raises(InputError, match="column name: the name occurs twice"):
        contracts.check(frame, Settings().tables["retail"], name="retail", day=DAY)


def test_a_missing_column_is_named_with_what_landed_in_its_place():
    with pytest.raises(InputError, match=r"column cust_id: .* missing \(there is 'CUST ID'\)"):
        contracts.check(
            pa.table({"CUST ID": [1]}), Settings().tables["retail"], name="retail", day=DAY
        )


def test_a_time_of_day_is_no_nested_column_and_is_told_so():
    with pytest.raises(InputError, match="landed as a number or a text"):
        check("retail", **customers(1, extra=[dt.time(12)]))
    with pytest.raises(InputError, match="flattened upstream"):
        check("retail", **customers(1, extra=[[1]]))


def test_several_missing_columns_are_one_error():
    with pytest.raises(InputError, match="ins_id, label: the columns are missing"):
        check("str", trx_id=[1])


def test_a_forced_number_that_is_text_is_read_and_a_broken_one_is_never_quoted():
    settings = Settings.model_validate({"tables": {"retail": {"kinds": {"income": "numeric"}}}})
    table = check("retail", settings=settings, **customers(1, 2, 3, income=["1.5", None, "nan"]))
    assert table.table["income"].to_pylist() == [1.5, None, None]
    assert table.columns["income"].forced
    with pytest.raises(InputError) as caught:
        check("retail", settings=settings, **customers(1, income=[CANARY]))
    assert CANARY not in str(caught.value)


def test_the_configured_limit_holds_for_whole_numbers_too():
    settings = Settings.model_validate({"features": {"max_abs_number": 1000.0}})
    assert check("retail", settings=settings, **customers(1, age=[-1000]))
    with pytest.raises(InputError, match=r"column age: .*max_abs_number \(now 1000\)"):
        check("retail", settings=settings, **customers(1, age=[-1001]))


def test_a_missing_number_is_null_and_never_nan():
    table = check("retail", **customers(1, 2, income=[float("nan"), 2.5])).table
    assert table["income"].to_pylist() == [None, 2.5]
    half = pa.array([1.5, None], pa.float16())
    assert check("retail", **customers(1, 2, income=half)).table["income"].to_pylist() == [
        1.5,
        None,
    ]


def test_a_decimal_keeps_its_digits_in_the_one_width_the_engine_knows():
    wide = pa.array([Decimal("12345678901234567.89")], pa.decimal256(60, 2))
    column = check("trx", **transactions(1, amount=wide)).table["amount"]
    assert column.type == pa.decimal128(38, 2)
    assert column.to_pylist() == [Decimal("12345678901234567.89")]


def test_a_zoned_time_becomes_the_wall_clock_of_the_configured_zone():
    zoned = pa.array([dt.datetime.fromisoformat("2024-03-05T23:30")], pa.timestamp("ms", "UTC"))
    settings = Settings.model_validate({"partitions": {"time_zone": "Europe/Berlin"}})
    column = check("trx", settings=settings, **transactions(1, timestamp=zoned)).table["timestamp"]
    assert column.type == pa.timestamp("us")
    assert column.to_pylist() == [dt.datetime.fromisoformat("2024-03-06T00:30")]


def test_times_are_cut_to_microseconds_and_dates_stay_dates():
    nanoseconds = pa.array([1_709_640_000_000_000_999], pa.timestamp("ns"))
    table = check("trx", **transactions(1, timestamp=nanoseconds)).table
    assert table["timestamp"].cast(pa.int64()).to_pylist() == [1_709_640_000_000_000]
    days = check("retail", **customers(1, born=pa.array([dt.date(1980, 1, 2)], pa.date64()))).table
    assert days["born"].type == pa.date32()
    assert days["born"].to_pylist() == [dt.date(1980, 1, 2)]


def test_a_time_forced_from_text_may_have_an_offset_or_none():
    tables = {"tables": {"trx": {"kinds": {"timestamp": "time"}}}}
    settings = Settings.model_validate(tables | {"partitions": {"time_zone": "Europe/Berlin"}})
    for texts, hours in (
        (["2024-03-05T12:00:00", "2024-03-05 13:00"], [12, 13]),
        (["2024-03-05T12:00:00Z", "2024-03-05T12:00:00-01:00"], [13, 14]),
    ):
        column = check("trx", settings=settings, **transactions(1, 2, timestamp=texts)).table
        assert [value.hour for value in column["timestamp"].to_pylist()] == hours
    for texts in ([CANARY, None], ["2024-03-05T12:00:00", "2024-03-05T12:00:00Z"]):
        with pytest.raises(InputError, match="an ISO timestamp in every row") as caught:
            check("trx", settings=settings, **transactions(1, 2, timestamp=texts))
        assert CANARY not in str(caught.value)


def test_a_landed_dictionary_loses_the_values_that_no_row_uses():
    landed = pa.DictionaryArray.from_arrays(
        pa.array([2, 0, 2], pa.int8()), pa.array(["z", CANARY, "a"], pa.large_string())
    )
    checked = check("retail", **customers(1, 2, 3, segment=landed))
    column = checked.table["segment"].combine_chunks()
    assert column.dictionary.to_pylist() == ["a", "z"]
    assert column.to_pylist() == ["a", "z", "a"]
    assert (checked.columns["segment"].values, checked.columns["segment"].distinct) == (3, 2)


def test_an_excluded_column_is_never_looked_at():
    settings = Settings.model_validate({"tables": {"retail": {"exclude": ["blob", "CUST_ID"]}}})
    columns = customers(1, blob=[b"x"], CUST_ID=[2])
    assert check("retail", settings=settings, **columns).table.column_names == ["cust_id"]


def test_kinds_can_be_forced():
    kinds = {
        "branch": "category",
        "branch_with_nulls": "category",
        "active": "boolean",
        "since": "time",
        "partner": "id",
        "note": "text",
    }
    settings = Settings.model_validate({"tables": {"retail": {"kinds": kinds}}})
    checked = check(
        "retail",
        settings=settings,
        **customers(
            1,
            2,
            branch=[17, 4],
            branch_with_nulls=[17.0, None],
            active=[1, 0],
            since=["2020-01-01T10:00:00", None],
            partner=[8.0, None],
            note=["hello", "hello"],
        ),
    )
    assert {name: checked.columns[name].kind for name in kinds} == kinds
    rows = checked.table.to_pylist()
    assert rows[0] == {
        "cust_id": 1,
        "branch": "17",
        "branch_with_nulls": "17",
        "active": True,
        "since": dt.datetime.fromisoformat("2020-01-01T10:00"),
        "partner": 8,
        "note": "hello",
    }
    for column, values in {
        "branch": [1.5],
        "active": [2],
        "since": [CANARY],
        "partner": [0.5],
    }.items():
        with pytest.raises(InputError) as caught:
            check("retail", settings=settings, **customers(1, **{column: values}))
        assert caught.value.column == column
        assert CANARY not in str(caught.value)


def test_a_column_without_a_value_takes_the_kind_of_its_role():
    nulls = dict.fromkeys(("cust_id", "amount", "timestamp", "channel"), pa.nulls(1))
    checked = check("trx", **transactions(1, **nulls))
    kinds = {name: checked.columns[name].kind for name in nulls}
    assert kinds == {
        "cust_id": "id",
        "amount": "numeric",
        "timestamp": "time",
        "channel": "category",
    }


@pytest.mark.parametrize("name", ["trx", STR, "retail", "corporate", "account"])
def test_an_empty_day_is_a_table_with_its_needed_columns_and_no_row(name):
    settings = Settings()
    spec = settings.tables[name]
    empty = contracts.empty(spec, settings.join_columns(name))
    checked = contracts.check(
        empty, spec, name=name, day=DAY, join_columns=settings.join_columns(name)
    )
    assert checked.table.num_rows == 0
    assert set(checked.columns) == set(spec.required) | set(settings.join_columns(name))
    assert all(column.type != pa.null() for column in checked.table.columns)


ROWS = st.lists(
    st.tuples(
        st.integers(0, 1000),
        st.sampled_from(["x", "y", "z", None]),
        st.floats(-1e6, 1e6) | st.none(),
    ),
    unique_by=lambda row: row[0],
    max_size=12,
)


@given(rows=ROWS, data=st.data())
def test_equal_content_is_an_equal_table_in_any_order_and_split(rows, data):
    def landed(ordered, split):
        parts = [ordered[:split], ordered[split:]]
        schema = pa.schema({"cust_id": pa.int64(), "segment": pa.string(), "income": pa.float64()})
        return pa.concat_tables(
            [
                pa.table(
                    [pa.array([row[n] for row in part], f.type) for n, f in enumerate(schema)],
                    schema=schema,
                )
                for part in parts
            ]
        )

    spec = Settings().tables["retail"]
    shuffled = data.draw(st.permutations(rows))
    split = data.draw(st.integers(0, len(rows)))
    one = contracts.check(landed(rows, len(rows)), spec, name="retail", day=DAY)
    other = contracts.check(landed(shuffled, split), spec, name="retail", day=DAY)
    assert one.table.equals(other.table)
    assert one.columns == other.columns
    assert one.table["cust_id"].to_pylist() == sorted(row[0] for row in rows)


def test_a_key_may_have_a_name_that_arrow_reads_as_a_path():
    settings = Settings.model_validate(
        {"tables": {"account": {"roles": {"account_id": ".id"}, "key": [".id"]}}}
    )
    table = check("account", settings=settings, **{".id": [2, 1], "kind": ["b", "a"]}).table
    assert table.to_pylist() == [{".id": 1, "kind": "a"}, {".id": 2, "kind": "b"}]


def test_the_checked_table_tells_what_it_knows_of_each_column():
    checked = check("account", **accounts(1, 2, 3, kind=["a", "a", None], opened=[NOON] * 3))
    assert checked.columns["kind"].as_dict() == {
        "table": "account",
        "source": "kind",
        "kind": "category",
        "values": 2,
        "distinct": 1,
        "forced": False,
    }
    assert checked.columns["opened"].values is None


def test_a_column_forced_to_a_kind_may_come_and_go():
    kinds = {"partner": "id", "segment": "category"}
    settings = Settings.model_validate({"tables": {"retail": {"kinds": kinds}}})
    assert list(check("retail", settings=settings, **customers(1)).columns) == ["cust_id"]


def test_a_saved_index_is_carried_along_and_is_no_feature_unless_its_kind_is_set():
    columns = customers(1, 2, **{"Unnamed: 0": [0, 1], "": ["a", "b"], "row": [5, 6]})
    settings = Settings()
    table = pa.table(columns)

    def kinds(spec):
        named = contracts.check(table, spec, name="retail", day=DAY, index_columns=["row"])
        assert named.table.column_names == table.column_names
        return {name: column.kind for name, column in named.columns.items()}

    spec = settings.tables["retail"]
    index = dict.fromkeys(["Unnamed: 0", "", "row"], "index")
    assert kinds(spec) == {"cust_id": "id", **index}
    assert contracts.check(table, spec, name="retail", day=DAY).index_columns == ["Unnamed: 0", ""]
    set_ = spec.model_copy(update={"kinds": {"row": "numeric"}})
    assert kinds(set_) == {"cust_id": "id", **index, "row": "numeric"}
    # What a join needs is no mere number of rows, whatever pandas took it for.
    keyed = contracts.check(table, spec, name="retail", day=DAY, index_columns=["cust_id"])
    assert keyed.columns["cust_id"].kind == "id"
