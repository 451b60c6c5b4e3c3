"""A stored table of a day, of which only some rows are wanted.

Belongs here: reading a large table row group by row group, and keeping the rows that others refer
to. Does not belong here: what is done with them (``core.tables``), or frames that are read whole
(``stored_frames``).
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property, reduce
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from aml_assets.core.model.encoding import Frame
from aml_assets.core.tables import dictionaries
from aml_assets.core.tables.chunks import ROWS, Keep, batches_of, in_memory
from aml_assets.core.tables.contracts import CheckedTable, Column
from aml_assets.core.tables.join_columns import pairs_of
from aml_assets.core.tables.remote_engine import (
    RemoteEngine,
    StoredFrame,
    has_plain_types,
    rows_reached,
)
from aml_assets.core.tables.values import common_type
from aml_assets.io.manifest import Manifest
from aml_assets.io.partition_store import PartitionStore
from aml_assets.io.upstream import Upstream
from aml_assets.settings.table_settings import Join, TableSettings
from aml_assets.steps.inputs.stored_frames import columns_of, load_table

References = Mapping[str, pa.ChunkedArray]
"""Column → the ids that other rows refer to. A row is reached if each of its columns matches."""


_COLUMNS_AT_ONCE = 16

_TEXTS = ("category", "text")

_VALUES = ROWS * _COLUMNS_AT_ONCE
"""The most values, rows times columns, of a table that is read whole."""


class StoredTable:
    """A table of a day. Up to `_VALUES` values it is read once, and whole.

    Args:
        table: its partitions.
        day: the partition; it counts as read.
        columns: only these columns; all by default.
        remote: finds the wanted rows of a large table; by default it is read here.

    Raises:
        NotReady: it is not stored.
    """

    def __init__(
        self,
        table: Upstream[pa.Table],
        day: dt.date,
        columns: list[str] | None = None,
        remote: RemoteEngine | None = None,
    ) -> None:
        self._table, self._day, self._columns = table, day, columns
        self._remote = remote
        self._manifest = table.manifest(day)

    @property
    def manifest(self) -> Manifest:
        """The manifest of the version that is read."""
        return self._whole[1] if self.is_small else self._manifest

    @cached_property
    def columns(self) -> Mapping[str, Column]:
        """The facts of all its columns, read or not."""
        return columns_of(self._manifest)

    @property
    def rows(self) -> int:
        """The number of its rows."""
        return self.manifest.rows or 0

    def whole(self) -> CheckedTable:
        """All rows.

        Raises:
            NotReady: a large table was replaced since its manifest was read.
        """
        checked, manifest = self._whole
        if not self.is_small and manifest.digest != self._manifest.digest:
            raise self._table.partitions.replaced(self._day)
        return checked

    def kept(self, keep: Keep) -> CheckedTable:
        """All rows; those of a large table where ``keep`` keeps them, a few columns at a time."""
        if self.is_small:
            return self.whole()
        columns: dict[str, pa.ChunkedArray] = {}
        for names in self._in_turn(self._selected):
            some = keep(batches_of(self.batches(names)))
            columns |= dict(zip(some.column_names, some.columns, strict=True))
        table = pa.table({name: columns[name] for name in self._selected})
        return CheckedTable(table, {name: self.columns[name] for name in self._selected})

    def type_of(self, column: str) -> pa.DataType | None:
        """The type of a column; ``None`` if it holds no value."""
        if self._is_empty(column):
            return None
        return next(self.batches([column])).schema.field(0).type

    def batches(self, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
        """All rows, or some of the columns of them; a row group at a time, at least one batch."""
        columns = columns or self._selected
        if self.is_small:
            yield self.whole().table.select(list(columns))
            return
        yield from row_groups(self._table.partitions, self._day, columns, self._manifest.digest)

    def for_remote(self) -> StoredFrame:
        """The table as a remote engine reads it."""
        return self._table.stored_frame(self._day, self._selected)

    def refuse_replaced(self) -> None:
        """See ``Upstream.refuse_replaced``."""
        self._table.refuse_replaced(self._day)

    def reached(self, *references: References, keep: Keep = in_memory) -> CheckedTable:
        """The rows that one of some references reaches, and a few others.

        The others keep the columns' facts true of the result: a column that holds any value in the
        table holds one here, too.

        Args:
            *references: each reaches the rows that match all of its columns.
            keep: where the rows of a large table are kept.
        """
        if self.is_small:
            return self.whole()
        names = self._selected
        if self._remote and has_plain_types((stored := self.for_remote()).schema):
            found = rows_reached(self._remote, stored, references, keep)
            return CheckedTable(
                self._completed(found), {name: self.columns[name] for name in names}
            )
        by = list(dict.fromkeys(name for each in references for name in each))
        unseen = {name for name in names if not self._is_empty(name)}
        parts: list[pa.Table] = []
        for number, ids in enumerate(self.batches(by)):
            wanted = np.logical_or.reduce([_are_met(ids, each) for each in references])
            wanted[[*self._showing(number, unseen)]] = True
            if wanted.any():
                parts.append(keep(batches_of([self._rows(number, names, wanted)])))
        if not parts:
            parts.append(self._rows(0, names, np.zeros(0, np.bool_)))
        return CheckedTable(_one(parts), {name: self.columns[name] for name in names})

    def _completed(self, found: pa.Table) -> pa.Table:
        """The rows reached, and further rows that hold a value of columns that lack one there."""
        self.refuse_replaced()
        parts, names = [found], found.column_names
        columns = zip(names, found.columns, strict=True)
        bare = {name for name, column in columns if column.null_count == len(column)}
        unseen = {name for name in bare if not self._is_empty(name)}
        for number, part in enumerate(self.batches(names[:1]) if unseen else ()):
            wanted = np.zeros(part.num_rows, np.bool_)
            wanted[[*self._showing(number, unseen)]] = True
            if wanted.any():
                parts.append(self._rows(number, names, wanted))
            if not unseen:
                break
        return _one(parts)

    @cached_property
    def is_small(self) -> bool:
        """Whether it is read whole."""
        width = max(len(self._selected), _COLUMNS_AT_ONCE)
        return (self._manifest.rows or 0) * width <= _VALUES

    @property
    def _selected(self) -> list[str]:
        return self._columns or list(self.columns)

    def _is_empty(self, column: str) -> bool:
        nulls: Any = self.manifest.facts.get("nulls", {})
        return nulls.get(column) == self.rows

    @cached_property
    def _whole(self) -> tuple[CheckedTable, Manifest]:
        return load_table(self._table, self._day, self._columns)

    def _showing(self, number: int, unseen: set[str]) -> Iterator[np.int64]:
        """A row of a row group for each unseen column that holds a value there.

        These columns are removed from ``unseen``.
        """
        for some in self._some_columns(number, sorted(unseen)):
            for name, column in zip(some.column_names, some.columns, strict=True):
                (valid,) = np.nonzero(_is_valid(column))
                if len(valid):
                    unseen.remove(name)
                    yield valid[0]

    def _rows(self, number: int, names: list[str], wanted: NDArray[np.bool_]) -> pa.Table:
        """Some rows of a row group."""
        columns: dict[str, pa.ChunkedArray] = {}
        for some in self._some_columns(number, names):
            found = _taken(some, wanted)
            columns |= dict(zip(found.column_names, found.columns, strict=True))
        return pa.table({name: columns[name] for name in names})

    def _some_columns(self, number: int, names: list[str]) -> Iterator[pa.Table]:
        for some in self._in_turn(names):
            group = self._row_group(number, some)
            assert group is not None  # the same content has the same row groups
            yield group

    def _in_turn(self, names: list[str]) -> Iterator[list[str]]:
        """The names in groups that are read together; a text, which may be large, by itself."""
        texts = [name for name in names if self.columns[name].kind in _TEXTS]
        yield from ([name] for name in texts)
        others = [name for name in names if name not in texts]
        for start in range(0, len(others), _COLUMNS_AT_ONCE):
            yield others[start : start + _COLUMNS_AT_ONCE]

    def _row_group(self, number: int, columns: Sequence[str]) -> pa.Table | None:
        partitions = self._table.partitions
        return partitions.row_group(self._day, number, columns, self._manifest.digest)


def row_groups(
    partitions: PartitionStore[pa.Table], day: dt.date, columns: Sequence[str], digest: str
) -> Iterator[pa.Table]:
    """Some columns of a day's frame, one row group after another; see `PartitionStore.row_group`.

    Args:
        partitions: of the asset.
        day: the partition.
        columns: names.
        digest: of the content, as its manifest says.
    """
    for number in itertools.count():
        group = partitions.row_group(day, number, columns, digest)
        if group is None:
            return
        yield group


def joined_rows(
    table: StoredTable,
    loaded: Mapping[str, CheckedTable],
    join: Join,
    spec: TableSettings,
    keep: Keep,
) -> CheckedTable:
    """The rows of a table to which the rows of the tables before it in a join refer, at least.

    If the join's columns do not hold the table's key, all rows are read, so that the join can
    refuse several rows with the same values in them.

    Args:
        table: the one that is joined.
        loaded: table → its rows, of those before it.
        join: how it is joined.
        spec: the table's settings.
        keep: where the rows are kept.
    """
    if not {*join.on.values()} >= {*spec.key}:
        return table.kept(keep)
    pairs = pairs_of(join)
    referring = {pair.right: loaded[pair.left_table].table.column(pair.left) for pair in pairs}
    return table.reached(referring, keep=keep)


def kept_frame(features: Upstream[pa.Table], day: dt.date, keep: Keep) -> tuple[Frame, Manifest]:
    """A stored merged frame, whose rows lie where ``keep`` keeps them if it is large.

    Raises:
        NotReady: it is not stored.
    """
    stored = StoredTable(features, day)
    return Frame(day, stored.kept(keep).table, stored.columns), stored.manifest


def _one(parts: Sequence[pa.Table]) -> pa.Table:
    return pa.concat_tables(parts).unify_dictionaries()


def _are_met(ids: pa.Table, references: References) -> NDArray[np.bool_]:
    """The mask of the rows all of whose columns match the references."""
    met = [_are_in(ids.column(name), values) for name, values in references.items()]
    return reduce(np.logical_and, met)


def _are_in(column: pa.ChunkedArray, values: pa.ChunkedArray) -> NDArray[np.bool_]:
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    type_ = common_type([column.type, values.type])
    if type_ is None:
        return np.zeros(len(column), np.bool_)  # if it is a mistake, the join refuses the types
    values = values.cast(type_)
    return pc.is_in(column.cast(type_), value_set=values, skip_nulls=True).to_numpy()


def _is_valid(column: pa.ChunkedArray) -> NDArray[np.bool_]:
    return pc.is_valid(column).to_numpy()


def _taken(group: pa.Table, wanted: NDArray[np.bool_]) -> pa.Table:
    """Some rows, with dictionaries of their own: a row group's has the values of the whole day."""
    some = group.filter(pa.array(wanted)) if len(wanted) else group.slice(0, 0)
    for position, column in enumerate(some.columns):
        if pa.types.is_dictionary(column.type):
            bare = dictionaries.encode(column.cast(pa.string()))
            some = some.set_column(position, some.column_names[position], bare)
    return some
