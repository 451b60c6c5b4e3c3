"""What all formats share: the three hooks, versions under their digest, the errors.

Belongs here: what is the same for every format. Does not belong here: any format's bytes.
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Generic, TypeVar

from aml_assets.errors import AmlError, CorruptFile, StoreError
from aml_assets.io.manifest import Manifest, seal
from aml_assets.io.store import Store

T = TypeVar("T")

VERSIONS = ".versions"
_REMEDY = "Materialize it again, or restore the file"


@dataclass(frozen=True)
class Published:
    """What a write did.

    Attributes:
        changed: false if the very same content and manifest were there already: then nothing
            was touched.
        manifest: the complete manifest, as stored.
    """

    changed: bool
    manifest: Manifest


class Format(ABC, Generic[T]):
    """One way of keeping a value of type ``T`` in one file, with its manifest.

    Every read checks the bytes. A file that is cut, empty, altered or foreign raises
    ``CorruptFile`` with its path, one that is not there ``NotFound``; no error of a library
    and no cell of a table comes through.
    """

    suffix: ClassVar[str]

    @abstractmethod
    def write(self, store: Store, path: str, value: T, manifest: Manifest) -> Published:
        """Publish ``value`` under ``path``.

        Args:
            store: where.
            path: relative to the store's root.
            value: what.
            manifest: what it was made of; the format fills in digest, rows and ``data_*``.

        Raises:
            StoreError: it could not be stored; what was there is untouched.
        """

    @abstractmethod
    def read(self, store: Store, path: str) -> T:
        """Read and verify the whole file.

        Raises:
            NotFound: nothing is there.
            CorruptFile: it is not what was published.
        """

    @abstractmethod
    def read_manifest(self, store: Store, path: str) -> Manifest:
        """Read the manifest alone, verified.

        Raises:
            NotFound: nothing is there.
            CorruptFile: it is not what was published.
        """


def version_path(path: str, digest: str) -> str:
    """Where the file under ``path`` is kept, once replaced, under its content's digest."""
    folder, name = split_path(path)
    stem, dot, suffix = name.rpartition(".")
    kept = f"{stem}.{digest}.{suffix}" if dot and stem else f"{name}.{digest}"
    return join_path(join_path(folder, VERSIONS), kept)


def split_path(path: str) -> tuple[str, str]:
    """The folder ("" for the root) and the name."""
    folder, _, name = path.rpartition("/")
    return folder, name


def join_path(folder: str, name: str) -> str:
    """The path of ``name`` in ``folder`` ("" for the root)."""
    return f"{folder}/{name}" if folder else name


def keep_versions(
    path: str, digest: str, digest_of: Callable[[bytes], str]
) -> Callable[[bytes], str | None]:
    """A ``keep_as`` for `Store.publish`: other content is kept under its own digest.

    Args:
        path: the file to be replaced.
        digest: the new content's.
        digest_of: the digest that a file's bytes hold; raises ours if the file is not one
            of ours. Such a file is kept, too, under the sha256 of its bytes: it may be what a
            predecessor of this program wrote.
    """

    def keep_as(old: bytes) -> str | None:
        try:
            of_old = digest_of(old)
        except AmlError:
            of_old = hashlib.sha256(old).hexdigest()
        return None if of_old == digest else version_path(path, of_old)

    return keep_as


def tidy_versions(store: Store, path: str) -> None:
    """Remove what killed writers left among the versions of ``path``."""
    folder, _ = split_path(path)
    store.tidy(join_path(folder, VERSIONS))


def sealed(data: bytes, path: str) -> bytes:
    """`seal`, refusing content that imitates a seal.

    Raises:
        StoreError: the bytes hold another seal.
    """
    try:
        return seal(data)
    except ValueError:
        raise StoreError(
            "the content holds a second seal",
            path=path,
            operation="write",
            remedy='Rename the name or key "seal" in it',
        ) from None


def corrupt(path: str, what: str) -> CorruptFile:
    """The error of a file that is not what was published."""
    return CorruptFile(what, path=path, operation="read", remedy=_REMEDY)


def parse_manifest(text: bytes, path: str) -> Manifest:
    """`Manifest.from_json` with our error."""
    try:
        return Manifest.from_json(text)
    except ValueError as error:
        raise corrupt(path, str(error)) from None
