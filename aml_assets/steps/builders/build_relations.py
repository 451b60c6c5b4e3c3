"""Relations: each day's partials, and the features of a day from the partials before it.

Belongs here: which partials are read for a day, and the manifests. Does not belong here: what is
computed (``core.relations``), or joining it to reports (``build_features``).
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from aml_assets.core.graph import ACCOUNT_DAY, BEHAVIOUR, NETWORK, PAIR_DAY
from aml_assets.core.relations import account_behaviour as behaviours
from aml_assets.core.relations import network as networks
from aml_assets.core.relations import partials
from aml_assets.core.relations.merging import JOINED
from aml_assets.core.relations.movements import (
    ROLES,
    movement_columns,
    movements,
    movements_with_ids,
    one_type,
)
from aml_assets.core.relations.traits import (
    have_time_of_day,
    refuse_missing_marks,
    trait_columns,
    trait_names,
    traits,
)
from aml_assets.io.manifest import Manifest, settings_hash
from aml_assets.io.spill import Spill
from aml_assets.io.upstream import Upstream, inputs_read
from aml_assets.settings.table_settings import SIDES, TRX, TableSettings
from aml_assets.steps.builders.built import Built
from aml_assets.steps.inputs.histories import known_days, stored_partials
from aml_assets.steps.inputs.stored_frames import column_facts
from aml_assets.steps.inputs.stored_table import StoredTable

if TYPE_CHECKING:
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
    stored = StoredTable(trx, day, movement_columns(spec))
    if stored.is_small:
        partial = partials.pair_day(movements(stored.whole().table, spec, day))
    else:
        type_ = _type_of_ids(stored, spec, day)
        parts = (movements_with_ids(each, spec, type_) for each in stored.batches())
        with Spill(catalog.settings.engine) as spill:
            partial = partials.pair_day_of_parts(parts, spill.keep)
    return _built(PAIR_DAY, day, trx, partial, settings_hash(spec.roles))


def build_account_day(catalog: Catalog, day: dt.date, trx: Upstream[pa.Table]) -> Built:
    """What each customer's account paid and was paid on a day.

    Transactions that failed a check are in it, as in ``build_pair_day``.

    Raises:
        NotReady: the day's transactions are not stored.
        InputError: payers' and payees' ids differ in type, or a marked column is missing.
    """
    spec, settings = catalog.settings.tables[TRX], catalog.settings.features.behaviour
    needed = list(dict.fromkeys([*movement_columns(spec), *trait_columns(spec, settings)]))
    stored = StoredTable(trx, day, needed)
    refuse_missing_marks(list(stored.columns), settings, day)
    time = spec.column("timestamp")
    timed = time is not None and have_time_of_day(
        each.column(time) for each in stored.batches([time])
    )

    def traits_of(table: pa.Table, moved: pa.Table) -> dict[str, pa.ChunkedArray]:
        return traits(table, moved.column("amount"), spec, settings, timed=timed)

    if stored.is_small:
        table = stored.whole().table
        moved = movements(table, spec, day)
        partial = partials.account_day(moved, traits_of(table, moved.table))
    else:
        type_ = _type_of_ids(stored, spec, day)

        def with_traits(table: pa.Table) -> pa.Table:
            moved = movements_with_ids(table, spec, type_)
            columns = dict(zip(moved.column_names, moved.columns, strict=True))
            return pa.table({**columns, **traits_of(table, moved)})

        parts, names = map(with_traits, stored.batches()), trait_names(spec, settings)
        with Spill(catalog.settings.engine) as spill:
            partial = partials.account_day_of_parts(parts, names, spill.keep)
    return _built(ACCOUNT_DAY, day, trx, partial, _account_settings(catalog))


def _type_of_ids(stored: StoredTable, spec: TableSettings, day: dt.date) -> pa.DataType:
    """The type of the day's accounts, as it is of all of them together."""
    named = [name for role in SIDES.values() if (name := spec.column(role))]
    types = [type_ for name in named if (type_ := stored.type_of(name)) is not None]
    return one_type(types, ", ".join(named), day) if types else pa.string()


def _account_settings(catalog: Catalog) -> str:
    """The settings that an account's partial is counted by."""
    chosen = {"round_to", "threshold", "below_share", "night", "marks"}
    settings = catalog.settings.features.behaviour.model_dump(mode="json", include=chosen)
    columns = [catalog.settings.tables[TRX].column(role) for role in (*ROLES, "timestamp")]
    return settings_hash(columns, settings)


def _built(
    asset: str, day: dt.date, trx: Upstream[pa.Table], partial: partials.Partial, settings: str
) -> Built:
    manifest = Manifest(
        asset=asset,
        partition=str(day),
        inputs=inputs_read(trx),
        code_version=CODE_VERSION,
        settings=settings,
        facts=partial.counts,
    )
    return Built(partial.table, manifest, {"rows": partial.table.num_rows, **partial.counts})


def build_network(catalog: Catalog, day: dt.date, pair_day: Upstream[pa.Table]) -> Built:
    """The features of each pair that paid on a day, from the horizon up to the day.

    Raises:
        NotReady: the day's own partial is not stored yet.
        InputError: ids differ in type between days.
        Outdated: a partial is of another version of the code.
    """
    settings = catalog.settings.features.network
    days, known = known_days(catalog, day, pair_day, settings.earlier_days)
    loaded = stored_partials(pair_day, days, ["payer", "payee", "payments"], CODE_VERSION)
    with Spill(catalog.settings.engine) as spill:
        frame = networks.network(loaded, day, settings, history_days=known, keep=spill.keep)
    facts: dict[str, Any] = {
        "history_days": known,
        "days_read": len(days),
        "hubs": dict(frame.hubs),
        "cycles_given_up": dict(frame.given_up),
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


def build_behaviour(catalog: Catalog, day: dt.date, account_day: Upstream[pa.Table]) -> Built:
    """The features of each account that moved money on a day, from the horizon up to the day.

    Raises:
        NotReady: the day's own partial is not stored yet.
        InputError: ids differ in type between days.
        Outdated: a partial is of another version of the code, or was counted by other settings.
    """
    settings, spec = catalog.settings.features.behaviour, catalog.settings.tables[TRX]
    days, known = known_days(catalog, day, account_day, settings.earlier_days)
    names = trait_names(spec, settings)
    columns = ["account", "paid", "inside", *behaviours.MEASURES, *names]
    counted = _account_settings(catalog)
    loaded = stored_partials(account_day, days, columns, CODE_VERSION, counted, accounts="account")
    with Spill(catalog.settings.engine) as spill:
        frame = behaviours.behaviour(
            loaded, day, settings, traits=names, history_days=known, keep=spill.keep
        )
    sides = [each.side for each in JOINED if each.asset == BEHAVIOUR and each.fit(spec)]
    facts: dict[str, Any] = {"history_days": known, "days_read": len(days), "joined_to": sides}
    manifest = Manifest(
        asset=BEHAVIOUR,
        partition=str(day),
        inputs=inputs_read(account_day),
        code_version=CODE_VERSION,
        settings=settings_hash(settings.model_dump(mode="json")),
        facts={**facts, "columns": column_facts(frame.columns)},
    )
    return Built(frame.table, manifest, {"rows": frame.table.num_rows, **facts})
