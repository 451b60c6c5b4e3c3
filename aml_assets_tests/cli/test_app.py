"""The commands, as a person types them: processes in an empty folder.

One of each kind starts as a shell starts it; the others are forked, which saves their imports.
"""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from aml_assets.cli.app import app
from aml_assets.cli.ui_token import ui_link, ui_token
from aml_assets_tests.conftest import Bank, day
from aml_assets_tests.forked import run_forked
from aml_assets_tests.ports import free_port

DOCS = Path(__file__).resolve().parents[2] / "docs"
CONFIG = """
landing: {{url: {landing}}}
store: {{url: store}}
partitions: {{first_day: 2024-01-01}}
windows: {{train_days: 3, eval_days: 1}}
features: {{network: {{windows: [3], horizon_days: 6}}, behaviour: {{enabled: false}}}}
training: {{rounds: 3, max_depth: 2, threads: 1, min_child_weight: 0}}
"""


class Shell:
    """An empty folder in which somebody types, configured for the tiny bank."""

    def __init__(self, folder: Path, landing: Path) -> None:
        self.folder = folder
        config = folder / "bank.yaml"
        config.write_text(CONFIG.format(landing=landing), encoding="utf-8")
        self.environment = {
            **os.environ,
            "AML_CONFIG": str(config),
            "DAGSTER_HOME": str(folder / "dagster"),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        }

    def __call__(self, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a command, forked."""
        environment = {**self.environment, **variables}
        return run_forked(command, cwd=self.folder, env=environment, timeout=900)

    def as_documented(self, page: str, word: str, port: int) -> str:
        """What the lines of a page's block with a word print, on another port than theirs."""
        blocks = re.findall(r"^```\n(.*?)^```", (DOCS / page).read_text("utf-8"), re.M | re.S)
        (lines,) = (block for block in blocks if word in block)
        lines = lines.replace("var/dagster", "dagster").replace("3000", str(port))
        return self.start("sh", "-c", lines).stdout

    def start(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command, found and started as a shell does it."""
        return subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )


@pytest.fixture
def shell(tmp_path: Path, landed_bank: Bank) -> Shell:
    return Shell(tmp_path, landed_bank.landing)


def test_a_backfill_announces_builds_and_then_finds_everything_done(shell):
    command = ("aml", "backfill", "--from", str(day(5)), "--to", str(day(6)))
    first = shell.start(*command)
    assert first.returncode == 0, first.stderr
    assert re.search(r"models/model +2 days +2024-01-05 … 2024-01-06", first.stdout)
    assert "Added, since these need them and they are missing:" in first.stdout
    assert re.search(r"\[\d+/\d+\] predictions/predictions 2024-01-06: rows 8", first.stdout)
    assert (shell.folder / "store/predict_res/pred_full_table2024-01-06.csv").exists()
    again = shell(*command)
    assert again.returncode == 0
    assert "Nothing to do." in again.stdout


def test_a_dry_run_builds_nothing(shell):
    done = shell("aml", "backfill", "--from", str(day(5)), "--to", str(day(5)), "--dry-run")
    assert done.returncode == 0
    assert "To build:" in done.stdout
    assert not (shell.folder / "store").exists()


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        (("--from", "2023-12-01", "--to", "2024-01-05"), "day 2023-12-01: the day is outside"),
        (("--from", "2024-01-05", "--to", "2024-01-01"), "the range holds no day"),
        (("--from", "2024-01-05", "--to", "2024-01-05", "--select", "modle"), "no asset or group"),
    ],
)
def test_a_wrong_word_is_one_sentence_and_exit_code_1(shell, command, sentence):
    done = shell("aml", "backfill", *command)
    assert done.returncode == 1
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


def test_a_failed_day_is_named_once_and_the_exit_code_is_1(shell):
    failing = ("--from", str(day(13)), "--to", str(day(13)), "--select", "trx")
    done = shell.start("aml", "backfill", *failing)
    assert done.returncode == 1
    assert "table trx, day 2024-01-13: nothing has landed" in done.stderr
    assert "] tables/trx 2024-01-13: failed\n" in done.stdout
    assert (done.stdout + done.stderr).count("nothing has landed") == 1


def test_an_unknown_setting_is_named(shell):
    done = shell("aml", "backfill", "--from", "x", "--to", "y", AML_WINDOWS__TRIAN_DAYS="4")
    assert done.returncode == 1
    assert "unknown setting windows.trian_days" in done.stderr


@pytest.mark.long  # processes of their own
def test_dagster_job_execute_runs_one_day_and_refuses_to_run_without_one(shell):
    assert shell("aml", "backfill", "--from", str(day(5)), "--to", str(day(6))).returncode == 0
    job = ("dagster", "job", "execute", "-m", "aml_assets.definitions", "-j", "daily")
    tag = json.dumps({"dagster/partition": str(day(7))})
    day_seven = shell(*job, "--tags", tag)
    assert day_seven.returncode == 0, day_seven.stderr
    assert (shell.folder / "store/predict_res/pred_full_table2024-01-07.csv").exists()
    before = sorted(path for path in (shell.folder / "store").rglob("*"))
    none = shell.start(*job)
    assert none.returncode != 0
    assert "this run has no day" in none.stderr + none.stdout
    assert sorted(path for path in (shell.folder / "store").rglob("*")) == before


def test_the_version_is_printed():
    done = CliRunner().invoke(app, ["--version"])
    assert re.fullmatch(r"aml \d+\.\d+\.\d+\n", done.output)


def test_a_shell_completes_commands(shell):
    done = shell("aml", _AML_COMPLETE="complete_bash", COMP_WORDS="aml st", COMP_CWORD="1")
    assert done.stdout.split() == ["status"]


def test_no_color_is_heeded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    def backfill() -> str:
        words = ["backfill", "--from", "2024-01-01", "--to", "2024-01-02"]
        return CliRunner().invoke(app, words, color=True).output

    def build(*_: object, **__: object) -> None:
        typer.secho("1 failed:", fg="red", err=True)

    monkeypatch.setattr("aml_assets.cli.running.build", build)
    monkeypatch.setenv("AML_LANDING__URL", str(tmp_path))
    monkeypatch.setenv("AML_STORE__URL", str(tmp_path))
    assert "\033[31m1 failed" in backfill()
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\033" not in backfill()


@pytest.mark.long  # a whole demo
def test_the_demo_ends_with_a_table_and_finds_everything_done_the_second_time(shell):
    quick = {
        "AML_CONFIG": "",
        "AML_TRAINING__ROUNDS": "5",
        "AML_TRAINING__MAX_BIN": "64",
        "AML_LANDING__URL": "landing",
        "AML_STORE__URL": "store",
    }
    demo = ("aml", "demo", "--days", "32", "--last", "2024-02-09")
    first = shell(*demo, **quick)
    assert first.returncode == 0, first.stderr
    for expected in (
        r"laundering planted: .*cycle \d+",
        r"empty day 2024-01-\d\d",
        r"str +[\d,]+ rows read, scored",
        r"retail +[\d,]+ rows read, joined to [\d,]+ reports",
        r"trained on +2024-01-10 … 2024-02-05",
        r"measured on +2024-02-06 … 2024-02-08",
        r"AUC +0\.\d{3}",
        r"average precision +0\.\d{3} \(of the five tables alone 0\.\d{3}\)",
        r"Predictions: .*store/predict_res/pred_full_table2024-02-09\.csv",
        r"Alerts: .*store/report/alert_report_2024-02-09\.html",
        r"Queue: .*store/report/queue_2024-02-09\.csv",
        r"Its model: .*store/report/model_report_2024-02-09\.html",
        r"make ui +then open http://127\.0\.0\.1:3000/\?token=[\w-]{32}\n",
    ):
        assert re.search(expected, first.stdout), expected
    written = {path: path.stat().st_mtime_ns for path in (shell.folder / "store").rglob("*")}
    again = shell(*demo, **quick)
    assert again.returncode == 0, again.stderr
    assert "Everything of 2024-02-08 … 2024-02-09 is done already" in again.stdout
    assert {path: path.stat().st_mtime_ns for path in written} == written


def test_the_demo_never_writes_into_a_banks_landing(shell, landed_bank: Bank):
    before = sorted(landed_bank.landing.rglob("*"))
    done = shell("aml", "demo")
    assert done.returncode == 1
    assert "is not empty, and not the demo's" in done.stderr
    assert sorted(landed_bank.landing.rglob("*")) == before


@pytest.mark.long  # processes of their own
def test_the_ui_listens_on_loopback_alone_and_stops_whole(shell):
    port = free_port()
    process = subprocess.Popen(
        ["aml", "ui", "--port", str(port)],
        cwd=shell.folder,
        env=shell.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        assert process.stdout is not None
        said = next(line for line in process.stdout if b"The UI listens" in line).decode()
        assert said == f"The UI listens: {ui_link(shell.folder / 'dagster', port)}\n"
        token = ui_token(shell.folder / "dagster")
        assert "version" in shell.as_documented("security.md", "curl", port)
        with pytest.raises(urllib.error.HTTPError, match="401"):
            _graphql(port, "{version}", "")
        nodes = _graphql(port, "{assetNodes{assetKey{path} groupName}}", token)
        assert {node["groupName"] for node in nodes["data"]["assetNodes"]} == {
            "landing", "tables", "features", "models", "predictions", "reports",
        }  # fmt: skip
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.2", port), timeout=2)
    finally:
        process.send_signal(signal.SIGTERM)
        code = process.wait(60)
    assert code == 0
    assert _wait_for(lambda: not _processes_of(process.pid), seconds=120)


def _graphql(port: int, query: str, token: str):
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/graphql",
        json.dumps({"query": query}).encode(),
        {"Content-Type": "application/json", "Authorization": f"Bearer {token}"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def _wait_for(probe, *, seconds: float):
    deadline = time.monotonic() + seconds
    while True:
        try:
            found = probe()
        except OSError:
            found = None
        if found:
            return found
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.1)


def _processes_of(group: int) -> list[int]:
    """Processes of a session that still run."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            fields = (entry / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == group and fields[0] != "Z":
            found.append(int(entry.name))
    return found
