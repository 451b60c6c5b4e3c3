"""A session with a Spark Connect server, asked in the way of our embedded engine.

Belongs here: a query over Arrow tables, and files of one. Does not belong here: the server
(`server`).
"""

from __future__ import annotations

import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any
from unittest import mock

import pyarrow as pa


@contextmanager
def _a_program_of_a_file() -> Generator[None]:
    """Name a file for the main module, wherever pyspark may import more of itself.

    It takes one without, as pytest's workers have it, for a run of its own tests, and exits.
    """
    with mock.patch.object(sys.modules["__main__"], "__file__", __file__, create=True):
        yield


class SparkSession:
    """Runs queries over Arrow tables, as ``core.tables.engine.query`` does.

    Args:
        url: the server's, with its token.
    """

    def __init__(self, url: str) -> None:
        with _a_program_of_a_file():
            from pyspark.sql.connect.session import SparkSession as Client

            # pyspark is not typed well enough for a strict reader.
            self._client: Any = Client.builder.remote(url).create()

    def close(self) -> None:
        """End the session."""
        self._client.stop()

    def query(self, sql: str, views: Mapping[str, pa.Table]) -> pa.Table:
        """Run a query.

        Args:
            sql: the text of a rendered SQL file.
            views: view name → table, of types that Spark has (`plain`).
        """
        with _a_program_of_a_file():
            try:
                for name, table in views.items():
                    frame = self._client.createDataFrame(table)
                    frame.createOrReplaceTempView(f"`{name.replace('`', '``')}`")
                return self._client.sql(sql).toArrow()
            finally:
                for name in views:
                    self._client.catalog.dropTempView(name)

    def write(self, table: pa.Table, folder: str, format_: str, *by: str, **options: str) -> None:
        """Write a table as files, as a job of a bank's does.

        Args:
            table: of types that Spark has.
            folder: where; what is there is replaced.
            format_: ``parquet`` or ``orc``.
            by: columns for whose values folders are made, outermost first.
            options: of the format.
        """
        with _a_program_of_a_file():
            writer = self._client.createDataFrame(table).write.mode("overwrite")
            writer.partitionBy(*by).options(**options).format(format_).save(folder)


def plain(table: pa.Table) -> pa.Table:
    """The table in types that Spark has: no dictionaries, no unsigned numbers."""
    fields = [pa.field(field.name, _plain_type(field.type)) for field in table.schema]
    return table.cast(pa.schema(fields))


def _plain_type(type_: pa.DataType) -> pa.DataType:
    if pa.types.is_dictionary(type_):
        return _plain_type(type_.value_type)
    if pa.types.is_unsigned_integer(type_):
        return {8: pa.int16(), 16: pa.int32(), 32: pa.int64()}.get(
            type_.bit_width, pa.decimal128(20, 0)
        )
    return type_
