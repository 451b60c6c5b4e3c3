"""Units: a model line's partial of each day, and the frame of the units that it scores.

Belongs here: which partitions are read for a day, and the manifests. Does not belong here: what is
computed (``core.relations``), or the line's models (``build_model``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from aml_assets.core.graph import Line
from aml_assets.core.model.encoding import Frame
from aml_assets.core.relations.history import SHORT_HISTORY
from aml_assets.core.relations.movements import ROLES, movement_columns
from aml_assets.core.relations.unit_day import (
    MOVED,
    ReportedUnits,
    of_network,
    place_in_reports,
    unit_day,
)
from aml_assets.core.relations.unit_features import unit_features
from aml_assets.io.manifest import Manifest, settings_hash
from aml_assets.io.upstream import Upstream, inputs_read
from aml_assets.settings.line_settings import UNITS, LineSettings
from aml_assets.settings.table_settings import TRX
from aml_assets.steps.builders.built import Built
from aml_assets.steps.inputs.histories import Counted, known_days, stored_partials
from aml_assets.steps.inputs.stored_frames import column_facts, columns_of, load_frame, load_table

if TYPE_CHECKING:
    from aml_assets.io.catalog import Catalog

CODE_VERSION = "1"


def build_unit_day(
    catalog: Catalog,
    line: Line,
    day: dt.date,
    trx: Upstream[pa.Table],
    merged_features: Upstream[pa.Table],
    network: Upstream[pa.Table] | None = None,
) -> Built:
    """What each unit of a line paid, was paid and was reported for on a day; labels are not read.

    Reports that failed a check count, as transactions do in all partials: only the reports' own
    scores are blocked.

    Args:
        catalog: settings and decisions.
        line: a further line.
        day: the partition.
        trx: the transactions.
        merged_features: the reports.
        network: the features of pairs, if they are computed.

    Raises:
        NotReady: transactions, reports or network of the day are not stored.
        InputError: payers' and payees' ids differ in type.
    """
    spec, unit = catalog.settings.tables[TRX], _settings(catalog, line).unit
    reported = _reported(catalog, unit, day, merged_features)
    moved, _ = trx.load(day, movement_columns(spec))
    pairs = load_table(network, day)[0] if network else None
    partial = unit_day(moved, reported, pairs, spec, unit=unit, day=day)
    manifest = Manifest(
        asset=line.partial,
        partition=str(day),
        inputs=inputs_read(trx, merged_features, network),
        code_version=CODE_VERSION,
        settings=_counted_by(catalog, unit, partial.features),
        facts={**partial.counts, "columns": column_facts(partial.columns)},
    )
    return Built(partial.table, manifest, {"rows": partial.table.num_rows, **partial.counts})


def _settings(catalog: Catalog, line: Line) -> LineSettings:
    return catalog.settings.lines[line.name]


def _reported(
    catalog: Catalog, unit: str, day: dt.date, merged_features: Upstream[pa.Table]
) -> ReportedUnits:
    """The units of the transactions of a day's reports; nulls where the bank does not name them."""
    spec, joins = catalog.settings.tables[TRX], catalog.settings.joins
    named = [spec.column(role) for role in UNITS[unit]]
    places = [place_in_reports(name, TRX, joins) if name else None for name in named]

    def columns(manifest: Manifest) -> list[str]:
        facts = columns_of(manifest).items()
        return [name for name, of in facts if (of.table, of.source) in places]

    frame, _ = load_frame(merged_features, day, columns)
    payer, payee = (_ids(frame, place) for place in places)
    return ReportedUnits(payer, payee)


def _ids(frame: Frame, place: tuple[str, str] | None) -> pa.ChunkedArray:
    found = frame.column(*place) if place else None
    return (
        pa.chunked_array([pa.nulls(frame.table.num_rows, pa.string())]) if found is None else found
    )


def _counted_by(catalog: Catalog, unit: str, features: Sequence[str]) -> str:
    """The hash of the settings that a partial is counted by, with its columns of the network."""
    spec, settings = catalog.settings.tables[TRX], catalog.settings
    network = settings.features.network.model_dump() if settings.has_network else None
    return settings_hash(unit, [spec.column(role) for role in ROLES], network, list(features))


def build_unit_features(
    catalog: Catalog, line: Line, day: dt.date, partials: Upstream[pa.Table]
) -> Built:
    """The features of each unit of a line that moved money within its longest window.

    Args:
        catalog: settings and decisions.
        line: a further line.
        day: the partition.
        partials: the line's.

    Raises:
        NotReady: the day's own partial is not stored yet.
        InputError: ids differ in type between days.
        Outdated: a partial is of another version of the code, or was counted by other settings.
    """
    settings = _settings(catalog, line)
    unit, windows = settings.unit, settings.windows
    days, known = known_days(catalog, day, partials, settings.earlier_days)
    features = of_network(list(columns_of(partials.manifest(day))), unit)
    columns = [unit, *MOVED, *features, SHORT_HISTORY]
    counted = _counted_by(catalog, unit, features)
    loaded = stored_partials(partials, days, columns, Counted(CODE_VERSION, counted))
    frame = unit_features(loaded, day, windows, unit=unit, features=features, history_days=known)
    facts: dict[str, Any] = {"history_days": known, "days_read": len(days)}
    manifest = Manifest(
        asset=line.features,
        partition=str(day),
        inputs=inputs_read(partials),
        code_version=CODE_VERSION,
        settings=settings_hash(unit, windows),
        facts={**facts, "columns": column_facts(frame.columns)},
    )
    return Built(frame.table, manifest, {"rows": frame.table.num_rows, **facts})
