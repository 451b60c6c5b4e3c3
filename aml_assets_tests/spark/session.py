"""The product's executors, asked in the way of our embedded engine.

Belongs here: a query over Arrow tables, and files of one. Does not belong here: the server
(`server`), or how a remote engine is asked (``aml_assets.io.spark_engine``).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa

from aml_assets.core.tables.remote_engine import View
from aml_assets.io.spark_engine import SparkEngine
from aml_assets.settings.engine_settings import SparkSettings


class SparkSession(SparkEngine):
    """A remote engine that also gives whole results, as ``core.tables.engine.query`` does.

    Args:
        url: the server's.
        token: that it asks for.
        store: what stored frames are below.
    """

    def __init__(self, url: str, token: str, store: str = "") -> None:
        settings = SparkSettings(url=url, deadline_seconds=600)
        super().__init__(settings, store, str(uuid.uuid4()), token)

    def query(self, sql: str, views: Mapping[str, View]) -> pa.Table:
        """Run a query. See ``SparkEngine.batches``."""
        return pa.Table.from_batches(self.batches(sql, views))

    def write(self, table: pa.Table, folder: str, format_: str, *by: str, **options: str) -> None:
        """Write a table as files, as a job of a bank's does.

        Args:
            table: of types that Spark has.
            folder: where; what is there is replaced.
            format_: ``parquet`` or ``orc``.
            by: columns for whose values folders are made, outermost first.
            options: of the format.
        """

        def written(client: Any) -> Iterator[None]:
            writer = client.createDataFrame(table).write.mode("overwrite")
            writer.partitionBy(*by).options(**options).format(format_).save(folder)
            return iter(())

        assert not [*self._spark.asked(written)]
