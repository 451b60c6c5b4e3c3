"""The whole graph with Spark beside HDFS: the same names and the same bytes as on one machine.

Belongs here: real input, with executors that read the store by themselves. Does not belong here:
faults (``io/test_spark_engine``), or the SQL files (``core/sql``).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aml_assets.io.spark_engine import SparkEngine
from aml_assets.steps.inputs import histories, stored_table
from aml_assets_tests.hadoop.fixtures import Hadoop
from aml_assets_tests.io.places import ClusterFiles, Place
from aml_assets_tests.real_days import build_last, configured, copy_days
from aml_assets_tests.spark.standalone import Standalone

pytestmark = pytest.mark.long  # whole graphs, and a Spark


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
    return copy_days(tmp_path_factory.mktemp("landing"))


def build(landed: Path, store: Place, **engine: Any) -> dict[str, str]:
    features = {"behaviour": {"threshold": 10_000, "marks": {"cash": {"trx_type": ["CASH"]}}}}
    landing = Place("local", str(landed))
    return build_last(configured(landing, store, features=features, engine=engine), store)


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
