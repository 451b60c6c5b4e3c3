"""The places where every promise is tested.

Belongs here: the fixtures of the promise suite. Does not belong here: what a place is
(`places`), the cluster (`aml_assets_tests.hadoop`).
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from aml_assets.io.store import Store
from aml_assets_tests.hadoop.fixtures import Hadoop
from aml_assets_tests.io.places import PARENT, SCHEMES, ClusterFiles, Place


@pytest.fixture(autouse=True)
def _whose_name_we_gave_is_forgotten() -> Iterator[None]:
    before = os.environ.get("HADOOP_USER_NAME")
    yield
    os.environ.pop("HADOOP_USER_NAME", None)
    if before is not None:
        os.environ["HADOOP_USER_NAME"] = before


@pytest.fixture(params=SCHEMES)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """An empty folder: on this machine, or on the cluster, by one adapter or the other."""
    if request.param == "local":
        place = Place("local", str(tmp_path / "place"))
        place.files.make_folders([""])
        yield place
        return
    hadoop: Hadoop = request.getfixturevalue("hadoop")
    place = Place(
        request.param,
        f"{PARENT}/{uuid.uuid4().hex}",
        hadoop.hdfs_url,
        hadoop.webhdfs_url,
        hadoop.client_config,
    )
    files = ClusterFiles(place)
    files.make_folders([""])
    yield place
    files.remove()


@pytest.fixture
def store(place: Place) -> Store:
    """A store on each place in turn."""
    return place.store()
