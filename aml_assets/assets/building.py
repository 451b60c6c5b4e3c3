"""Building the days of a run: every asset's body.

Belongs here: day after day through one step, what Dagster is told of each, and how failures are
gathered. Does not belong here: any asset's own work.

A run may ask for one day or for a range. Each day is published as soon as it is built; a bad
day stops neither the other days nor the run's other assets, and in the end fails the run by
name.
"""

import datetime as dt
import logging
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import dagster as dg
import pyarrow as pa

from aml_assets.core.plots import as_markdown
from aml_assets.errors import AmlError, NotTrainable
from aml_assets.io.catalog import Catalog
from aml_assets.io.formats import Published
from aml_assets.partitions import asked_days
from aml_assets.steps.built import Built

progress = logging.getLogger("aml_assets.progress")
"""One line per built day; the command line shows them."""

Build = Callable[[dt.date], Built]
Event = dg.MaterializeResult | dg.AssetMaterialization | dg.AssetObservation


def build_days(
    context: dg.AssetExecutionContext,
    catalog: Catalog,
    builds: Mapping[str, Build],
    *,
    needs: Mapping[str, str] | None = None,
) -> Iterator[Event]:
    """Build the run's days of some assets, asset after asset.

    Args:
        context: the run.
        catalog: where to publish.
        builds: asset name → how to build one of its days, upstream first.
        needs: asset → an asset of ``builds`` without whose day its own is not tried.

    Yields:
        One result per asset whose days all succeeded; else an event per day that did.

    Raises:
        dg.Failure: a day failed; one sentence per failure.
    """
    failures: list[AmlError] = []
    failed: set[tuple[str, dt.date]] = set()
    try:
        days = asked_days(context.run.tags, catalog.settings.partitions)
    except AmlError as error:
        raise _failure([error]) from None
    for asset, build in builds.items():
        good: dict[dt.date, tuple[Built, dict[str, Any]]] = {}
        for day in days:
            if ((needs or {}).get(asset, ""), day) in failed:
                context.log.warning(f"{asset} {day}: left out, since what it needs failed")
                continue
            try:
                built, published = _build_day(catalog, asset, day, build)
            except AmlError as error:
                context.log.error(f"{asset} {day}: {error}")
                progress.error("%s %s: %s", asset, day, error)
                failures.append(error)
                failed.add((asset, day))
                continue
            yield from _landed(built, day)
            good[day] = built, _metadata(built, published)
            progress.info("%s %s: %s", asset, day, _line(built, published))
        yield from _events(context, asset, good, whole=len(good) == len(days))
    if failures:
        raise _failure(failures)


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


def _events(
    context: dg.AssetExecutionContext,
    asset: str,
    good: Mapping[dt.date, tuple[Built, dict[str, Any]]],
    *,
    whole: bool,
) -> Iterator[Event]:
    key = dg.AssetKey(asset.split("/"))
    ad_hoc = any(built.ad_hoc for built, _ in good.values())
    if whole and not ad_hoc:
        for day, (_, metadata) in good.items():
            context.add_asset_metadata(metadata, asset_key=key, partition_key=str(day))
        yield dg.MaterializeResult(asset_key=key)
        return
    # A result would claim every day of the run; these events claim only what is there. An ad
    # hoc model does not stand for its day, so it is observed, not materialized.
    kind = dg.AssetObservation if ad_hoc else dg.AssetMaterialization
    for day, (_, metadata) in good.items():
        yield kind(asset_key=key, partition=str(day), metadata=metadata)


def _landed(built: Built, day: dt.date) -> Iterator[Event]:
    """The external tables that were read: the lineage starts where the data does."""
    for table, figures in built.landed.items():
        yield dg.AssetMaterialization(
            asset_key=dg.AssetKey(["landing", table]), partition=str(day), metadata=dict(figures)
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


def _line(built: Built, published: Published) -> str:
    shown = ("rows", "positives", "unmatched", "auc", "average_precision", "model_id", "same_as")
    parts = []
    for name in shown:
        value = built.figures.get(name)
        if value is not None:
            text = f"{value:.3f}" if isinstance(value, float) else f"{value}"
            parts.append(f"{name.replace('_', ' ')} {text}")
    if not published.changed:
        parts.append("unchanged")
    return ", ".join(parts)


def _failure(failures: list[AmlError]) -> dg.Failure:
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
