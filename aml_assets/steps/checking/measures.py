"""Measures: the figures of a stored day, and each check of them.

Belongs here: which checks an asset has, and where their figures are found. Does not belong here:
how a figure is judged (``core.tables.checks``), or what becomes of a result
(``steps.checking.verdicts``).

Figures come from the manifest, which costs one small read; only a day that an earlier version
stored is read whole.
"""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from aml_assets.core.graph import FEATURES, PREDICTIONS, TABLES
from aml_assets.core.tables import checks
from aml_assets.core.tables.checks import Figures, Judge, Result
from aml_assets.io.catalog import Catalog
from aml_assets.io.manifest import Manifest, settings_hash
from aml_assets.settings.check_settings import FRAME, SCORED, Threshold
from aml_assets.settings.table_settings import STR, TRX

if TYPE_CHECKING:
    from aml_assets.settings.load import Settings

COMPARING = frozenset({"volume", "null_rate", "label_rate", "late_landing"})
"""Checks that compare a day with earlier ones."""


def checks_of(settings: Settings, asset: str) -> dict[str, Threshold]:
    """The checks that are made of an asset, with their thresholds."""
    table = table_of(asset)
    spec = settings.tables.get(table) if asset.startswith(f"{TABLES}/") else None
    names: list[str] = []
    if spec is not None:
        names = ["volume", "null_rate", "duplicate_keys"]
        names += ["label_rate"] if spec.column("label") else []
        names += ["late_landing"] if spec.daily else []
    elif asset == FEATURES:
        names = ["null_rate", "unmatched_share", "orphan_keys"]
    elif asset == PREDICTIONS:
        names = ["unseen_share"]
    static = spec is not None and not spec.daily
    found = {name: settings.checks.of(table, name, static=static) for name in names}
    return {name: limit for name, limit in found.items() if limit.severity != "off"}


def table_of(asset: str) -> str:
    """What an asset is called among the tables in the settings, and by people."""
    return {FEATURES: FRAME, PREDICTIONS: SCORED}.get(asset) or asset.removeprefix(f"{TABLES}/")


def thresholds_hash(settings: Settings, asset: str) -> str:
    """A hash of all that an asset's results depend on in the settings."""
    limits = checks_of(settings, asset)
    of = settings.checks
    return settings_hash(
        {name: limit.model_dump() for name, limit in limits.items()},
        [of.trailing_days, of.min_days, of.min_rows],
    )


def figures_of(catalog: Catalog, asset: str, day: dt.date, manifest: Manifest) -> Figures:
    """What is known of a day that is to be checked."""
    figures = figures_by_manifest(day, manifest)
    spec = catalog.settings.tables.get(table_of(asset))
    if not figures.nulls and asset != PREDICTIONS:
        label = (spec or catalog.settings.tables[STR]).column("label")
        figures = replace(figures, nulls=checks.count_nulls(catalog.of(asset).load(day), label))
    if spec is not None and spec.daily:
        figures = replace(figures, landed_after=_landed_after(catalog, table_of(asset), day))
    return figures


def figures_by_manifest(day: dt.date, manifest: Manifest) -> Figures:
    """What the manifest tells of a day; nothing else is read."""
    facts: Mapping[str, Any] = manifest.facts
    rows = manifest.rows if manifest.rows is not None else int(facts.get("rows", 0))
    undecided = facts.get("undecided")
    decided = None if undecided is None else rows - int(undecided)
    return Figures(day, rows, facts.get("nulls", {}), facts.get("positives"), decided)


def results_of(
    catalog: Catalog, asset: str, manifest: Manifest, today: Figures, past: Sequence[Figures]
) -> Iterator[Result]:
    """Every check of a day.

    Args:
        catalog: the thresholds and the calendar.
        asset: the asset.
        manifest: of the day.
        today: the day.
        past: earlier days that tell what is usual.
    """
    of = catalog.settings.checks
    judge = Judge(of.min_days, of.min_rows)
    facts: Mapping[str, Any] = manifest.facts
    for name, limit in checks_of(catalog.settings, asset).items():
        if name == "volume":
            yield _volume(catalog, asset, judge, today, past, limit)
        elif name == "null_rate":
            yield judge.null_rate(today, past, limit)
        elif name == "label_rate":
            yield judge.label_rate(today, past, limit)
        elif name == "late_landing":
            yield judge.late_landing(today, past, limit)
        elif name == "duplicate_keys":
            yield checks.no_duplicates(today.rows, limit)
        else:
            parts, what = _shares(name, facts, today.rows)
            yield judge.worst_share(name, parts, limit, what)


def _shares(
    name: str, facts: Mapping[str, Any], rows: int
) -> tuple[dict[str, tuple[int, int]], str]:
    """The shares of which a check takes the worst, and what they are shares of."""
    if name == "unmatched_share":
        return {"reports": (int(facts["unmatched"]), rows)}, f"without their row of {TRX}"
    if name == "orphan_keys":
        pairs = facts.get("orphans", {})
        found = {column: (int(some), int(of)) for column, (some, of) in pairs.items()}
        return found, "refer to a row that no table holds"
    unseen = facts.get("unseen", {})
    of_features = {feature: (int(count), rows) for feature, count in unseen.items()}
    what = "rows hold a category that the model has not seen"
    return of_features or {"features": (0, rows)}, what


def _volume(
    catalog: Catalog,
    asset: str,
    judge: Judge,
    today: Figures,
    past: Sequence[Figures],
    limit: Threshold,
) -> Result:
    """An empty day is a warning at most: banks have them, and nothing is made of no row."""
    settings = catalog.settings
    if today.rows or not settings.tables[table_of(asset)].daily:
        return judge.volume(today, past, limit)
    warned = limit.model_copy(update={"severity": "warn"})
    return judge.volume(today, past, warned, empty=settings.partitions.empty_by_design(today.day))


def _landed_after(catalog: Catalog, table: str, day: dt.date) -> float | None:
    """Hours from the beginning of the day to its landing, by the files as they lie there."""
    seen = catalog.landing.listing(table, day)
    instant = max(seen.newest, seen.success or 0.0) if seen else 0.0
    if not instant:
        return None
    zone = zoneinfo.ZoneInfo(catalog.settings.partitions.time_zone)
    begins = dt.datetime.combine(day, dt.time(), zone).timestamp()
    return round((instant - begins) / 3600, 2)
