"""The figures of a stored partition, and the results of its checks.

Belongs here: which checks an asset has under the settings, and where their figures come from. Does
not belong here: how a figure is computed and judged (``core.tables.checks``), or what a failed
check stops (``steps.checking.verdicts``).

Figures come from the manifest, which costs one small read. Only a partition that was stored before
its nulls were counted is read whole.
"""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from aml_assets.core.graph import FEATURES, PREDICTIONS, TABLES
from aml_assets.core.tables.checks import (
    CHECKS,
    CheckInput,
    Figures,
    Result,
    Subject,
    checks_for,
)
from aml_assets.core.tables.counts import count_nulls
from aml_assets.io.catalog import Catalog
from aml_assets.io.manifest import Manifest, settings_hash
from aml_assets.settings.check_settings import FRAME, SCORED, Threshold
from aml_assets.settings.table_settings import STR

if TYPE_CHECKING:
    from aml_assets.settings.load import Settings


def checks_of(settings: Settings, asset: str) -> dict[str, Threshold]:
    """The checks that an asset has and that are not off, with their thresholds."""
    subject = subject_of(settings, asset)
    table, static = table_of(asset), not subject.daily
    found = {
        check.name: settings.checks.of(table, check.name, static=static)
        for check in checks_for(subject)
    }
    return {name: limit for name, limit in found.items() if limit.severity != "off"}


def subject_of(settings: Settings, asset: str) -> Subject:
    """The properties of an asset that decide which checks it has."""
    if asset == FEATURES:
        return Subject("features")
    if asset == PREDICTIONS:
        return Subject("predictions")
    spec = settings.tables.get(table_of(asset))
    if spec is None:
        return Subject("other")
    return Subject("table", daily=spec.daily, labelled=spec.column("label") is not None)


def compares_days(settings: Settings, asset: str) -> bool:
    """True if any check of an asset compares a day with earlier ones."""
    return any(CHECKS[name].compares for name in checks_of(settings, asset))


def table_of(asset: str) -> str:
    """The name of an asset in ``checks.tables`` and on the command line: ``trx``, ``features``."""
    return {FEATURES: FRAME, PREDICTIONS: SCORED}.get(asset) or asset.removeprefix(f"{TABLES}/")


def thresholds_hash(settings: Settings, asset: str) -> str:
    """A hash of all settings on which the results of an asset's checks depend."""
    limits = checks_of(settings, asset)
    of = settings.checks
    return settings_hash(
        {name: limit.model_dump() for name, limit in limits.items()},
        [of.trailing_days, of.min_days, of.min_rows],
    )


def figures_of(catalog: Catalog, asset: str, day: dt.date, manifest: Manifest) -> Figures:
    """The figures of a partition that is to be checked.

    Args:
        catalog: where the partition is stored and its table has landed.
        asset: the asset.
        day: the partition.
        manifest: the partition's manifest. Figures that it does not hold are read where they are,
            if a check of the asset needs them.
    """
    settings = catalog.settings
    needs = {need for check in checks_for(subject_of(settings, asset)) for need in check.needs}
    figures = figures_by_manifest(day, manifest)
    if "nulls" in needs and not figures.nulls:
        spec = settings.tables.get(table_of(asset)) or settings.tables[STR]
        nulls = count_nulls(catalog.of(asset).load(day), spec.column("label"))
        figures = replace(figures, nulls=nulls)
    if "landed_after" in needs:
        figures = replace(figures, landed_after=_landed_after(catalog, table_of(asset), day))
    return figures


def figures_by_manifest(day: dt.date, manifest: Manifest) -> Figures:
    """The figures that a partition's manifest holds; nothing else is read."""
    facts: Mapping[str, Any] = manifest.facts
    rows = manifest.rows if manifest.rows is not None else int(facts.get("rows", 0))
    undecided = facts.get("undecided")
    decided = None if undecided is None else rows - int(undecided)
    listed = facts.get("columns")
    # Without rows, no value shows the kind of a column.
    kinds = {each["name"]: each["column"]["kind"] for each in listed} if listed and rows else {}
    nulls, positives = facts.get("nulls", {}), facts.get("positives")
    return Figures(day, rows, nulls, positives, decided, columns=kinds)


def results_of(
    catalog: Catalog, asset: str, manifest: Manifest, today: Figures, past: Sequence[Figures]
) -> Iterator[Result]:
    """Run every check of a partition that is not off.

    Args:
        catalog: gives the thresholds and the calendar.
        asset: the asset.
        manifest: the partition's manifest.
        today: the partition's figures.
        past: the figures of earlier days that show what is usual.

    Yields:
        One result per check, in the registry's order.
    """
    settings = catalog.settings
    given = CheckInput(
        today,
        past,
        manifest.facts,
        min_days=settings.checks.min_days,
        min_rows=settings.checks.min_rows,
        daily=subject_of(settings, asset).daily,
        empty_by_design=settings.partitions.empty_by_design(today.day),
    )
    for name, limit in checks_of(settings, asset).items():
        yield CHECKS[name].judge(given, limit)


def _landed_after(catalog: Catalog, table: str, day: dt.date) -> float | None:
    """Hours from the beginning of the day to its landing.

    A day has landed when its newest file or its ``_SUCCESS`` was written, whichever is later.

    Returns:
        ``None`` if no file of the day is there any more.
    """
    listing = catalog.landing.listing(table, day)
    landed = max(listing.newest, listing.success or 0.0) if listing else 0.0
    if not landed:
        return None
    zone = zoneinfo.ZoneInfo(catalog.settings.partitions.time_zone)
    begins = dt.datetime.combine(day, dt.time(), zone).timestamp()
    return round((landed - begins) / 3600, 2)
