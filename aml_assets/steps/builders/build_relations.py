"""Relations: each day's partial, and the network features of a day from the partials before it.

Belongs here: which partials are read for a day, and the manifests. Does not belong here: what is
computed (``core.relations``), or joining it to reports (``build_features``).
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from aml_assets.core.days import days_before
from aml_assets.core.graph import NETWORK, PAIR_DAY
from aml_assets.core.relations import network as networks
from aml_assets.core.relations import partials
from aml_assets.core.relations.movements import movement_columns, movements
from aml_assets.io.manifest import Manifest, settings_hash
from aml_assets.io.upstream import Upstream, inputs_read
from aml_assets.settings.table_settings import TRX
from aml_assets.steps.builders.built import Built
from aml_assets.steps.inputs.exemptions import exemption
from aml_assets.steps.inputs.stored_frames import column_facts

if TYPE_CHECKING:
    import pyarrow as pa

    from aml_assets.io.catalog import Catalog

CODE_VERSION = "1"


def build_pair_day(catalog: Catalog, day: dt.date, trx: Upstream[pa.Table]) -> Built:
    """Who paid whom on a day.

    Transactions that failed a check are in it, as a late report's look-back finds them, too: the
    day's own features are blocked, and later days are not held up.

    Raises:
        NotReady: the day's transactions are not stored.
        InputError: payers' and payees' ids differ in type.
    """
    spec = catalog.settings.tables[TRX]
    table, _ = trx.load(day, movement_columns(spec))
    partial = partials.pair_day(movements(table, spec, day))
    manifest = Manifest(
        asset=PAIR_DAY,
        partition=str(day),
        inputs=inputs_read(trx),
        code_version=CODE_VERSION,
        settings=settings_hash(spec.roles),
        facts=partial.counts,
    )
    return Built(partial.table, manifest, {"rows": partial.table.num_rows, **partial.counts})


def build_network(catalog: Catalog, day: dt.date, pair_day: Upstream[pa.Table]) -> Built:
    """The features of each pair that paid on a day, from the horizon up to the day.

    Raises:
        NotReady: the day's own partial is not stored yet.
        InputError: ids differ in type between days.
    """
    settings = catalog.settings.features.network
    days, known = _history(catalog, day, pair_day, settings.earlier_days)
    loaded = {each: pair_day.load(each, ["payer", "payee", "payments"])[0] for each in days}
    frame = networks.network(loaded, day, settings, history_days=known)
    facts: dict[str, Any] = {
        "history_days": known,
        "days_read": len(days),
        "hubs": dict(frame.hubs),
    }
    manifest = Manifest(
        asset=NETWORK,
        partition=str(day),
        inputs=inputs_read(pair_day),
        code_version=CODE_VERSION,
        settings=settings_hash(settings.model_dump()),
        facts={**facts, "columns": column_facts(frame.columns)},
    )
    return Built(frame.table, manifest, {"rows": frame.table.num_rows, **facts})


def _history(
    catalog: Catalog, day: dt.date, partials: Upstream[pa.Table], earlier: int
) -> tuple[list[dt.date], int]:
    """The days of the horizon whose partial is stored, newest first, and how many are known.

    A day without a partial is on record as absent, so that the network is stale once it is stored:
    one day that cannot be built must not hold up the 89 after it. Days count as known, back from
    the day itself, up to the first that is absent although it was not to be empty.
    """
    found, known, whole = [day], 1, True
    for past in reversed(days_before(day, earlier, catalog.settings.partitions.first_day)):
        if partials.has(past):
            found.append(past)
        else:
            partials.record(str(past))
            whole = whole and exemption(catalog, past) is not None
        known += whole
    return found, known
