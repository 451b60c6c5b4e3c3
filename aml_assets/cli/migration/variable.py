"""The Airflow Variable ``sl_config``, read from its own JSON or from Airflow's export.

Belongs here: JSON, the export around it, and the types of single values. Does not belong here:
the meaning of a key (``mapping``).
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from aml_assets.core.days import parse_day
from aml_assets.errors import SettingsError

NAME = "sl_config"
"""Name of the variable in the flow of 2019."""

KEYS = (
    "hdfs_url",
    "hdfs_user",
    "daily_dir_list",
    "static_dir_list",
    "base_remote_daily_path",
    "base_remote_static_path",
    "base_remote_model_path",
    "base_remote_model_meta_path",
    "base_remote_predict_res_path",
    "model_prefix",
    "predict_res_prefix",
    "specified_model_path",
    "start_time",
    "end_time",
    "metrics_start_time",
    "metrics_end_time",
    "base_local_path",
    "base_local_metrics_path",
    "base_local_model_path",
    "base_local_model_meta_path",
    "base_local_predict_res_path",
)
"""All keys that the flow read, in either of its versions."""

_PLAIN = re.compile(r"[\w.+-](?:[\w.+ -]{0,58}[\w.+-])?")


def read_variable(text: str) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Read the variable's own JSON, or a file of ``airflow variables export``.

    Args:
        text: the file's text; in an export the variable is an object, or JSON in a string.

    Returns:
        The variable, and the names of the other variables of an export.

    Raises:
        SettingsError: the text is not JSON, not an object, or names a key twice.
    """
    content = _object(text, "the file")
    if NAME not in content:
        return content, ()
    inner = content[NAME]
    if isinstance(inner, str):
        inner = _object(inner, f"the variable {NAME}")
    if not isinstance(inner, dict):
        raise SettingsError(
            f"{NAME}: the variable is no JSON object", remedy="Export it again from Airflow."
        )
    return inner, tuple(name for name in content if name != NAME)


def shown(key: str) -> str:
    """A key for a message or a comment: one short line, whatever characters it holds."""
    return key if _PLAIN.fullmatch(key) else json.dumps(key)[:60]


def problem(key: str, what: str, remedy: str) -> SettingsError:
    """An error that names one key."""
    return SettingsError(f"{shown(key)}: {what}", remedy=remedy)


class Variable:
    """Typed access to the variable's values; errors name the key and never quote the value.

    Args:
        values: the variable's content.
    """

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def text(self, key: str, *, optional: bool = False) -> str:
        """The text of a key; "" for an optional one that is missing, null or empty.

        Raises:
            SettingsError: a text that is not optional is missing, or the value is no text.
        """
        value = self._values.get(key)
        if value is None or value == "":
            if optional:
                return ""
            what = "is empty" if key in self._values else "is missing"
            raise problem(key, what, "Give it as the old flow had it.")
        if not isinstance(value, str) or value != value.strip() or not value.isprintable():
            raise problem(key, "must be one line of text, without blanks around it", "Correct it.")
        return value

    def names(self, key: str) -> list[str]:
        """The list of folder names of a key; it may be empty.

        Raises:
            SettingsError: the list is missing, is no list of names, or names a folder twice.
        """
        if key not in self._values:
            raise problem(key, "is missing", 'Give it as a list, e.g. ["trx", "str"].')
        value = self._values[key]
        if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
            raise problem(key, "must be a list of names", 'Write it as ["trx", "str"].')
        for name in value:
            if not name or not name.isprintable() or set(name) & set("/{} ") or name in (".", ".."):
                raise problem(key, "holds a name that is no folder's", "Correct it.")
        if len(set(value)) < len(value):
            raise problem(key, "names a folder twice", "Name it once.")
        return value

    def day(self, key: str) -> dt.date:
        """The day of a key.

        Raises:
            SettingsError: the day is missing, or not written as YYYY-MM-DD.
        """
        day = parse_day(self.text(key))
        if day is None:
            raise problem(key, "is no day", "Write it as YYYY-MM-DD.")
        return day


def _object(text: str, what: str) -> dict[str, Any]:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            names = [name for name, _ in pairs]
            twice = next(name for name in names if names.count(name) > 1)
            raise problem(twice, "is given twice", "Keep the one that is meant.")
        return found

    try:
        content = json.loads(text.removeprefix("\ufeff"), object_pairs_hook=once)
    except (json.JSONDecodeError, RecursionError) as error:
        line = f" (line {error.lineno})" if isinstance(error, json.JSONDecodeError) else ""
        raise SettingsError(
            f"{what} is not JSON{line}", remedy=f"Export it: airflow variables get {NAME}."
        ) from None
    if not isinstance(content, dict):
        raise SettingsError(
            f"{what} is no JSON object", remedy=f"Export it: airflow variables get {NAME}."
        )
    return content
