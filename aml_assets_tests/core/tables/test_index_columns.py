"""Saved indexes are recognised by pandas' metadata, or by the names that libraries give them."""

import pandas as pd
import pyarrow as pa
import pytest

from aml_assets.core.tables.index_columns import index_columns, is_index_name


def test_pandas_names_the_columns_of_its_index():
    frame = pd.DataFrame({"x": [1, 2]}, index=pd.Index([7, 9], name="row"))
    assert index_columns(pa.Table.from_pandas(frame).schema.metadata) == {"row"}
    unnamed = pa.Table.from_pandas(frame.rename_axis(None))
    assert index_columns(unnamed.schema.metadata) == {"__index_level_0__"}
    ranged = pa.Table.from_pandas(frame.reset_index(drop=True))
    assert index_columns(ranged.schema.metadata) == frozenset()


@pytest.mark.parametrize(
    "metadata",
    [
        None,
        {},
        {b"pandas": b"no JSON"},
        {b"pandas": b"[]"},
        {b"pandas": b"\xff"},
        {b"pandas": b"[" * 100_000},
    ],
    ids=["none", "no remark", "no JSON", "a list", "no text", "nested without an end"],
)
def test_other_metadata_name_no_index(metadata):
    assert index_columns(metadata) == frozenset()


def test_names_that_only_libraries_give_are_indexes_and_a_banks_own_are_not():
    theirs = (
        "__index_level_12__",
        "Unnamed: 0",
        "Unnamed: 0.1",
        "...1",
        "row.names",
        "rowname",
        "",
    )
    assert all(map(is_index_name, theirs))
    ours = ("X", "index", "rn", "Unnamed", "row", "__index_level_0__x", " ", "id")
    assert not any(map(is_index_name, ours))
