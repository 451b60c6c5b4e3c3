"""File systems that count, fail or kill, around the real local one; and a writer to be killed.

Belongs here: what several tests of ``io`` inject. Does not belong here: tests.
"""

from __future__ import annotations

import functools
import os
import signal
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, cast

import pyarrow as pa

from aml_assets.errors import TransientStoreError
from aml_assets.io.filesystems import FileStatus, FileSystem, Listing, LocalFileSystem, RawSink
from aml_assets.io.formats import CsvFormat, Format, JsonFormat, ModelFormat, ParquetFormat
from aml_assets.io.manifest import Manifest
from aml_assets.io.store import Store


class ObservedFileSystem(FileSystem):
    """The local file system, telling an observer before each operation what it will do."""

    def __init__(self, observe: Callable[[str, str], None]) -> None:
        self._observe = observe
        self._below = LocalFileSystem()

    def create(self, path: str) -> RawSink:
        self._observe("create", path)
        return _ObservedSink(self._below.create(path), path, self._observe)

    def replace(self, source: str, target: str) -> None:
        self._observe("replace", target)
        self._below.replace(source, target)
        self._observe("replaced", target)

    def status(self, path: str) -> FileStatus | None:
        self._observe("status", path)
        return self._below.status(path)

    def list(self, path: str) -> Listing:
        self._observe("list", path)
        return self._below.list(path)

    def open(self, path: str, known: FileStatus | None = None) -> BinaryIO:
        self._observe("open", path)
        return cast(BinaryIO, _ObservedFile(self._below.open(path, known), path, self._observe))

    def delete(self, path: str) -> None:
        self._observe("delete", path)
        self._below.delete(path)


class _ObservedSink:
    def __init__(self, raw: RawSink, path: str, observe: Callable[[str, str], None]) -> None:
        self._raw, self._path, self._observe = raw, path, observe

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """In two halves, so that a fault can fall between them."""
        half = len(data) // 2
        for piece in (data[:half], data[half:]):
            self._observe("write", self._path)
            self._raw.write(piece)

    def close(self) -> None:
        self._observe("close", self._path)
        self._raw.close()

    def abort(self) -> None:
        self._raw.abort()


class _ObservedFile:
    def __init__(self, file: BinaryIO, path: str, observe: Callable[[str, str], None]) -> None:
        self._file, self._path, self._observe = file, path, observe
        self.seek, self.tell = file.seek, file.tell

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self._observe(f"read {len(data)}", self._path)
        return data

    def __enter__(self) -> _ObservedFile:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


class Counted:
    """Counts operations and the bytes read."""

    def __init__(self) -> None:
        self.operations: Counter[str] = Counter()
        self.bytes_read = 0

    def __call__(self, operation: str, path: str) -> None:
        name, _, length = operation.partition(" ")
        self.operations[name] += 1
        self.bytes_read += int(length or 0)


class FailsFirst:
    """Raises a transient error at the first ``times`` of one operation."""

    def __init__(self, operation: str, times: int) -> None:
        self.operation, self.left = operation, times

    def __call__(self, operation: str, path: str) -> None:
        if operation.partition(" ")[0] == self.operation and self.left:
            self.left -= 1
            raise TransientStoreError("the server is away", path=path, operation="read")


class KillsAt:
    """Ends this very process, without any goodbye, before step ``step``."""

    def __init__(self, step: int) -> None:
        self.left = step

    def __call__(self, operation: str, path: str) -> None:
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        self.left -= 1


PATH = "out/part of D.bin"
FORMATS: dict[str, Format[Any]] = {
    "parquet": ParquetFormat(),
    "csv": CsvFormat(),
    "json": JsonFormat(),
    "model": ModelFormat(),
}


def manifest(version: str) -> Manifest:
    """A manifest that tells which of the values it goes with."""
    return Manifest(
        asset="features/x",
        partition="2024-03-01",
        inputs={"tables/trx": {"2024-03-01": version, "2024-02-29": "absent"}},
        code_version=version,
    )


@functools.cache
def value(kind: str, version: str) -> Any:
    """A value of a format, different for each version."""
    if kind == "json":
        return {"precision": None, "version": version}
    if kind == "model":
        return booster(version)
    return pa.table({"id": [f"{version}-{n}" for n in range(50)], "amount": [1.5] * 50})


def content(kind: str, stored: Any) -> Any:
    """What of a value read can be compared."""
    if kind == "model":
        return stored.attr("aml_assets.encoder")
    return stored


def booster(version: str = "old") -> Any:
    """A small real booster whose encoder tells its version."""
    import numpy as np
    import xgboost

    rows = np.random.default_rng(0).normal(size=(60, 2))
    data = xgboost.DMatrix(rows, (rows[:, 0] > 0).astype(int), feature_names=["a", "b"])
    trained = xgboost.train({"objective": "binary:logistic", "nthread": 1}, data, 2)
    trained.set_attr(**{"aml_assets.encoder": f'{{"version":"{version}"}}'})
    return trained


def write_and_die(root: str, kind: str, version: str, step: int) -> None:
    """Write one value of one format, and be killed before step ``step`` of it."""
    store = Store(root, filesystem=ObservedFileSystem(KillsAt(step)))
    FORMATS[kind].write(store, PATH, value(kind, version), manifest(version))


def write_for_ever(root: str, kind: str) -> None:
    """Replace one file by old and new in turns until killed."""
    store = Store(root)
    while True:
        for version in ("new", "old"):
            FORMATS[kind].write(store, PATH, value(kind, version), manifest(version))


def temporary_files(root: Path) -> list[str]:
    """The names of all temporary files below a folder."""
    return sorted(each.name for each in root.rglob("*") if ".tmp-" in each.name)


def small_table() -> pa.Table:
    return pa.table(
        {
            "id": [f"T{n:03}" for n in range(40)],
            "amount": pa.array([n / 4 if n % 7 else None for n in range(40)]),
            "kind": pa.array(["cash", "wire"] * 20).dictionary_encode(),
        }
    )


def put(store: Store, path: str, data: bytes) -> None:
    """Overwrite bytes as nothing of ours would."""
    (Path(store.root) / path).write_bytes(data)
