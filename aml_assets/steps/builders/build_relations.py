"""Relations: each day's partials, and the features of a day from the partials before it.

Belongs here: which partials are read for a day, and the manifests. Does not belong here: what is
computed (``core.relations``), or joining it to reports (``build_features``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
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
from aml_assets.core.relations.remote_relations import (
    Transactions,
    account_day_of,
    behaviour_of,
    network_of,
    pair_day_of,
)
from aml_assets.core.relations.traits import (
    have_time_of_day,
    refuse_missing_marks,
    trait_columns,
    trait_names,
    traits,
)
from aml_assets.core.tables.chunks import Keep
from aml_assets.core.tables.remote_engine import RemoteEngine
from aml_assets.errors import AmlError
from aml_assets.io.manifest import Manifest, settings_hash
from aml_assets.io.spark_engine import remote_engine_for
from aml_assets.io.spill import Spill
from aml_assets.io.upstream import Upstream, inputs_read
from aml_assets.settings.table_settings import SIDES, TRX, TableSettings
from aml_assets.steps.builders.built import Built
from aml_assets.steps.inputs.histories import (
    Counted,
    known_days,
    large_history,
    stored_partials,
)
from aml_assets.steps.inputs.stored_frames import column_facts
from aml_assets.steps.inputs.stored_table import StoredTable

if TYPE_CHECKING:
    from aml_assets.io.catalog import Catalog

CODE_VERSION = "1"


def build_pair_day(catalog: Catalog, day: dt.date, trx: Upstream[pa.Table]) -> Built:
    """Who paid whom on a day.

    Transactions that failed a check are included, as in a late report's look-back: they block the
    day's own features, and hold up no later day.

    Raises:
        NotReady: the day's transactions are not stored.
        InputError: payers' and payees' ids differ in type.
    """
    spec = catalog.settings.tables[TRX]
    stored = StoredTable(trx, day, movement_columns(spec))
    if stored.is_small:
        partial = partials.pair_day(movements(stored.whole().table, spec, day))
    else:
        partial = _large_pair_day(catalog, stored, spec, day)
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
    if stored.is_small:
        table = stored.whole().table
        moved = movements(table, spec, day)
        amounts = moved.table.column("amount")
        partial = partials.account_day(moved, traits(table, amounts, spec, settings, timed=timed))
    else:
        partial = _large_account_day(catalog, stored, timed, day)
    return _built(ACCOUNT_DAY, day, trx, partial, _account_settings(catalog))


def _large_pair_day(
    catalog: Catalog, stored: StoredTable, spec: TableSettings, day: dt.date
) -> partials.Partial:
    """The partial of a large table: by a remote engine, or in this process, part by part."""
    type_ = _type_of_ids(stored, spec, day)

    def elsewhere(remote: RemoteEngine, keep: Keep) -> partials.Partial | None:
        trx = Transactions(stored.for_remote(), spec, type_)
        return pair_day_of(remote, trx, keep) if trx.can_be_asked else None

    def here(keep: Keep) -> partials.Partial:
        parts = (movements_with_ids(each, spec, type_) for each in stored.batches())
        return partials.pair_day_of_parts(parts, keep)

    return _large_partial(catalog, PAIR_DAY, day, stored, elsewhere, here)


def _large_account_day(
    catalog: Catalog, stored: StoredTable, timed: bool, day: dt.date
) -> partials.Partial:
    """See `_large_pair_day`."""
    spec, settings = catalog.settings.tables[TRX], catalog.settings.features.behaviour
    type_, names = _type_of_ids(stored, spec, day), trait_names(spec, settings)

    def elsewhere(remote: RemoteEngine, keep: Keep) -> partials.Partial | None:
        trx = Transactions(stored.for_remote(), spec, type_, settings, timed)
        return account_day_of(remote, trx, names, keep) if trx.can_be_asked else None

    def with_traits(table: pa.Table) -> pa.Table:
        moved = movements_with_ids(table, spec, type_)
        found = traits(table, moved.column("amount"), spec, settings, timed=timed)
        return pa.table({**dict(zip(moved.column_names, moved.columns, strict=True)), **found})

    def here(keep: Keep) -> partials.Partial:
        return partials.account_day_of_parts(map(with_traits, stored.batches()), names, keep)

    return _large_partial(catalog, ACCOUNT_DAY, day, stored, elsewhere, here)


def _large_partial(
    catalog: Catalog,
    asset: str,
    day: dt.date,
    stored: StoredTable,
    elsewhere: Callable[[RemoteEngine, Keep], partials.Partial | None],
    here: Callable[[Keep], partials.Partial],
) -> partials.Partial:
    """A partial by the remote engine, if there is one that can compute it; else ``here``."""
    with (
        Spill(catalog.settings.engine) as spill,
        remote_engine_for(catalog.settings, asset, day) as remote,
    ):
        partial = elsewhere(remote, spill.keep) if remote else None
        if partial is None:
            return here(spill.keep)
        stored.refuse_replaced()
        if partial.counts["movements"] != stored.rows:
            raise AmlError(
                f"Spark has read {partial.counts['movements']:,} of {stored.rows:,} transactions",
                table=asset,
                day=day,
                remedy="Look into Spark's log for files that its executors could not read.",
            )
        return partial


def _type_of_ids(stored: StoredTable, spec: TableSettings, day: dt.date) -> pa.DataType:
    """The common type of the day's account ids, payers' and payees'."""
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
    counted, columns = Counted(CODE_VERSION), ["payer", "payee", "payments"]
    with (
        Spill(catalog.settings.engine) as spill,
        remote_engine_for(catalog.settings, NETWORK, day) as remote,
    ):
        large = large_history(pair_day, days, columns, counted) if remote else None
        options: Any = {"history_days": known, "keep": spill.keep}
        if remote and large:
            frame = network_of(remote, large, day, settings, **options)
            pair_day.refuse_replaced(*days)
        else:
            loaded = stored_partials(pair_day, days, columns, counted, keep=spill.keep)
            frame = networks.network(loaded, day, settings, **options)
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
    counted = Counted(CODE_VERSION, _account_settings(catalog))
    with (
        Spill(catalog.settings.engine) as spill,
        remote_engine_for(catalog.settings, BEHAVIOUR, day) as remote,
    ):
        large = large_history(account_day, days, columns, counted) if remote else None
        options: Any = {"traits": names, "history_days": known, "keep": spill.keep}
        if remote and large:
            frame = behaviour_of(remote, large, day, settings, **options)
            account_day.refuse_replaced(*days)
        else:
            kept: Any = {"keep": spill.keep, "accounts": "account"}
            loaded = stored_partials(account_day, days, columns, counted, **kept)
            frame = behaviours.behaviour(loaded, day, settings, **options)
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
