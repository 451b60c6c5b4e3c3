"""Upstream handle: reads an asset's partitions by day and records their digests.

Belongs here: reading partitions by computed day, and the record for the manifest of what is built
from them. Does not belong here: which days a builder needs (``steps.inputs``), or
handing these objects to an op (``hdfs_io_manager``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar

import pyarrow as pa

from aml_assets.core.staleness import ABSENT
from aml_assets.core.tables.remote_engine import StoredFrame
from aml_assets.io.manifest import Manifest
from aml_assets.io.partition_store import PartitionStore

T = TypeVar("T")


class Upstream(Generic[T]):
    """The partitions of one upstream asset.

    A partition is read when a builder asks for its day. `read` then has it: partition → digest, or
    ``absent`` for one that was looked for and was not stored.

    Args:
        partitions: where they are stored.
    """

    def __init__(self, partitions: PartitionStore[T]) -> None:
        self.partitions = partitions
        self._read: dict[str, str] = {}

    @property
    def asset(self) -> str:
        """The upstream asset's name."""
        return self.partitions.asset

    @property
    def read(self) -> Mapping[str, str]:
        """The record so far: partition → digest, or ``absent``."""
        return self._read

    def has(self, day: dt.date) -> bool:
        """Tell whether a partition is stored.

        This does not count as a read, so the manifest does not record it.
        """
        return self.partitions.has(day)

    def manifest(self, day: dt.date) -> Manifest:
        """The manifest of a partition; it counts as read.

        Raises:
            NotReady: it is not stored.
        """
        manifest = self.partitions.manifest(day)
        self.record(str(day), manifest.digest)
        return manifest

    def load(
        self, day: dt.date, columns: list[str] | Callable[[Manifest], list[str]] | None = None
    ) -> tuple[T, Manifest]:
        """Content and manifest of one version of a partition.

        Args:
            day: the partition.
            columns: for frames, only these columns, or those selected by the manifest.

        Raises:
            NotReady: it is not stored.
            CorruptFile: it is not what was published.
        """
        value, manifest = self.partitions.load_with_manifest(day, columns)
        self.record(str(day), manifest.digest)
        return value, manifest

    def stored_frame(self, day: dt.date, columns: Sequence[str]) -> StoredFrame:
        """The path and schema of a day's frame, for a remote engine, which reads it unverified.

        Args:
            day: the partition.
            columns: names of columns that it has.

        Raises:
            NotReady: it is not stored.
        """
        schema = self.partitions.schema(day)
        fields = pa.schema([schema.field(name) for name in columns])
        return StoredFrame(self.partitions.stored_file(day), fields)

    def refuse_replaced(self, *days: dt.date) -> None:
        """Raise if a partition was replaced while a remote engine may have read it.

        Args:
            days: partitions whose manifests were read before the engine read them.

        Raises:
            NotReady: a partition has another digest now; the error names its day.
        """
        for each in days:
            if self.partitions.manifest(each).digest != self._read[str(each)]:
                raise self.partitions.replaced(each)

    def record(self, partition: str, digest: str = ABSENT) -> None:
        """Record what was read elsewhere: by path, or that a partition is absent."""
        self._read[partition] = digest

    def afresh(self) -> Upstream[Any]:
        """Return a new handle with an empty record, for the next partition that is built."""
        return Upstream(self.partitions)


def inputs_read(*upstreams: Upstream[Any] | None) -> dict[str, dict[str, str]]:
    """Return the records of some upstream handles as a manifest's inputs, without empty ones."""
    return {each.asset: dict(each.read) for each in upstreams if each and each.read}
