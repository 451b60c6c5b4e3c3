"""The whole configuration, and how it is read.

Belongs here: contradictions between sections, and reading them from a YAML file named by
``AML_CONFIG`` with environment variables ``AML_<SECTION>__<NAME>`` over it. Does not belong here:
the sections (``sections``), named groups of values (``presets``), what is refused before anything
is read (``sources``), and the words for what is refused (``problems``). No secret is a setting:
the files that hold secrets are named.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from aml_assets.errors import SettingsError
from aml_assets.settings.line_settings import UNITS
from aml_assets.settings.problems import Places, problems_of
from aml_assets.settings.section import Section
from aml_assets.settings.sections import Sections
from aml_assets.settings.sources import (
    configuration_file,
    refuse_local_files_in_pods,
    refuse_unknown_variables,
)
from aml_assets.settings.table_settings import (
    ACCOUNT_FEATURES,
    DISPOSITIONS,
    LABEL_FEATURES,
    PAIR_FEATURES,
    SIDES,
    STR,
    TRX,
    Join,
    TableSettings,
    check_joins,
    default_joins,
    join_columns,
    refuse_contradictions_of_decided,
    reported_transactions,
    table_of_side,
    with_default_tables,
)
from aml_assets.settings.urls import is_url
from aml_assets.settings.variables import values_of_variables
from aml_assets.settings.yaml_file import YamlFile


class Settings(Sections):
    """Everything that can be configured; see docs/configuration.md."""

    @field_validator("tables", mode="before")
    @classmethod
    def _fill_in_the_five_tables(cls, value: Any) -> Any:
        return with_default_tables(value) if isinstance(value, Mapping) else value

    @field_validator("tables")
    @classmethod
    def _tables_can_be_told_apart(
        cls, tables: dict[str, TableSettings]
    ) -> dict[str, TableSettings]:
        for name in (STR, TRX):
            if not tables[name].daily:
                raise ValueError(f"{name}.path must contain {{date}}: the table lands every day")
        if len({name.casefold() for name in tables}) < len(tables):
            raise ValueError("two names differ only in upper and lower case")
        refuse_contradictions_of_decided(tables)
        return tables

    @field_validator("joins")
    @classmethod
    def _joins_fit_the_tables(cls, joins: list[Join], info: ValidationInfo) -> list[Join]:
        tables: dict[str, TableSettings] | None = info.data.get("tables")
        if tables is None:  # refused already; the joins cannot be judged without them
            return joins
        joins = joins or default_joins(tables)
        check_joins(tables, joins)
        return joins

    @model_validator(mode="after")
    def _checks_name_tables(self) -> Settings:
        self.checks.refuse_unknown(self.joined_tables)
        return self

    @model_validator(mode="after")
    def _no_table_takes_the_name_of_ours(self) -> Settings:
        for name, family in self._names_of_ours.items():
            if name in self.tables:
                raise ValueError(
                    f"tables.{name}: features of ours are joined under this name; call the table "
                    f"otherwise, or set features.{family}.enabled: false"
                )
        return self

    @model_validator(mode="after")
    def _pages_name_columns_of_tables(self) -> Settings:
        self.reports.refuse_unknown(self.joined_tables)
        self.governance.refuse_unknown(self.joined_tables)
        return self

    @model_validator(mode="after")
    def _a_label_history_can_be_had(self) -> Settings:
        trx, reports = self.tables[TRX], self.tables[STR]
        roles = {(TRX, role): trx.column(role) for role in SIDES.values()}
        roles[STR, "label"] = reports.column("label")
        lacking = [f"tables.{table}.roles.{role}" for (table, role), of in roles.items() if not of]
        if reported_transactions(self.joins) is None:
            lacking.append(f"a join of {TRX} to {STR}")
        if self.has_label_history and lacking:
            raise ValueError(f"features.label_history needs {', '.join(lacking)}")
        return self

    @model_validator(mode="after")
    def _lines_can_be_had(self) -> Settings:
        trx = self.tables[TRX]
        for name, line in self.lines.items():
            if not any(trx.column(role) for role in UNITS[line.unit]):
                raise ValueError(f"lines.{name} needs tables.{TRX}.roles.{UNITS[line.unit][0]}")
            if self.tables[STR].column("label") is None:
                raise ValueError(f"lines.{name} needs tables.{STR}.roles.label")
            line.trained(self.training)
        return self

    @model_validator(mode="after")
    def _no_decision_is_known_at_its_report(self) -> Settings:
        spec = self.tables[STR]
        known = self.labels.known_at_report
        for role in ("label", "decided_at"):
            if spec.column(role) in known:
                raise ValueError(f"labels.known_at_report names the column of {STR}'s role {role}")
        return self

    @model_validator(mode="after")
    def _early_stopping_leaves_days_to_train(self) -> Settings:
        shortest = self.windows.shortest_training
        if self.training.early_stopping_days >= shortest:
            of = f"none of the {shortest} days of the shortest training window (windows)"
            raise ValueError(f"training.early_stopping_days leaves {of} to train on")
        return self

    @model_validator(mode="after")
    def _executors_can_read_the_store(self) -> Settings:
        spark = self.engine.spark
        if spark.url is None:
            return self
        if self.store.seal_keys:
            raise ValueError("engine.spark goes without store.seal_keys: executors check no seal")
        if (spark.store_url or self.store.url).startswith(("webhdfs:", "swebhdfs:")):
            raise ValueError("engine.spark.store_url is needed: executors read by hdfs://")
        if {*"[]{}*?"} & {*(spark.store_url or self.store.url)}:
            raise ValueError("engine.spark: to Spark, a store with one of []{}*? in it is several")
        return self

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], init_settings: Any, *others: Any, **more: Any
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take explicit values alone; `load_settings` merges file and environment into them."""
        return (init_settings,)

    def join_columns(self, table: str) -> list[str]:
        """Columns of a table that some join uses, on either of its sides."""
        return join_columns(self.joins, table)

    @property
    def customer_tables(self) -> dict[str, str]:
        """The static tables of customers, each with the column of its id; each may hold names."""
        found: dict[str, str] = {}
        for name, table in self.tables.items():
            identity = table.column("cust_id")
            if not table.daily and identity and table.key == [identity]:
                found[name] = identity
        return found

    @property
    def delay_days(self) -> int:
        """The days between the training and the evaluation window, in which labels ripen."""
        given = self.windows.delay_days
        return self.labels.maturity_days if given is None else given

    @property
    def labels_ripen(self) -> bool:
        """Whether a label may be known later than its report."""
        return bool(self.labels.maturity_days or self.tables[STR].column("decided_at"))

    @property
    def label_rules(self) -> dict[str, Any]:
        """The settings that decide which labels and report columns are known, as JSON values."""
        decided_at = self.tables[STR].column("decided_at")
        rules = self.dispositions.rules
        return {**self.labels.model_dump(mode="json"), "decided_at": decided_at, **rules}

    @property
    def report_features(self) -> tuple[str, ...] | None:
        """The columns of reports that may be features; ``None``: all of them.

        Where labels ripen, reports land again with columns that were filled in after their day.
        """
        return self.labels.known_at_report if self.labels_ripen else None

    @property
    def has_network(self) -> bool:
        """Whether features of the network are computed: enabled, and both accounts are named."""
        trx = self.tables[TRX]
        ends = trx.column("account_id"), trx.column("target_account_id")
        return self.features.network.enabled and all(ends)

    @property
    def has_behaviour(self) -> bool:
        """Whether features of accounts are computed: enabled, and the payer's account is named."""
        return self.features.behaviour.enabled and self.tables[TRX].column("account_id") is not None

    @property
    def queued_lines(self) -> list[str] | None:
        """The lines that score customers, for the queue; ``None`` where there is no queue.

        There is one if it is enabled, customers are known, and ``output.style`` is ``default``.
        """
        is_listed = self.queue.enabled and self.knows_customers
        if not (is_listed and self.output.style == "default"):
            return None
        return [name for name, line in self.lines.items() if line.unit == "customer"]

    @property
    def knows_customers(self) -> bool:
        """Whether transactions name customers, and reports have labels."""
        named = any(self.tables[TRX].column(role) for role in UNITS["customer"])
        return named and self.tables[STR].column("label") is not None

    @property
    def has_label_history(self) -> bool:
        """Whether features of confirmed reports are computed."""
        return self.features.label_history.enabled

    @property
    def _names_of_ours(self) -> dict[str, str]:
        """The names of tables under which our features are joined → their section of `features`."""
        found = {PAIR_FEATURES: PAIR_FEATURES} if self.has_network else {}
        if self.has_behaviour:
            sides = [table_of_side(ACCOUNT_FEATURES, side) for side in SIDES]
            found |= dict.fromkeys((ACCOUNT_FEATURES, *sides), ACCOUNT_FEATURES)
        if self.has_label_history:
            sides = [table_of_side(LABEL_FEATURES, side) for side in SIDES]
            found |= dict.fromkeys((LABEL_FEATURES, *sides), LABEL_FEATURES)
        return found

    @property
    def daily_tables(self) -> list[str]:
        """Names of the tables that land every day, for which a day waits."""
        return [name for name, table in self.joined_tables.items() if table.daily]

    @property
    def joined_tables(self) -> dict[str, TableSettings]:
        """The tables that are joined to the merged frame."""
        return {name: table for name, table in self.tables.items() if name != DISPOSITIONS}

    @property
    def tables_beside(self) -> list[str]:
        """Names of the tables that may land on a day, and for which no day waits."""
        return [name for name in self.tables if name not in self.joined_tables]


