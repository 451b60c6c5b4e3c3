"""The tables' contracts as settings: paths, keys, roles, kinds and joins.

Belongs here: what a bank may say about its tables, and our five defaults. Does not belong here:
checking a frame against it (``core.tables.contracts``) or joining (``core.tables.joins``).
"""

from __future__ import annotations

import codecs
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from aml_assets.settings.section import Section

Kind = Literal["numeric", "category", "boolean", "time", "id", "text"]
"""Kind of a column; an ``id`` or a ``text`` is carried along and never becomes a feature."""

ID_KINDS = ("id", "text")
"""Kinds that the settings may give to an id; ``text`` spells whole numbers as texts."""

STR = "str"
"""The table of suspicious-transaction reports: its rows are scored, all others joined to it."""

TRX = "trx"
"""The table of transactions; a late report's transaction is found in its earlier days."""

DISPOSITIONS = "dispositions"
"""The table of what investigators decided in the bank's own tool; no day waits for it."""

PAIR_FEATURES = "network"
"""The table's name of the network's features in the merged frame; no landed table may have it."""

ACCOUNT_FEATURES = "behaviour"
"""The table's name of the features of each account's behaviour in the merged frame."""

LABEL_FEATURES = "label_history"
"""The table's name of the label history's features in the merged frame."""

OUR_FEATURES = (PAIR_FEATURES, ACCOUNT_FEATURES, LABEL_FEATURES)
"""The names of tables in the merged frame that hold features of ours."""

SIDES = {"payer": "account_id", "payee": "target_account_id"}
"""The two accounts of a transaction → the role of the column that names each."""

ID_ROLES = ("trx_id", "ins_id", "cust_id", "account_id", "target_cust_id", "target_account_id")
"""Roles whose columns are ids."""

DISPOSITION_ROLES = ("day", "disposition", "reason", "note", "by")
"""Roles of the table of dispositions alone: the case's day, what was decided, why, and by whom."""

ROLES = (*ID_ROLES, "amount", "currency", "timestamp", "label", "decided_at", *DISPOSITION_ROLES)
"""All roles that a column can have."""


_NO_ENCODINGS = ("utf-7", "unicode_escape", "raw_unicode_escape", "idna", "punycode")
"""Python's codecs that are refused: they encode escapes or host names, not a bank's texts."""


