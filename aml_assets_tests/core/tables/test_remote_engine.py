"""What a remote engine finds of a stored frame: the rows that are referred to, in its own types."""

from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aml_assets.core.tables.remote_engine import StoredFrame, rows_reached, sql_type
from aml_assets.core.tables.values import WHOLE
from aml_assets_tests.core.relations.embedded import Embedded

IDS = st.lists(st.none() | st.sampled_from(["a", "b", "c", ""]), max_size=6)


def reached(table: pa.Table, *references: dict[str, pa.Array]) -> pa.Table:
    stored = StoredFrame("t", table.schema)
    given_ = [
        {name: pa.chunked_array([each]) for name, each in reference.items()}
        for reference in references
    ]
    found = rows_reached(Embedded({"t": table}), stored, given_)
    assert found.schema.equals(table.schema)
    return found


@given(IDS, IDS, IDS, IDS)
def test_a_row_is_found_if_it_has_a_value_in_each_column_of_a_reference(one, other, left, right):
    size = min(len(one), len(other))
    ids = {"one": pa.array(one[:size], pa.string()), "the other": pa.array(other[:size])}
    ids["the other"] = ids["the other"].cast(pa.string()).dictionary_encode()
    table = pa.table({**ids, "row": pa.array(range(size), pa.uint8())})
    wanted, too = (pa.array(each, pa.string()) for each in (left, right))
    found = reached(table, {"one": wanted, "the other": too}, {"the other": wanted})
    expected = [
        row
        for row in table.to_pylist()
        if (row["one"] in {*left} - {None} and row["the other"] in {*right} - {None})
        or row["the other"] in {*left} - {None}
    ]
    assert sorted(found.to_pylist(), key=lambda row: row["row"]) == expected


def test_numbers_meet_those_beyond_64_bits_and_never_texts():
    table = pa.table({"id": pa.array([1, 2, None], pa.int64())})
    assert reached(table, {"id": pa.array([Decimal(2)], WHOLE)}).to_pylist() == [{"id": 2}]
    assert reached(table, {"id": pa.array(["2"])}).num_rows == 0


def test_only_types_of_ids_have_a_name_in_sql():
    assert sql_type(pa.dictionary(pa.int32(), pa.string())) == "STRING"
    assert sql_type(WHOLE) == "DECIMAL(38, 0)"
    with pytest.raises(ValueError, match="no id has the type double"):
        sql_type(pa.float64())
