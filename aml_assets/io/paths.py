"""Path templates: from a day to a path, and from one folder's listing to its days.

Belongs here: filling ``{date}`` and ``{model_id}`` in, reading them back from names; paths
beside and between others. Does not belong here: listing anything.
"""

from __future__ import annotations

import datetime as dt
import posixpath
import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote


@dataclass(frozen=True)
class Template:
    """A path with one placeholder, e.g. ``trx/daily/{date}``.

    Args:
        text: the path; everything but ``{placeholder}`` is filled in already.
        placeholder: ``date`` or ``model_id``.
    """

    text: str
    placeholder: str = "date"

    @property
    def _slot(self) -> str:
        return "{" + self.placeholder + "}"

    def fill(self, value: object) -> str:
        """The path of one partition."""
        return self.text.replace(self._slot, str(value))

    @property
    def folder(self) -> str:
        """The folder whose entries hold the placeholder."""
        head = self.text[: self.text.index(self._slot)]
        return head.rpartition("/")[0]

    def values(self, names: Iterable[str]) -> list[str]:
        """The placeholder's values among the entries of ``folder``, sorted."""
        head, _, tail = self.text.partition(self._slot)
        entry_head = head.rpartition("/")[2]
        entry_tail = tail.partition("/")[0].replace(self._slot, "")
        pattern = re.compile(re.escape(entry_head) + "(.+)" + re.escape(entry_tail))
        return sorted(match[1] for name in names if (match := pattern.fullmatch(name)))

    def days(self, names: Iterable[str]) -> list[dt.date]:
        """The days among the entries of ``folder``, oldest first; other names are no days."""
        found = (as_day(value) for value in self.values(names))
        return sorted(day for day in found if day is not None)


def as_day(text: str) -> dt.date | None:
    """``YYYY-MM-DD`` as a date, or ``None`` for any other text."""
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None


def beside(path: str, word: str) -> str:
    """A path next to another one, with a word before its extension."""
    stem, dot, suffix = path.rpartition(".")
    return f"{stem}.{word}.{suffix}" if dot else f"{path}.{word}"


def link_between(page: str, target: str) -> str:
    """A link from one file of the store to another, as a browser takes it: wherever both lie."""
    return quote(posixpath.relpath(target, posixpath.dirname(page) or "."))