class TableSettings(Section):
    """One landed table.

    ``path``: folder under the landing root; with ``{date}`` in it the table lands daily, without
    it the table is static. ``roles``: role → the bank's name of the column, or ``null`` where the
    bank has none; a column with a role must exist. ``key`` (default: by the roles): columns that
    must be non-null and, together, unique. ``exclude``: columns that are never read. ``kinds``:
    column → the kind that it is taken for, whatever its values look like; a key, id or join column
    can be ``text``, so that it can be joined to texts. ``format``: of its files.
    ``partition_columns``: the columns whose values stand in names of folders (``country=NO``),
    outermost first. ``columns``: the real names, in order, of the columns that ORC files call
    ``_col0``, ``_col1``, …. ``binary_as_text``: take columns of bytes for texts, as Impala and old
    Hive write them, in UTF-8 or a given encoding; without it only those with a kind or that are
    ids, in UTF-8. ``int96``: what timestamps of type INT96 are, where the file does not say it or
    is wrong: ``utc``, instants, or ``local``, the bank's wall clock.
    """

    path: str
    key: list[str] = Field(default_factory=list)
    roles: dict[str, str | None] = Field(default_factory=dict)
    exclude: list[str] = Field(default_factory=list)
    kinds: dict[str, Kind] = Field(default_factory=dict)
    format: Literal["parquet", "orc"] = "parquet"
    partition_columns: list[str] = Field(default_factory=list)
    columns: list[str] = Field(default_factory=list)
    binary_as_text: bool | str = False
    int96: Literal["utc", "local"] | None = None

    @field_validator("binary_as_text", mode="before")
    @classmethod
    def _is_an_encoding(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        if value.lower() in ("true", "false"):
            return value.lower() == "true"
        try:
            "a".encode(value)  # not every codec is one of texts
            name = codecs.lookup(value).name
        except (LookupError, UnicodeError):
            name = ""
        if not name or name in _NO_ENCODINGS:
            raise ValueError(f"{value!r} is no encoding of texts; write true, or gb18030") from None
        return True if name == "utf-8" else name

    @property
    def daily(self) -> bool:
        """``True`` for a table that lands every day, in a folder of its own."""
        return "{date}" in self.path

    def column(self, role: str) -> str | None:
        """The bank's name of the column with a role; ``None`` where it has no such column."""
        return self.roles.get(role)

    @property
    def required(self) -> list[str]:
        """Columns that must exist: the key's and those with a role, in this order."""
        named = [*self.key, *(name for name in self.roles.values() if name)]
        return list(dict.fromkeys(named))

    @property
    def ids(self) -> list[str]:
        """Columns that identify something and are therefore never features."""
        by_role = [self.roles.get(role) for role in ID_ROLES]
        by_kind = [name for name, kind in self.kinds.items() if kind == "id"]
        return list(dict.fromkeys([*self.key, *(name for name in by_role if name), *by_kind]))

    @model_validator(mode="after")
    def _lists_columns_once(self) -> TableSettings:
        for name in ("columns", "partition_columns"):
            given = getattr(self, name)
            if len({*given}) < len(given) or not all(given):
                raise ValueError(f"{name}: each name stands there once, and none is empty")
        if self.columns and self.format != "orc":
            raise ValueError("columns: only ORC files call their columns by numbers")
        for name in self.partition_columns:
            if name in (*self.columns, *self.exclude):
                raise ValueError(f"partition_columns: {name} is excluded, or one of columns")
        return self

    @model_validator(mode="after")
    def _does_not_contradict_itself(self) -> TableSettings:
        rest = self.path.replace("{date}", "")
        if not self.path.strip("/") or "{" in rest or "}" in rest:
            raise ValueError(f"path may only use {{date}}, and cannot be empty: {self.path!r}")
        unknown = sorted(set(self.roles) - set(ROLES))
        if unknown:
            raise ValueError(
                f"roles: there is no role {unknown[0]!r}; roles are {', '.join(ROLES)}"
            )
        contradicted = sorted(set(self.exclude) & {*self.required, *self.kinds})
        if contradicted:
            raise ValueError(
                f"{', '.join(contradicted)}: excluded, and needed as key, role or kind"
            )
        if not self.key and not self.column("disposition"):  # its rows are known by their cases
            raise ValueError("key: name at least one column")
        for name in self.ids:
            if self.kinds.get(name, "id") not in ID_KINDS:
                raise ValueError(f"kinds.{name}: it is a key or an id, so it cannot be a feature")
        label = self.roles.get("label")
        if label and label in self.kinds:
            raise ValueError(f"kinds.{label}: it is the label, so it cannot be a feature")
        return self


class Join(Section):
    """One left join of the chain.

    ``table`` is joined; ``on`` maps ``table.column`` of a table joined before to its own column.
    """

    table: str
    on: dict[str, str]

    @model_validator(mode="after")
    def _is_qualified(self) -> Join:
        if not self.on:
            raise ValueError("on: name at least one pair of columns")
        for left in self.on:
            if "." not in left:
                raise ValueError(f"on: write {left!r} as table.column")
        if len(set(self.on.values())) < len(self.on):
            raise ValueError("on: a column of the joined table is named twice")
        return self


_DEFAULT_TABLES: Mapping[str, Mapping[str, Any]] = {
    "trx": {
        "path": "trx/daily/{date}",
        "roles": {
            "trx_id": "trx_id",
            "cust_id": "cust_id",
            "account_id": "account_id",
            "target_cust_id": "target_cust_id",
            "target_account_id": "target_account_id",
            "amount": "amount",
            "timestamp": "timestamp",
        },
    },
    "str": {
        "path": "str/daily/{date}",
        "roles": {"trx_id": "trx_id", "ins_id": "ins_id", "label": "label"},
    },
    "retail": {"path": "retail/all", "roles": {"cust_id": "cust_id"}},
    "corporate": {"path": "corporate/all", "roles": {"cust_id": "cust_id"}},
    "account": {"path": "account/all", "roles": {"account_id": "account_id"}},
}

_DEFAULT_DISPOSITIONS: Mapping[str, Any] = {
    "path": "dispositions/daily/{date}",
    "roles": {
        **{role: role for role in ("trx_id", "ins_id", "cust_id")},
        **{role: role for role in DISPOSITION_ROLES},
    },
}
"""Defaults of the table of dispositions, which exists only where the settings name it."""

_KEY_ROLES: Mapping[str, tuple[str, ...]] = {
    "trx": ("trx_id",),
    "str": ("trx_id", "ins_id"),
    "retail": ("cust_id",),
    "corporate": ("cust_id",),
    "account": ("account_id",),
}

_DEFAULT_JOINS: tuple[tuple[str, str, str], ...] = (
    ("trx", "str", "trx_id"),
    ("retail", "trx", "cust_id"),
    ("corporate", "trx", "cust_id"),
    ("account", "trx", "account_id"),
)
"""(table, the table that it is joined to, the role that both share): the joins of 2019."""


def table_of_side(family: str, side: str) -> str:
    """The table's name of an account's features in the join, for the payer or the payee."""
    return f"{side}_{family}"


def with_default_tables(given: Mapping[str, Any]) -> dict[str, Any]:
    """Complete the bank's tables by the five defaults; ``name: null`` removes a table.

    Args:
        given: table name → settings (plain or typed), as the configuration has them.

    Returns:
        Table name → settings; plain ones have yet to be validated.

    Raises:
        ValueError: ``str`` or ``trx`` is removed.
    """
    for needed in (STR, TRX):
        if needed in given and given[needed] is None:
            raise ValueError(f"table {needed!r} cannot be removed")
    tables: dict[str, Any] = {}
    for name in [*_DEFAULT_TABLES, *(name for name in given if name not in _DEFAULT_TABLES)]:
        if name in given and given[name] is None:
            continue
        own = given.get(name, {})
        if not isinstance(own, Mapping):
            tables[name] = own  # typed already, or of a type that validation refuses
            continue
        base = _DEFAULT_DISPOSITIONS if name == DISPOSITIONS else _DEFAULT_TABLES.get(name, {})
        own_roles = own.get("roles") or {}
        if not isinstance(own_roles, Mapping):
            tables[name] = {**base, **own}
            continue
        roles = {**base.get("roles", {}), **own_roles}
        named = [roles.get(role) for role in _KEY_ROLES.get(name, ())]
        key = own.get("key") or [column for column in named if column]
        tables[name] = {**base, **own, "roles": roles, "key": key}
    return tables


def key_of_decided(decided: TableSettings, reports: TableSettings) -> list[str]:
    """The columns of the table of dispositions that name a report, in the order of reports' key.

    A column of the key without a role has the same name in both tables. If the role of one is
    ``null``, the list is empty: the table is about customers alone.
    """
    roles = {column: role for role, column in reports.roles.items() if role in ID_ROLES}
    named = [decided.roles.get(roles.get(column, ""), column) for column in reports.key]
    return [name for name in named if name] if all(named) else []


def refuse_contradictions_of_decided(tables: Mapping[str, TableSettings]) -> None:
    """Refuse a table of dispositions without a case or a decision; or another with its roles.

    Raises:
        ValueError: says which role or column is wrong.
    """
    for name, table in tables.items():
        foreign = [role for role in DISPOSITION_ROLES if table.column(role)]
        if name != DISPOSITIONS and foreign:
            raise ValueError(f"{name}.roles: only {DISPOSITIONS} has the role {foreign[0]}")
    decided = tables.get(DISPOSITIONS)
    if decided is None:
        return
    needed = [role for role in DISPOSITION_ROLES if role != "note" and not decided.column(role)]
    if needed:
        raise ValueError(f"{DISPOSITIONS}.roles.{needed[0]}: it needs such a column")
    if not decided.daily:
        raise ValueError(f"{DISPOSITIONS}.path must contain {{date}}: the table lands every day")
    if not key_of_decided(decided, tables[STR]) and not decided.column("cust_id"):
        raise ValueError(f"{DISPOSITIONS}.roles: name what it is about, a report or a customer")


def default_joins(tables: Mapping[str, TableSettings]) -> list[Join]:
    """The joins of 2019 between the bank's tables, in its own column names.

    Raises:
        ValueError: a table lacks the role by which it is joined.
    """
    joins = []
    for table, left, role in _DEFAULT_JOINS:
        if table not in tables:
            continue
        ours, theirs = tables[table].column(role), tables[left].column(role)
        if ours is None or theirs is None:
            raise ValueError(
                f"{table!r} is joined to {left!r} by the role {role}, which one of them "
                "does not have; give the joins explicitly"
            )
        joins.append(Join(table=table, on={f"{left}.{theirs}": ours}))
    return joins


def reported_transactions(joins: Sequence[Join]) -> Join | None:
    """The join from reports to transactions by columns of reports alone; ``None`` if there is none.

    By it a late report's transaction can be looked up.
    """

    def is_direct(join: Join) -> bool:
        return join.table == TRX and all(left.partition(".")[0] == STR for left in join.on)

    return next(filter(is_direct, joins), None)


def join_columns(joins: Sequence[Join], table: str) -> list[str]:
    """Columns of a table that some join uses, on either of its sides."""
    right = [ours for join in joins if join.table == table for ours in join.on.values()]
    named = [name.partition(".") for join in joins for name in join.on]
    left = [column for owner, _, column in named if owner == table]
    return list(dict.fromkeys([*right, *left]))


def check_joins(tables: Mapping[str, TableSettings], joins: Sequence[Join]) -> None:
    """Refuse joins that do not form a chain from ``str`` to every table, or contradict the tables.

    Raises:
        ValueError: says what contradicts what.
    """
    joined = _check_chain(tables, joins)
    if DISPOSITIONS in joined:
        raise ValueError(f"table {DISPOSITIONS!r} is what investigators decided; it joins nothing")
    for name, table in tables.items():
        for column in join_columns(joins, name):
            if table.kinds.get(column, "id") not in ID_KINDS or column in table.exclude:
                raise ValueError(
                    f"{name}.{column} is a join column, so it is an id and cannot be "
                    "excluded or forced to another kind"
                )
    for name in tables:
        if name not in joined and name != DISPOSITIONS:
            raise ValueError(
                f"table {name!r} is configured but never joined; join it, "
                f"or remove it with `tables: {{{name}: null}}`"
            )


def _check_chain(tables: Mapping[str, TableSettings], joins: Sequence[Join]) -> set[str]:
    """Refuse a join of an unknown, repeated or unconnected table; return all joined tables."""
    joined = {STR}
    for join in joins:
        if join.table not in tables:
            raise ValueError(f"there is no table {join.table!r}")
        if join.table in joined:
            raise ValueError(f"table {join.table!r} is joined twice")
        for left in join.on:
            if left.partition(".")[0] not in joined:
                raise ValueError(
                    f"{left!r} names no table joined before {join.table!r}; write table.column"
                )
        joined.add(join.table)
    return joined
