"""Relations by a remote engine, for transactions and histories that are too large for a step.

Belongs here: the same partials and features as of one machine, by the same SQL, over stored frames.
Does not belong here: what one machine computes (``partials``, ``account_behaviour``), whether a day
is large enough (``steps.builders.build_relations``), or the engine (``io.spark_engine``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from aml_assets.core.days import number_of
from aml_assets.core.relations.account_behaviour import (
    MEASURES,
    BehaviourFrame,
    behaviour_frame,
    behaviour_sql,
)
from aml_assets.core.relations.account_codes import account_codes, with_dictionaries
from aml_assets.core.relations.history import type_of_ids
from aml_assets.core.relations.movements import MONEY
from aml_assets.core.relations.network import (
    KnownPairs,
    NetworkFrame,
    network_frame,
    payments_sql,
    relation_sql,
)
from aml_assets.core.relations.partials import Partial
from aml_assets.core.relations.traits import least_below
from aml_assets.core.sql import render
from aml_assets.core.tables.chunks import Keep
from aml_assets.core.tables.remote_engine import (
    RemoteEngine,
    StoredFrame,
    View,
    has_plain_types,
    sql_type,
)
from aml_assets.settings.feature_settings import BehaviourSettings, NetworkSettings
from aml_assets.settings.table_settings import SIDES, TableSettings


@dataclass(frozen=True)
class Transactions:
    """A day's stored transactions, as the remote engine reads them.

    Attributes:
        stored: the columns of the checked table that are read.
        spec: the table's settings.
        id_type: the type of all account ids of the day.
        traits: the settings of the traits to compute; ``None``: none are computed.
        timed: whether the day's times have a time of day.
    """

    stored: StoredFrame
    spec: TableSettings
    id_type: pa.DataType
    traits: BehaviourSettings | None = None
    timed: bool = False

    @property
    def can_be_asked(self) -> bool:
        """Whether the remote engine's results from them equal those of one machine, to the bit."""
        amount = self._type(self.spec.column("amount"))
        marked = [name for of in self._marks.values() for name in of]
        return (
            has_plain_types(self.stored.schema)
            and (amount is None or _is_exact(amount) or pa.types.is_float64(amount))
            and all(_has_one_spelling(self._type(name)) for name in marked)
        )

    @property
    def views(self) -> dict[str, View]:
        """The views ``trx`` and ``movements``."""
        spec, traits = self.spec, self.traits
        amount = spec.column("amount")
        threshold = traits and amount and traits.threshold
        filled: dict[str, Any] = {
            **{side: self._place(spec.column(role)) for side, role in SIDES.items()},
            "payer_customer": self._place(spec.column("cust_id")),
            "payee_customer": self._place(spec.column("target_cust_id")),
            "id_type": sql_type(self.id_type),
            "amount": self._place(amount),
            "is_exact": amount is None or _is_exact(self._type(amount)),
            "round_to": traits.round_to if traits and amount else None,
            "threshold": threshold or None,
            "least": least_below(traits) if traits and threshold else None,
            "time": self._place(spec.column("timestamp")) if traits else None,
            "timed": self.timed,
            "night": traits.night if traits else None,
            "marks": [
                {"name": mark, "columns": [(self._place(name), of[name]) for name in of]}
                for mark, of in self._marks.items()
            ],
        }
        return {"trx": self.stored, "movements": render("movements", **filled)}

    @property
    def _marks(self) -> Mapping[str, Mapping[str, Sequence[str]]]:
        return self.traits.marks if self.traits else {}

    def _place(self, name: str | None) -> str | None:
        return None if name is None else str(self.stored.schema.get_field_index(name))

    def _type(self, name: str | None) -> pa.DataType | None:
        return None if name is None else self.stored.schema.field(name).type


def pair_day_of(remote: RemoteEngine, trx: Transactions, keep: Keep) -> Partial:
    """The same as ``partials.pair_day``.

    Args:
        remote: computes it.
        trx: the day's.
        keep: where the result is kept.
    """
    frame = keep(remote.batches(render("pair_day"), trx.views))
    table = with_dictionaries(frame, ("payer", "payee"), keep)
    counts = _counts(remote, trx, "movements", "without_counterparty", "to_itself")
    return Partial(table, {**counts, "pairs": table.num_rows})


def account_day_of(
    remote: RemoteEngine, trx: Transactions, traits: Sequence[str], keep: Keep
) -> Partial:
    """The same as ``partials.account_day``; see `pair_day_of`.

    Args:
        remote: computes it.
        trx: the day's, with the settings of the traits.
        traits: their names.
        keep: where the result is kept.
    """
    frame = keep(remote.batches(render("account_day", traits=list(traits)), trx.views))
    table = with_dictionaries(frame, ("account",), keep)
    counts = _counts(remote, trx, "movements", "to_itself", "without_amount")
    return Partial(table, {**counts, "accounts": len(table.column("account").unique())})


