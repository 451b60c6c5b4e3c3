"""A bank under the eyes of its sensor, in this process.

Belongs here: ticking the sensor and running what it asks for. Does not belong here: expectations,
real processes (`test_night`).
"""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from aml_assets.automation.landing_sensor import NAME
from aml_assets.core.night.cursor import Cursor
from aml_assets.steps.watching.status_board import StatusBoard
from aml_assets_tests.conftest import Bank, built_once, day


@dataclass
class Watch:
    """The sensor of a bank, on a clock of the test's own."""

    bank: Bank
    monkeypatch: pytest.MonkeyPatch
    cursor: str | None = None
    now: float = 0.0
    message: str = ""
    outcomes: list[bool] = field(default_factory=list)

    def at(self, number: int, hour: int = 12) -> Watch:
        """Set the clock to an hour of the n-th of January."""
        moment = dt.datetime.combine(day(number), dt.time(hour), dt.UTC)
        self.now = moment.timestamp()
        return self

    def tick(self) -> list[dg.RunRequest]:
        """One look; some time later the next one."""
        self.now += 30
        self.monkeypatch.setattr(time, "time", lambda: self.now)
        definitions = self.bank.definitions()
        sensor = definitions.resolve_sensor_def(NAME)
        context = dg.build_sensor_context(
            instance=self.bank.instance, cursor=self.cursor, definitions=definitions
        )
        result: Any = sensor(context)
        self.monkeypatch.undo()
        self.cursor = result.cursor
        self.message = result.skip_reason.skip_message if result.skip_reason else ""
        return list(result.run_requests or [])

    def run(self, request: dg.RunRequest) -> set[tuple[str, str]]:
        """Run what was asked for; gives what it materialized."""
        job = self.bank.definitions().resolve_job_def(request.job_name or "daily")
        tags = dict(request.tags)
        if request.partition_key:
            tags["dagster/partition"] = request.partition_key
        result = job.execute_in_process(
            instance=self.bank.instance,
            tags=tags,
            asset_selection=list(request.asset_selection or []),
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
            raise_on_error=False,
        )
        self.outcomes.append(result.success)
        events = [e for e in result.all_events if e.event_type_value == "ASSET_MATERIALIZATION"]
        return {
            ("/".join(e.asset_key.path), e.partition or "")
            for e in events
            if e.asset_key and e.asset_key.path[0] != "landing"
        }

    def settle(self, ticks: int = 12) -> set[tuple[str, str]]:
        """Tick and run until nothing is asked for any more; gives all that was materialized."""
        made: set[tuple[str, str]] = set()
        requests: list[dg.RunRequest] = []
        for _ in range(ticks):
            requests = self.tick()
            if not requests:
                return made
            for request in requests:
                made |= self.run(request)
        raise AssertionError(f"still asked for: {requests}")

    def status_board(self) -> StatusBoard:
        return StatusBoard(self.bank.catalog, Cursor.from_text(self.cursor), now=self.now)


@pytest.fixture(scope="session")
def watched(landed_bank: Bank, tmp_path_factory: pytest.TempPathFactory) -> tuple[Bank, str]:
    """Six days, landed and built by the sensor, and its cursor. To be copied, not changed."""

    def build(folder: Path) -> None:
        bank = landed_bank.copy_to(folder)
        for number in range(7, 13):
            bank.unland(number)
        with pytest.MonkeyPatch.context() as monkeypatch:
            watching = Watch(bank, monkeypatch).at(6)
            watching.settle()
        assert watching.cursor
        (folder / "cursor").write_text(watching.cursor, encoding="utf-8")

    folder = built_once(tmp_path_factory, "watched", build)
    return Bank(folder), (folder / "cursor").read_text(encoding="utf-8")
