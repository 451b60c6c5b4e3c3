"""Path templates: from a day to a path, and from a folder's listing to its days.

Belongs here: filling in ``{date}`` and ``{model_id}``, reading them back from names, and
splitting, joining and relating paths. Does not belong here: listing a folder.
"""

from __future__ import annotations

import datetime as dt
import posixpath
import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote

from aml_assets.core.days import parse_day


@dataclass(frozen=True)
class Template:
    """A path with one placeholder, e.g. ``trx/daily/{date}``.

    Args:
        text: the path; every other placeholder is filled in already.
        placeholder: ``date`` or ``model_id``.
    """

    text: str
    placeholder: str = "date"

    @property
    def _slot(self) -> str:
        return "{" + self.placeholder + "}"

    def fill(self, value: object) -> str:
        """Return the path of the partition with this value."""
        return self.text.replace(self._slot, str(value))

    @property
    def folder(self) -> str:
        """The folder whose entries have the placeholder in their names ("" for the root)."""
        head = self.text[: self.text.index(self._slot)]
        return head.rpartition("/")[0]

    def values(self, names: Iterable[str]) -> list[str]:
        """Return the placeholder's values in the names of the folder's entries, sorted."""
        head, _, tail = self.text.partition(self._slot)
        entry_head = head.rpartition("/")[2]
        entry_tail = tail.partition("/")[0].replace(self._slot, "")
        pattern = re.compile(re.escape(entry_head) + "(.+)" + re.escape(entry_tail))
        return sorted(match[1] for name in names if (match := pattern.fullmatch(name)))

    def days(self, names: Iterable[str]) -> list[dt.date]:
        """Return the days in the names of the folder's entries, oldest first.

        Names that hold no day are left out.
        """
        found = (parse_day(value) for value in self.values(names))
        return sorted(day for day in found if day is not None)


def split_path(path: str) -> tuple[str, str]:
    """Split a path into its folder ("" for the root) and its name."""
    folder, _, name = path.rpartition("/")
    return folder, name


def join_path(folder: str, name: str) -> str:
    """Return the path of ``name`` in ``folder`` ("" for the root)."""
    return f"{folder}/{name}" if folder else name


def beside(path: str, word: str) -> str:
    """Return ``path`` with ``word`` before its extension, e.g. ``a.html`` → ``a.word.html``."""
    stem, dot, suffix = path.rpartition(".")
    return f"{stem}.{word}.{suffix}" if dot else f"{path}.{word}"


def link_between(page: str, target: str) -> str:
    """Return the relative link, as a browser takes it, from one file of the store to another."""
    return quote(posixpath.relpath(target, posixpath.dirname(page) or "."))