def _counts(remote: RemoteEngine, trx: Transactions, *names: str) -> dict[str, int]:
    (row,) = pa.Table.from_batches(remote.batches(render("movement_counts"), trx.views)).to_pylist()
    return {name: row[name] for name in names}


def behaviour_of(
    remote: RemoteEngine,
    partials: Mapping[dt.date, StoredFrame],
    day: dt.date,
    settings: BehaviourSettings,
    *,
    traits: Sequence[str],
    history_days: int,
    keep: Keep,
) -> BehaviourFrame:
    """The same as ``account_behaviour.behaviour``.

    Args:
        remote: computes it.
        partials: day → its ``account_day``, of the days that have a row, at least one; with the
            columns account, paid, inside, the measures and the traits, in this order.
        day: the partition.
        settings: windows, horizon, and whether the outside counts.
        traits: the traits that the partials count.
        history_days: how many days of the horizon are known.
        keep: where the features are kept.

    Raises:
        InputError: the ids of two days differ in type.
    """
    names = ("account", "paid", "inside", *MEASURES, *traits)
    only = None if settings.outside else names.index("inside")
    views = _stacked("account_day", partials, names, ("account",), only)
    frame = keep(remote.batches(behaviour_sql(day, settings, traits), views))
    return behaviour_frame(frame, settings, history_days, keep)


def network_of(
    remote: RemoteEngine,
    partials: Mapping[dt.date, StoredFrame],
    day: dt.date,
    settings: NetworkSettings,
    *,
    history_days: int,
    keep: Keep,
) -> NetworkFrame:
    """The same as ``network.network``: the engine queries the days; the graph is searched here.

    Args:
        remote: queries the days.
        partials: day → its ``pair_day``, of the days that have a row, at least one; with the
            columns payer, payee and payments, in this order.
        day: the partition.
        settings: windows, horizon and bound.
        history_days: how many days of the horizon are known.
        keep: where relations, steps and features are kept.

    Raises:
        InputError: the ids of two days differ in type.
    """
    sides = ("payer", "payee")
    views = _stacked("pair_day", partials, (*sides, "payments"), sides)
    views["relation"] = relation_sql(day)
    queries = (relation_sql(day), *([payments_sql(day, settings)] if settings.cycles else []))
    found = [keep(remote.batches(query, views)) for query in queries]
    accounts = account_codes([table.column(side) for table in found for side in sides], keep)
    codes = iter(accounts.columns)
    for number, table in enumerate(found):
        for side in sides:
            place = table.schema.get_field_index(side)
            table = table.set_column(place, side, next(codes))
        found[number] = table
    known = KnownPairs(found[0], found[1] if settings.cycles else None, accounts.ids)
    return network_frame(known, day, settings, history_days=history_days, keep=keep)


def _stacked(
    name: str,
    frames: Mapping[dt.date, StoredFrame],
    columns: Sequence[str],
    ids: Sequence[str],
    only: int | None = None,
) -> dict[str, View]:
    """The view ``name`` that stacks some days' frames, and the view of each day that it reads."""
    types = {
        each: type_of_ids({day: of.schema.field(each).type for day, of in frames.items()}, each)
        for each in ids
    }
    days = {f"day_{number_of(day)}": (number_of(day), of) for day, of in sorted(frames.items())}
    filled: dict[str, Any] = {
        "days": [{"view": view, "number": number} for view, (number, _) in days.items()],
        "columns": [
            {"name": each, "type": sql_type(type_) if (type_ := types.get(each)) else None}
            for each in columns
        ],
        "only": only,
    }
    views: dict[str, View] = {view: of for view, (_, of) in days.items()}
    return {**views, name: render("stacked_days", **filled)}


def _is_exact(type_: pa.DataType | None) -> bool:
    """Whether amounts of a type are exact to `MONEY`, or the bank has none."""
    if type_ is None or pa.types.is_integer(type_):
        return True
    return pa.types.is_decimal128(type_) and (
        type_.scale <= MONEY.scale and type_.precision - type_.scale <= 38 - MONEY.scale
    )


def _has_one_spelling(type_: pa.DataType | None) -> bool:
    """Whether every engine converts values of a type to the same texts."""
    if type_ is None:
        return False
    plain = type_.value_type if pa.types.is_dictionary(type_) else type_
    return pa.types.is_string(plain) or pa.types.is_integer(plain) or pa.types.is_boolean(plain)
