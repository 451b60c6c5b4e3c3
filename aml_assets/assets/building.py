"""Building the days of a run: the body of the one step.

Belongs here: day after day through one step, what Dagster is told of each, and how failures are
gathered. Does not belong here: any asset's own work, or its checks' (``assets.asset_checks``).

A run may ask for one day or for a range. Each day is published as soon as it is built; a bad
day stops neither the other days nor the run's other assets, and in the end fails the run by
name.
"""

import datetime as dt
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import dagster as dg
import pyarrow as pa

from aml_assets.assets.asset_checks import checked_assets, evaluations
from aml_assets.assets.partitions import asked_days
from aml_assets.assets.told import Told
from aml_assets.core.pages.plots import as_markdown
from aml_assets.errors import AmlError, NotTrainable
from aml_assets.io.catalog import Catalog
from aml_assets.io.formats import Published
from aml_assets.steps.builders.built import Built
from aml_assets.steps.checking.verdicts import Verdict, Verdicts

progress = logging.getLogger("aml_assets.progress")
"""One line per built day; the command line shows them."""

Build = Callable[[dt.date], Built]
Event = dg.AssetMaterialization | dg.AssetObservation | dg.AssetCheckEvaluation


def build_days(
    context: dg.AssetExecutionContext,
    catalog: Catalog,
    builds: Mapping[str, Build],
    needs: Mapping[str, Sequence[str]],
    told: Told,
    only_checked: Sequence[str] = (),
) -> Iterator[Event]:
    """Build the run's days of some assets, asset after asset, and check each.

    Args:
        context: the run.
        catalog: where to publish.
        builds: asset name → how to build one of its days, upstream first.
        needs: asset → assets without whose same day its own is not tried.
        told: what earlier attempts of the run built: while a day of it stands, it is checked only.
        only_checked: assets that are not built: their stored days' checks are shown again.

    Yields:
        An event per day, as soon as it is published: whenever a run is stopped, Dagster knows of
        what is there, and of nothing else.

    Raises:
        dg.Failure: a day failed; one sentence per failure.
    """
    failures: list[AmlError] = []
    missing: set[tuple[str, dt.date]] = set()
    again: list[tuple[str, dt.date]] = []
    try:
        days = asked_days(context.run.tags, catalog.settings.partitions)
    except AmlError as error:
        raise failure([error]) from None
    checked = checked_assets(catalog.settings)
    verdicts = Verdicts(catalog)
    for asset, build in builds.items():
        for day in days:
            lacking = [need for need in needs.get(asset, ()) if (need, day) in missing]
            if lacking:
                context.log.warning(f"{asset} {day}: not tried, for want of {', '.join(lacking)}")
                missing.add((asset, day))
                continue
            try:
                if told.stands(catalog, asset, day):
                    context.log.info(f"{asset} {day}: built by an earlier attempt of this run")
                    if asset in checked:
                        again.append((asset, day))
                    continue
                built, published = _build_day(catalog, asset, day, build)
            except AmlError as error:
                context.log.error(f"{asset} {day}: {error}")
                progress.error("%s %s: %s", asset, day, error)
                failures.append(error)
                missing.add((asset, day))
                continue
            yield from _events(asset, day, built, published)
            if not built.ad_hoc:
                told.add(asset, day, published.manifest.digest)
            verdict = None
            if asset in checked and not built.ad_hoc:
                verdict = _verdict(context, verdicts, asset, day, failures, published)
            if verdict is not None:
                yield from evaluations(context, catalog, verdict)
            progress.info("%s %s: %s", asset, day, _line(built, published, verdict))
    again += ((asset, day) for asset in only_checked for day in days)
    for asset, day in again:
        verdict = _verdict(context, verdicts, asset, day, failures)
        if verdict is not None:
            yield from evaluations(context, catalog, verdict)
    if failures:
        raise failure(failures)


