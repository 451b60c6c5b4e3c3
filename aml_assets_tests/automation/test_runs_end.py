"""Runs under a real daemon: they end in time and stay ended, and wait for one another.

One daemon serves all of it, since starting one takes longer than the rest.
"""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

import dagster as dg
import pytest
import yaml

from aml_assets.cli.home import DAGSTER_YAML
from aml_assets_tests.conftest import day, event_text
from aml_assets_tests.postbox import Postbox, alarm_settings, mail_server

pytestmark = pytest.mark.long  # runs that are killed, or reach their maximum runtime

LONG, MAXIMUM = 600, 8
RUNS = {"first": (5, LONG), "second": (6, LONG), "same day": (5, MAXIMUM), "other day": (7, LONG)}
"""Runs by name, in the order in which they are asked for: their day and maximum runtime."""

MODULE = f"""
import time
import dagster as dg
from aml_assets.assets import tables

def hang(*arguments, **options):
    for _ in range(3000):
        time.sleep(0.1)

tables.build_table = hang

from aml_assets.build import build_definitions

@dg.sensor(job_name="daily", default_status=dg.DefaultSensorStatus.RUNNING)
def ask(context):
    if context.cursor:
        return
    context.update_cursor("asked")
    for name, (day, maximum) in {RUNS}.items():
        tags = {{"name": name, "dagster/max_runtime": str(maximum)}}
        yield dg.RunRequest(run_key=name, partition_key=f"2024-01-{{day:02}}", tags=tags)

defs = dg.Definitions.merge(build_definitions(), dg.Definitions(sensors=[ask]))
"""


@dataclass
class Night:
    """A daemon over definitions whose step hangs, and the runs asked of it."""

    instance: dg.DagsterInstance
    box: Postbox

    @property
    def records(self) -> dict[str, dg.RunRecord]:
        found = self.instance.get_run_records()
        return {self.name(record.dagster_run): record for record in found}

    @staticmethod
    def name(run: dg.DagsterRun) -> str:
        return run.tags["name"] + (" again" if run.parent_run_id else "")

    def status(self, name: str) -> str:
        record = self.records.get(name)
        return record.dagster_run.status.value if record else ""

    def messages(self, name: str) -> str:
        run_id = self.records[name].dagster_run.run_id
        return "\n".join(event_text(entry) for entry in self.instance.all_logs(run_id))

    def end_by_hand(self, name: str) -> None:
        self.wait_for(lambda: self.status(name) == "STARTED")
        self.instance.run_launcher.terminate(self.records[name].dagster_run.run_id)
        self.wait_for(lambda: self.status(name) == "CANCELED")

    def kill(self, name: str) -> None:
        self.wait_for(lambda: self.status(name) == "STARTED")
        process = re.search(r"Started process for run \(pid: (\d+)\)", self.messages(name))
        assert process
        os.kill(int(process[1]), signal.SIGKILL)
        self.wait_for(lambda: self.status(name) == "FAILURE")

    def mails_of(self, name: str) -> list[EmailMessage]:
        run_id = self.records[name].dagster_run.run_id
        return [mail for mail in self.box.mails if run_id in mail.get_content()]

    def wait_for(self, what: Callable[[], object], seconds: float = 300) -> None:
        deadline = time.monotonic() + seconds
        while not what():
            assert time.monotonic() < deadline, {n: self.status(n) for n in self.records}
            time.sleep(0.3)


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Night]:
    folder = tmp_path_factory.mktemp("night")
    home = folder / "dagster"
    home.mkdir()
    config = yaml.safe_load(DAGSTER_YAML)
    config["run_monitoring"]["poll_interval_seconds"] = 1
    config["concurrency"]["runs"]["max_concurrent_runs"] = 10
    config["concurrency"]["pools"]["default_limit"] = 2
    config["run_queue"] = {"dequeue_interval_seconds": 1}
    (home / "dagster.yaml").write_text(yaml.safe_dump(config))
    (folder / "hanging.py").write_text(MODULE)
    with mail_server(Postbox()) as box:
        settings = {
            "partitions": {"first_day": str(day(1)), "last_day": str(day(20))},
            "automation": {"retries": 2, "retry_delay_seconds": 0, "interval_seconds": 1},
            "alarms": alarm_settings(box),
        }
        (folder / "bank.yaml").write_text(yaml.safe_dump(settings))
        environment = {
            **os.environ,
            "AML_CONFIG": str(folder / "bank.yaml"),
            "DAGSTER_HOME": str(home),
        }
        with dg.DagsterInstance.from_config(str(home)) as instance:
            instance.get_runs(limit=1)  # makes the databases before two processes do
            daemon = subprocess.Popen(
                [sys.executable, "-m", "dagster._daemon", "run", "-f", "hanging.py"],
                cwd=folder,
                env=environment,
                stdout=(folder / "daemon.log").open("wb"),
                stderr=subprocess.STDOUT,
            )
            try:
                yield _played(Night(instance, box))
            finally:
                for record in instance.get_run_records(
                    dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED])
                ):
                    instance.run_launcher.terminate(record.dagster_run.run_id)
                daemon.terminate()
                daemon.wait(60)


