"""A training window, read day by day: once, or twice where it is too large to stay in memory.

Belongs here: which columns of which days training reads, whether they stay in memory, and that a
day that is read twice is the same. Does not belong here: which rows count (``labelling``), or
encoding them (``training_data``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from aml_assets.core.model import fitting
from aml_assets.core.model.encoding import TIME_ENCODINGS, Encoder, Frame
from aml_assets.core.model.fitting import SeenDay
from aml_assets.core.model.ruled_out import ruled_out
from aml_assets.errors import NotReady
from aml_assets.io.catalog import Catalog
from aml_assets.io.manifest import Manifest
from aml_assets.io.upstream import Upstream
from aml_assets.steps.inputs.stored_frames import columns_of, load_frame
from aml_assets.steps.inputs.window_frames import (
    Window,
    read_window,
    refuse_missing,
    row_columns,
)

_VALUE_BYTES = 4


@dataclass
class TrainingWindow:
    """A training window.

    Attributes:
        features: the line's frames.
        window: its days, with the columns that label rows; the possible features, too, where they
            stay in memory.
        seen: per day, what its frame shows of its columns; the encoder is fitted on it.
        part: takes from a day's frame the rows to train on.
        needed: the columns that label rows.
        in_memory: whether possible features stay in memory.
    """

    features: Upstream[pa.Table]
    window: Window
    seen: list[SeenDay]
    part: Callable[[Frame], Frame]
    needed: Collection[str]
    in_memory: bool

    def take(self, day: dt.date, encoder: Encoder) -> Frame:
        """Return the frame of the next day that was not taken yet, and keep none of it.

        Args:
            day: the day whose turn it is.
            encoder: names the columns to read again, where the window is not in memory.

        Raises:
            NotReady: the day was replaced since it was first read.
        """
        if self.in_memory:
            return self.window.frames.pop(0)
        sources = {(each.table, each.column) for each in encoder.features}

        def wanted(manifest: Manifest) -> list[str]:
            columns = columns_of(manifest).items()
            return [
                name
                for name, of in columns
                if name in self.needed or (of.table, of.source) in sources
            ]

        frame, manifest = load_frame(self.features, day, wanted)
        if manifest.digest != self.window.digests[str(day)]:
            raise _replaced(self.features.asset, [day])
        release_memory()
        return self.part(frame)

    def forget(self) -> None:
        """Drop the days' frames from memory; their digests stay, and `take` reads each again."""
        self.window.frames.clear()
        self.seen.clear()
        release_memory()


def read_training_window(
    catalog: Catalog,
    features: Upstream[pa.Table],
    days: Sequence[dt.date],
    part: Callable[[Frame], Frame] = lambda whole: whole,
    *,
    most_bytes: int | None = None,
) -> TrainingWindow:
    """Read those columns of a window that matter to training: key, label, possible features.

    Ids and texts are most of a frame's bytes; what the manifests rule out stays in the store.

    Args:
        catalog: settings, landing and skips.
        features: the line's frames.
        days: the days of the window, oldest first.
        part: takes from a day's frame the rows to train on; all by default.
        most_bytes: how many bytes of encoded values may stay in memory. Of a larger window only
            the labels' columns stay, and `TrainingWindow.take` reads each day again. By default
            all stays.

    Raises:
        NotTrainable: names every day that is missing, and why.
        NotReady: a day was replaced meanwhile.
    """
    refuse_missing(catalog, features, days)
    stored = {day: features.manifest(day) for day in days if features.has(day)}
    hopeless = ruled_out(
        [columns_of(manifest) for manifest in stored.values()],
        catalog.settings.features.max_text_distinct_share,
        catalog.settings.report_features,
    )
    needed = row_columns(catalog)

    def wanted(manifest: Manifest) -> list[str]:
        return [
            name
            for name, column in columns_of(manifest).items()
            if name in needed or (column.table, column.source) not in hopeless
        ]

    size = sum(_encoded_bytes(manifest, wanted(manifest)) for manifest in stored.values())
    in_memory = most_bytes is None or size <= most_bytes
    seen = list[SeenDay]()

    def kept(frame: Frame) -> Frame:
        learnt = part(frame)
        seen.append(fitting.seen(learnt))
        if in_memory:
            return learnt
        release_memory()  # of the day before
        return _only(learnt, needed)

    window = read_window(catalog, features, days, wanted, kept)
    replaced = [day for day, was in stored.items() if window.digests[str(day)] != was.digest]
    if replaced:
        raise _replaced(features.asset, replaced)
    return TrainingWindow(features, window, seen, part, needed, in_memory)


def release_memory() -> None:
    """Give memory that is not in use back to the system, which the allocator would keep."""
    pa.default_memory_pool().release_unused()


def _only(frame: Frame, names: Sequence[str]) -> Frame:
    return Frame(frame.day, frame.table.select(list(names)), frame.columns)


def _encoded_bytes(manifest: Manifest, names: Collection[str]) -> int:
    """The most bytes that a day takes as a matrix, if every column turns out to be a feature.

    Args:
        manifest: the day's.
        names: of the columns that are read.
    """
    columns: Mapping[str, str] = {name: of.kind for name, of in columns_of(manifest).items()}
    features = sum(len(TIME_ENCODINGS) if columns[name] == "time" else 1 for name in names)
    return (manifest.rows or 0) * features * _VALUE_BYTES


def _replaced(asset: str, days: Sequence[dt.date]) -> NotReady:
    return NotReady(
        "it was replaced while the window was read",
        table=asset,
        day=", ".join(map(str, days)),
        remedy="Run it again when nothing else rebuilds the window.",
    )
