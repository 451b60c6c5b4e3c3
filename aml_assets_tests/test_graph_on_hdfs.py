"""The whole graph on HDFS, by either protocol: the same names and the same bytes as on local files.

Belongs here: landing and store on the shared cluster, on real input and on the demo's bank. Does
not belong here: faults (`test_graph_faults`), what the graph makes of it (`test_real_input`).
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from aml_assets.cli.reproduce import builders_of
from aml_assets.io.catalog import Catalog
from aml_assets.steps.reproducing import Reproduction
from aml_assets_tests.hadoop.fixtures import Hadoop
from aml_assets_tests.io.places import ClusterFiles, Place, digests, land
from aml_assets_tests.real_days import LAST, build_last, configured, copy_days

pytestmark = pytest.mark.long  # whole graphs, four times over

SCHEMES = ("hdfs", "webhdfs")


@pytest.fixture(scope="module")
def on_cluster(hadoop: Hadoop) -> Iterator[Callable[[str], Place]]:
    """Folders of this file's own, each as one protocol names it."""
    root = f"/graph/{uuid.uuid4().hex}"

    def place(scheme: str) -> Place:
        return Place(scheme, root, hadoop.hdfs_url, hadoop.webhdfs_url, hadoop.client_config)

    yield place
    ClusterFiles(place("hdfs")).remove()


@pytest.fixture(scope="module")
def landed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some days of the real input."""
    return copy_days(tmp_path_factory.mktemp("landing"))


def build(landing: Place, store: Place) -> dict[str, str]:
    return build_last(configured(landing, store), store)


@pytest.fixture(scope="module")
def local(landed: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Names and digests of all that is built on local files."""
    store = tmp_path_factory.mktemp("store")
    return build(Place("local", str(landed)), Place("local", str(store)))


@pytest.fixture(scope="module")
def landing_on_cluster(landed: Path, on_cluster: Callable[[str], Place]) -> str:
    land(landed, on_cluster("hdfs").below("landing"))
    return "landing"


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_real_input_gives_the_same_bytes_as_on_local_files(
    scheme: str, on_cluster: Callable[[str], Place], landing_on_cluster: str, local: dict[str, str]
) -> None:
    place = on_cluster(scheme)
    built = build(place.below(landing_on_cluster), place.below(scheme))
    assert built == local
    for kind in ("data.parquet", ".reference.json", ".ubj", ".meta.json", ".csv", ".manifest.json"):
        assert any(name.endswith(kind) for name in built), kind


@pytest.mark.parametrize("threads", [1, 2])
def test_a_day_on_hdfs_is_built_again_and_is_the_same_there_and_here(
    threads: int,
    on_cluster: Callable[[str], Place],
    landing_on_cluster: str,
    local: dict[str, str],
    tmp_path: Path,
) -> None:
    place = on_cluster("hdfs")
    landing, store = place.below(landing_on_cluster), place.below(f"reproduced{threads}")
    assert build(landing, store) == local
    before = digests(store.files)
    catalog = Catalog(configured(landing, store, training={"threads": threads}))
    for folder in (str(tmp_path / "again"), place.below(f"again{threads}").url):
        work = Reproduction(catalog, LAST, catalog.store_at(folder), builders_of)
        found = list(work.run())
        assert found[-1].asset == "reports/alert_report"
        assert all(each.same for each in found)
        assert [each.asset for each in found if each.taken] == ["models/gate"]
    assert digests(store.files) == before


def test_the_demo_lands_builds_and_reports_on_hdfs(
    on_cluster: Callable[[str], Place], tmp_path: Path
) -> None:
    place = on_cluster("hdfs").below("demo")
    variables = {
        "AML_LANDING__URL": place.below("landing").url,
        "AML_STORE__URL": place.below("store").url,
        "AML_HDFS__AUTHENTICATION": "insecure",
        # Fixed, so that one day has a model, and is built.
        "AML_WINDOWS__FIXED": json.dumps(
            {
                "train_start": "2024-02-06",
                "train_end": "2024-02-07",
                "eval_start": "2024-02-08",
                "eval_end": "2024-02-08",
            }
        ),
        "AML_FEATURES__TRX_LOOKBACK_DAYS": "1",
        "AML_TRAINING__ROUNDS": "5",
        "DAGSTER_HOME": str(tmp_path / "dagster"),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    done = subprocess.run(
        ["aml", "demo", "--days", "31", "--last", "2024-02-09"],
        cwd=tmp_path,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert re.search(r"AUC +0\.\d{3}", done.stdout)
    csv = "store/predict_res/pred_full_table2024-02-09.csv"
    assert f"Predictions: {place.url}/{csv}" in done.stdout
    assert place.files.read(csv).startswith(b'"trx_id",')
    assert place.files.read("landing/_DEMO") == b"2024-02-09"
    assert not [path for path in tmp_path.iterdir() if path.name != "dagster"]
