"""The SQL files, and the rendering of their column lists.

Belongs here: ``*.sql`` that run unchanged on DuckDB and on Spark SQL, and the rendering of their
column lists and join chains. Each file's header gives inputs, grain and output columns.
Does not belong here: running them (``core.tables.engine``).

A test runs each file on both engines and compares rows, types and order. Spark needs some settings
(``io.spark_engine.SESSION``):

- ``spark.sql.ansi.enabled`` and ``spark.sql.ansi.doubleQuotedIdentifiers``: "x" is a name;
- ``spark.sql.variable.substitute=false``: else ``${x}`` in a name is replaced;
- ``spark.sql.timestampType=TIMESTAMP_NTZ``: a time is a clock time, without a zone;
- ``spark.sql.caseSensitive``: names that differ in case are two, as in the tables.

Where the dialects differ, a file is spelled so that both agree: a sum of whole numbers and a place
in a window are cast to BIGINT where they are returned; an order over nulls names them; a quotient
or mean of money is taken of doubles; a day is a number, and so are the bounds of a window over
days; a divisor is not zero; a backslash in a text is CHR(92).
``aml_assets_tests/core/sql/dialects.py`` has each difference that was found.
"""

from __future__ import annotations

from functools import cache, lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jinja2 import Environment, Template


def quoted(name: str) -> str:
    """A name as an SQL identifier in quotation marks; it may hold any character."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: str) -> str:
    """A text as an SQL expression; a backslash is one character in it, in both dialects."""
    parts = ["'" + part.replace("'", "''") + "'" for part in value.split("\\")]
    return " || CHR(92) || ".join(parts)


@lru_cache(maxsize=1)
def _environment() -> Environment:
    from jinja2 import Environment, StrictUndefined

    # Autoescaping is for HTML. Here identifiers and texts need escaping, and every template passes
    # them through the filters "id" and "text".
    environment = Environment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["id"] = quoted
    environment.filters["text"] = literal
    return environment


def render(name: str, **values: Any) -> str:
    """The text of ``<name>.sql`` with its lists filled in.

    Args:
        name: the file's name without its suffix.
        **values: the lists that the file's header names.

    Raises:
        jinja2.UndefinedError: a value that the file uses is missing.
    """
    return _template(name).render(**values)


@cache
def _template(name: str) -> Template:
    text = resources.files(__name__).joinpath(f"{name}.sql").read_text(encoding="utf-8")
    return _environment().from_string(text)
