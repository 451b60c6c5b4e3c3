"""The typed configuration: every setting, its default, and what contradicts what.

Belongs here: reading settings (a YAML file named by ``AML_CONFIG``, environment variables
``AML_<SECTION>__<NAME>`` over it) and refusing unknown or contradictory ones in one sentence.
Does not belong here: acting on them. Beside this file, ``tables.py`` holds the five tables'
contracts, ``places.py`` where data lies, ``calendar.py`` when it lands, ``automation_settings.py``
what happens by itself, ``check_settings.py`` what is checked, ``presets.py`` named groups of
values, ``settings_sources.py`` what is refused before any of it is read. No secret is a setting:
files that hold one are named.
"""

from __future__ import annotations

import datetime as dt
import os
import zoneinfo
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    YamlConfigSettingsSource,
)

from aml_assets.errors import SettingsError
from aml_assets.settings.alarm_settings import AlarmSettings
from aml_assets.settings.automation_settings import AutomationSettings
from aml_assets.settings.calendar_settings import CalendarSettings
from aml_assets.settings.check_settings import CheckSettings
from aml_assets.settings.section import Section
from aml_assets.settings.sources import (
    CONFIG_VARIABLE,
    refuse_files_of_a_pod,
    refuse_malformed,
    refuse_unknown_variables,
)
from aml_assets.settings.store_settings import HdfsSettings, LandingSettings, StoreSettings
from aml_assets.settings.table_settings import (
    STR,
    TRX,
    Join,
    TableSettings,
    check_joins,
    default_joins,
    join_columns,
    with_default_tables,
)
from aml_assets.settings.training_settings import TrainingSettings

Days = Annotated[int, Field(ge=0)]


class PartitionSettings(CalendarSettings):
    """The days: one daily partition each, first and last included, and the bank's calendar.

    No window waits for a day that is empty by design and has not landed.
    """

    first_day: dt.date = dt.date(2024, 1, 1)
    last_day: dt.date | None = None
    time_zone: str = "UTC"

    @field_validator("time_zone")
    @classmethod
    def _zone_exists(cls, value: str) -> str:
        try:
            zoneinfo.ZoneInfo(value)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError):
            raise ValueError(f"no time zone is called {value!r}") from None
        return value

    @model_validator(mode="after")
    def _last_is_not_before_first(self) -> PartitionSettings:
        if self.last_day and self.last_day < self.first_day:
            raise ValueError("partitions.last_day lies before partitions.first_day")
        return self


class FixedWindows(Section):
    """Training and evaluation dates given by hand, both ends included."""

    train_start: dt.date
    train_end: dt.date
    eval_start: dt.date
    eval_end: dt.date


class WindowSettings(Section):
    """How far a model looks back, as in the Fraud Detection Handbook (t, d, e).

    Model and metrics of day D evaluate on D-e … D-1 and train on D-e-d-t … D-e-d-1.
    ``min_train_days`` (default: all ``train_days``) is the shortest training window accepted at
    the beginning of the partitions. ``fixed`` replaces the rolling windows altogether.
    """

    train_days: Annotated[int, Field(ge=1)] = 27
    delay_days: Days = 0
    eval_days: Annotated[int, Field(ge=1)] = 3
    min_train_days: Annotated[int, Field(ge=1)] | None = None
    fixed: FixedWindows | None = None

    @model_validator(mode="after")
    def _minimum_fits(self) -> WindowSettings:
        if self.min_train_days is not None and self.min_train_days > self.train_days:
            raise ValueError("min_train_days is larger than train_days")
        fixed = self.fixed
        if fixed and not fixed.train_start <= fixed.train_end < fixed.eval_start <= fixed.eval_end:
            raise ValueError("fixed: each window's start, its end and the next start must follow")
        return self


class FeatureSettings(Section):
    """What becomes a feature.

    ``trx_lookback_days``: how many earlier days are searched for a reported transaction that the
    day's own ``trx`` does not hold. ``max_text_distinct_share``: a text column whose values are
    more distinct than this, in its own table, is a name or a free text, and no feature.
    ``min_category_rows``: a category seen in fewer rows of the training window does not enter
    the vocabulary. ``max_abs_number``: a larger number is a broken feed, not a number.
    """

    trx_lookback_days: Days = 30
    max_text_distinct_share: Annotated[float, Field(gt=0, le=1)] = 0.5
    min_category_rows: Annotated[int, Field(ge=1)] = 2
    max_abs_number: Annotated[float, Field(gt=0, le=3e38)] = 1e20


class ScoringSettings(Section):
    """Which model scores a day, and from which score on a report counts as flagged.

    ``today``: model(D) or nothing. ``newest``: the newest model not newer than D and at most
    ``max_age_days`` old. ``pinned``: ``pinned_model``, a model_id, a digest or a path.
    """

    model_policy: Literal["today", "newest", "pinned"] = "newest"
    max_age_days: Days = 7
    pinned_model: str | None = None
    threshold: Annotated[float, Field(ge=0, le=1)] = 0.5

    @model_validator(mode="after")
    def _pin_and_policy_agree(self) -> ScoringSettings:
        if (self.model_policy == "pinned") != bool(self.pinned_model):
            raise ValueError("scoring.pinned_model and scoring.model_policy: pinned go together")
        return self


