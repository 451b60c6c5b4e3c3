"""The fixture of the shared cluster. A test that breaks things starts a `Cluster` of its own.

Belongs here: what the conftest hands to tests. Does not belong here: how it runs (`shared`).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from aml_assets_tests.hadoop.artefacts import require_hadoop
from aml_assets_tests.hadoop.cluster import Cluster
from aml_assets_tests.hadoop.shared import shared_cluster

# Read at import, before any fixture cleans the environment.
GIVEN = {name: os.environ.get(name) for name in ("AML_TEST_HDFS", "AML_TEST_WEBHDFS")}
"""URLs of a cluster that exists already, e.g. ``hdfs://host:8020`` and ``webhdfs://host:9870``."""


@dataclass(frozen=True)
class Hadoop:
    """A cluster that all tests of a run share: nobody stops, pauses or fills it."""

    hdfs_url: str
    webhdfs_url: str
    client_config: dict[str, str] = field(default_factory=dict)
    """What a client needs beyond the URL."""
    cluster: Cluster | None = None
    """None where the environment names one that exists already."""


@pytest.fixture(scope="session")
def hadoop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hadoop]:
    """The shared cluster: of ``AML_TEST_HDFS`` and ``AML_TEST_WEBHDFS``, or started."""
    hdfs_url, webhdfs_url = GIVEN.values()
    if hdfs_url and webhdfs_url:
        yield Hadoop(hdfs_url, webhdfs_url)
        return
    if hdfs_url or webhdfs_url:
        pytest.fail("AML_TEST_HDFS and AML_TEST_WEBHDFS are needed both", pytrace=False)
    require_hadoop()
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent  # the workers' common one
    with shared_cluster(folder / "hadoop") as cluster:
        yield Hadoop(cluster.hdfs_url, cluster.webhdfs_url, cluster.client_config, cluster)
