"""The SQL files, and how they are filled in.

Belongs here: ``*.sql`` that run unchanged on DuckDB and on Spark SQL (with
``spark.sql.ansi.enabled`` and ``spark.sql.ansi.doubleQuotedIdentifiers``), and the rendering of
their column lists and join chains. Each file's header gives inputs, grain and output columns.
Does not belong here: running them (``core.tables.engine``).
"""

from __future__ import annotations

from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jinja2 import Environment


def quoted(name: str) -> str:
    """An SQL identifier that may hold any character."""
    return '"' + name.replace('"', '""') + '"'


@lru_cache(maxsize=1)
def _environment() -> Environment:
    from jinja2 import Environment, StrictUndefined

    # These are SQL texts for our own engine, not pages: nothing to escape but identifiers,
    # which every template passes through the filter.
    environment = Environment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["id"] = quoted
    return environment


def render(name: str, **values: Any) -> str:
    """The text of ``<name>.sql`` with its lists filled in.

    Raises:
        jinja2.UndefinedError: a value the file uses is missing.
    """
    text = resources.files(__name__).joinpath(f"{name}.sql").read_text(encoding="utf-8")
    return _environment().from_string(text).render(**values)
