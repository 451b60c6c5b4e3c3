"""Dagster's IO manager over the catalog.

Belongs here: turning Dagster's contexts into days, and stored content into the type that an
annotation asks for. Does not belong here: formats, paths, promises (they are below).

Our own assets read through the catalog, not through inputs: a window or a look-back is many
days of one upstream, read by computed keys and recorded in the manifest. The IO manager serves
whoever builds on our assets: an asset of the bank's own that takes ``merged_features`` as an
input, or returns a frame to be stored beside ours.
"""

import datetime as dt
from typing import Any

import dagster as dg

from aml_assets.errors import AmlError, PartitionError
from aml_assets.io.catalog import Catalog
from aml_assets.io.manifest import Manifest
from aml_assets.io.partition_store import PartitionStore


class StoreIOManager(dg.IOManager):
    """Reads and writes the partitions of any asset of the catalog.

    Several partitions at once are split: a written value is then a mapping day → content, and
    a loaded one is such a mapping.

    Args:
        catalog: where everything lies.
    """

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def handle_output(self, context: dg.OutputContext, obj: Any) -> None:
        """Publish one or several partitions.

        Raises:
            PartitionError: an unpartitioned write, or content for other days than the run's.
            AmlError: nothing to store.
        """
        asset = "/".join(context.asset_key.path)
        partitions = self._catalog.of(asset)
        days = _days(context, asset)
        contents = obj if len(days) > 1 else {str(days[0]): obj}
        if not isinstance(contents, dict) or set(contents) != {str(day) for day in days}:
            raise PartitionError(
                f"a run over {len(days)} days must return content by day",
                table=asset,
                remedy="Return a mapping from each of the run's partition keys to its content.",
            )
        for day in days:
            value = _as_table(contents[str(day)])
            if value is None:
                raise AmlError(
                    "it returned None, and nothing is not content",
                    table=asset,
                    day=day,
                    remedy="Return its content (a frame without rows, if there are none), or "
                    "annotate the asset with `-> None` if it stores by itself.",
                )
            manifest = Manifest(asset=asset, partition=str(day), code_version="")
            published = partitions.publish(day, value, manifest)
            context.log.info(f"{asset} {day}: {published.manifest.digest[:12]}")

    def load_input(self, context: dg.InputContext) -> Any:
        """Load one or several partitions as the annotated type.

        The annotation may be ``pa.Table`` (also the default), ``pd.DataFrame``,
        ``ds.Dataset`` (lazy, frames only), or whatever the asset's own format gives; of any of
        these ``dict[str, X]`` gives a mapping from day to content, also for a single day.

        Raises:
            NotReady: a partition is not stored.
        """
        asset = "/".join(context.asset_key.path)
        partitions = self._catalog.of(asset)
        days = _days(context, asset)
        wanted = context.dagster_type.typing_type
        columns = (context.definition_metadata or {}).get("columns")
        if len(days) == 1 and not _is_mapping(wanted):
            return _load(partitions, days[0], wanted, columns)
        inner = wanted.__args__[1] if _is_mapping(wanted) else wanted
        return {str(day): _load(partitions, day, inner, columns) for day in days}


def _load(
    partitions: PartitionStore[Any], day: dt.date, wanted: Any, columns: list[str] | None
) -> Any:
    name = getattr(wanted, "__name__", "")
    if name == "Dataset":
        return partitions.open_dataset(day, columns)
    value = partitions.load(day, columns)
    return value.to_pandas() if name == "DataFrame" else value


def _as_table(value: Any) -> Any:
    """A pandas frame as an Arrow table; anything else as it is."""
    if type(value).__name__ == "DataFrame" and type(value).__module__.startswith("pandas"):
        import pyarrow as pa

        try:
            return pa.Table.from_pandas(value, preserve_index=False)
        except pa.ArrowException:
            raise AmlError(
                "the frame has a column of mixed types", remedy="Give each column one type."
            ) from None
    return value


def _is_mapping(wanted: Any) -> bool:
    """Whether ``dict[str, X]`` asks for content by day; ``dict`` alone may be content itself."""
    inner = getattr(wanted, "__args__", ())[1:]
    return getattr(wanted, "__origin__", None) is dict and inner != (Any,)


def _days(context: dg.OutputContext | dg.InputContext, asset: str) -> list[dt.date]:
    if not context.has_asset_partitions:
        raise PartitionError(
            "this run has no day, and every asset is partitioned by day",
            table=asset,
            remedy="""Give one: --tags '{"dagster/partition": "YYYY-MM-DD"}'.""",
        )
    return [dt.date.fromisoformat(key) for key in context.asset_partition_keys]
