"""Sealing again what a store holds already: by a first key, or by a newer one.

Belongs here: walking a store and exchanging each file's seal. Does not belong here: the seal itself
(``seals``), or when to do it (docs/security.md).

Who seals a store vouches that all that lies there is what the pipeline wrote. All seals have the
same length, so nothing else in a file changes: its digest stays, and nothing becomes stale.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aml_assets.errors import StoreError, TransientStoreError, UnprovenFile
from aml_assets.io.formats.footer import footer_of
from aml_assets.io.seals import checksum
from aml_assets.io.usage import files_of

if TYPE_CHECKING:
    from aml_assets.io.store import Store


@dataclass(frozen=True)
class Resealed:
    """The outcome of resealing one file.

    Attributes:
        path: relative to the store's root.
        refused: why its seal was left as it is; ``None`` if it was exchanged.
    """

    path: str
    refused: str | None = None


def reseal(store: Store) -> Iterator[Resealed]:
    """Seal each file of a store by its first key; files with that seal are passed over.

    Nothing else may write into the store meanwhile.

    Args:
        store: the store, with keys.

    Yields:
        Each file whose seal was exchanged, and each whose seal is broken or of a key that is not
        known.

    Raises:
        TransientStoreError: the store cannot be reached.
    """
    for path, entry in files_of(store):
        if ".tmp-" in entry.name:
            continue
        try:
            if _renew(store, path):
                yield Resealed(path)
        except TransientStoreError:
            raise
        except StoreError as error:
            yield Resealed(path, str(error))


def _renew(store: Store, path: str) -> bool:
    """Exchange a file's seal; return false if there was none to exchange."""
    data = store.read(path)
    footer = footer_of(data)
    sealed = data if footer is None else data[footer.start :]
    if checksum(sealed) is None:  # a CSV, whose manifest lies beside it; or none of ours
        return False
    try:
        renewed = store.seals.renew(sealed, path)
    except ValueError:
        raise UnprovenFile(
            "it was altered after it was sealed",
            path=path,
            operation="read",
            remedy="Materialize it again, or restore the file",
        ) from None
    if renewed is None:
        return False
    store.publish_bytes(path, data[: len(data) - len(sealed)] + renewed)
    return True