def _played(night: Night) -> Night:
    """End runs by hand, but for the one that is killed and the one that reaches its maximum."""
    night.wait_for(lambda: night.status("first") == "STARTED")
    night.end_by_hand("second")
    night.kill("other day")
    night.end_by_hand("other day again")
    night.end_by_hand("first")
    night.wait_for(lambda: night.status("same day") == "FAILURE")
    night.wait_for(lambda: "Process for run exited" in night.messages("same day"))
    return night


def test_a_run_that_reaches_its_maximum_fails_and_is_not_tried_again(night: Night):
    said = night.messages("same day")
    assert night.status("same day") == "FAILURE"
    assert f"Exceeded maximum runtime of {MAXIMUM} seconds." in said
    assert "the run was ended at its maximum runtime. See what it waited for" in said
    assert "STEP_UP_FOR_RETRY" not in said
    record = night.records["same day"].dagster_run
    assert (record.tags["dagster/max_retries"], record.tags["dagster/will_retry"]) == ("0", "false")


def test_a_run_ended_by_hand_is_canceled_and_raises_no_alarm(night: Night):
    for name in ("first", "second", "other day again"):
        assert night.status(name) == "CANCELED"
        assert "STEP_UP_FOR_RETRY" not in night.messages(name)
        assert not night.mails_of(name)


def test_the_daemon_mails_a_run_that_reached_its_maximum_once(night: Night):
    night.wait_for(lambda: night.mails_of("same day"))
    (mail,) = night.mails_of("same day")
    assert "the run was ended at its maximum runtime" in mail.get_content()
    assert f"{day(5)} failed" in mail.get_content()


def test_a_killed_run_is_started_again_and_told_as_a_retry(night: Night):
    assert night.status("other day") == "FAILURE"
    night.wait_for(lambda: night.mails_of("other day"))
    (mail,) = night.mails_of("other day")
    assert f"{day(7)} ended early and is started again" in mail.get_content()
    assert "the run's process ended unexpectedly; see the UI" in mail.get_content()


def test_runs_of_one_day_go_one_after_another(night: Night):
    records = night.records
    assert _start(records["same day"]) >= _end(records["first"])
    # This one was asked for later, and had not to wait for that day.
    assert _start(records["other day"]) < _end(records["first"])


def test_a_pool_bounds_how_many_runs_work_on_the_store(night: Night):
    assert _start(night.records["other day"]) >= _end(night.records["second"])


def _start(record: dg.RunRecord) -> float:
    assert record.start_time is not None
    return record.start_time


def _end(record: dg.RunRecord) -> float:
    assert record.end_time is not None
    return record.end_time


def test_a_home_is_prepared_with_what_the_nights_need(tmp_path: Path):
    (tmp_path / "dagster.yaml").write_text(DAGSTER_YAML)
    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        assert instance.run_monitoring_enabled
        assert instance.run_retries_enabled
        assert not instance.run_retries_retry_on_asset_or_op_failure
        pools = instance.get_concurrency_config().pool_config
        assert pools.default_pool_limit == 4
        assert pools.pool_granularity is not None
        assert pools.pool_granularity.value == "run"
