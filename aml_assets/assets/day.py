"""The day: everything a run builds, in one step behind all assets.

Belongs here: the one step, and what a single run may choose. Does not belong here: the assets'
declarations (beside this file) or their work (``steps``).

Why one step: Dagster skips whatever is downstream of a failed step, whether or not it needs it.
With a step per asset, tonight's broken table would keep ``model(D)`` from training, which needs
nothing of D; a failed ``model(D)`` would keep the newest or a pinned model from scoring; and one
bad day of a range would end all its other days. Here each (asset, day) waits for what it needs
and for nothing else.
"""

import datetime as dt
from collections.abc import Iterator
from functools import partial
from typing import Any

import dagster as dg

from aml_assets.assets.asset_checks import check_specs
from aml_assets.assets.attempts import in_attempts
from aml_assets.assets.building import Build, Event, build_days, failure
from aml_assets.assets.features import features_spec
from aml_assets.assets.models import model_specs
from aml_assets.assets.predictions import prediction_spec
from aml_assets.assets.reports import page_specs
from aml_assets.assets.tables import table_specs
from aml_assets.assets.told import told_before
from aml_assets.errors import SettingsError
from aml_assets.io.catalog import (
    ALERT_PAGE,
    FEATURES,
    METRICS,
    MODEL,
    MODEL_PAGE,
    PAGE_OF,
    PREDICTIONS,
    TABLES,
    Catalog,
)
from aml_assets.settings.load import FixedWindows, Settings
from aml_assets.steps.builders.build_alert_page import build_alert_page
from aml_assets.steps.builders.build_features import build_features
from aml_assets.steps.builders.build_model_page import build_model_page
from aml_assets.steps.builders.build_models import RunOptions, build_metrics, build_model
from aml_assets.steps.builders.build_predictions import build_predictions
from aml_assets.steps.builders.build_tables import build_table

POOL = "store"
"""The pool that bounds how many runs work on the store at once; its limit is the instance's."""


class DayRun(dg.Config):
    """What one run may choose; everything else is a setting.

    ``restate`` names static tables whose stored snapshot is to be replaced by what lies in the
    landing now. Dates or training parameters make the run ad hoc: its model, metrics and CSV get
    a name of their own and do not stand for the day, unless ``replace`` says so.
    """

    restate: list[str] = []  # noqa: RUF012 - Dagster copies the default
    train_start: str | None = None
    train_end: str | None = None
    eval_start: str | None = None
    eval_end: str | None = None
    training: dict[str, Any] = {}  # noqa: RUF012 - Dagster copies the default
    model: str | None = None
    replace: bool = False

    def refuse_unknown_tables(self, settings: Settings) -> None:
        """Refuse to restate what is no static table.

        Raises:
            SettingsError: names it.
        """
        static = [name for name, table in settings.tables.items() if not table.daily]
        unknown = [name for name in self.restate if name not in static]
        if unknown:
            raise SettingsError(
                f"restate: {', '.join(unknown)} is no static table",
                remedy=f"Choose from {', '.join(static)}; a daily table is read anew anyway.",
            )

    def choice(self) -> RunOptions:
        """The run's choice, checked.

        Raises:
            SettingsError: dates that are none, or a training window without evaluation dates.
        """
        dates = {
            name: getattr(self, name)
            for name in ("train_start", "train_end", "eval_start", "eval_end")
        }
        given = {name: value for name, value in dates.items() if value}
        remedy = "Give train_start, train_end, eval_start and eval_end as YYYY-MM-DD, or none."
        if given and len(given) < len(dates):
            missing = ", ".join(name for name in dates if name not in given)
            raise SettingsError(
                "a training window given by hand needs all its dates, evaluation dates too; "
                f"missing: {missing}",
                remedy=remedy,
            )
        try:
            days = {name: dt.date.fromisoformat(value) for name, value in given.items()}
        except ValueError:
            raise SettingsError("a date of this run is no date", remedy=remedy) from None
        windows = FixedWindows(**days) if days else None
        return RunOptions(windows=windows, training=self.training, replace=self.replace)


def day_assets(settings: Settings, partitions: dg.DailyPartitionsDefinition) -> dg.AssetsDefinition:
    """All assets that we build; any subset can be asked for."""
    specs = [
        *table_specs(settings, partitions),
        features_spec(settings, partitions),
        *model_specs(partitions),
        prediction_spec(partitions),
        *page_specs(settings, partitions),
    ]
    reads = {
        spec.key.to_user_string(): {dep.asset_key.to_user_string() for dep in spec.deps}
        for spec in specs
    }

    @dg.multi_asset(
        name="day",
        specs=specs,
        check_specs=check_specs(settings, partitions),
        can_subset=True,
        backfill_policy=dg.BackfillPolicy.single_run(),
        pool=POOL,
    )
    def day(
        context: dg.AssetExecutionContext, config: DayRun, catalog: dg.ResourceParam[Catalog]
    ) -> Iterator[Event]:
        asked = {key.to_user_string() for key in context.selected_asset_keys}
        try:
            config.refuse_unknown_tables(catalog.settings)
        except SettingsError as error:
            raise failure([error]) from None
        builds = {a: build for a, build in _builds(catalog, config).items() if a in asked}
        checked = {key.asset_key.to_user_string() for key in context.selected_asset_check_keys}
        shown = sorted(checked - asked)
        told = told_before(context, reads)
        events = build_days(context, catalog, builds, _needs(catalog), told, shown)
        yield from in_attempts(context, events, settings.automation)

    return day


def _builds(catalog: Catalog, run: DayRun) -> dict[str, Build]:
    """How to build a day of each asset, upstream first."""
    tables: dict[str, Build] = {
        f"{TABLES}/{name}": partial(build_table, catalog, name, restate=name in run.restate)
        for name in catalog.settings.tables
    }
    return {
        **tables,
        FEATURES: lambda day: build_features(catalog, day),
        MODEL: lambda day: build_model(catalog, day, run.choice()),
        METRICS: lambda day: build_metrics(catalog, day, run.choice()),
        PREDICTIONS: lambda day: build_predictions(catalog, day, run.choice(), run.model),
        ALERT_PAGE: lambda day: build_alert_page(catalog, day, run.choice(), run.model),
        MODEL_PAGE: lambda day: build_model_page(catalog, day, run.choice()),
    }


def _needs(catalog: Catalog) -> dict[str, list[str]]:
    """What of the same day an asset cannot do without; models look at other days only."""
    return {
        FEATURES: [f"{TABLES}/{name}" for name in catalog.settings.tables],
        METRICS: [MODEL],
        PREDICTIONS: [FEATURES],
        **{report: [of] for report, of in PAGE_OF.items()},
    }
