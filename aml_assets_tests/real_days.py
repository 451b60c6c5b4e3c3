"""Some days of the real input, and the whole graph built on the last of them.

Belongs here: what the tests of the graph on HDFS and with Spark share. Does not belong here: where
landing and store are, or what the graph makes of the input (`test_real_input`).
"""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path
from typing import Any

import dagster as dg

from aml_assets.automation.backfill_plan import plan_backfill, select_assets
from aml_assets.automation.backfill_runs import run_backfill
from aml_assets.build import build_definitions
from aml_assets.core.days import days_between
from aml_assets.io.catalog import Catalog
from aml_assets.settings.load import Settings, load_settings
from aml_assets_tests.io.places import Place, digests
from aml_assets_tests.requirements import amlgentex

FIRST, LAST = dt.date(2023, 4, 1), dt.date(2023, 4, 4)


def copy_days(folder: Path) -> Path:
    """Copy the landing's days into a folder, and return it."""
    landing = amlgentex()
    for table in ("account", "corporate", "retail"):
        shutil.copytree(landing / table, folder / table)
    for table in ("trx", "str"):
        for day in days_between(FIRST, LAST):
            shutil.copytree(landing / f"{table}/daily/{day}", folder / f"{table}/daily/{day}")
    return folder


def configured(landing: Place, store: Place, **more: Any) -> Settings:
    """Settings of small windows and few trees.

    Args:
        landing: where the days landed.
        store: where everything is built.
        more: sections; what is not said in ``features`` and ``training`` is ours.
    """
    ours: dict[str, dict[str, Any]] = {
        "features": {"trx_lookback_days": 1},
        "training": {"rounds": 20, "threads": 2},
    }
    return load_settings(
        landing={"url": landing.url},
        store={"url": store.url},
        hdfs={"authentication": "insecure", "client": landing.client | store.client},
        partitions={"first_day": FIRST},
        windows={"train_days": 2, "eval_days": 1},
        **{name: {**values, **more.pop(name, {})} for name, values in ours.items()},
        **more,
    )


def build_last(settings: Settings, store: Place) -> dict[str, str]:
    """Build everything of the last day and what that needs; gives the store's digests."""
    catalog = Catalog(settings)
    plan = plan_backfill(catalog, select_assets(catalog, []), [LAST])
    problems = run_backfill(
        catalog,
        plan,
        definitions=build_definitions(settings),
        instance=dg.DagsterInstance.ephemeral(),
    )
    assert problems == []
    return digests(store.files)
