"""Rows of a table in chunks are taken as from a table in one piece."""

import itertools

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from aml_assets.core.tables import chunks
from aml_assets.core.tables.chunks import in_memory, taken


@settings(max_examples=60)
@given(st.data())
def test_rows_are_taken_across_chunks_in_the_order_that_was_asked_for(data):
    rows = data.draw(st.integers(0, 30))
    cuts = sorted(data.draw(st.lists(st.integers(0, rows), max_size=4)))
    table = pa.table(
        {
            "number": pa.array([None if row % 7 == 3 else row for row in range(rows)], pa.int64()),
            "text": pa.array([f"t{row}" for row in range(rows)], pa.string()),
            "city": pa.array([f"c{row % 3}" for row in range(rows)]).dictionary_encode(),
        }
    )
    bounds = [0, *cuts, rows]
    parts = [table.slice(a, b - a) for a, b in itertools.pairwise(bounds)]
    places = st.lists(st.integers(0, max(rows - 1, 0)), max_size=20 if rows else 0)
    wanted = np.array(data.draw(places), np.int64)
    monkey = chunks.ROWS
    chunks.ROWS = data.draw(st.integers(1, 8))
    try:
        found = taken(pa.concat_tables(parts), wanted, in_memory)
    finally:
        chunks.ROWS = monkey
    assert found.to_pylist() == table.take(pa.array(wanted)).to_pylist()
