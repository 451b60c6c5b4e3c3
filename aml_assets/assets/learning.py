"""Learn and score: model, metrics and predictions of a run's days, in one step.

Belongs here: the one step behind three assets. They share it because scoring must not hang on
training: between steps, Dagster skips whatever is downstream of a failure, and a failed
``model(D)`` would keep the newest or a pinned model from scoring D.
"""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import dagster as dg

from aml_assets.assets.building import Build, Event, build_days
from aml_assets.assets.models import METRICS_KEY, MODEL_KEY, model_specs
from aml_assets.assets.predictions import PREDICTIONS_KEY, prediction_spec
from aml_assets.errors import SettingsError
from aml_assets.io.catalog import Catalog
from aml_assets.settings import FixedWindows
from aml_assets.steps.models import RunChoice, build_metrics, build_model
from aml_assets.steps.predictions import build_predictions


class LearnAndScore(dg.Config):
    """What one run may choose; everything else is a setting.

    Dates or training parameters make the run ad hoc: its model, metrics and CSV get a name of
    their own and do not stand for the day, unless ``replace`` says so.
    """

    train_start: str | None = None
    train_end: str | None = None
    eval_start: str | None = None
    eval_end: str | None = None
    training: dict[str, Any] = {}  # noqa: RUF012 - Dagster copies the default
    model: str | None = None
    replace: bool = False

    def choice(self) -> RunChoice:
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
        return RunChoice(windows=windows, training=self.training, replace=self.replace)


def learning_assets(partitions: dg.DailyPartitionsDefinition) -> dg.AssetsDefinition:
    """Model, metrics and predictions; any subset can be asked for."""

    @dg.multi_asset(
        name="learn_and_score",
        specs=[*model_specs(partitions), prediction_spec(partitions)],
        can_subset=True,
        backfill_policy=dg.BackfillPolicy.single_run(),
    )
    def learn_and_score(
        context: dg.AssetExecutionContext, config: LearnAndScore, catalog: dg.ResourceParam[Catalog]
    ) -> Iterator[Event]:
        builds: dict[dg.AssetKey, Build] = {
            MODEL_KEY: lambda day: build_model(catalog, day, config.choice()),
            METRICS_KEY: lambda day: build_metrics(catalog, day, config.choice()),
            PREDICTIONS_KEY: lambda day: build_predictions(
                catalog, day, config.choice(), config.model
            ),
        }
        asked = {
            "/".join(key.path): build
            for key, build in builds.items()
            if key in context.selected_asset_keys
        }
        needs = {"/".join(METRICS_KEY.path): "/".join(MODEL_KEY.path)}
        yield from build_days(context, catalog, asked, needs=needs)

    return learn_and_score
