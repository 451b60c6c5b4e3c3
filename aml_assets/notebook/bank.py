"""The stored bank for a notebook: read-only access by asset and day.

Belongs here: finding, loading and comparing partitions. Does not belong here: a model's features
and scores (``stored_model``).
"""

from __future__ import annotations

import datetime as dt
import warnings
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from aml_assets.automation.backfill_plan import select_assets
from aml_assets.core.compare.day_comparison import shifts
from aml_assets.core.days import ONE_DAY, parse_day
from aml_assets.core.graph import MODEL
from aml_assets.errors import AmlError
from aml_assets.io.catalog import Catalog
from aml_assets.notebook.stored_model import Model
from aml_assets.settings.load import load_settings
from aml_assets.steps.inputs.model_selection import pinned_path, read_model
from aml_assets.steps.inputs.stored_frames import columns_of

if TYPE_CHECKING:
    import pandas as pd

    from aml_assets.core.tables.contracts import Column

Day = dt.date | str
"""A day as a date, or as text ``YYYY-MM-DD``."""

_COMPARABLE = ("numeric", "category", "boolean", "time")
"""Kinds of columns whose values are comparable between two days."""


class Bank:
    """Everything that is stored; reading verifies it, and nothing is written.

    Args:
        catalog: the store.
    """

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    @classmethod
    def open(cls, **sections: Any) -> Bank:
        """Open the bank that ``AML_CONFIG`` and the environment configure, as every command does.

        Args:
            **sections: settings that rank above those, e.g.
                ``store={"url": "hdfs://host:8020/aml/store"}``.

        Raises:
            SettingsError: the settings cannot be read; see `load_settings`.
        """
        return cls(Catalog(load_settings(**sections)))

    def __repr__(self) -> str:
        return f"Bank({self._catalog.store.url!r})"

    @property
    def assets(self) -> list[str]:
        """The names of all assets, upstream first."""
        return self._catalog.assets

    def days(self, asset: str) -> list[dt.date]:
        """The stored days of an asset, oldest first.

        Args:
            asset: the asset's name or its last part, e.g. ``merged_features``.

        Raises:
            AmlError: no asset, or a whole group, has this name.
        """
        partitions = self._catalog.of(self._name(asset))
        return [day for day in partitions.days() if partitions.has(day)]

    def load(self, asset: str, day: Day) -> Any:
        """Load one day of an asset.

        Returns:
            A pandas frame; for metrics a dictionary; for a model a `Model`. Columns of integers
            and booleans keep their type beside nulls (``Int64``, ``boolean``).

        Raises:
            NotReady: the day is not stored.
            CorruptFile: the file was altered.
        """
        name = self._name(asset)
        partitions, line = self._catalog.of(name), self._catalog.graph.line_of(name)
        if name in (line.model, line.measured_model):
            return self._model(name, partitions.path(_day(day)))
        content = partitions.load(_day(day))
        return content if isinstance(content, dict) else _pandas(content)

    def made_of(self, asset: str, day: Day) -> pd.DataFrame:
        """The name of `inputs` before 0.2; it is accepted for one release."""
        warnings.warn("Bank.made_of is now called inputs", FutureWarning, stacklevel=2)
        return self.inputs(asset, day)

    def inputs(self, asset: str, day: Day) -> pd.DataFrame:
        """Return the inputs from which a day was built.

        Returns:
            One row per input: upstream ``asset``, its ``partition``, its ``digest`` at that time.

        Raises:
            NotReady: the day is not stored.
            CorruptFile: the file was altered.
        """
        import pandas as pd

        manifest = self._catalog.of(self._name(asset)).manifest(_day(day))
        rows = [
            (upstream, key, digest)
            for upstream, keys in manifest.inputs.items()
            for key, digest in keys.items()
        ]
        return pd.DataFrame(rows, columns=["asset", "partition", "digest"])

    def model(self, which: Day) -> Model:
        """Load a model.

        Args:
            which: the day whose own model it is; or its model_id, digest or path, as in the
                setting ``scoring.pinned_model``. A model of a further line is found by its path
                alone; `load` gives that of a day.

        Raises:
            ModelError: there is no such model, or it was not written by this pipeline.
        """
        day = parse_day(str(which))
        path = (
            self._catalog.models.path(day) if day else pinned_path(self._catalog.models, str(which))
        )
        return self._model(MODEL, path)

    def _model(self, asset: str, path: str) -> Model:
        stored = read_model(self._catalog.upstream(asset), path)
        line = self._catalog.graph.line_of(stored.manifest.asset)
        return Model(self._catalog.of_line(line), stored)

    def compare(self, asset: str, day: Day, other: Day) -> pd.DataFrame:
        """Compare two days of a frame, column by column.

        The distance is between 0 (distributed alike) and 1 (nothing in common): for numbers the
        Kolmogorov-Smirnov statistic, for categories the total variation distance. A time counts
        by its age in days at the end of its own day; ids, texts and names are left out.

        Returns:
            One row per column: nulls, mean, distinct values of both days, and the distance.

        Raises:
            AmlError: the asset is no frame.
            NotReady: a day is not stored.
        """
        import pandas as pd

        name = self._name(asset)
        frames = [self._comparable(name, _day(each)) for each in (day, other)]
        found = shifts(*frames)
        table = pd.DataFrame([vars(each) for each in found])
        return table.set_index("column") if len(table) else table

    def _comparable(self, name: str, day: dt.date) -> pa.Table:
        partitions = self._catalog.of(name)
        frame = partitions.load(day)
        if not isinstance(frame, pa.Table):
            raise AmlError(
                "only frames can be compared so", table=name, remedy="Take tables or features."
            )
        line = self._catalog.graph.line_of(name)
        described = self._catalog.of(line.features) if name == line.scores else partitions
        columns = columns_of(described.manifest(day))
        kinds = {n: c.kind for n, c in columns.items() if self._is_comparable(c)}
        kept = [n for n in frame.column_names if n in kinds or n == "pred_score"]
        return pa.table(
            {n: _age(frame[n], day) if kinds.get(n) == "time" else frame[n] for n in kept}
        )

    def _is_comparable(self, column: Column) -> bool:
        """``False`` for ids, free text and names, which differ between any two days."""
        if column.kind not in _COMPARABLE:
            return False
        share = self._catalog.settings.features.max_text_distinct_share
        return (
            column.forced or not column.distinct or column.distinct <= share * (column.values or 0)
        )

    def _name(self, asset: str) -> str:
        found = select_assets(self._catalog, [asset])
        # A word may be the last part of one asset, and the group of others.
        found = [name for name in found if name.rpartition("/")[2] == asset] or found
        if len(found) != 1:
            raise AmlError(
                f"{asset!r} is a group of several assets", remedy=f"One of {', '.join(found)}."
            )
        return found[0]


def _day(day: Day) -> dt.date:
    found = parse_day(str(day))
    if found is None:
        raise AmlError(f"{day!r} is no day", remedy="Write it as YYYY-MM-DD.")
    return found


def _age(times: pa.ChunkedArray, day: dt.date) -> pa.ChunkedArray:
    """Days from each time to the end of ``day``, as doubles."""
    end = dt.datetime.combine(day + ONE_DAY, dt.time())
    passed = pc.subtract(pa.scalar(end, pa.timestamp("us")), times.cast(pa.timestamp("us")))
    return pc.divide(passed.cast(pa.int64()).cast(pa.float64()), 86_400e6)


def _pandas(table: pa.Table) -> pd.DataFrame:
    """A pandas frame whose integers stay exact beside nulls, e.g. ids of nineteen digits."""
    import pandas as pd

    kept = {
        pa.bool_(): pd.BooleanDtype(),
        **{getattr(pa, f"int{n}")(): getattr(pd, f"Int{n}Dtype")() for n in (8, 16, 32, 64)},
        **{getattr(pa, f"uint{n}")(): getattr(pd, f"UInt{n}Dtype")() for n in (8, 16, 32, 64)},
    }
    return table.to_pandas(types_mapper=kept.get)