def _build_day(catalog: Catalog, asset: str, day: dt.date, build: Build) -> tuple[Built, Published]:
    try:
        built = build(day)
        return built, built.publish_to(catalog.of(asset), day)
    except NotTrainable as error:
        if error.day:
            raise
        # The core trains on windows and knows of no day; a range of days has to tell which.
        raise NotTrainable(
            error.what, table=error.table, day=day, column=error.column, remedy=error.remedy
        ) from None
    except pa.ArrowException as error:
        kind = type(error).__name__
    raise AmlError(
        f"Arrow refused the data ({kind}); its text is withheld, since it may quote values",
        table=asset,
        day=day,
        remedy="Look at the day's tables; if they keep the contract, this is a defect of ours.",
    )


def _verdict(
    context: dg.AssetExecutionContext,
    verdicts: Verdicts,
    asset: str,
    day: dt.date,
    failures: list[AmlError],
    published: Published | None = None,
) -> Verdict | None:
    """What the checks say of a stored day; a store that fails here fails the run, and no day."""
    try:
        verdict = verdicts.of(asset, day, published.manifest if published else None)
    except AmlError as error:
        context.log.error(f"{asset} {day}: not checked: {error}")
        failures.append(error)
        return None
    for result in verdict.failed:
        context.log.warning(f"{asset} {day}: check {result.name} failed: {result.detail}")
    return verdict


def _events(asset: str, day: dt.date, built: Built, published: Published) -> Iterator[Event]:
    """What Dagster is told of a day, first of all which landed tables were read for it.

    An ad hoc model does not stand for its day, so it is observed, not materialized.
    """
    for table, figures in built.landed.items():
        yield dg.AssetMaterialization(
            asset_key=dg.AssetKey(["landing", table]), partition=str(day), metadata=dict(figures)
        )
    kind = dg.AssetObservation if built.ad_hoc else dg.AssetMaterialization
    yield kind(
        asset_key=dg.AssetKey.from_user_string(asset),
        partition=str(day),
        metadata=_metadata(built, published),
        tags={"dagster/data_version": published.manifest.digest},
    )


def _metadata(built: Built, published: Published) -> dict[str, Any]:
    figures = {name: _shown(value) for name, value in built.figures.items() if value is not None}
    pictures = {
        title: dg.MetadataValue.md(as_markdown(png, title)) for title, png in built.pictures.items()
    }
    manifest = published.manifest
    return {
        **figures,
        **pictures,
        "digest": manifest.digest,
        "changed": published.changed,
        "inputs": dg.MetadataValue.json({k: dict(v) for k, v in manifest.inputs.items()}),
    }


def _shown(value: Any) -> Any:
    """A figure as Dagster shows it; single numbers are plotted over the partitions."""
    if isinstance(value, bool | int | float | str):
        return value
    return dg.MetadataValue.json(value)


def _line(built: Built, published: Published, verdict: Verdict | None) -> str:
    shown = ("rows", "positives", "unmatched", "auc", "average_precision", "model_id", "same_as")
    parts = []
    for name in shown:
        value = built.figures.get(name)
        if value is not None:
            text = f"{value:.3f}" if isinstance(value, float) else f"{value}"
            parts.append(f"{name.replace('_', ' ')} {text}")
    if not published.changed:
        parts.append("unchanged")
    for result in verdict.failed if verdict is not None else ():
        parts.append(f"check {result.name} {'failed' if result.blocking else 'warns'}")
    return ", ".join(parts)


def failure(failures: Sequence[AmlError]) -> dg.Failure:
    """One failure for the run: every sentence, and whether trying again can help."""
    sentences = list(dict.fromkeys(str(error) for error in failures))
    return dg.Failure(
        description="\n".join(sentences),
        metadata={
            "errors": dg.MetadataValue.json(
                [
                    {
                        "kind": type(error).__name__,
                        "table": error.table,
                        "day": error.day,
                        "column": error.column,
                        "remedy": error.remedy,
                    }
                    for error in failures
                ]
            )
        },
        allow_retries=all(error.retryable for error in failures),
    )
