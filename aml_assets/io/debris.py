"""Cleaning: temporary files that killed writers left anywhere in a store, by age.

Belongs here: finding and deleting such files in all folders of a store, for ``aml clean``. Does
not belong here: which file is debris (``io.temporary``), the folder that is just being written
(``io.tidying``), outputs: these are never deleted by age.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aml_assets.errors import NotFound
from aml_assets.io.temporary import is_debris
from aml_assets.io.usage import files_of

if TYPE_CHECKING:
    from aml_assets.io.store import Store


@dataclass(frozen=True)
class Debris:
    """A temporary file that its writer has given up.

    Attributes:
        path: relative to the store's root.
        length: bytes.
        age: seconds since the file was modified.
    """

    path: str
    length: int
    age: float


def find_debris(store: Store, older_than: float, now: float | None = None) -> Iterator[Debris]:
    """Yield all debris below the store's root; one listing per folder.

    Args:
        store: the store to search.
        older_than: seconds; a writer on another machine may still be writing younger files.
        now: POSIX seconds; the current time by default.
    """
    instant = time.time() if now is None else now
    for path, file in files_of(store):
        age = instant - file.modified
        if is_debris(file.name, age, older_than):
            yield Debris(path, file.length, age)


def remove(store: Store, debris: Debris) -> bool:
    """Delete the file; return false if another program deleted it meanwhile."""
    try:
        store.delete(debris.path)
    except NotFound:
        return False
    return True
