"""Sampling weights of decided cases: how many customers one that was drawn at random stands for.

Belongs here: finding decided cases among the random samples of their days' queues. Does not belong
here: drawing (``core.cases.queue``), or how training weighs them (``core.cases.dispositions``).

A customer who is in the queue for his evidence has the weight 1. A report has the lowest weight of
the customers of its transaction, since each of them brings it before an investigator.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from aml_assets.core.cases.dispositions import Disposition, Key, as_texts, places_of
from aml_assets.core.cases.queue import CUSTOMER, weights_in
from aml_assets.io.upstream import Upstream
from aml_assets.settings.table_settings import STR
from aml_assets.steps.inputs.evidence import by_customer, columns_named
from aml_assets.steps.inputs.labelling import unit_places
from aml_assets.steps.inputs.window_frames import read_stored

if TYPE_CHECKING:
    from aml_assets.io.catalog import Catalog


def with_sampling_weights(catalog: Catalog, given: Sequence[Disposition]) -> list[Disposition]:
    """The dispositions, with ``stands_for`` set where the customer was drawn at random.

    Args:
        catalog: the stored queues and merged frames.
        given: dispositions of cases that are stored.
    """
    found: dict[tuple[dt.date, str | Key], float] = {}
    for day in sorted({each.day for each in given}):
        listed = _listed(catalog, day)
        if listed:
            found |= {(day, customer): each for customer, each in listed.items()}
            keys = {each.key for each in given if each.day == day and each.key}
            found |= {(day, key): each for key, each in _of_reports(catalog, day, keys, listed)}
    weights = [found.get((each.day, each.customer or each.key), 1.0) for each in given]
    return [
        replace(each, stands_for=weight) if weight > 1 else each
        for each, weight in zip(given, weights, strict=True)
    ]


def _listed(catalog: Catalog, day: dt.date) -> Mapping[str, float]:
    """Customer → weight, of a day's queue; empty if the queue has no random sample."""
    if not catalog.queues.has(day):
        return {}
    weights = weights_in(catalog.queues.load(day))
    if all(each is None for each in weights.values()):
        return {}
    return {customer: each or 1.0 for customer, each in weights.items()}


def _of_reports(
    catalog: Catalog, day: dt.date, keys: set[Key], listed: Mapping[str, float]
) -> list[tuple[Key, float]]:
    """(key, weight) of those of the given reports of a day whose customers are in its queue."""
    places = unit_places(catalog, CUSTOMER)
    merged: Upstream[pa.Table] = Upstream(catalog.features)
    frames = read_stored(catalog, merged, [day], places).frames if keys else []
    if not frames:
        return []
    (frame,) = frames
    rows = list(places_of(frame.table, catalog.settings.tables[STR].key, keys))
    reports = frame.table.take(pa.array([row for row, _ in rows], pa.int64()))
    customers = by_customer(
        reports,
        columns_named(frame.columns, places),
        day,
        place=pa.array(np.arange(len(rows)), pa.int64()),
    )
    found: dict[Key, float] = {}
    names = as_texts(customers.column(CUSTOMER)).to_pylist()
    for customer, place in zip(names, customers.column("place").to_pylist(), strict=True):
        if customer in listed:
            key = rows[place][1]
            found[key] = min(found.get(key, np.inf), listed[customer])
    return list(found.items())
