"""Cleaning: what killed writers left in the store, by age.

Belongs here: finding and deleting debris in all folders of a store. Does not belong here: which
file is debris (``io.temporary``), outputs: these are never removed by age.
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
    """A temporary file that no writer will go on with.

    Attributes:
        path: relative to the store's root.
        length: bytes.
        age: seconds since it was touched.
    """

    path: str
    length: int
    age: float


def find_debris(store: Store, older_than: float, now: float | None = None) -> Iterator[Debris]:
    """All debris below the root, one listing per folder.

    Args:
        store: where.
        older_than: seconds; younger files may be a writer's on another machine.
        now: POSIX seconds; the clock's if not given.
    """
    instant = time.time() if now is None else now
    for path, file in files_of(store):
        age = instant - file.modified
        if is_debris(file.name, age, older_than):
            yield Debris(path, file.length, age)


def remove(store: Store, debris: Debris) -> bool:
    """Delete it; false if somebody else did meanwhile."""
    try:
        store.delete(debris.path)
    except NotFound:
        return False
    return True
