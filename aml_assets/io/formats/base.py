"""The interface of all formats, and what they share: kept versions, seals, errors.

Belongs here: the base classes `Format` and `SealedFormat` and their helpers. Does not belong
here: the bytes of any one format.
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import BinaryIO, ClassVar, Generic, TypeVar

from aml_assets.errors import (
    AmlError,
    CorruptFile,
    DamagedFile,
    StoreError,
    TransientStoreError,
)
from aml_assets.io.manifest import Manifest
from aml_assets.io.paths import join_path, split_path
from aml_assets.io.published import sha256_of
from aml_assets.io.seals import VERSIONS as VERSIONS
from aml_assets.io.seals import Seals, digest_in
from aml_assets.io.store import KeepAs, Store

T = TypeVar("T")

_REMEDY = "Materialize it again, or restore the file"


@dataclass(frozen=True)
class Published:
    """The result of `Format.write`.

    Attributes:
        changed: false if the same content and manifest were stored already; then nothing was
            touched.
        manifest: the complete manifest, as stored.
    """

    changed: bool
    manifest: Manifest


class Format(ABC, Generic[T]):
    """A way to store a value of type ``T`` in one file, with its manifest.

    Every read checks the bytes. A file that is cut, empty, altered or foreign raises
    ``CorruptFile`` with its path, and a missing file raises ``NotFound``. No error shows a
    library's own text or a cell of a table.
    """

    suffix: ClassVar[str]

    @abstractmethod
    def write(self, store: Store, path: str, value: T, manifest: Manifest) -> Published:
        """Publish ``value`` under ``path``.

        Args:
            store: the store to write to.
            path: relative to the store's root.
            value: the content.
            manifest: the inputs and settings; the format fills in digest, rows and ``data_*``.

        Raises:
            StoreError: the value could not be stored; the file stored before is untouched.
        """

    @abstractmethod
    def read(self, store: Store, path: str) -> T:
        """Read and verify the whole file.

        Raises:
            NotFound: nothing is stored there.
            CorruptFile: the file is not what was published.
        """

    @abstractmethod
    def read_manifest(self, store: Store, path: str) -> Manifest:
        """Read the manifest alone, verified.

        Raises:
            NotFound: nothing is stored there.
            CorruptFile: the file is not what was published.
        """

    def companions(self, path: str, digest: str) -> list[str]:
        """Return the paths of the files beside ``path`` without which it cannot be read."""
        return []


class SealedFormat(Format[T]):
    """A format whose file is read whole and holds its own sealed manifest.

    A subclass says which bytes identify the content and where the manifest lies in the file. A
    file that other content replaces stays readable under `version_path`.
    """

    @abstractmethod
    def identity(self, value: T, path: str) -> bytes:
        """Return the bytes that identify the content; their sha256 is the digest.

        Raises:
            AmlError: the value is none that this format can store.
        """

    @abstractmethod
    def encode(self, value: T, manifest: Manifest, path: str) -> bytes:
        """Return the whole file, with ``manifest.to_sealable_json()`` in its place."""

    @abstractmethod
    def manifest_in(self, data: bytes, path: str, seals: Seals) -> Manifest:
        """Verify the seal of a whole file and return the manifest in it.

        Raises:
            CorruptFile: the bytes are not what was published.
        """

    @abstractmethod
    def decode(self, data: bytes, path: str) -> T:
        """Return the value in a file that `manifest_in` has verified, without the manifest."""

    def write(self, store: Store, path: str, value: T, manifest: Manifest) -> Published:
        """See `Format.write`.

        Raises:
            AmlError: the value is none that this format can store.
        """
        data, complete = self.sealed_file(store, path, value, manifest)
        digest = complete.digest
        tidy_versions(store, path)

        def digest_of(old: BinaryIO) -> str:
            return self.manifest_in(old.read(), path, store.seals).digest

        keep = keep_versions(path, digest, digest_of)
        written = store.publish_bytes(path, data, keep_as=keep)
        return Published(written.changed, complete)

    def sealed_file(
        self, store: Store, path: str, value: T, manifest: Manifest
    ) -> tuple[bytes, Manifest]:
        """Return the whole file, sealed for its path, and the complete manifest in it.

        Raises:
            AmlError: the value is none that this format can store.
        """
        digest = hashlib.sha256(self.identity(value, path)).hexdigest()
        complete = replace(manifest, digest=digest, rows=None, data_sha256=None, data_length=None)
        return sealed(self.encode(value, complete, path), path, store.seals), complete

    def read(self, store: Store, path: str) -> T:
        """Read and verify the whole file; see `Format.read`."""
        return self.decode(self.load(store, path)[0], path)

    def read_manifest(self, store: Store, path: str) -> Manifest:
        """Read the manifest; the whole file is verified. See `Format.read_manifest`."""
        return self.load(store, path)[1]

    def load(self, store: Store, path: str) -> tuple[bytes, Manifest]:
        """Return the whole file, verified, and the manifest in it; errors as of `Format.read`."""

        def verified(file: BinaryIO) -> tuple[bytes, Manifest]:
            data = file.read()
            manifest = self.manifest_in(data, path, store.seals)
            refuse_other_version(manifest, path)
            return data, manifest

        return store.load(path, verified)


def version_path(path: str, digest: str) -> str:
    """Return the path under which a file is kept after other content replaced it."""
    folder, name = split_path(path)
    stem, dot, suffix = name.rpartition(".")
    kept = f"{stem}.{digest}.{suffix}" if dot and stem else f"{name}.{digest}"
    return join_path(join_path(folder, VERSIONS), kept)


def keep_versions(path: str, digest: str, digest_of: Callable[[BinaryIO], str]) -> KeepAs:
    """Return a ``keep_as`` for `Store.publish` that keeps replaced content under its digest.

    Args:
        path: the file to be replaced.
        digest: the digest of the new content; the same content is not kept.
        digest_of: returns the digest in a file's manifest, or raises `AmlError` if we did not
            write the file. Such a file is kept under the sha256 of its bytes.
    """

    def keep_as(old: BinaryIO) -> str | None:
        try:
            of_old = digest_of(old)
        except (DamagedFile, TransientStoreError):
            raise
        except AmlError:
            old.seek(0)
            of_old = sha256_of(old)
        return None if of_old == digest else version_path(path, of_old)

    return keep_as


def refuse_other_version(manifest: Manifest, path: str) -> None:
    """Refuse a kept version whose content is not the one that its path names.

    Its seal does not show that: even a keyed one covers only the path of the file it was.

    Raises:
        CorruptFile: the path names another digest than the manifest.
    """
    if digest_in(path) not in (None, manifest.digest):
        raise corrupt(path, "it holds another version of the file than its name says")


def tidy_versions(store: Store, path: str) -> None:
    """Delete the temporary files that killed writers left among the versions of ``path``."""
    folder, _ = split_path(path)
    store.tidy(join_path(folder, VERSIONS))


def sealed(data: bytes, path: str, seals: Seals) -> bytes:
    """Return ``data`` with its seal filled in.

    Raises:
        StoreError: the content itself holds text that looks like a seal.
    """
    try:
        return seals.seal(data, path)
    except ValueError:
        raise StoreError(
            "the content holds a second seal",
            path=path,
            operation="write",
            remedy='Rename the name or key "seal" in it',
        ) from None


def corrupt(path: str, what: str) -> CorruptFile:
    """Return the error for a file that is not what was published."""
    return CorruptFile(what, path=path, operation="read", remedy=_REMEDY)


def parse_manifest(text: bytes, path: str) -> Manifest:
    """Parse a manifest.

    Raises:
        CorruptFile: the text is no manifest; it names ``path``.
    """
    try:
        return Manifest.from_json(text)
    except ValueError as error:
        raise corrupt(path, str(error)) from None
