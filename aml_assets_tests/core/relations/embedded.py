"""The embedded engine in the place of a remote one: stored frames are tables at hand.

Belongs here: views over views, as a remote engine has them. Does not belong here: what is asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from aml_assets.core.sql import quoted
from aml_assets.core.tables.join_columns import numbered_columns
from aml_assets.core.tables.remote_engine import StoredFrame, View


@dataclass(frozen=True)
class Embedded:
    """RemoteEngine in this process.

    Attributes:
        stored: path → the frame there.
    """

    stored: Mapping[str, pa.Table]

    def batches(self, sql: str, views: Mapping[str, View]) -> Iterator[pa.RecordBatch]:
        """See ``RemoteEngine.batches``."""
        with duckdb.connect(":memory:") as connection:
            for name, view in views.items():
                if isinstance(view, str):
                    connection.execute(f"CREATE VIEW {quoted(name)} AS {view}")
                else:
                    connection.register(name, self.table(view))
            reader = connection.sql(sql).to_arrow_reader(3)
            batches = [*reader]
            yield from batches or [pa.RecordBatch.from_pylist([], schema=reader.schema)]

    def table(self, view: StoredFrame | pa.Table) -> pa.Table:
        """What a view holds."""
        if isinstance(view, pa.Table):
            return view
        frame = self.stored[view.path].select(view.schema.names)
        assert frame.schema.equals(view.schema)
        return numbered_columns(frame)
