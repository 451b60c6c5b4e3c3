"""The resources of a run: the catalog, and the options given in the launchpad.

Belongs here: refusing, before the first step, a run whose days or options make no sense. Does not
belong here: what an option means to a builder (``steps.inputs.run_options``).
"""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any

import dagster as dg

from aml_assets.assets.partitions import requested_days
from aml_assets.assets.run_tags import NO_RESTART
from aml_assets.errors import AmlError, SettingsError
from aml_assets.io.catalog import Catalog
from aml_assets.settings.load import Settings
from aml_assets.settings.section import as_day
from aml_assets.settings.window_settings import FixedWindows
from aml_assets.steps.inputs.run_options import RunOptions

_TEXT = dg.Field(dg.Noneable(str), is_required=False)

RUN_OPTIONS = {
    "restate": dg.Field([str], is_required=False, default_value=[]),
    "train_start": _TEXT,
    "train_end": _TEXT,
    "eval_start": _TEXT,
    "eval_end": _TEXT,
    "training": dg.Field(dg.Permissive(), is_required=False, default_value={}),
    "model": _TEXT,
    "look_ahead": _TEXT,
    "replace": dg.Field(bool, is_required=False, default_value=False),
}
"""The options as the launchpad takes them.

Plain values: a `dg.ConfigurableResource` would take ``{env: NAME}`` for each of them, and so give
whoever starts runs the environment of the process that executes them, passwords included. For the
same reason no error quotes what was typed: whoever typed it sees it in the launchpad, and others
see errors, too.
"""


def _run_options(given: Mapping[str, Any], settings: Settings) -> RunOptions:
    """The options as builders take them.

    Raises:
        SettingsError: a text that is no date, a training window without evaluation dates, or a
            restated table that is not static.
    """
    static = [name for name, table in settings.tables.items() if not table.daily]
    unknown = [n for n, name in enumerate(given["restate"], start=1) if name not in static]
    if unknown:
        raise SettingsError(
            f"restate: entry {', '.join(map(str, unknown))} is no static table",
            remedy=f"Choose from {', '.join(static)}; a daily table is read anew anyway.",
        )
    return RunOptions(
        windows=_windows(given),
        training=given["training"],
        replace=given["replace"],
        model=given.get("model"),
        look_ahead=given.get("look_ahead"),
        restate=tuple(given["restate"]),
    )


def _windows(options: Mapping[str, Any]) -> FixedWindows | None:
    dates = {
        name: options.get(name) for name in ("train_start", "train_end", "eval_start", "eval_end")
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
        days = {name: as_day(value) for name, value in given.items()}
    except ValueError:
        raise SettingsError("a date of this run is no date", remedy=remedy) from None
    return FixedWindows(**days) if days else None


def catalog_resource(catalog: Catalog) -> dg.ResourceDefinition:
    """The catalog as a resource, which refuses a run without a day or with one outside partitions.

    Without this check Dagster would end such a run with a text of its own, when it looks up the
    versions of a step's inputs.
    """

    def checked(context: dg.InitResourceContext) -> Catalog:
        if context.run is not None:
            with _refusing(context):
                requested_days(context.run.tags, catalog.settings.partitions)
        return catalog

    return dg.ResourceDefinition(checked, description="Every asset's place in the store.")


def run_options_resource(settings: Settings) -> dg.ResourceDefinition:
    """The run options, checked against the settings before the first step.

    ``restate`` names static tables whose stored snapshot is to be replaced by what lies in the
    landing now. ``model`` scores the day instead of the model that the settings select;
    ``look_ahead`` is the reason why it may have learnt from that day or from later ones. Dates or
    training parameters make the run ad hoc: its model, metrics, CSV and pages get a name of their
    own and do not stand for the day, unless ``replace`` is true.
    """

    def checked(context: dg.InitResourceContext) -> RunOptions:
        with _refusing(context):
            return _run_options(context.resource_config, settings)

    return dg.ResourceDefinition(
        checked, config_schema=RUN_OPTIONS, description=run_options_resource.__doc__
    )


@contextmanager
def _refusing(context: dg.InitResourceContext) -> Generator[None]:
    """Tag a refused run, since Dagster would take it for a crashed one and start it again."""
    try:
        yield
    except AmlError:
        if context.instance is not None and context.run is not None:
            context.instance.add_run_tags(context.run.run_id, NO_RESTART)
        raise
