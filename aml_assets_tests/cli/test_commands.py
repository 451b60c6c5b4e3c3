"""The commands of docs/commands.md, each as it is printed there.

Belongs here: that every one works on a bank. Does not belong here: `aml backfill` and `aml demo`
in detail (`test_cli`).
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from string import Template

import dagster as dg
import pytest
from dagster._core.scheduler.instigation import InstigatorStatus

from aml_assets.io.decisions import this_user
from aml_assets_tests.conftest import Bank
from aml_assets_tests.forked import run_forked

pytestmark = pytest.mark.long  # a command for each line of the page

DOC = Path(__file__).resolve().parents[2] / "docs" / "commands.md"
DAYS = {"DAY": "2024-01-06", "BEFORE": "2024-01-05"}
"""The days that the page leaves to its reader."""
CONFIG = """
landing: {{url: {landing}}}
store: {{url: {store}}}
partitions: {{first_day: 2024-01-01, last_day: 2024-01-07}}
windows: {{train_days: 3, eval_days: 1}}
features: {features}
training: {{rounds: 3, max_depth: 2, threads: 1, min_child_weight: 0}}
automation: {{retries: 0}}
"""


class Shell:
    """An empty folder with a bank beside it."""

    def __init__(self, folder: Path, bank: Bank) -> None:
        self.folder, self.bank = folder, bank
        features = bank.settings.features.model_dump_json()
        config = CONFIG.format(landing=bank.landing, store=bank.store, features=features)
        (folder / "bank.yaml").write_text(config)
        self.environment = {
            **os.environ,
            "AML_CONFIG": str(folder / "bank.yaml"),
            "DAGSTER_HOME": str(folder / "dagster"),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        }

    def __call__(self, command: str, *, fails: bool = False) -> str:
        """Run a command and give all that it printed; by a real shell where it begins with env."""
        command = Template(command).safe_substitute(DAYS)
        words = shlex.split(command)
        if words[0] == "env":
            done = subprocess.run(
                ["bash", "-c", command],
                cwd=self.folder,
                env=self.environment,
                capture_output=True,
                text=True,
                check=False,
                timeout=300,
            )
        else:
            done = run_forked(words, cwd=self.folder, env=self.environment)
        said = done.stdout + done.stderr
        assert (done.returncode != 0) == fails, said
        return said


@pytest.fixture(scope="module")
def shell(built_bank: Bank, tmp_path_factory: pytest.TempPathFactory) -> Shell:
    folder = tmp_path_factory.mktemp("commands")
    bank = built_bank.copy_to(folder / "bank")
    for number in range(7, 13):
        bank.unland(number)
    shell = Shell(folder, bank)
    shell("aml backfill --from 2024-01-06 --to 2024-01-06")
    decided = f"day,trx_id,ins_id,disposition,reason\n{DAYS['BEFORE']},500,7,suspicious,R1\n"
    (folder / "decided.csv").write_text(decided)
    return shell


def documented() -> list[str]:
    """Every command of the right-hand column of the table for those who know Airflow."""
    table = DOC.read_text(encoding="utf-8").partition("| in 2019")[2].partition("\n\n")[0]
    cells = [
        row.split(" | ", 1)[1].rstrip(" |") for row in table.splitlines() if row.startswith("| ")
    ]
    return [each for cell in cells for each in re.findall(r"`((?:env|dagster|aml) [^`]+)`", cell)]


def run_id(shell: Shell) -> str:
    return shell("aml logs --last 1").split()[0]


def prepared(command: str, shell: Shell) -> str:
    """The command with the ids of a run and of a customer where the page says RUN and CUSTOMER."""
    command = command.replace("CUSTOMER", "1")
    if "RUN" not in command:
        return command
    of = run_id(shell)
    if command.startswith("dagster run delete"):
        listed = shell("dagster run list --limit 1")
        found = re.search(rf"{of}[0-9a-f-]*", listed)
        assert found
        of = found[0]
    return command.replace("RUN", of)


def landing_sensor_is(shell: Shell, status: InstigatorStatus) -> bool:
    """Whether the instance keeps the landing sensor in this state."""
    with dg.DagsterInstance.from_config(shell.environment["DAGSTER_HOME"]) as instance:
        states = instance.all_instigator_state()
    return [each.status for each in states if each.instigator_name == "landing"] == [status]


# Those that forget runs come last; those that need a daemon's answer are read for what they queue.
WIPES = ("dagster run wipe", "dagster run delete", "dagster asset wipe")
COMMANDS = sorted(documented(), key=lambda each: each.startswith(WIPES))


@pytest.mark.parametrize("command", COMMANDS)
def test_a_documented_command_works_as_printed(command, shell):
    if command.startswith("aml override"):
        # Nothing failed on this day: then there is nothing to override, and it says so.
        assert "trx" in shell(command, fails=True)
        return
    if command.startswith("aml skip"):
        assert "has features" in shell(command, fails=True)
        return
    if command.startswith(("aml promote", "aml rollback")):
        # The day's model is the first champion, and nothing came before it.
        said = shell(command, fails=True)
        assert "is the champion already" in said or "there was no champion before" in said
        return
    # Two days hold other reports: for `compare` that is a difference, as for `diff`.
    shell(prepared(command, shell), fails=command.startswith("aml compare"))
    if command.startswith("dagster sensor stop"):
        assert landing_sensor_is(shell, InstigatorStatus.STOPPED)
    if command.startswith("dagster sensor start"):
        assert landing_sensor_is(shell, InstigatorStatus.RUNNING)


def test_the_page_names_every_habit_with_its_command():
    assert len(COMMANDS) >= 20
    page = DOC.read_text(encoding="utf-8")
    for habit in ("test", "trigger", "backfill", "pause", "unpause", "list", "clear", "logs"):
        assert f"`{habit}" in page or habit in page


def test_status_is_one_screen_and_explain_says_why(shell):
    said = shell("aml status")
    assert re.search(r"2024-01-0[56] +✓ +✓ +✓ ", said)
    assert re.search(r"2024-01-07 +– +[–·] +– +[–·]", said)  # not checked, as nothing is there
    assert "holds" in said
    explained = shell("aml explain models/model 2024-01-06")
    assert "models/model 2024-01-06: built" in explained
    assert "features/merged_features 2024-01-02" in explained
    assert "not trainable before" in shell("aml explain model 2024-01-03")


def test_a_skip_and_its_end_are_recorded(shell):
    said = shell("aml skip 2024-01-07 --why 'lost by the bank' --by alice")
    alice = f"alice (claimed by {this_user()})"
    assert f"2024-01-07 is skipped by {alice}: lost by the bank" in said
    assert f"skipped by {alice}: lost by the bank" in " ".join(shell("aml status").split())
    assert "has features" in shell("aml skip 2024-01-05 --why x", fails=True)
    shell("aml skip 2024-01-07 --why 'it comes tomorrow' --undo")
    assert "skipped by" not in shell("aml status")


def test_the_job_refuses_to_run_without_a_day(shell):
    said = shell("dagster job execute -m aml_assets.definitions -j daily", fails=True)
    assert "this run has no day" in said
