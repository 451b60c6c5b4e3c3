"""The whole graph with Spark beside HDFS: the same names and the same bytes as on one machine.

Belongs here: real input, with executors that read the store by themselves. Does not belong here:
faults (``io/test_spark_engine``), or the SQL files (``core/sql``).
"""

from __future__ import annotations

import datetime as dt
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from aml_assets.automation.backfill_plan import plan_backfill, select_assets
from aml_assets.automation.backfill_runs import run_backfill
from aml_assets.build import build_definitions
from aml_assets.core.days import days_between
from aml_assets.io.catalog import Catalog
from aml_assets.io.spark_engine import SparkEngine
from aml_assets.settings.load import load_settings
from aml_assets.steps.inputs import histories, stored_table
from aml_assets_tests.hadoop.fixtures import Hadoop
from aml_assets_tests.io.places import ClusterFiles, Place, digests
from aml_assets_tests.requirements import amlgentex
from aml_assets_tests.spark.standalone import Standalone

pytestmark = pytest.mark.long  # whole graphs, and a Spark

FIRST, LAST = dt.date(2023, 4, 1), dt.date(2023, 4, 4)


@pytest.fixture
def on_cluster(hadoop: Hadoop) -> Iterator[Place]:
    """A folder of this test's own."""
    root = f"/spark/{uuid.uuid4().hex}"
    place = Place("hdfs", root, hadoop.hdfs_url, hadoop.webhdfs_url, hadoop.client_config)
    yield place
    ClusterFiles(place).remove()


@pytest.fixture(scope="module")
def landed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some days of the real input."""
    landing = amlgentex()
    folder = tmp_path_factory.mktemp("landing")
    for table in ("account", "corporate", "retail"):
        shutil.copytree(landing / table, folder / table)
    for table in ("trx", "str"):
        for day in days_between(FIRST, LAST):
            shutil.copytree(landing / f"{table}/daily/{day}", folder / f"{table}/daily/{day}")
    return folder


def build(landed: Path, store: Place, **engine: Any) -> dict[str, str]:
    """Build everything of the last day and what that needs; gives the store's digests."""
    settings = load_settings(
        landing={"url": str(landed)},
        store={"url": store.url},
        hdfs={"authentication": "insecure", "client": store.client},
        partitions={"first_day": FIRST},
        windows={"train_days": 2, "eval_days": 1},
        features={
            "trx_lookback_days": 1,
            "behaviour": {"threshold": 10_000, "marks": {"cash": {"trx_type": ["CASH"]}}},
        },
        training={"rounds": 20},
        engine=engine,
    )
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


def test_the_real_input_gives_the_same_bytes_as_on_one_machine(
    workers: Standalone,
    on_cluster: Place,
    landed: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    expected = build(landed, Place("local", str(tmp_path)))
    monkeypatch.setenv("AML_SPARK_TOKEN", workers.token)
    monkeypatch.setattr(stored_table, "_VALUES", 0)
    monkeypatch.setattr(histories, "ROWS", 0)
    asked: list[str] = []
    batches = SparkEngine.batches

    def counted(self: SparkEngine, sql: str, views: Any) -> Any:
        asked.extend(views)
        return batches(self, sql, views)

    monkeypatch.setattr(SparkEngine, "batches", counted)
    found = build(landed, on_cluster, spark={"url": workers.url})
    assert {"movements", "account_day", "stored", "relation"} <= {*asked}
    different = [name for name in expected if found.get(name) != expected[name]]
    assert (different, found.keys() - expected.keys()) == ([], set())
