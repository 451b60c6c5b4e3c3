"""The IO manager: every asset's partitions on HDFS, over WebHDFS, or in local files.

Belongs here: publishing what an op built, handing an op its inputs, and ending a step that could
not build all its days. Does not belong here: formats, paths and promises of the store (``io``).
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg

from aml_assets.errors import PartitionError
from aml_assets.io.catalog import Catalog
from aml_assets.io.formats import Published
from aml_assets.io.manifest import Manifest
from aml_assets.io.partition_store import PartitionStore
from aml_assets.io.upstream import Upstream
from aml_assets.steps.builders.built import Built, frame_as_table


@dataclass(frozen=True)
class StepEnd:
    """The output of a step whose partitions are published already.

    Attributes:
        failure: what could not be built; ``None`` if everything could.
    """

    failure: dg.Failure | None = None


class HdfsIOManager(dg.IOManager):
    """Reads and writes the partitions of any asset, wherever the settings say they are stored.

    Our own assets publish each day as soon as it is built, and read through `Upstream`. An asset
    that is written with Dagster's own ``@dg.asset`` returns a frame, or, in a run over several
    days, a mapping from each day to a frame, and gets its inputs as the type that it annotates.

    Args:
        catalog: every asset's place in the store.
    """

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def publish(self, asset: str, day: dt.date, built: Built) -> Published:
        """Publish one partition atomically, with its manifest, under the asset's path and format.

        Args:
            asset: group/name.
            day: the partition.
            built: its content and manifest.
        """
        return built.publish_to(self._catalog.of(asset), day)

    def handle_output(self, context: dg.OutputContext, obj: Any) -> None:
        """Publish what an op returned, or end a step that has published by itself.

        Raises:
            dg.Failure: some days of the step could not be built. Dagster has recorded the output
                by now, so that steps downstream run all the same (docs/design.md).
            PartitionError: an unpartitioned write, or content for other days than the run's.
            AmlError: a value that is no frame.
        """
        if isinstance(obj, StepEnd):
            if obj.failure is not None:
                raise obj.failure
            return
        asset = context.asset_key.to_user_string()
        days = _days(context, asset)
        contents = obj if len(days) > 1 else {str(days[0]): obj}
        if not isinstance(contents, dict) or set(contents) != {str(day) for day in days}:
            raise PartitionError(
                f"a run over {len(days)} days must return content by day",
                table=asset,
                remedy="Return a mapping from each of the run's partition keys to its content.",
            )
        for day in days:
            frame = frame_as_table(contents[str(day)], asset, day)
            manifest = Manifest(asset=asset, partition=str(day), code_version="")
            published = self.publish(asset, day, Built(frame, manifest, {}))
            context.log.info(f"{asset} {day}: {published.manifest.digest[:12]}")

    def load_input(self, context: dg.InputContext) -> Any:
        """Load an input as the annotated type.

        `Upstream` gives all partitions of the asset, each read when it is asked for. ``pa.Table``
        (the default), ``pd.DataFrame`` and ``ds.Dataset`` (lazy, frames only) give the run's
        partition; ``dict[str, X]`` gives a mapping from day to X, also for a single day. An asset
        that keeps no frames gives what its format holds.

        Raises:
            NotReady: a partition is not stored.
        """
        asset = context.asset_key.to_user_string()
        partitions = self._catalog.of(asset)
        days = _days(context, asset)
        wanted = context.dagster_type.typing_type
        if wanted is Upstream:
            return Upstream(partitions)
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


def _is_mapping(wanted: Any) -> bool:
    """True for ``dict[str, X]``, content by day; a bare ``dict`` may be content itself."""
    inner = getattr(wanted, "__args__", ())[1:]
    return getattr(wanted, "__origin__", None) is dict and inner != (Any,)


def _days(context: dg.OutputContext | dg.InputContext, asset: str) -> Sequence[dt.date]:
    if not context.has_asset_partitions:
        raise PartitionError(
            "this run has no day, and every asset is partitioned by day",
            table=asset,
            remedy="""Give one: --tags '{"dagster/partition": "YYYY-MM-DD"}'.""",
        )
    return [dt.date.fromisoformat(key) for key in context.asset_partition_keys]