class PageSettings(Section):
    """What stands on the pages for people.

    ``alerts``: how many of a day's highest scores the alert page shows and explains; ``reasons``:
    how many columns are spelt out for each. ``name_columns``: what a customer's name may be called
    in the tables of customers; the first one that a table has is shown beside the id.
    ``history_days``: over how many days the model page shows metrics.
    """

    alerts: Annotated[int, Field(ge=1)] = 1000
    reasons: Annotated[int, Field(ge=1)] = 8
    name_columns: list[str] = Field(
        default_factory=lambda: ["name", "full_name", "customer_name", "company_name"]
    )
    history_days: Annotated[int, Field(ge=1)] = 30


class OutputSettings(Section):
    """``legacy``: the files as the 2019 flow wrote them, for readers that expect just that."""

    style: Literal["default", "legacy"] = "default"


class Settings(BaseSettings):
    """Everything that can be configured; see docs/configuration.md."""

    model_config = SettingsConfigDict(
        env_prefix="AML_", env_nested_delimiter="__", extra="forbid", frozen=True
    )

    landing: LandingSettings = LandingSettings()
    store: StoreSettings = StoreSettings()
    hdfs: HdfsSettings = HdfsSettings()
    partitions: PartitionSettings = PartitionSettings()
    windows: WindowSettings = WindowSettings()
    tables: dict[str, TableSettings] = Field(
        default_factory=lambda: with_default_tables({}), validate_default=True
    )
    joins: list[Join] = []
    features: FeatureSettings = FeatureSettings()
    training: TrainingSettings = TrainingSettings()
    scoring: ScoringSettings = ScoringSettings()
    reports: PageSettings = PageSettings()
    output: OutputSettings = OutputSettings()
    automation: AutomationSettings = AutomationSettings()
    alarms: AlarmSettings = AlarmSettings()
    checks: CheckSettings = CheckSettings()

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
        return tables

    @model_validator(mode="after")
    def _joins_make_sense(self) -> Settings:
        if not self.joins:
            object.__setattr__(self, "joins", default_joins(self.tables))
        check_joins(self.tables, self.joins)
        self.checks.refuse_unknown(self.tables)
        return self

    @model_validator(mode="after")
    def _early_stopping_leaves_days_to_train(self) -> Settings:
        shortest = self.windows.min_train_days or self.windows.train_days
        if fixed := self.windows.fixed:
            shortest = (fixed.train_end - fixed.train_start).days + 1
        if self.training.early_stopping_days >= shortest:
            of = f"none of the {shortest} days of the shortest training window (windows)"
            raise ValueError(f"training.early_stopping_days leaves {of} to train on")
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Explicit values, then the environment, then the YAML file."""
        path = os.environ.get(CONFIG_VARIABLE)
        file = (YamlConfigSettingsSource(settings_cls, yaml_file=path),) if path else ()
        return (init_settings, env_settings, *file)

    def join_columns(self, table: str) -> list[str]:
        """Columns of a table that some join uses, on either side."""
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
    def daily_tables(self) -> list[str]:
        """Names of the tables that land every day."""
        return [name for name, table in self.tables.items() if table.daily]


def load_settings(**overrides: Any) -> Settings:
    """Read the settings.

    Args:
        **overrides: sections given explicitly, over file and environment.

    Raises:
        SettingsError: a file that is not there, an unknown key, a wrong type, a contradiction;
            in Kubernetes, local files.
    """
    path = os.environ.get(CONFIG_VARIABLE)
    if path:
        refuse_malformed(path)
    refuse_unknown_variables(Settings.model_fields)
    try:
        settings = Settings(**overrides)
    except ValidationError as error:
        raise SettingsError(
            "; ".join(_problem(dict(problem)) for problem in error.errors()),
            remedy=f"Correct it in {path or 'the environment'}; see docs/configuration.md.",
        ) from None
    except ValueError as error:
        raise SettingsError(
            f"the environment cannot be read: {type(error).__name__}",
            remedy="A whole section is given as JSON; see docs/configuration.md.",
        ) from None
    refuse_files_of_a_pod(store=settings.store.url, landing=settings.landing.url)
    return _resolve_paths(settings, Path(path).parent if path else Path.cwd())


def settings_of(values: Mapping[str, Any]) -> Settings:
    """The settings of a file of this content alone; raises what `load_settings` does."""
    try:
        return _Alone(**values)
    except ValidationError as error:
        raise SettingsError(
            "; ".join(_problem(dict(problem)) for problem in error.errors()),
            remedy="See docs/configuration.md.",
        ) from None


class _Alone(Settings):
    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], init_settings: Any, *others: Any, **more: Any
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings,)


def _problem(problem: Mapping[str, Any]) -> str:
    place = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "extra_forbidden":
        return f"unknown setting {place}"
    message = str(problem["msg"]).removeprefix("Value error, ")
    return f"{place}: {message}" if place else message


def _resolve_paths(settings: Settings, base: Path) -> Settings:
    """Relative local paths count from the configuration file, not from where we are started."""

    def absolute(url: str) -> str:
        return url if "://" in url else str((base / url).resolve())

    def of(section: Section, *names: str) -> Section:
        given = {name: getattr(section, name) for name in names}
        return section.model_copy(
            update={name: absolute(path) for name, path in given.items() if path is not None}
        )

    return settings.model_copy(
        update={
            "landing": of(settings.landing, "url"),
            "store": of(settings.store, "url"),
            "partitions": of(settings.partitions, "holiday_file"),
            "hdfs": of(settings.hdfs, "keytab", "token_file", "ca_file", "config_dir"),
            "alarms": settings.alarms.with_paths(absolute),
        }
    )
