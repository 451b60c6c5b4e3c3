"""From the old flow's own folders to ours and back: `aml migrate`, a night, old readers, `compare`.

Belongs here: both programs on one landing. Does not belong here: single keys (`test_mapping`),
single comparisons (`core/test_comparison`).
"""

from __future__ import annotations

import getpass
import json
import os
import subprocess
import sys
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from aml_assets.cli.app import app
from aml_assets.errors import AmlError
from aml_assets.io.catalog import Catalog
from aml_assets.settings.load import load_settings
from aml_assets_tests.cli.migration.flow_2019 import run_flow
from aml_assets_tests.cli.migration.variables import GROUP, PROJECT, daily_version
from aml_assets_tests.conftest import STATIC, day, str_columns, trx_columns
from aml_assets_tests.hadoop.fixtures import Hadoop
from aml_assets_tests.io.places import ClusterFiles, Place
from aml_assets_tests.io.places import land as land_on

pytestmark = pytest.mark.long  # a migration, a night and the old flow, on HDFS

VARIABLE = daily_version(
    start_time=str(day(1)),
    end_time=str(day(3)),
    metrics_start_time=str(day(4)),
    metrics_end_time=str(day(4)),
)
CSV = f"{PROJECT}/predict_res/pred_full_table{day(5)}.csv".strip("/")
META = f"{PROJECT}/model_meta/he_test_xgboost_{day(5)}.meta.json".strip("/")
MODEL = f"{PROJECT}/model/he_test_xgboost_{day(5)}.model".strip("/")


@dataclass
class Machine:
    """A folder in which somebody types, and the root under which the old layout lies."""

    folder: Path
    root: Path
    monkeypatch: pytest.MonkeyPatch

    def aml(self, *words: str, code: int = 0) -> str:
        """A command in this process, which is quicker."""
        done = CliRunner().invoke(app, words)
        known = isinstance(done.exception, AmlError)
        assert known or done.exception is None or isinstance(done.exception, SystemExit)
        assert done.exit_code == code, done.output
        return f"{done.output}{done.exception or ''}"

    def process(self, *words: str, code: int = 0) -> None:
        """A command as a process of its own: a process is one user of a cluster."""
        done = subprocess.run(
            ["aml", *words], capture_output=True, text=True, check=False, timeout=300
        )
        assert done.returncode == code, done.stdout + done.stderr


@pytest.fixture
def bank(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    folder, root = tmp_path / "here", tmp_path / "hdfs"
    folder.mkdir()
    (folder / "sl_config.json").write_text(json.dumps({"sl_config": VARIABLE}))
    _land(root)
    monkeypatch.chdir(folder)
    for name, value in {
        "AML_TRAINING__ROUNDS": "20",
        "AML_TRAINING__MIN_CHILD_WEIGHT": "0",
        "AML_CONFIG": str(folder / "aml.yaml"),
        "DAGSTER_HOME": str(folder / "dagster"),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }.items():
        monkeypatch.setenv(name, value)
    return Machine(folder, root, monkeypatch)


def _land(root: Path, days: Sequence[int] = range(1, 6)) -> None:
    """The tiny bank, in the folders of 2019."""
    group = root / GROUP.strip("/")

    def write(folder: Path, columns: dict[str, Any]) -> None:
        folder.mkdir(parents=True)
        pq.write_table(pa.table(columns), folder / "part-00000.parquet")
        (folder / "_SUCCESS").touch()

    for table, columns in STATIC.items():
        write(group / table / "all", columns)
    for number in days:
        write(group / "trx/daily" / str(day(number)), trx_columns(number))
        write(group / "str/daily" / str(day(number)), str_columns(number))


def test_a_migrated_bank_runs_beside_the_old_flow_and_then_in_its_place(bank: Machine):
    run_flow(bank.root, VARIABLE, str(day(5)))
    old = {name: (bank.root / name).read_bytes() for name in (CSV, META, MODEL)}

    said = bank.aml("migrate", "sl_config.json", "--connection", f"file://{bank.root}")
    assert "base_local_path" in said
    assert "exists already" in bank.aml("migrate", "sl_config.json", code=1)

    # Beside it: another store, by the environment alone.
    beside = bank.root / "beside"
    bank.monkeypatch.setenv("AML_STORE__URL", f"file://{beside}")
    bank.aml("backfill", "--from", str(day(5)), "--to", str(day(5)))
    assert {name: (bank.root / name).read_bytes() for name in old} == old
    project = f"file://{bank.root}{PROJECT}"
    told = bank.aml("compare", str(day(5)), "--other", project, code=1)
    assert "rows       8 | 8; in both 8; only left 0; only right 0" in told
    assert "columns" not in told
    assert "column  " not in told
    assert "scores     differ in 8 rows" in told
    assert "metrics    precision " in told

    # In its place: the same names, and what lay there is kept.
    bank.monkeypatch.delenv("AML_STORE__URL")
    assert "There already" in bank.aml("backfill", "--from", str(day(5)), "--to", str(day(5)))
    assert {name: (bank.root / name).read_bytes() for name in old} == old
    bank.aml("backfill", "--from", str(day(5)), "--to", str(day(5)), "--remake")
    for name, content in old.items():
        assert (bank.root / name).read_bytes() != content
        kept = (bank.root / name).parent / ".versions"
        assert content in [path.read_bytes() for path in kept.iterdir()], name
    assert "differ in 0 rows" in bank.aml("compare", str(day(5)), "--other", f"file://{beside}")

    # The old readers, in their own words.
    frame = pd.read_csv(bank.root / CSV, index_col=0)
    assert list(frame.index) == list(range(8))
    assert frame["pred_score"].between(0, 1).all()
    figures = json.loads((bank.root / META).read_text())
    assert figures["precesion"] == figures["precision"]
    assert figures["model_id"] == f"he_test_xgboost_{day(5)}"
    assert Catalog(load_settings()).models.load(day(5)).num_boosted_rounds() == 20


@pytest.mark.long  # a night on a cluster
def test_a_migrated_bank_reads_and_writes_the_old_folders_on_hdfs(
    bank: Machine, hadoop: Hadoop, tmp_path: Path
):
    root = f"/migration/{uuid.uuid4().hex}"
    place = Place("hdfs", root, hadoop.hdfs_url, hadoop.webhdfs_url, hadoop.client_config)
    bank.monkeypatch.setenv("AML_HDFS__CLIENT", json.dumps(hadoop.client_config))
    land_on(bank.root, place)
    host = hadoop.hdfs_url.partition("://")[2]
    try:
        bank.process(
            "migrate", "sl_config.json", "--connection", f"hdfs://{getpass.getuser()}@{host}{root}"
        )
        bank.process("backfill", "--from", str(day(5)), "--to", str(day(5)))
        local = tmp_path / "pred.csv"
        local.write_bytes(place.files.read(CSV))
        assert len(pd.read_csv(local, index_col=0)) == 8
        assert "precesion" in json.loads(place.files.read(META))
        assert place.files.read(MODEL).startswith(b"{L")
        bank.process("compare", f"{hadoop.hdfs_url}{root}/{CSV}", str(local))
        bank.process("compare", str(day(5)), f"{hadoop.webhdfs_url}{root}/{CSV}")
    finally:
        ClusterFiles(place).remove()
