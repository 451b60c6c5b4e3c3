"""The ``day_asset`` decorator: an asset from a function that builds one of its days.

Belongs here: turning such a function into a Dagster asset with an op of its own. Does not belong
here: what happens when the op runs (``day_step``), or any asset (the modules named after groups).
"""

import datetime as dt
import inspect
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg

from aml_assets.assets.asset_checks import check_specs
from aml_assets.assets.day_step import DayStep, Event, StepRun
from aml_assets.assets.hdfs_io_manager import HdfsIOManager
from aml_assets.assets.metadata import definition_metadata, freshness_policy
from aml_assets.core.graph import LANDING, Asset
from aml_assets.io.catalog import Catalog
from aml_assets.io.spill import engine_within
from aml_assets.io.upstream import Upstream
from aml_assets.steps.builders.built import Built, built_of_frame
from aml_assets.steps.inputs.run_options import RunOptions

POOLS: Mapping[str, str] = {
    "tables": "duckdb",
    "features": "duckdb",
    "models": "xgboost",
    "predictions": "xgboost",
    "reports": "pages",
}
"""Group → the pool of its steps, named after the engine that they load. Each pool bounds how much
of it runs at once; its limit, and whether runs or steps are counted, are the instance's."""

OTHER_POOL = "store"
"""The pool of all other groups."""

OURS = ("team:aml",)
"""The owners of our own assets, and of an asset that names none."""

UPSTREAM = dg.PythonObjectDagsterType(Upstream)


@dataclass(frozen=True)
class DayAsset:
    """A declared asset, to be bound to a bank's graph.

    Attributes:
        name: group/name.
        build: builds one day; its parameters are ``day``, the inputs by the last part of their
            name, and ``run`` if it wants the `StepRun`. ``**inputs`` takes all that is not named;
            an input that only some graphs have has a default.
        code_version: changed whenever the same inputs would give something else.
        kinds: technologies, for the lineage.
        description: for the lineage; the function's docstring by default.
        row: what it reads, for an asset that is no row of our own graph.
        owners: mail addresses, or teams as ``team:name``.
        pool: the pool of its steps; by default that of its group.
    """

    name: str
    build: Callable[..., Any]
    code_version: str
    kinds: Collection[str]
    description: str
    row: Asset | None = None
    owners: Sequence[str] = OURS
    pool: str | None = None

    def bind(
        self, catalog: Catalog, partitions: dg.DailyPartitionsDefinition
    ) -> dg.AssetsDefinition:
        """The asset as Dagster loads it: one op, with an input for each upstream asset."""
        asset = catalog.graph[self.name]
        key = dg.AssetKey.from_user_string(self.name)
        parents = [dg.AssetKey.from_user_string(name) for name in asset.upstream]
        inputs = {
            parent.to_python_identifier(): dg.AssetIn(key=parent, dagster_type=UPSTREAM)
            for parent in parents
            if parent.path[0] != LANDING
        }
        spec = dg.AssetSpec(
            key=key,
            group_name=asset.group,
            partitions_def=partitions,
            skippable=True,
            code_version=self.code_version,
            kinds=set(self.kinds),
            owners=list(self.owners),
            description=self.description,
            metadata=definition_metadata(catalog, self.name, self.build),
            # An asset with a job of its own is built when that runs, not each night.
            freshness_policy=freshness_policy(catalog.settings)
            if self.name in catalog.graph.nightly
            else None,
        )

        @dg.multi_asset(
            name=asset.step,
            ins=inputs,
            outs={"result": dg.AssetOut.from_spec(spec, is_required=False)},
            deps=[parent for parent in parents if parent.path[0] == LANDING],
            check_specs=[
                each for each in check_specs(catalog.settings, partitions) if each.asset_key == key
            ],
            can_subset=True,
            backfill_policy=dg.BackfillPolicy.single_run(),
            pool=self.pool or POOLS.get(asset.group, OTHER_POOL),
        )
        def op(
            context: dg.AssetExecutionContext,
            catalog: dg.ResourceParam[Catalog],
            io_manager: dg.ResourceParam[HdfsIOManager],
            run_options: dg.ResourceParam[RunOptions],
            **upstreams: Upstream[Any],
        ) -> Iterator[Event]:
            step = DayStep(context, catalog, io_manager, run_options, self.name, self.code_version)
            yield from step.run(self.call, list(upstreams.values()))

        return op

    def built(self, catalog: Catalog, day: dt.date, options: RunOptions | None = None) -> Built:
        """Build one day without Dagster, of what the catalog has stored; nothing is published.

        Args:
            catalog: settings, and every asset's place in the store.
            day: the partition.
            options: as of a run.
        """
        inputs = catalog.inputs(self.name)
        run = StepRun(catalog, options or RunOptions())
        with engine_within(catalog.settings.engine):
            value = self.call(day=day, run=run, **inputs)
        if isinstance(value, Built):
            return value
        return built_of_frame(value, self.name, day, self.code_version, inputs.values())

    def call(self, **values: Any) -> Any:
        """Build one day: call the function with those values that it takes, by name."""
        parameters = inspect.signature(self.build).parameters
        if any(each.kind is each.VAR_KEYWORD for each in parameters.values()):
            taken = {"run"} & parameters.keys()
            return self.build(**{n: v for n, v in values.items() if n != "run" or n in taken})
        return self.build(**{name: values[name] for name in parameters if name in values})


def day_asset(
    name: str,
    *,
    kinds: Collection[str],
    code_version: str,
    description: str | None = None,
    row: Asset | None = None,
    owners: Sequence[str] = OURS,
    pool: str | None = None,
) -> Callable[[Callable[..., Any]], DayAsset]:
    """Declare an asset by a function that builds one of its days.

    The function returns a `Built`, or a frame (``pa.Table``, ``pd.DataFrame``).

    Args:
        name: group/name.
        kinds: technologies, for the lineage.
        code_version: changed whenever the same inputs would give something else.
        description: for the lineage; the function's docstring by default.
        row: what the asset reads, unless it is a row of our own graph.
        owners: mail addresses, or teams as ``team:name``.
        pool: the pool of its steps; by default that of its group.
    """

    def declare(build: Callable[..., Any]) -> DayAsset:
        text = description or inspect.getdoc(build) or name
        return DayAsset(name, build, code_version, kinds, text, row, owners, pool)

    return declare
