"""The engine of a Spark under faults: a sentence by the deadline, and nothing that runs on.

Belongs here: a server, an executor, a step or a run that ends in the midst of a query. Does not
belong here: what is computed (``test_graph_on_spark``).
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from aml_assets.core.tables.remote_engine import StoredFrame
from aml_assets.errors import AmlError
from aml_assets.io.spark_engine import SparkEngine
from aml_assets.settings.engine_settings import SparkSettings
from aml_assets_tests.spark.server import SPARK, connect_port, connect_server
from aml_assets_tests.spark.standalone import Standalone

pytestmark = pytest.mark.long  # a Spark of three Java processes, and two executors

FOREVER = (
    "SELECT COUNT(*) AS n FROM RANGE(4000000) AS a CROSS JOIN RANGE(4000000) AS b"
    " WHERE a.id + b.id = -1"
)
"""A query of many hours, on each executor."""

SECRET = "Mrs. Secret"
SENTENCE = r"table features/pair_day, day 2024-01-05: Spark at sc://localhost:\d+ "


def engine_of(
    workers: Standalone, deadline: float = 120, session: str | None = None
) -> SparkEngine:
    settings = SparkSettings(url=workers.url, deadline_seconds=deadline)
    name, where = session or str(uuid.uuid4()), ("features/pair_day", "2024-01-05")
    return SparkEngine(settings, "file:///", name, workers.token, where)


def ask(of: SparkEngine, sql: str) -> list[dict[str, object]]:
    return pa.Table.from_batches(of.batches(sql, {})).to_pylist()


def assert_idle(workers: Standalone) -> None:
    """Nothing occupies the executors: a query of both is answered at once."""
    of = engine_of(workers)
    assert ask(of, "SELECT COUNT(*) AS n FROM RANGE(0, 100, 1, 2)") == [{"n": 100}]
    of.close()


def later(seconds: float, what: Callable[[], object]) -> None:
    timer = threading.Timer(seconds, what)
    timer.daemon = True
    timer.start()


def test_a_query_that_takes_too_long_ends_with_a_sentence_and_is_ended(workers: Standalone) -> None:
    of = engine_of(workers, deadline=20)
    ask(of, "SELECT 1 AS n")
    with pytest.raises(AmlError, match=SENTENCE) as raised:
        ask(of, FOREVER)
    assert "gave no answer within 20 s. Give it more executors" in str(raised.value)
    of.close()
    assert_idle(workers)


@pytest.mark.parametrize("seconds", [0.5, 1, 2, 4, 6])
def test_a_run_that_is_cancelled_ends_its_query(workers: Standalone, seconds: float) -> None:
    of = engine_of(workers)
    ask(of, "SELECT 1 AS n")
    later(seconds, lambda: os.kill(os.getpid(), signal.SIGINT))
    with pytest.raises(KeyboardInterrupt):
        ask(of, FOREVER)
    of.close()
    assert_idle(workers)


@pytest.mark.parametrize("seconds", [0.0, 0.5, 1, 2, 4])
def test_what_a_killed_step_left_is_ended_when_it_starts_again(
    workers: Standalone, seconds: float, caplog: pytest.LogCaptureFixture
) -> None:
    session = str(uuid.uuid4())
    script = (
        "import sys; from aml_assets_tests.io.test_spark_engine import *\n"
        "of = SparkEngine(SparkSettings(url=sys.argv[1]), 'file:///', sys.argv[2], "
        "os.environ['TOKEN'])\n"
        "ask(of, 'SELECT 1 AS n')\nprint('asking', flush=True)\nask(of, FOREVER)"
    )
    step = subprocess.Popen(
        [sys.executable, "-c", script, workers.url, session],
        env={**os.environ, "TOKEN": workers.token},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert step.stdout is not None
    assert step.stdout.readline() == "asking\n"
    time.sleep(seconds)
    step.kill()
    step.wait()
    again = engine_of(workers, session=session)
    with caplog.at_level(logging.WARNING):
        assert ask(again, "SELECT COUNT(*) AS n FROM RANGE(0, 10, 1, 2)") == [{"n": 10}]
    if seconds >= 0.5:
        assert "1 queries of this day that were left in Spark were ended" in caplog.text
    again.close()
    assert_idle(workers)


@pytest.mark.parametrize("seconds", [0.5, 1, 2, 4, 6])
def test_an_executor_that_dies_costs_time_and_no_row(workers: Standalone, seconds: float) -> None:
    of = engine_of(workers)
    ask(of, "SELECT COUNT(*) AS n FROM RANGE(0, 10, 1, 2)")
    killed: list[None] = []
    later(seconds, lambda: killed.append(workers.kill_executor()))
    slow = "SELECT SUM(LENGTH(SHA2(CAST(id AS STRING), 512))) AS n FROM RANGE(0, 15000000, 1, 15)"
    assert ask(of, slow) == [{"n": 128 * 15_000_000}]
    assert killed, "the answer came first"
    of.close()


def test_what_spark_says_of_values_is_repeated_nowhere(
    workers: Standalone, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    of = engine_of(workers)
    views = {"people": pa.table({"name": [SECRET]})}
    with pytest.raises(AmlError, match=r"refused a query \(CAST_INVALID_INPUT\)") as raised:
        list(of.batches("SELECT CAST(name AS BIGINT) AS n FROM people", views))
    of.close()
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__ or raised.value.__context__ is None
    out, err = capfd.readouterr()
    assert SECRET not in f"{raised.value} {out} {err} {caplog.text}"


def test_a_file_that_is_missing_and_one_that_is_no_parquet_are_refused(
    workers: Standalone, tmp_path: Path
) -> None:
    (tmp_path / "odd.parquet").write_text("no parquet")
    schema = pa.schema([("x", pa.int64())])
    for name in ("odd.parquet", "missing.parquet"):
        of = engine_of(workers)
        view = StoredFrame(str(tmp_path / name).lstrip("/"), schema)
        with pytest.raises(AmlError, match=r"refused a query \([A-Z_.]+\)"):
            list(of.batches('SELECT "0" FROM stored', {"stored": view}))
        of.close()


def test_nobody_without_the_token_is_answered(workers: Standalone) -> None:
    settings = SparkSettings(url=workers.url, deadline_seconds=30)
    for token in (None, "another"):
        of = SparkEngine(settings, "file:///", str(uuid.uuid4()), token)
        with pytest.raises(AmlError, match=r"does not let us in\. Give the token"):
            ask(of, "SELECT 1")
        of.close()


def test_a_query_whose_rows_nobody_takes_any_more_is_ended(workers: Standalone) -> None:
    def full(of: SparkEngine) -> None:
        try:
            for _ in of.batches("SELECT id FROM RANGE(0, 4000000000, 1, 400)", {}):
                raise OSError("no space left")
        finally:
            of.close()

    with pytest.raises(OSError, match="no space left"):
        full(engine_of(workers))
    assert_idle(workers)


def test_a_result_without_rows_is_a_batch_of_its_schema(workers: Standalone) -> None:
    of = engine_of(workers)
    views = {"nobody": pa.table({"value": pa.array([], pa.string())})}
    (batch,) = of.batches("SELECT value, 1 AS one FROM nobody ORDER BY value", views)
    assert batch.num_rows == 0
    assert batch.schema.names == ["value", "one"]
    assert batch.schema.types == [pa.string(), pa.int32()]
    of.close()


def test_a_session_that_the_server_has_forgotten_is_taken_up_under_another_id(
    tmp_path: Path,
) -> None:
    SPARK.require()
    settings = {
        "spark.connect.session.manager.defaultSessionTimeout": "2s",
        "spark.connect.session.manager.maintenanceInterval": "1s",
    }
    daemon = connect_server(tmp_path / "connect", "token", settings)
    try:
        of_spark = SparkSettings(url=f"sc://localhost:{connect_port(daemon)}", deadline_seconds=120)
        one = SparkEngine(of_spark, "file:///", "a day", "token")
        assert ask(one, "SELECT 1 AS n") == [{"n": 1}]
        time.sleep(6)  # nobody released it
        again = SparkEngine(of_spark, "file:///", "a day", "token")
        assert ask(again, "SELECT 2 AS n") == [{"n": 2}]
        again.close()
        after_a_release = SparkEngine(of_spark, "file:///", "a day", "token")
        assert ask(after_a_release, "SELECT 3 AS n") == [{"n": 3}]
        after_a_release.close()
    finally:
        daemon.stop()


def test_an_answer_that_is_too_large_for_the_server_names_its_setting(tmp_path: Path) -> None:
    SPARK.require()
    daemon = connect_server(tmp_path / "connect", "token", {"spark.driver.maxResultSize": "1m"})
    try:
        settings = SparkSettings(url=f"sc://localhost:{connect_port(daemon)}")
        of = SparkEngine(settings, "file:///", "a day", "token")
        with pytest.raises(
            AmlError, match=r"larger than its spark\.driver\.maxResultSize\. Raise it"
        ):
            ask(of, "SELECT id FROM RANGE(0, 1000000, 1, 10)")
        of.close()
    finally:
        daemon.stop()


def test_a_server_that_nobody_started_does_not_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    settings = SparkSettings(url=f"sc://localhost:{port}", deadline_seconds=60)
    with pytest.raises(AmlError, match=r"does not answer\. Is it running"):
        ask(SparkEngine(settings, "file:///", "a day"), "SELECT 1")


def test_a_server_that_stands_still_or_dies_ends_a_query_by_the_deadline(
    workers: Standalone,
) -> None:
    session = str(uuid.uuid4())
    of = engine_of(workers, deadline=30, session=session)
    ask(of, "SELECT 1 AS n")
    later(2, workers.server.pause)
    with pytest.raises(AmlError, match=f"{SENTENCE}gave no answer within 30 s"):
        ask(of, FOREVER)
    workers.server.resume()
    again = engine_of(workers, session=session)  # it could not be told before
    ask(again, "SELECT 1 AS n")
    again.close()
    assert_idle(workers)
    for seconds in (0.5, 2):  # the last test: nobody starts the server again
        of = engine_of(workers)
        if workers.server.is_alive:
            ask(of, "SELECT 1 AS n")
            later(seconds, workers.server.kill)
        with pytest.raises(AmlError, match=f"{SENTENCE}(does not answer|refused a query)"):
            ask(of, FOREVER)
        of.close()


def test_without_a_setting_nothing_of_spark_is_imported() -> None:
    script = "import sys, aml_assets.definitions; print({'pyspark', 'grpc'} & {*sys.modules})"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout == "set()\n"
