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
        """A new connection to the engine; no other connection sees the views registered on it."""
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

    What does not fit into memory is written there. Outside of such a block, each query has an
    engine to itself, and is refused if it does not fit into memory.

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


_NO_ROOM = "out of memory"


class Stream(NamedTuple):
    """Batches that a query reads once, while it runs.

    Attributes:
        schema: of each batch.
        batches: any number of them; there may be none.
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
    with ExitStack() as stack:
        prepared = _Prepared(views, stack)
        try:
            return prepared.relation(sql).to_arrow_table()
        except _refusals() as error:
            what = _kind_of(error)
    raise prepared.refused(what)


def batches(
    sql: str, views: Mapping[str, pa.Table | Stream], rows: int
) -> Iterator[pa.RecordBatch]:
    """Run a query whose result is read in batches, at least one; otherwise as `query`.

    Args:
        sql: the text of a rendered SQL file.
        views: view name → table, or batches.
        rows: of a batch.
    """
    with ExitStack() as stack:
        prepared = _Prepared(views, stack)
        try:
            reader = prepared.relation(sql).to_arrow_reader(rows)
            empty = pa.RecordBatch.from_pylist([], schema=reader.schema)
            yield next(reader, empty)
            yield from reader
            return
        except _refusals() as error:
            what = _kind_of(error)
    raise prepared.refused(what)


class _Prepared:
    """The views of a query, registered for it alone."""

    def __init__(self, views: Mapping[str, pa.Table | Stream], stack: ExitStack) -> None:
        session = _session.get() or _Session(lambda: nullcontext(""), stack)
        self._connection = stack.enter_context(closing(session.connection()))
        self._views = views
        self._raised: list[BaseException] = []

    def relation(self, sql: str) -> duckdb.DuckDBPyRelation:
        """The query, which runs once its rows are fetched."""
        for name, view in self._views.items():
            of = self._reader(view) if isinstance(view, Stream) else view
            self._connection.register(name, of)
        return self._connection.sql(sql)

    def refused(self, what: str) -> BaseException:
        """The error to raise in place of the engine's own, which may quote values."""
        if self._raised:
            return self._raised[0]
        over = ", ".join(map(_sized, self._views, self._views.values()))
        if what == _NO_ROOM:
            return AmlError(
                "the SQL engine needs more memory, or more room on disk, than it has for a query "
                f"over {over}",
                remedy="Raise engine.memory, or give the process more; and engine.spill, if set.",
            )
        return AmlError(
            f"the SQL engine refused a query over {over} ({what})",
            remedy="This is a defect of ours, or the disk is full.",
        )

    def _reader(self, stream: Stream) -> pa.RecordBatchReader:
        """The batches as the engine reads them; what they raise is kept for `refused`.

        The engine turns an error of the batches into one of its own.
        """

        def watched() -> Iterator[pa.RecordBatch]:
            try:
                yield from stream.batches
            except GeneratorExit:  # the engine has read enough, or has given up
                raise
            except BaseException as error:
                self._raised.append(error)
                raise

        return pa.RecordBatchReader.from_batches(stream.schema, watched())


def _refusals() -> tuple[type[Exception], ...]:
    """The errors of a query: those of the engine, and of Arrow if a result is read in batches."""
    import duckdb

    return duckdb.Error, pa.ArrowException, OSError


def _kind_of(error: Exception) -> str:
    return _NO_ROOM if "Out of Memory" in str(error) else type(error).__name__


def _sized(name: str, view: pa.Table | Stream) -> str:
    return name if isinstance(view, Stream) else f"{name} ({view.num_rows:,} rows)"
