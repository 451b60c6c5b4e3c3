"""The queue of a day: its customers, and the reports by which they are there.

Belongs here: the queue's columns and manifest. Does not belong here: who is listed
(``core.cases.queue``), or what is known of customers (``steps.inputs.evidence``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING

import pyarrow as pa

from aml_assets.core.cases.queue import STANDS_FOR, Queue, queue
from aml_assets.core.graph import MODEL, QUEUE, Line
from aml_assets.core.model.budget import size_of
from aml_assets.io.manifest import Manifest, settings_hash
from aml_assets.io.paths import beside
from aml_assets.io.upstream import Upstream, inputs_read
from aml_assets.settings.table_settings import STR
from aml_assets.steps.builders.built import Built
from aml_assets.steps.inputs.dispositions_known import known_dispositions
from aml_assets.steps.inputs.evidence import evidence_of, first_counted, needed_columns
from aml_assets.steps.inputs.model_selection import scoring_id
from aml_assets.steps.inputs.run_options import RunOptions

if TYPE_CHECKING:
    from aml_assets.io.catalog import Catalog

CODE_VERSION = "1"

_RULES = {"enabled", "budget", "sample", "days", "cool_down_days", "rise"}
"""The settings that decide who is listed; the others are about open cases."""


def build_queue(
    catalog: Catalog,
    day: dt.date,
    predictions: Upstream[pa.Table],
    merged_features: Upstream[pa.Table],
    scores: Mapping[str, Upstream[pa.Table]],
    options: RunOptions | None = None,
) -> Built:
    """List the customers of a day.

    Args:
        catalog: settings and dispositions.
        day: the partition.
        predictions: the scored reports, of the day and of earlier days with a recent disposition.
        merged_features: the reports of the last days.
        scores: the scores of the lines that score customers, by the last part of the asset's name.
        options: of this run; an ad hoc run lists by its own predictions, under a name of its own.

    Raises:
        NotReady: the day has no predictions yet.
        InputError: ids differ in type between days, or between reports and scores.
        ModelError: the model of an ad hoc run is not there.
    """
    settings, options = catalog.settings.queue, options or RunOptions()
    path = catalog.queues.path(day)
    if options.ad_hoc:
        name = scoring_id(catalog, day, catalog.upstream(MODEL), options)
        path, scored = beside(path, name), _ad_hoc(predictions, day, name)
    else:
        scored, _ = predictions.load(day, needed_columns(catalog, day, merged_features))
    of_lines = {
        name: scores[Line(name).scores.rpartition("/")[2]]
        for name in catalog.settings.queued_lines or ()
    }
    said = known_dispositions(catalog, first_counted(catalog, day), day)
    evidence = evidence_of(catalog, day, scored, predictions, merged_features, of_lines, said)
    budget = size_of(settings.budget or catalog.settings.reports.budget, evidence.customers)
    sample, seed = settings.sample, day.toordinal()
    found = queue(evidence, budget=budget, rise=settings.rise, sample=sample, seed=seed)
    table = _with_keys(catalog, found, scored)
    facts = {"budget": budget, "cooling": found.cooling}
    figures = {**facts, **_counted(table), "path": path, "ad_hoc": options.ad_hoc}
    manifest = Manifest(
        asset=QUEUE,
        partition=str(day),
        inputs=inputs_read(predictions, merged_features, *scores.values()),
        code_version=CODE_VERSION,
        settings=settings_hash(
            settings.model_dump(include=_RULES),
            catalog.settings.reports.budget,
            catalog.settings.label_rules,
        ),
        facts={**facts, **said.fact},
    )
    return Built(table, manifest, figures, ad_hoc=options.ad_hoc, path=path)


def _counted(entries: pa.Table) -> dict[str, int]:
    """How many entries there are, how many were drawn, and how many have no report of the day."""
    names, rows = entries.column_names, entries.num_rows
    return {
        "rows": rows,
        "drawn": rows - entries.column(STANDS_FOR).null_count if STANDS_FOR in names else 0,
        "without_report": entries.column("report_score").null_count,
    }


def _with_keys(catalog: Catalog, found: Queue, scored: pa.Table) -> pa.Table:
    """The entries, each with the key of its customer's highest report of the day."""
    table = found.entries
    for name in catalog.settings.tables[STR].key:
        table = table.append_column(f"report_{name}", scored.column(name).take(found.places))
    return table


def _ad_hoc(predictions: Upstream[pa.Table], day: dt.date, name: str) -> pa.Table:
    stored = predictions.partitions
    path = beside(stored.path(day), name)
    predictions.record(str(day), stored.format.read_manifest(stored.store, path).digest)
    return stored.format.read(stored.store, path)
