"""A landed table of a day, checked and typed, as of that day.

Belongs here: reading the landing, and selecting the snapshot of a static table that a day gets.
Does not belong here: the contract (``core.tables.contracts``).

A day gets the newest snapshot of a static table that was known by then, else the earliest known
one, flagged ``static_known_later``, and keeps it unless the run restates it (docs/design.md,
"Static tables as of the day").
"""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from aml_assets.core.graph import LANDING, TABLES
from aml_assets.core.tables import contracts
from aml_assets.core.tables.contracts import CheckedTable, LandedFrame
from aml_assets.core.tables.counts import count_nulls
from aml_assets.errors import CorruptFile, DamagedFile, NotReady, UnprovenFile
from aml_assets.io.catalog import RECEIPTS, Catalog
from aml_assets.io.formats import Published
from aml_assets.io.landing_reader import Landed
from aml_assets.io.manifest import Manifest, settings_hash
from aml_assets.io.spill import Spill
from aml_assets.steps.builders.built import Built
from aml_assets.steps.inputs.stored_frames import column_facts
from aml_assets.steps.inputs.stored_table import row_groups
from aml_assets.steps.restating import record_restatement

CODE_VERSION = "1"

_ADDED = {
    "format": "parquet",
    "partition_columns": [],
    "columns": [],
    "binary_as_text": False,
    "int96": None,
}
"""Settings of a table that came after the first release → what they were before."""


def build_table(catalog: Catalog, name: str, day: dt.date, *, restate: bool = False) -> Built:
    """Check a landed table and bring it into normal form.

    Args:
        catalog: where to read.
        name: the table.
        day: the partition.
        restate: for a static table, replace the day's stored snapshot by what lies in the
            landing now.

    Raises:
        InputError: the table breaks its contract.
        NotLanded: it has not landed.
    """
    with Spill(catalog.settings.engine) as spill:
        if catalog.settings.tables[name].daily:
            return _from_landing(catalog, name, day, catalog.landing.read(name, day, spill))
        return _snapshot(catalog, name, day, spill, restate=restate)


def _from_landing(
    catalog: Catalog, name: str, day: dt.date, landed: Landed[LandedFrame], **facts: Any
) -> Built:
    settings = catalog.settings
    spec = settings.tables[name]
    joined = settings.join_columns(name)
    frame = landed.table if landed.table is not None else contracts.empty(spec, joined)
    checked = contracts.check(
        frame,
        spec,
        name=name,
        day=day,
        join_columns=joined,
        index_columns=landed.index_columns,
        max_abs_number=settings.features.max_abs_number,
        time_zone=settings.partitions.time_zone,
        keep=landed.keep,
    )
    labels = _label_figures(checked.table, spec.column("label"))
    noticed = _noticed(checked)
    manifest = Manifest(
        asset=f"{TABLES}/{name}",
        partition=str(day),
        inputs={f"{LANDING}/{name}": {str(day): landed.digest}},
        code_version=CODE_VERSION,
        settings=_settings_hash(catalog, name),
        facts={
            "columns": column_facts(checked.columns),
            "nulls": {**count_nulls(checked.table, spec.column("label"))},
            **labels,
            **noticed,
            **facts,
        },
    )
    figures: dict[str, Any] = {"rows": checked.table.num_rows, "columns": len(checked.columns)}
    figures |= labels | noticed
    files = {"files": landed.files, "bytes": landed.length, "digest": landed.digest}
    built = Built(checked.table, manifest, figures | facts, landed={name: files})
    return replace(built, publish=with_receipt(catalog, name, day, built, landed))


def with_receipt(
    catalog: Catalog, name: str, day: dt.date, built: Built, landed: Landed[LandedFrame]
) -> Callable[[], Published] | None:
    """A function that publishes a daily table and its receipt: the signature of the landed files.

    The manifest knows only their content. With the receipt, one listing of the landing shows
    whether the stored table was built from the files that are there now. ``None`` for a static
    table.
    """
    if not catalog.settings.tables[name].daily:
        return None

    def publish() -> Published:
        record_restatement(catalog, name, day, landed.digest)
        published = built.publish_to(catalog.table(name), day)
        manifest = Manifest(f"{RECEIPTS}/{name}", str(day), facts={"signature": landed.signature})
        catalog.receipts(name).publish(day, {"signature": landed.signature}, manifest)
        return published

    return publish


def _noticed(checked: CheckedTable) -> dict[str, Any]:
    """The facts about ids whose blanks were cut and about pandas' index columns, if any."""
    found = {"padded_ids": list(checked.padded), "index_columns": checked.index_columns}
    return {name: columns for name, columns in found.items() if columns}


def _label_figures(table: pa.Table, label: str | None) -> dict[str, int]:
    if label is None:
        return {}
    labels = table.column(label)
    decided = len(labels) - labels.null_count
    positives = pc.sum(labels).as_py() or 0  # each label is 0, 1 or null
    return {"positives": positives, "undecided": len(labels) - decided}


@dataclass(frozen=True)
class _Known:
    """A snapshot that a day could get: what has landed, or what another day has stored.

    Attributes:
        known_on: the day on which its files were written.
        stored_on: the day that has it stored; ``None`` for what has landed.
        digest: of its landed bytes.
    """

    known_on: dt.date
    stored_on: dt.date | None
    digest: str


