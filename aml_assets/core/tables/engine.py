"""The embedded SQL engine, DuckDB, which runs our SQL files on Arrow tables.

Belongs here: running a query with a fixed number of threads and a private scratch directory. Does
not belong here: the SQL itself (``core.tables.sql``), or what the frames mean.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping

import pyarrow as pa

from aml_assets.errors import AmlError

THREADS = 2
"""The engine's threads: fixed, so that the cost of a night does not depend on the host."""


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

    with tempfile.TemporaryDirectory(prefix="aml-sql-") as spill:
        connection = duckdb.connect(
            ":memory:",
            config={
                "threads": THREADS,
                "temp_directory": spill,
                "python_enable_replacements": False,
            },
        )
        try:
            for name, table in views.items():
                connection.register(name, table)
            return connection.sql(sql).to_arrow_table()
        except duckdb.Error as error:
            kind = type(error).__name__
        finally:
            connection.close()
    raise AmlError(
        f"the SQL engine refused a query over {', '.join(views)} ({kind})",
        remedy="This is a defect of ours, or memory or disk ran out.",
    )