def load_settings(**overrides: Any) -> Settings:
    """Read the settings from file and environment; relative paths become absolute.

    Args:
        **overrides: sections given explicitly; they rank above file and environment.

    Raises:
        SettingsError: a missing file, an unknown key, a wrong type or a contradiction; in
            Kubernetes also a landing or store on local files.
    """
    file = configuration_file()
    refuse_unknown_variables(Settings.model_fields)
    values, variables = values_of_variables(Settings, file.content)
    try:
        settings = Settings(**_over(_over(file.content, values), overrides))
    except ValidationError as error:
        places = Places(file, variables)
        raise SettingsError(
            problems_of(error, places),
            remedy=f"Correct it in {file.path or 'the environment'}; see docs/configuration.md.",
        ) from None
    refuse_local_files_in_pods(store=settings.store.url, landing=settings.landing.url)
    return _resolve_paths(settings, Path(file.path).parent if file.path else Path.cwd())


def settings_of(values: Mapping[str, Any]) -> Settings:
    """The settings that a file of exactly this content gives; the environment is not read.

    Raises:
        SettingsError: an unknown key, a wrong type or a contradiction.
    """
    try:
        return Settings(**values)
    except ValidationError as error:
        raise SettingsError(
            problems_of(error, Places(YamlFile(), {})), remedy="See docs/configuration.md."
        ) from None