def _snapshot(catalog: Catalog, name: str, day: dt.date, spill: Spill, *, restate: bool) -> Built:
    partitions = catalog.snapshots(name)
    if partitions.has(day) and not restate:
        return _kept(catalog, name, day)
    digest, modified = catalog.landing.digest(name, day)
    zone = zoneinfo.ZoneInfo(catalog.settings.partitions.time_zone)
    written_on = dt.datetime.fromtimestamp(modified, zone).date()
    stored = [] if restate else _stored_neighbours(catalog, name, day)
    candidates = [*stored, _Known(written_on, None, digest)]
    selected = _as_of(candidates, day)
    # What was stored from these very bytes under these settings need not be read again.
    same = [known for known in stored if known.digest == selected.digest]
    facts = {
        "known_on": str(selected.known_on),
        "static_known_later": selected.known_on > day,
    }
    if same:
        read = {name: {"digest": digest}} if selected.digest == digest else {}
        return replace(_reference(catalog, name, day, same[0], facts), landed=read)
    landed = catalog.landing.read(name, day, spill)
    if landed.digest != digest:
        raise NotReady(
            "the landed table was replaced while it was read",
            table=name,
            day=day,
            remedy="Run it again when the upstream system has finished writing.",
        )
    built = _from_landing(catalog, name, day, landed, **facts)
    return replace(built, publish=_restating(catalog, name, day, built, digest))


def _restating(
    catalog: Catalog, name: str, day: dt.date, built: Built, landed: str
) -> Callable[[], Published]:
    def publish() -> Published:
        record_restatement(catalog, name, day, landed)
        return replace(built, publish=None).publish_to(catalog.table(name), day)

    return publish


def _as_of(candidates: list[_Known], day: dt.date) -> _Known:
    """The newest snapshot known by the day, else the earliest known; of equals, the first."""
    by_then = [known for known in candidates if known.known_on <= day]
    if by_then:
        return max(by_then, key=lambda known: known.known_on)
    return min(candidates, key=lambda known: known.known_on)


def _stored_neighbours(catalog: Catalog, name: str, day: dt.date) -> list[_Known]:
    """The nearest stored days on either side, if built by this code and these settings."""
    partitions = catalog.snapshots(name)
    days = partitions.days()
    before = next((d for d in reversed(days) if d < day and partitions.has(d)), None)
    after = next((d for d in days if d > day and partitions.has(d)), None)
    known = []
    for stored in (before, after):
        if stored is None:
            continue
        manifest = partitions.manifest(stored)
        if (manifest.code_version, manifest.settings) != (
            CODE_VERSION,
            _settings_hash(catalog, name),
        ):
            continue
        digest = manifest.inputs[f"{LANDING}/{name}"][str(stored)]
        known_on = dt.date.fromisoformat(str(manifest.facts["known_on"]))
        known.append(_Known(known_on, stored, digest))
    return known


def _reference(
    catalog: Catalog, name: str, day: dt.date, known: _Known, facts: Mapping[str, Any]
) -> Built:
    partitions = catalog.snapshots(name)
    stored_on = known.stored_on or day
    target = partitions.manifest(stored_on)
    manifest = Manifest(
        asset=f"{TABLES}/{name}",
        partition=str(day),
        inputs={f"{LANDING}/{name}": {str(day): known.digest}},
        code_version=CODE_VERSION,
        settings=_settings_hash(catalog, name),
        facts={**target.facts, **facts},
    )
    figures = {"rows": target.rows, "same_as": str(stored_on), **facts}
    return Built(
        None, manifest, figures, publish=lambda: partitions.refer(day, stored_on, manifest)
    )


def _kept(catalog: Catalog, name: str, day: dt.date) -> Built:
    """The day's stored snapshot, which stays as it is.

    Raises:
        CorruptFile: it was altered.
    """
    partitions = catalog.snapshots(name)
    try:
        manifest, columns = partitions.manifest(day), partitions.schema(day).names
        for _ in row_groups(partitions, day, columns, manifest.digest):
            pass  # reading is what verifies it
    except UnprovenFile:  # it says itself what to do
        raise
    except CorruptFile as error:
        altered = f"the snapshot stored for {day} was altered after it was published"
        raise type(error)(
            error.reason if isinstance(error, DamagedFile) else altered,
            path=error.path,
            operation=error.operation,
            remedy="Materialize the day again with `restate: true`.",
            place=error.place,
        ) from None
    figures = {
        "rows": manifest.rows,
        "known_on": manifest.facts["known_on"],
        "static_known_later": manifest.facts["static_known_later"],
        "kept": True,
    }
    return Built(
        None, manifest, figures, publish=lambda: Published(changed=False, manifest=manifest)
    )


def _settings_hash(catalog: Catalog, name: str) -> str:
    settings = catalog.settings
    spec = settings.tables[name]
    # What is stored stays current when a later release adds a setting.
    unset = {each for each, before in _ADDED.items() if getattr(spec, each) == before}
    return settings_hash(
        spec.model_dump(exclude={"path", *unset}),
        settings.join_columns(name),
        settings.features.max_abs_number,
        settings.partitions.time_zone,
    )
