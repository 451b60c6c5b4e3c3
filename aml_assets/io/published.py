"""The result of publishing a file, and the faults that other writers can cause meanwhile.

Belongs here: what `store.Store` gives back, and the faults that its operations retry. Does not
belong here: the operations themselves (``store``), or how often they are retried (``retry``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO

from aml_assets.errors import NotFound, TransientStoreError
from aml_assets.io.filesystems import PIECE


@dataclass(frozen=True)
class Written:
    """The result of `Store.publish`.

    Attributes:
        changed: false if the same bytes were stored already, so that nothing was renamed.
        sha256: hex digest of the whole file.
        length: bytes of the file.
    """

    changed: bool
    sha256: str
    length: int


@contextmanager
def missing_is_transient(path: str) -> Generator[None]:
    """Convert `NotFound` on our temporary file into a fault that is retried.

    Somebody deleted the file, a NameNode that just took over does not know it yet, or a rename
    whose answer was lost was done. Writing the file anew is right in each case.
    """
    try:
        yield
    except NotFound as error:
        raise TransientStoreError(
            f"its temporary file is gone ({error.operation})", path=path, operation="write"
        ) from error


class Replaced(TransientStoreError):
    """Another file lies under the path after the failed read than before it."""


def sha256_of(file: BinaryIO) -> str:
    """The sha256 of what is left to read of a file, in hex digits."""
    digest = hashlib.sha256()
    while piece := file.read(PIECE):
        digest.update(piece)
    return digest.hexdigest()


def sha256_of_bytes(data: bytes) -> str:
    """The sha256 of bytes, in hex digits."""
    return hashlib.sha256(data).hexdigest()
