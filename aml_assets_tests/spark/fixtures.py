"""The fixtures of the shared Spark session, and of a standalone Spark.

Belongs here: what the conftest hands to tests. Does not belong here: how it runs (`server`).
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from aml_assets_tests.spark.server import SPARK, spark_server
from aml_assets_tests.spark.session import SparkSession
from aml_assets_tests.spark.standalone import Standalone, standalone


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    """One session for all tests of this process; it starts in five seconds of a processor.

    Keep its tests in one file: `make test` gives each file to one process, and so starts one Spark.
    """
    SPARK.require()
    with spark_server(tmp_path_factory.mktemp("spark")) as (url, token):
        session = SparkSession(url, token)
        yield session
        session.close()


@pytest.fixture(scope="module")
def workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standalone]:
    """A master, two workers and a Connect server, for the tests of one file."""
    SPARK.require()
    with standalone(tmp_path_factory.mktemp("standalone") / "spark") as found:
        yield found
