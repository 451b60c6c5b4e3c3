"""The embedded SQL engine, DuckDB, which runs our SQL files on Arrow tables.

Belongs here: running a query with a fixed number of threads, shut in: the engine sees the tables
that it is given, and no file, network or extension. Does not belong here: the SQL itself
(``core.sql``), what the frames mean, or where the engine may spill (``io.scratch``).
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, nullcontext
from contextvars import ContextVar
from typing import TYPE_CHECKING, NamedTuple

import pyarrow as pa

from aml_assets.errors import AmlError

if TYPE_CHECKING:
    import duckdb

THREADS = 1
"""The engine's threads by default: fixed, so that the cost of a night does not depend on the host.
A second one costs the histories more than it gives them (docs/design.md)."""

_SHUT_IN = """
    SET autoinstall_known_extensions = false;
    SET autoload_known_extensions = false;
    SET allow_community_extensions = false;
    SET allow_persistent_secrets = false;
    SET enable_external_access = false;
    SET lock_configuration = true;
"""
"""No file or address in a query, no COPY, no ATTACH, no extension; and it stays so. Statements in
this order: as a configuration at the start, they would lock each other out."""

Folder = Callable[[], AbstractContextManager[str]]
"""Gives a folder for the length of a block."""


class _Session:
    """One engine for the queries of a block, opened by the first of them."""

    def __init__(self, folder: Folder, stack: ExitStack, **config: str | int) -> None:
        self._folder, self._stack = folder, stack
        self._config = {"threads": THREADS, "python_enable_replacements": False, **config}
        self._engine: duckdb.DuckDBPyConnection | None = None

    def connection(self) -> duckdb.DuckDBPyConnection:
        """A connection of its own: what is registered on it, no other one sees."""
        import duckdb

        if self._engine is None:
            spill = self._stack.enter_context(self._folder())
            engine = duckdb.connect(":memory:", config={**self._config, "temp_directory": spill})
            self._stack.enter_context(closing(engine))
            engine.execute(_SHUT_IN)
            self._engine = engine
        return self._engine.cursor()


_session: ContextVar[_Session | None] = ContextVar("session", default=None)


@contextmanager
def spilling_into(
    folder: Folder, *, threads: int = THREADS, memory: int | None = None, spill: int | None = None
) -> Generator[None]:
    """Let the queries of the block share an engine, which spills into a folder of its own.

    What does not fit into memory is written there. Without it a query has an engine to itself, and
    one for which memory does not suffice is refused.

    Args:
        folder: gives the folder.
        threads: of the engine.
        memory: the most bytes that it takes; most of the machine's by default.
        spill: the most bytes that it writes into the folder; as many as there is room for by
            default.
    """
    bounds = {"memory_limit": memory, "max_temp_directory_size": spill}
    config = {name: f"{length}B" for name, length in bounds.items() if length is not None}
    with ExitStack() as stack:
        token = _session.set(_Session(folder, stack, threads=threads, **config))
        try:
            yield
        finally:
            _session.reset(token)


class Stream(NamedTuple):
    """Batches that a query reads once, as it goes.

    Attributes:
        schema: of each batch.
        batches: at least none.
    """

    schema: pa.Schema
    batches: Iterable[pa.RecordBatch]


def query(sql: str, views: Mapping[str, pa.Table | Stream]) -> pa.Table:
    """Run a query over Arrow tables.

    Args:
        sql: the text of a rendered SQL file.
        views: view name → table, or batches, which the query may name once.

    Raises:
        AmlError: the engine refused the query. Its own text is withheld, since it may quote a
            row's values.
        Exception: the batches raised it.
    """
    with _running(sql, views) as relation:
        return relation.to_arrow_table()


def batches(
    sql: str, views: Mapping[str, pa.Table | Stream], rows: int
) -> Iterator[pa.RecordBatch]:
    """Run a query whose result is read in batches, at least one; otherwise as `query`.

    Args:
        sql: the text of a rendered SQL file.
        views: view name → table, or batches.
        rows: of a batch.
    """
    with _running(sql, views) as relation:
        reader = relation.to_arrow_reader(rows)
        first = next(iter(reader), None)
        yield pa.RecordBatch.from_pylist([], schema=reader.schema) if first is None else first
        yield from reader


@contextmanager
def _running(
    sql: str, views: Mapping[str, pa.Table | Stream]
) -> Generator[duckdb.DuckDBPyRelation]:
    """Prepare a query, for what is then asked of it."""
    import duckdb

    raised: list[BaseException] = []
    with ExitStack() as stack:
        session = _session.get() or _Session(lambda: nullcontext(""), stack)
        try:
            connection = stack.enter_context(closing(session.connection()))
            for name, view in views.items():
                connection.register(
                    name, view if isinstance(view, pa.Table) else _reader(view, raised)
                )
            yield connection.sql(sql)
            return
        except duckdb.Error as error:
            kind = type(error).__name__
    if raised:
        raise raised[0]
    raise AmlError(
        f"the SQL engine refused a query over {', '.join(views)} ({kind})",
        remedy="This is a defect of ours, or memory or disk ran out: engine.memory, engine.spill.",
    )


def _reader(stream: Stream, raised: list[BaseException]) -> pa.RecordBatchReader:
    """The batches for the engine, which turns what they raise into an error of its own."""

    def watched() -> Iterator[pa.RecordBatch]:
        try:
            yield from stream.batches
        except BaseException as error:
            raised.append(error)
            raise

    return pa.RecordBatchReader.from_batches(stream.schema, watched())
