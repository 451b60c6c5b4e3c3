"""Tables: each landed table of a day, checked and typed, as known on that day.

Belongs here: their declaration. Does not belong here: how they are built
(``steps.builders.build_table``, ``steps.builders.build_dispositions``).
"""

import datetime as dt
from collections.abc import Iterable

from aml_assets.assets.day_asset import DayAsset, day_asset
from aml_assets.assets.day_step import StepRun
from aml_assets.core.graph import TABLES
from aml_assets.settings.table_settings import DISPOSITIONS
from aml_assets.steps.builders import build_dispositions as decided
from aml_assets.steps.builders.build_table import CODE_VERSION, build_table
from aml_assets.steps.builders.built import Built


def table_assets(names: Iterable[str]) -> list[DayAsset]:
    """One asset per table of the settings."""
    return [dispositions if name == DISPOSITIONS else _table_asset(name) for name in names]


def _table_asset(name: str) -> DayAsset:
    @day_asset(
        f"{TABLES}/{name}",
        kinds={"parquet"},
        code_version=CODE_VERSION,
        description=f"{name}: checked against its contract and typed, as known on the day.",
    )
    def table(day: dt.date, run: StepRun) -> Built:
        return build_table(run.catalog, name, day, restate=name in run.options.restate)

    return table


@day_asset(f"{TABLES}/{DISPOSITIONS}", kinds={"parquet"}, code_version=decided.CODE_VERSION)
def dispositions(day: dt.date, run: StepRun) -> Built:
    """What investigators decided in the bank's own tool; learnt from on the day after."""
    return decided.build_dispositions(run.catalog, day)
