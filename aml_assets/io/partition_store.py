"""One asset's partitions in the store: their paths, their manifests and their content.

Belongs here: the path of a day, and reading and publishing it in the asset's format; for static
tables, storing unchanged content once. Does not belong here: bytes (``formats``, ``store``), or
when to build what.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import pyarrow as pa

from aml_assets.core.days import parse_day
from aml_assets.errors import (
    AmlError,
    CorruptFile,
    DeletedUnderRule,
    ModelError,
    NotFound,
    NotReady,
    StoreError,
)
from aml_assets.io.deletions import Deletions
from aml_assets.io.formats import Format, ParquetFormat, Published, version_path
from aml_assets.io.manifest import Manifest
from aml_assets.io.paths import Template
from aml_assets.io.store import Store
from aml_assets.io.surroundings import SurroundingsStore

if TYPE_CHECKING:
    import pyarrow.dataset as ds

T = TypeVar("T")

_ATTEMPTS = 3
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


class PartitionStore(Generic[T]):
    """The daily partitions of one asset.

    Args:
        store: where they lie.
        asset: the asset's name, e.g. ``features/merged_features``.
        template: the path of a partition.
        format: how a partition is written and read.
        name_of: the placeholder's value for a day (a model's file is named by its model_id).
        surroundings: those of this process, recorded in what it publishes; ``None``: in nothing.
    """

    def __init__(
        self,
        store: Store,
        asset: str,
        template: Template,
        format: Format[T],
        name_of: Callable[[dt.date], str] = str,
        surroundings: SurroundingsStore | None = None,
    ) -> None:
        self.store = store
        self.asset = asset
        self.template = template
        self.format = format
        self._name_of = name_of
        self._surroundings = surroundings

    def path(self, day: dt.date) -> str:
        """The partition's path, relative to the store's root."""
        return self.template.fill(self._name_of(day))

    def has(self, day: dt.date) -> bool:
        """Tell whether the partition is stored."""
        return self.store.exists(self.path(day))

    def days(self) -> list[dt.date]:
        """The days with an entry in the asset's folder, oldest first; one listing.

        A killed first write can leave a day's folder without a file: ``has`` tells for sure.
        """
        names = [entry.name for entry in self.store.list(self.template.folder)]
        text = self.template.values(names)
        by_name = {self._name_of(day): day for day in map(parse_day, _dates(text)) if day}
        return sorted(by_name[name] for name in text if name in by_name)

    def day_of(self, name: str) -> dt.date | None:
        """The day to which an entry of the asset's folder belongs; hidden companions, too.

        Entries of other programs, and ad hoc models, belong to none.
        """
        folder = self.template.folder
        for day in filter(None, map(parse_day, _DATE.findall(name))):
            path = self.path(day)
            entry = (path.removeprefix(f"{folder}/") if folder else path).partition("/")[0]
            if name == entry or name.startswith(f".{entry}."):
                return day
        return None

    def manifest(self, day: dt.date) -> Manifest:
        """The partition's manifest: its inputs, versions and facts.

        Raises:
            NotReady: it is not stored.
            CorruptFile: it is not what was published.
        """
        return self._existing(day, lambda: self.format.read_manifest(self.store, self.path(day)))

    def load(self, day: dt.date, columns: list[str] | None = None) -> T:
        """The partition's content, verified.

        Args:
            day: the partition.
            columns: for frames, only these columns.

        Raises:
            NotReady: it is not stored.
            CorruptFile: it is not what was published.
        """
        options: dict[str, Any] = {} if columns is None else {"columns": columns}
        return self._existing(
            day, lambda: self.format.read(self.store, self.stored_file(day), **options)
        )

    def row_group(
        self, day: dt.date, number: int, columns: Sequence[str], digest: str
    ) -> pa.Table | None:
        """Some columns of a row group of a day's frame, verified; ``None`` after the last one.

        Args:
            day: the partition.
            number: of the row group, counted from 0.
            columns: names.
            digest: of the content, as its manifest says.

        Raises:
            NotReady: it is not stored, or was replaced meanwhile.
            CorruptFile: it is not what was published.
        """
        format_ = self._parquet()

        def read() -> pa.Table | None:
            return format_.read_group(self.store, self.stored_file(day), number, columns, digest)

        try:
            return self._existing(day, read)
        except StoreError:
            if self.manifest(day).digest == digest:
                raise
        raise self.replaced(day)

    def schema(self, day: dt.date) -> pa.Schema:
        """The names and types of the columns of a day's frame. Errors as `manifest`."""
        format_, path = self._parquet(), self.stored_file(day)
        return self._existing(day, lambda: format_.read_schema(self.store, path))

    def replaced(self, day: dt.date) -> NotReady:
        """The error for a day whose content was replaced while it was read."""
        return NotReady(
            "it was replaced while it was read",
            table=self.asset,
            day=day,
            remedy="Run it again when nothing else rebuilds the day.",
        )

    def _parquet(self) -> ParquetFormat:
        if not isinstance(self.format, ParquetFormat):
            raise AmlError(
                "only frames can be opened lazily",
                table=self.asset,
                remedy="Ask for its content instead of a dataset.",
            )
        return self.format

    def open_dataset(self, day: dt.date, columns: list[str] | None = None) -> ds.Dataset:
        """A lazy view of a day's frame, verified as it is read.

        Args:
            day: the partition.
            columns: only these columns.

        Raises:
            NotReady: it is not stored.
            AmlError: the asset's format has no lazy view.
        """
        format_ = self._parquet()
        return self._existing(
            day, lambda: format_.open_dataset(self.store, self.stored_file(day), columns)
        )

    def stored_file(self, day: dt.date) -> str:
        """The file that holds the day's content."""
        return self.path(day)

    def files_of(self, name: str, digest: str) -> dict[str, str] | None:
        """The files that hold a partition of this content, even if it was replaced since.

        Args:
            name: the day in ISO format, or what its path has in the day's place (a model_id).
            digest: of the content.

        Returns:
            The path under which each is read → the path where it lies now; ``None`` if the
            content is not stored any more.
        """
        day = parse_day(name)
        path = self.path(day) if day else self.template.fill(name)
        for place in (path, version_path(path, digest)):
            if self.holds(place, digest):
                beside = self.format.companions(path, digest)
                return {path: place, **dict(zip(beside, beside, strict=True))}
        return None

    def holds(self, path: str, digest: str) -> bool:
        """Tell whether a file, wherever it lies, has this content and is what was published."""
        try:
            return self.format.read_manifest(self.store, path).digest == digest
        except (NotFound, CorruptFile, ModelError):
            return False

    def load_with_manifest(
        self, day: dt.date, columns: list[str] | Callable[[Manifest], list[str]] | None = None
    ) -> tuple[T, Manifest]:
        """Content and manifest of one and the same version of the partition.

        Args:
            day: the partition.
            columns: for frames, only these columns, or those selected by the manifest.

        Raises:
            NotReady: it is not stored, or is replaced faster than it can be read.
            CorruptFile: it is not what was published.
        """
        for _ in range(_ATTEMPTS):
            manifest = self.manifest(day)
            value = self.load(day, columns(manifest) if callable(columns) else columns)
            if self.manifest(day).digest == manifest.digest:
                return value, manifest
        raise self.replaced(day)

    def publish(
        self, day: dt.date, value: T, manifest: Manifest, *, path: str | None = None
    ) -> Published:
        """Publish the partition; the manifest's digests are filled in here.

        Args:
            day: the partition.
            value: its content.
            manifest: its inputs, code version and settings hash; digests are filled in.
            path: another place than the day's own, for content that does not count as the day's.
        """
        place = path or self.path(day)
        return self.format.write(self.store, place, value, self._in_surroundings(manifest))

    def _in_surroundings(self, manifest: Manifest) -> Manifest:
        if self._surroundings is None:
            return manifest
        return replace(manifest, surroundings=self._surroundings.keep())

    def _existing(self, day: dt.date, read: Callable[[], Any]) -> Any:
        try:
            return read()
        except NotFound:
            if self.has(day):
                raise
            if (deleted := Deletions(self.store).under(self.asset, day)) is not None:
                raise DeletedUnderRule(deleted, table=self.asset, day=day) from None
            raise NotReady(
                "it has not been materialized yet",
                table=self.asset,
                day=day,
                remedy=f"Materialize it: aml backfill --from {day} --to {day} "
                f"--select {self.asset}",
            ) from None


