"""Checks: the verdicts of the store, as Dagster's asset checks.

Belongs here: their declaration, and a verdict as events. Does not belong here: the checks
themselves (``core.tables.checks``), or what a failed one stops (``steps.checking.verdicts``):
Dagster's blocking checks bind the run that made them, and no later one.
"""

import datetime as dt
from collections.abc import Iterator

import dagster as dg
from dagster._core.definitions.asset_checks.asset_check_evaluation import (
    AssetCheckEvaluationTargetMaterializationData,
)

from aml_assets.core.graph import FEATURES, PREDICTIONS, TABLES
from aml_assets.core.tables.checks import CHECKS, Result
from aml_assets.io.catalog import Catalog
from aml_assets.io.decisions import Decision
from aml_assets.settings.load import Settings
from aml_assets.steps.checking.measures import checks_of
from aml_assets.steps.checking.verdicts import Verdict, override_of


def checked_assets(settings: Settings) -> list[str]:
    """The assets that are checked, upstream first."""
    return [*(f"{TABLES}/{name}" for name in settings.tables), FEATURES, PREDICTIONS]


def check_specs(
    settings: Settings, partitions: dg.DailyPartitionsDefinition
) -> list[dg.AssetCheckSpec]:
    """One check per asset and name, daily as the asset is."""
    return [
        dg.AssetCheckSpec(
            name,
            asset=dg.AssetKey.from_user_string(asset),
            description=CHECKS[name].description,
            blocking=limit.severity == "block",
            partitions_def=partitions,
        )
        for asset in checked_assets(settings)
        for name, limit in checks_of(settings, asset).items()
    ]


def evaluations(
    context: dg.AssetExecutionContext, catalog: Catalog, verdict: Verdict
) -> Iterator[dg.AssetCheckEvaluation]:
    """A verdict as Dagster's events, each under its day, in a range's run, too.

    An `AssetCheckResult` carries the partition of its run, and a range has none; the evaluation
    itself carries any. It is not called blocking here: that would fail the run in the end, for
    all its days, while what is blocked is refused by name where it would be read.
    """
    declared = checks_of(catalog.settings, verdict.asset)
    key = dg.AssetKey.from_user_string(verdict.asset)
    target = _materialization(context, key, verdict.day)
    for result in verdict.results:
        if result.name not in declared:
            continue
        decision = override_of(catalog, verdict, result.name) if result.blocks else None
        blocks = result.blocks and decision is None
        yield dg.AssetCheckEvaluation(
            asset_key=key,
            check_name=result.name,
            passed=result.passed,
            partition=str(verdict.day),
            description=result.detail,
            severity=dg.AssetCheckSeverity.ERROR if blocks else dg.AssetCheckSeverity.WARN,
            metadata=_metadata(verdict, result, blocks, decision),
            target_materialization_data=target,
        )


def _metadata(
    verdict: Verdict, result: Result, blocks: bool, decision: Decision | None
) -> dict[str, str | float | bool]:
    """Figure, threshold, and what follows; what is unknown is left out."""
    shown = {
        "figure": result.figure,
        "threshold": result.threshold,
        "low": result.low,
        "high": result.high,
        "blocks": blocks,
        "digest": verdict.digest,
        "overridden": f"by {decision.by} at {decision.at}: {decision.why}" if decision else None,
    }
    return {name: value for name, value in shown.items() if value is not None}


def _materialization(
    context: dg.AssetExecutionContext, key: dg.AssetKey, day: dt.date
) -> AssetCheckEvaluationTargetMaterializationData | None:
    """The materialization that was checked: without it the UI takes the day for unchecked."""
    found = context.instance.fetch_materializations(
        dg.AssetRecordsFilter(asset_key=key, asset_partitions=[str(day)]), limit=1
    ).records
    if not found:
        return None
    return AssetCheckEvaluationTargetMaterializationData(
        storage_id=found[0].storage_id, run_id=found[0].run_id, timestamp=found[0].timestamp
    )
