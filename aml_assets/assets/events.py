"""Events: what a step reports to Dagster of a partition as soon as it is published.

Belongs here: materializations and observations with their metadata and provenance, and the line of
progress. Does not belong here: checks (``asset_checks``), or when an event is due (``day_step``).
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import dagster as dg

from aml_assets.assets.dagster_internals import (
    DATA_VERSION_TAG,
    latest_versions,
    provenance_tags,
)
from aml_assets.assets.metadata import partition_metadata
from aml_assets.core.graph import LANDING, Asset
from aml_assets.core.pages.plots import as_markdown
from aml_assets.io.catalog import Catalog
from aml_assets.io.formats import Published
from aml_assets.steps.builders.built import Built
from aml_assets.steps.checking.verdicts import Verdict

_Version = tuple[str | None, int | None]


class Provenance:
    """Tags that name, for each day, the materializations upstream from which it was built.

    Args:
        context: of the step; what is upstream in the same run has been materialized before it.
        asset: whose events get the tags.
        code_version: of the asset.
        days: of the run.
    """

    def __init__(
        self,
        context: dg.AssetExecutionContext,
        asset: Asset,
        code_version: str,
        days: Sequence[dt.date],
    ) -> None:
        self._instance = context.instance
        self._keys = [dg.AssetKey.from_user_string(name) for name in asset.upstream]
        self._code_version = code_version
        self._days = [str(day) for day in days]
        self._known: dict[dg.AssetKey, Mapping[str, _Version]] = {}

    def tags(self, day: dt.date) -> dict[str, str]:
        """The tags of a day's event."""
        inputs = {key: self._versions(key, str(day))[str(day)] for key in self._keys}
        return provenance_tags(self._code_version, inputs)

    def _versions(self, key: dg.AssetKey, day: str) -> Mapping[str, _Version]:
        if key.path[0] == LANDING:  # reported by this very step, a moment ago
            return latest_versions(self._instance, key, [day])
        if key not in self._known:
            self._known[key] = latest_versions(self._instance, key, self._days)
        return self._known[key]


def partition_events(
    catalog: Catalog,
    asset: str,
    day: dt.date,
    built: Built,
    published: Published,
    provenance: Provenance,
    *,
    seconds: float,
) -> Iterator[dg.AssetMaterialization | dg.AssetObservation]:
    """The events of a partition; before them, one for each landed table that was read for it.

    What an ad hoc run builds does not stand for its day, so it is observed, not materialized.

    Args:
        catalog: where the asset is stored.
        asset: group/name.
        day: the partition.
        built: its content.
        published: the result of publishing it.
        provenance: of the asset.
        seconds: how long it took to build and publish.
    """
    for table, figures in built.landed.items():
        yield dg.AssetMaterialization(
            asset_key=dg.AssetKey([LANDING, table]),
            partition=str(day),
            metadata=dict(figures),
            tags={DATA_VERSION_TAG: str(figures["digest"])},
        )
    kind = dg.AssetObservation if built.ad_hoc else dg.AssetMaterialization
    yield kind(
        asset_key=dg.AssetKey.from_user_string(asset),
        partition=str(day),
        metadata={
            **_metadata(built, published),
            **partition_metadata(catalog, asset, day, built, seconds),
        },
        tags={**provenance.tags(day), DATA_VERSION_TAG: published.manifest.digest},
    )


def _metadata(built: Built, published: Published) -> dict[str, Any]:
    figures = {name: _shown(value) for name, value in built.figures.items() if value is not None}
    pictures = {
        title: dg.MetadataValue.md(as_markdown(svg, title)) for title, svg in built.pictures.items()
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
    value = rounded(value)
    if isinstance(value, bool | int | float | str):
        return value
    return dg.MetadataValue.json(value)


def rounded(value: Any) -> Any:
    """A figure, or figures within lists and mappings, with four significant digits for people."""
    if isinstance(value, float):
        return float(f"{value:.4g}")
    if isinstance(value, Mapping):
        return {name: rounded(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(each) for each in value]
    return value


def progress_line(built: Built, published: Published, verdict: Verdict | None) -> str:
    """The figures of a built partition in one line, for a terminal."""
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