class SnapshotStore(PartitionStore[pa.Table]):
    """The days of a static table: content is stored once, other days refer to it.

    A day holds either the frame itself or, under a hidden name, a sealed reference that names
    the day and the digest of the frame it stands for. A frame that is replaced after all stays
    readable under its digest, so a reference always resolves to what it named.
    """

    def __init__(
        self,
        store: Store,
        asset: str,
        template: Template,
        surroundings: SurroundingsStore | None = None,
    ) -> None:
        format_ = ParquetFormat(keep_replaced=True)
        super().__init__(store, asset, template, format_, surroundings=surroundings)

    def has(self, day: dt.date) -> bool:
        """Tell whether the day holds the frame or a reference."""
        return super().has(day) or self.store.exists(self._reference_path(day))

    def manifest(self, day: dt.date) -> Manifest:
        """The day's own manifest, also where it only refers to another day's frame."""
        reference = self._reference(day)
        return reference[1] if reference else super().manifest(day)

    def stored_file(self, day: dt.date) -> str:
        """The file with the frame as of the day, also if it has been replaced since."""
        reference = self._reference(day)
        if reference is None:
            return self.path(day)
        target, manifest = reference
        path = self.path(target)
        if self.store.exists(path) and (
            self.format.read_manifest(self.store, path).digest == manifest.digest
        ):
            return path
        return version_path(path, manifest.digest)

    def files_of(self, name: str, digest: str) -> dict[str, str] | None:
        """See `PartitionStore.files_of`; for a reference, its own file and the frame's."""
        day = parse_day(name)
        reference = self._reference(day) if day else None
        if day is None or reference is None or reference[1].digest != digest:
            return super().files_of(name, digest)
        if not self.holds(self.stored_file(day), digest):
            return None
        files = self._reference_path(day), self.stored_file(day)
        return dict(zip(files, files, strict=True))

    def publish(
        self, day: dt.date, value: pa.Table, manifest: Manifest, *, path: str | None = None
    ) -> Published:
        """Publish the frame itself; a different one that it replaces is kept by its digest."""
        published = super().publish(day, value, manifest, path=path)
        # The frame is there: from here on a left-over reference would only hide it.
        if self.store.exists(self._reference_path(day)):
            self.store.delete(self._reference_path(day))
        return published

    def refer(self, day: dt.date, target: dt.date, manifest: Manifest) -> Published:
        """Store a reference: the day has the frame that is stored for ``target``.

        Args:
            day: the day that holds the reference.
            target: a day that holds the frame itself, or refers to it.
            manifest: the day's own; digest and rows are taken from the target's.
        """
        onward = self._reference(target)
        origin = onward[0] if onward else target
        of_target = self.manifest(target)
        own = replace(
            self._in_surroundings(manifest),
            digest=of_target.digest,
            rows=of_target.rows,
            data_sha256=of_target.data_sha256,
            data_length=of_target.data_length,
        )
        text = f'{{"refers_to": "{origin}", "manifest": {own.to_sealable_json()}}}\n'
        path = self._reference_path(day)
        sealed = self.store.seals.seal(text.encode(), path)
        written = self.store.publish_bytes(path, sealed)
        return Published(changed=written.changed, manifest=own)

    def refers_to(self, day: dt.date) -> tuple[dt.date, str] | None:
        """The day whose frame a day refers to, and its digest; ``None`` if it holds its own."""
        reference = self._reference(day)
        return (reference[0], reference[1].digest) if reference else None

    def _reference_path(self, day: dt.date) -> str:
        folder, _, name = self.path(day).rpartition("/")
        return f"{folder}/.{name}.reference.json"

    def _reference(self, day: dt.date) -> tuple[dt.date, Manifest] | None:
        path = self._reference_path(day)
        if not self.store.exists(path):
            return None
        data = self.store.read(path)
        try:
            if not self.store.seals.verify(data, path):
                raise ValueError("seal")
            value = json.loads(data)
            return dt.date.fromisoformat(value["refers_to"]), Manifest.from_dict(value["manifest"])
        except (ValueError, KeyError, TypeError):
            raise CorruptFile(
                "the reference was altered after it was published",
                path=path,
                operation="read",
                remedy="Materialize the day again with `restate: true`.",
            ) from None


def _dates(texts: list[str]) -> list[str]:
    """The last ten characters of each text: a date, where the text ends in one."""
    return [text[-10:] for text in texts]
