"""The resources of a run: the catalog, and the options given in the launchpad.

Belongs here: refusing, before the first step, a run whose days or options make no sense. Does not
belong here: what an option means to a builder (``steps.inputs.run_options``).
"""

import datetime as dt
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import dagster as dg
from pydantic import Field

from aml_assets.assets.partitions import requested_days
from aml_assets.assets.run_tags import NO_RESTART
from aml_assets.errors import AmlError, SettingsError
from aml_assets.io.catalog import Catalog
from aml_assets.settings.load import Settings
from aml_assets.settings.window_settings import FixedWindows
from aml_assets.steps.inputs.run_options import RunOptions


class RunOptionsResource(dg.ConfigurableResource[Any]):
    """Options of one run; everything else is a setting.

    ``restate`` names static tables whose stored snapshot is to be replaced by what lies in the
    landing now. ``model`` scores the day instead of the model that the settings select. Dates or
    training parameters make the run ad hoc: its model, metrics, CSV and pages get a name of their
    own and do not stand for the day, unless ``replace`` is true.
    """

    restate: list[str] = Field(default_factory=list)
    train_start: str | None = None
    train_end: str | None = None
    eval_start: str | None = None
    eval_end: str | None = None
    training: dict[str, Any] = Field(default_factory=dict)
    model: str | None = None
    replace: bool = False

    def checked(self, settings: Settings) -> RunOptions:
        """The options as builders take them.

        Raises:
            SettingsError: dates that are none, a training window without evaluation dates, or a
                restated table that is not static.
        """
        static = [name for name, table in settings.tables.items() if not table.daily]
        unknown = [name for name in self.restate if name not in static]
        if unknown:
            raise SettingsError(
                f"restate: {', '.join(unknown)} is no static table",
                remedy=f"Choose from {', '.join(static)}; a daily table is read anew anyway.",
            )
        return RunOptions(
            windows=self._windows(),
            training=self.training,
            replace=self.replace,
            model=self.model,
            restate=tuple(self.restate),
        )

    def _windows(self) -> FixedWindows | None:
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
        return FixedWindows(**days) if days else None


def catalog_resource(catalog: Catalog) -> dg.ResourceDefinition:
    """The catalog, for runs over days that are partitions.

    Before the first line of a step Dagster looks up the versions of its inputs. A run without a
    day, or with one outside the partitions, would end there with a text of Dagster's.
    """

    def checked(context: dg.InitResourceContext) -> Catalog:
        if context.run is not None:
            with _refusing(context):
                requested_days(context.run.tags, catalog.settings.partitions)
        return catalog

    return dg.ResourceDefinition(checked, description="Every asset's place in the store.")


def run_options_resource(settings: Settings) -> Any:
    """The run options, checked against the settings before the first step."""

    class CheckedRunOptions(RunOptionsResource):
        __doc__ = RunOptionsResource.__doc__

        def setup_for_execution(self, context: dg.InitResourceContext) -> None:
            if context.run is not None:
                with _refusing(context):
                    self.checked(settings)

    return CheckedRunOptions.configure_at_launch()


@contextmanager
def _refusing(context: dg.InitResourceContext) -> Generator[None]:
    """Tag a refused run, since Dagster would take it for a crashed one and start it again."""
    try:
        yield
    except AmlError:
        if context.instance is not None and context.run is not None:
            context.instance.add_run_tags(context.run.run_id, NO_RESTART)
        raise
