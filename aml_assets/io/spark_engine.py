"""A Spark as the remote engine: queries over stored frames, and over tables that a step sends.

Belongs here: which file of the store a view is, rows in batches, and the errors for failures.
Does not belong here: the session (``io.spark_session``), the SQL (``core.sql``), or what a step
asks (``core.relations.remote_relations``).
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from aml_assets.core.tables.remote_engine import StoredFrame, View
from aml_assets.errors import AmlError
from aml_assets.io.paths import join_path
from aml_assets.io.spark_session import SparkSession, TooLate, failures
from aml_assets.settings.engine_settings import SPARK_TOKEN, SparkSettings
from aml_assets.settings.urls import is_url

if TYPE_CHECKING:
    from aml_assets.settings.load import Settings


_RESULT_LIMIT = "spark.driver.maxResultSize"


@contextmanager
def remote_engine_for(
    settings: Settings, asset: str, day: dt.date
) -> Generator[SparkEngine | None]:
    """The remote engine for one day of an asset; ``None`` where the settings name no Spark.

    Nothing is sent to Spark before the first query. A query that a killed step left is ended then.

    Args:
        settings: those of Spark and of the store, and those on which the day's content depends.
        asset: what is built.
        day: the partition.
    """
    spark, store = settings.engine.spark, settings.store.url
    if spark.url is None:
        yield None
        return
    # A part of the session's name, so that runs with other settings share no session.
    counting = settings.model_dump_json(include={"tables", "joins", "features", "partitions"})
    seen = spark.store_url or store
    engine = SparkEngine(
        spark,
        seen if is_url(seen) else f"file://{seen}",
        f"{store}\n{asset}\n{day}\n{counting}",
        os.environ.get(SPARK_TOKEN),
        where=(asset, str(day)),
    )
    try:
        yield engine
    finally:
        engine.close()


class SparkEngine:
    """A Spark behind a Spark Connect server. See ``RemoteEngine``.

    Args:
        settings: the server's address and the deadline.
        store: the store's URL, as Spark's executors open it.
        name: of the session; an engine of the same name ends the queries that were left in it.
        token: that the server asks for.
        where: the asset and the day that errors name.
    """

    def __init__(
        self,
        settings: SparkSettings,
        store: str,
        name: str,
        token: str | None = None,
        where: tuple[str, str] | None = None,
    ) -> None:
        self._settings, self._store, self._where = settings, store, where or (None, None)
        self._spark = SparkSession(str(settings.url), name, token, settings.deadline_seconds)
        self._views: dict[str, View] = {}

    def batches(self, sql: str, views: Mapping[str, View]) -> Iterator[pa.RecordBatch]:
        """See ``RemoteEngine.batches``.

        Raises:
            AmlError: Spark's client is not installed, its server does not answer, or the query
                failed, or was waited for longer than it may take. Spark's own text is withheld,
                since it may quote a row's values.
        """
        if find_spec("pyspark") is None:
            raise AmlError(
                "engine.spark.url is set, and Spark's client is not installed",
                remedy="Install it: pip install 'aml_assets[spark]'.",
            )
        try:
            yield from self._spark.asked(lambda client: self._rows(client, sql, views))
            return
        except TooLate:
            what = f"gave no answer within {self._settings.deadline_seconds:g} s"
            remedy = "Give it more executors, or raise engine.spark.deadline_seconds."
        except failures() as error:
            what, remedy = _reason(error)
        table, day = self._where
        address = self._spark.address
        raise AmlError(f"Spark at {address} {what}", table=table, day=day, remedy=remedy)

    def close(self) -> None:
        """Leave the session, and end the query that was not read to its end."""
        self._spark.close()

    def _rows(self, client: Any, sql: str, views: Mapping[str, View]) -> Iterator[pa.RecordBatch]:
        if dict(views) != self._views:
            self._views = {}
            for name, view in views.items():
                _frame(client, self._store, view).createOrReplaceTempView(_quoted(name))
            self._views = dict(views)
        frame = client.sql(sql)
        plan = frame._plan.to_proto(client.client)
        schema: pa.Schema | None = None
        # pyspark's public methods return all rows at once, or Python objects.
        for part in client.client.to_table_as_iterator(plan, {}):
            if isinstance(part, pa.Table):
                schema = schema or _nullable(part.schema)
                yield from part.cast(schema).to_batches() or [_empty(schema)]
        if schema is None:
            raise ValueError("a result without a batch")


def _reason(error: Exception) -> tuple[str, str]:
    """What Spark did, and what to do about it; the error's own text may quote a row's values."""
    status = getattr(error, "getGrpcStatusCode", lambda: None)()
    name = getattr(status, "name", None)
    condition = getattr(error, "getCondition", lambda: None)()
    if condition in ("RETRIES_EXCEEDED", "INVALID_CONNECT_URL") or name == "UNAVAILABLE":
        return "does not answer", "Is it running, and is engine.spark.url right?"
    if name in ("UNAUTHENTICATED", "PERMISSION_DENIED"):
        return (
            "does not let us in",
            f"Give the token that it asks for in {SPARK_TOKEN}, in the environment of the step.",
        )
    if _RESULT_LIMIT in str(error):
        return (
            f"gives no answer that is larger than its {_RESULT_LIMIT}",
            "Raise it on the server, together with the memory of its driver (docs/scale.md).",
        )
    if condition == "OPERATION_CANCELED":
        return (
            "had its query ended by somebody else",
            "Another run builds the same day, or an administrator ended it; try again.",
        )
    return (
        f"refused a query ({condition or name or type(error).__name__})",
        "Look for it in Spark's own log; what that says is not repeated here, as it may hold "
        "customers' data.",
    )


def _frame(client: Any, store: str, view: View) -> Any:
    """A view as Spark's data frame."""
    from pyspark.sql.connect.functions import col
    from pyspark.sql.pandas.types import from_arrow_schema

    if isinstance(view, str):
        return client.sql(view)
    plain = plain_schema(view.schema)
    # With a schema given, Spark runs no job to infer one, and a table may have no rows.
    schema = from_arrow_schema(plain, prefer_timestamp_ntz=True)
    if not isinstance(view, StoredFrame):
        return client.createDataFrame(view.cast(plain), schema)
    return (
        client.read.schema(schema)
        .parquet(join_path(store, view.path))
        .select(
            *(col(_quoted(name)).alias(str(place)) for place, name in enumerate(view.schema.names))
        )
    )


def _quoted(name: str) -> str:
    """A name as Spark's own functions take it; it may hold any character."""
    return "`" + name.replace("`", "``") + "`"


def _nullable(schema: pa.Schema) -> pa.Schema:
    """The schema with all columns nullable, as the embedded engine returns it."""
    return pa.schema([pa.field(field.name, field.type) for field in schema])


def _empty(schema: pa.Schema) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist([], schema=schema)


def plain_schema(schema: pa.Schema) -> pa.Schema:
    """A schema in the types that Spark has: no dictionaries, no unsigned numbers."""
    return pa.schema([pa.field(field.name, _plain_type(field.type)) for field in schema])


def _plain_type(type_: pa.DataType) -> pa.DataType:
    if pa.types.is_dictionary(type_):
        return _plain_type(type_.value_type)
    if pa.types.is_unsigned_integer(type_):
        return {8: pa.int16(), 16: pa.int32(), 32: pa.int64()}.get(
            type_.bit_width, pa.decimal128(20, 0)
        )
    return type_
