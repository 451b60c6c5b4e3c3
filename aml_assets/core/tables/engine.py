"""The embedded SQL engine, DuckDB, which runs our SQL files on Arrow tables.

Belongs here: running a query with a fixed number of threads, shut in: the engine sees the tables
that it is given, and no file, network or extension. Does not belong here: the SQL itself
(``core.sql``), what the frames mean, or where the engine may spill (``io.scratch``).
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar

import pyarrow as pa

from aml_assets.errors import AmlError

THREADS = 2
"""The engine's threads: fixed, so that the cost of a night does not depend on the host."""

_CONFIG = {"threads": THREADS, "python_enable_replacements": False}

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


def _nowhere() -> AbstractContextManager[str]:
    return nullcontext("")


_spill: ContextVar[Folder] = ContextVar("spill", default=_nowhere)


@contextmanager
def spilling_into(folder: Folder) -> Generator[None]:
    """Let each query of the block write what does not fit into memory into a folder of its own.

    Without it a query for which memory does not suffice is refused.
    """
    token = _spill.set(folder)
    try:
        yield
    finally:
        _spill.reset(token)


def query(sql: str, views: Mapping[str, pa.Table]) -> pa.Table:
    """Run a query over Arrow tables.

    Args:
        sql: the text of a rendered SQL file.
        views: view name → table.

    Raises:
        AmlError: the engine refused the query. Its own text is withheld, since it may quote a
            row's values.
    """
    import duckdb

    with _spill.get()() as spill:
        connection = duckdb.connect(":memory:", config={**_CONFIG, "temp_directory": spill})
        try:
            for name, table in views.items():
                connection.register(name, table)
            connection.execute(_SHUT_IN)
            return connection.sql(sql).to_arrow_table()
        except duckdb.Error as error:
            kind = type(error).__name__
        finally:
            connection.close()
    raise AmlError(
        f"the SQL engine refused a query over {', '.join(views)} ({kind})",
        remedy="This is a defect of ours, or memory or disk ran out.",
    )