def _over(base: Any, given: Any) -> Any:
    """One configuration laid over another; mappings are merged, anything else is replaced."""
    if not (isinstance(base, Mapping) and isinstance(given, Mapping)):
        return given
    merged = {name: _over(base[name], given[name]) for name in given if name in base}
    return {**base, **given, **merged}


def _resolve_paths(settings: Settings, base: Path) -> Settings:
    """Make local paths absolute; a relative path counts from the configuration file's folder."""

    def absolute(url: str) -> str:
        # Path.resolve raises for links that lead to themselves; here they are refused when opened.
        return url if is_url(url) else os.path.realpath(base / url)

    def resolved(section: Section, *names: str) -> Section:
        given = {name: getattr(section, name) for name in names}
        return section.model_copy(
            update={name: absolute(path) for name, path in given.items() if path is not None}
        )

    return settings.model_copy(
        update={
            "landing": resolved(settings.landing, "url"),
            "store": resolved(settings.store, "url", "seal_keys"),
            "partitions": resolved(settings.partitions, "holiday_file"),
            "hdfs": resolved(settings.hdfs, "keytab", "token_file", "ca_file", "config_dir"),
            "alarms": settings.alarms.with_paths(absolute),
            "engine": resolved(settings.engine, "spill_folder"),
        }
    )
