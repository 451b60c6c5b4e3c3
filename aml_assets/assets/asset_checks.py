"""The checks as Dagster's asset checks, and the verdicts in the store as their evaluations.

Belongs here: declaring the checks, and reporting a verdict to Dagster. Does not belong here: the
checks themselves (``core.tables.checks``), or what a failed one stops
(``steps.checking.verdicts``). Dagster's own blocking is not used: it binds the run that evaluated
the check, and no later one.
"""

import datetime as dt
from collections.abc import Iterator

import dagster as dg

from aml_assets.assets.dagster_internals import AssetCheckEvaluationTargetMaterializationData
from aml_assets.core.graph import FEATURES, PREDICTIONS, TABLES
from aml_assets.core.tables.checks import CHECKS, Check, Result
from aml_assets.io.catalog import Catalog
from aml_assets.io.decisions import Decision
from aml_assets.settings.check_settings import Threshold
from aml_assets.settings.load import Settings
from aml_assets.steps.checking.measures import checks_of
from aml_assets.steps.checking.verdicts import Verdict, override_of


def checked_assets(settings: Settings) -> list[str]:
    """The assets that are checked, upstream first."""
    return [*(f"{TABLES}/{name}" for name in settings.joined_tables), FEATURES, PREDICTIONS]


def check_specs(
    settings: Settings, partitions: dg.DailyPartitionsDefinition
) -> list[dg.AssetCheckSpec]:
    """One spec per asset and check that is not off, partitioned by day as the asset is.

    None is ``blocking`` in Dagster's sense, not even one of severity ``block``: the steps that
    would read the partition refuse it themselves. Where steps may run after a failed one, as ours
    do, a blocking check that a step evaluates would keep the run from ending.
    """
    return [
        dg.AssetCheckSpec(
            name,
            asset=dg.AssetKey.from_user_string(asset),
            description=_description(CHECKS[name], limit),
            blocking=False,
            partitions_def=partitions,
        )
        for asset in checked_assets(settings)
        for name, limit in checks_of(settings, asset).items()
    ]


def _description(check: Check, limit: Threshold) -> str:
    """What the check measures, and that it blocks, where it does."""
    if limit.severity != "block":
        return check.description
    return f"{check.description} Blocking: nothing is built from a partition that failed it."


def evaluations(
    context: dg.AssetExecutionContext, catalog: Catalog, verdict: Verdict
) -> Iterator[dg.AssetCheckEvaluation]:
    """Report a verdict to Dagster: one event per declared check, under the verdict's day.

    An `AssetCheckResult` takes its partition from the run, and the run of a range has none
    (dagster-io/dagster#17005); an `AssetCheckEvaluation` carries its own. Its metadata holds the
    figure, the threshold, the digest of the content, ``blocks`` and who overrode the check, if
    somebody did.

    Args:
        context: the step that yields the events.
        catalog: where overrides are kept.
        verdict: the verdict on the stored partition.
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
    """The metadata of an evaluation; what is unknown is left out."""
    shown = {
        "figure": result.figure,
        "threshold": result.threshold,
        "low": result.low,
        "high": result.high,
        "blocks": blocks,
        "digest": verdict.digest,
        "overridden": f"by {decision.who} at {decision.at}: {decision.why}" if decision else None,
    }
    return {name: value for name, value in shown.items() if value is not None}


def _materialization(
    context: dg.AssetExecutionContext, key: dg.AssetKey, day: dt.date
) -> AssetCheckEvaluationTargetMaterializationData | None:
    """The partition's last materialization, which the check is about; ``None`` if there is none."""
    found = context.instance.fetch_materializations(
        dg.AssetRecordsFilter(asset_key=key, asset_partitions=[str(day)]), limit=1
    ).records
    if not found:
        return None
    return AssetCheckEvaluationTargetMaterializationData(
        storage_id=found[0].storage_id, run_id=found[0].run_id, timestamp=found[0].timestamp
    )
