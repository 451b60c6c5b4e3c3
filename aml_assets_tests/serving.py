"""``aml ui`` over a bank: its real processes, started, asked, killed.

Belongs here: the processes. Does not belong here: expectations, a sensor in this process (`watch`).
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aml_assets.cli.ui_token import ui_link, ui_token
from aml_assets.io.catalog import Catalog
from aml_assets.settings.load import load_settings
from aml_assets_tests.conftest import Bank, day
from aml_assets_tests.forked import run_forked
from aml_assets_tests.ports import free_port

INTERVAL = 2
CONFIG = """
landing: {{url: {landing}}}
store: {{url: {store}}}
partitions: {{first_day: 2024-01-01, last_day: {last}}}
windows: {{train_days: 3, eval_days: 1}}
features: {features}
training: {{rounds: 3, max_depth: 2, threads: 1, min_child_weight: 0}}
automation: {{interval_seconds: {interval}, settle_seconds: 20, retries: 0}}
"""
SECONDS = 900.0
"""In which whatever is waited for must come: machines that run tests are busy.

Dagster now and then forgets to start a dead run again, as it has promised; the landing sensor waits
ten minutes for that, and then requests the day itself.
"""


class Night:
    """Daemon and webserver over a bank, as ``aml ui`` starts them."""

    def __init__(self, bank: Bank, home: Path) -> None:
        self.bank, self.home = bank, home
        (home / "dagster").mkdir(parents=True, mode=0o700)  # the token is asked for before it is up
        config = home / "bank.yaml"
        text = CONFIG.format(
            landing=bank.landing,
            store=bank.store,
            last=day(12),
            # What the bank has built by other settings, the first night would build again.
            features=bank.settings.features.model_dump_json(),
            interval=INTERVAL,
        )
        config.write_text(text, encoding="utf-8")
        self.environment = {
            **os.environ,
            "AML_CONFIG": str(config),
            "DAGSTER_HOME": str(home / "dagster"),
        }
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None
        self.catalog = Catalog(
            load_settings(landing={"url": str(bank.landing)}, store={"url": str(bank.store)})
        )

    def start(self) -> None:
        log = (self.home / "log").open("ab")
        self.process = subprocess.Popen(
            [str(Path(sys.executable).parent / "aml"), "ui", "--port", str(self.port)],
            cwd=self.home,
            env=self.environment,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        wait_for(lambda: self.ask("{version}"), "the webserver", self.tail)

    @property
    def link(self) -> str:
        """What opens the UI in a browser."""
        return ui_link(self.home / "dagster", self.port)

    def aml(self, *words: str) -> None:
        """A command over the same bank and history, in a process of its own."""
        done = run_forked(["aml", *words], cwd=self.home, env=self.environment)
        assert done.returncode == 0, done.stdout + done.stderr

    def kill(self) -> None:
        """All at once, as a machine that loses its power: no process gets to say goodbye."""
        assert self.process is not None
        for pid in _session(self.process.pid):
            os.kill(pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.kill()

    def ask(self, query: str) -> Any:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/graphql",
            json.dumps({"query": query}).encode(),
            {
                "Content-Type": "application/json",
                "Authorization": f"Bearer {ui_token(self.home / 'dagster')}",
            },
        )
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.load(answer)["data"]

    def materialized(self, asset: str) -> list[str]:
        """The day of each materialization of an asset, however often."""
        path = json.dumps(asset.split("/"))
        found = self.ask(
            f"{{assetOrError(assetKey: {{path: {path}}}) {{... on Asset "
            "{assetMaterializations {partition}}}}"
        )
        return [
            each["partition"] for each in found["assetOrError"].get("assetMaterializations", [])
        ]

    def statuses(self) -> list[str]:
        found = self.ask("{runsOrError {... on Runs {results {status}}}}")
        return [each["status"] for each in found["runsOrError"]["results"]]

    def rests(self) -> bool:
        """Whether the last looks asked for nothing, and no run is left."""
        ended = {"SUCCESS", "FAILURE", "CANCELED"}
        return all(tick["skipReason"] for tick in self.ticks()) and set(self.statuses()) <= ended

    def message(self) -> str:
        """What the sensor said when it last asked for nothing."""
        return next((tick["skipReason"] for tick in self.ticks() if tick["skipReason"]), "")

    def ticks(self) -> list[dict[str, Any]]:
        """The sensor's last looks, newest first."""
        found = self.ask(
            '{sensorsOrError(repositorySelector: {repositoryName: "__repository__", '
            'repositoryLocationName: "aml_assets.definitions"}) {... on Sensors '
            "{results {name sensorState {ticks(limit: 3) {skipReason}}}}}}"
        )
        (landing,) = (s for s in found["sensorsOrError"]["results"] if s["name"] == "landing")
        return landing["sensorState"]["ticks"]

    def tail(self) -> str:
        return (self.home / "log").read_text(encoding="utf-8", errors="replace")[-3000:]


def wait_for(probe: Callable[[], Any], what: str, tail: Callable[[], str]) -> Any:
    end = time.monotonic() + SECONDS
    while True:
        try:
            found = probe()
        except OSError:
            found = None
        if found:
            return found
        assert time.monotonic() < end, f"waited in vain for {what}\n{tail()}"
        time.sleep(0.3)


def _session(leader: int) -> list[int]:
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            fields = (entry / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == leader or _descends(int(entry.name), leader):
            found.append(int(entry.name))
    return found


def _descends(pid: int, ancestor: int) -> bool:
    while pid > 1:
        if pid == ancestor:
            return True
        try:
            text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
        except OSError:
            return False
        pid = int(text.rpartition(")")[2].split()[1])
    return False
