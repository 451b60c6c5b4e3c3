"""The wide frame of the HDFS benchmark, and its plain encoding.

Belongs here: what is in the frame. Does not belong here: storing it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

COLUMN = "amount_3"
"""The one that is read alone."""
CSV_COLUMNS = ("id_0", "id_1", "amount_0", "amount_1", "count_0", "count_1", "time_0", "flag_0")


def wide_table(rows: int) -> pa.Table:
    """58 columns as a bank's features have them: amounts, counts, categories, ids, times, flags.

    Some 200 bytes a row as Parquet.
    """
    import numpy as np
    import pyarrow as pa

    from aml_assets.io.formats.canonical import canonical

    random = np.random.default_rng(0)
    midnight = np.datetime64("2024-03-01", "us")

    def category(values: int) -> pa.Array:
        picked = (random.random(rows) ** 2 * values).astype(np.int32)
        pool = pa.array([f"category {number:03}" for number in range(values)])
        return pa.DictionaryArray.from_arrays(pa.array(picked), pool)

    def make(kind: str, count: int, column: Callable[[int], Any]) -> dict[str, Any]:
        return {f"{kind}_{number}": column(number) for number in range(count)}

    columns = {
        **make("amount", 20, lambda _: random.lognormal(5, 2, rows).round(2)),
        **make("count", 10, lambda number: random.poisson(4 + 3 * number, rows)),
        **make("category", 10, lambda number: category(8 * (number + 1))),
        **make("id", 4, lambda _: pa.array(random.integers(0, 10**9, rows)).cast(pa.string())),
        **make("time", 4, lambda _: midnight + random.integers(0, 86_400_000_000, rows)),
        **make("flag", 10, lambda _: random.random(rows) < 0.1),
    }
    return canonical(pa.table(columns))


def encode(table: pa.Table) -> memoryview:
    """The table as Parquet in memory: as our format writes it, without what makes it ours."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    write_table: Any = pq.write_table  # its stubs know bool only, where names may stand
    sink = pa.BufferOutputStream()
    dictionaries = [f.name for f in table.schema if pa.types.is_dictionary(f.type)]
    write_table(
        table,
        sink,
        compression="lz4",
        use_dictionary=dictionaries,
        write_statistics=[f.name for f in table.schema if pa.types.is_primitive(f.type)],
        write_page_checksum=True,
    )
    return memoryview(sink.getvalue())
