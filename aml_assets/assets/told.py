"""What a run and the attempts before it have built, in the order in which Dagster was told of it.

Belongs here: whether a day still stands as an earlier attempt left it. Does not belong here:
whether there is another attempt (``assets.attempts``), or building anything (``assets.building``).

It is not enough that the bytes are still there. A day may have been made while something that it
reads had failed: tonight's alerts with yesterday's model. Once another attempt has built that, the
day is made again.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping

import dagster as dg
from dagster._core.storage.tags import PARENT_RUN_ID_TAG, RETRY_NUMBER_TAG

from aml_assets.io.catalog import Catalog
from aml_assets.io.manifest import Manifest


class Told:
    """The days of assets that were told of, each with its digest, the last one last.

    Args:
        reads: asset → the assets it is made of.
    """

    def __init__(self, reads: Mapping[str, Collection[str]]) -> None:
        self._reads = reads
        self._digests: dict[tuple[str, dt.date], str] = {}

    def add(self, asset: str, day: dt.date, digest: str) -> None:
        """The day was built just now."""
        self._digests.pop((asset, day), None)
        self._digests[asset, day] = digest

    def stands(self, catalog: Catalog, asset: str, day: dt.date) -> bool:
        """Whether the day is stored as it was told of, and nothing it reads was built since.

        What is looked for in a day's manifest may not be there yet, as tonight's model: so any
        earlier day of what it reads counts, and a later one if the manifest names it.
        """
        digest = self._digests.get((asset, day))
        partitions = catalog.of(asset)
        if digest is None or not partitions.has(day):
            return False
        manifest = partitions.manifest(day)
        return manifest.digest == digest and not self._outdated(asset, day, manifest)

    def _outdated(self, asset: str, day: dt.date, manifest: Manifest) -> bool:
        for other, of in reversed(self._digests):
            if (other, of) == (asset, day):
                break
            read = of <= day or str(of) in manifest.inputs.get(other, {})
            if read and other in self._reads.get(asset, ()):
                return True
        return False


def told_before(context: dg.AssetExecutionContext, reads: Mapping[str, Collection[str]]) -> Told:
    """What earlier attempts of this run built.

    An attempt is the step's, in the same run, or a run that Dagster started by itself in place of
    one whose process died. Who starts a run again by hand wants all of it.
    """
    instance = context.instance
    run: dg.DagsterRun | None = context.run
    attempts = [run.run_id] if context.retry_number else []
    while run is not None and RETRY_NUMBER_TAG in run.tags:
        attempts.append(run.tags[PARENT_RUN_ID_TAG])
        run = instance.get_run_by_id(attempts[-1])
    told = Told(reads)
    for attempt in reversed(attempts):
        kind = dg.DagsterEventType.ASSET_MATERIALIZATION
        for record in instance.get_records_for_run(attempt, of_type=kind).records:
            event = record.event_log_entry.asset_materialization
            digest = event and (event.tags or {}).get("dagster/data_version")
            if event and event.partition and digest:
                day = dt.date.fromisoformat(event.partition)
                told.add(event.asset_key.to_user_string(), day, digest)
    return told
