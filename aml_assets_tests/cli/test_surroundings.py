"""Every command in hostile surroundings: one sentence and an exit code, and never a traceback.

Belongs here: terminals, users, homes, configurations and streams that no command is made for. The
commands are forked from one server, so that each costs its own work and no interpreter's start.
"""

import os
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from aml_assets.cli.app import COMMANDS
from aml_assets_tests.conftest import Bank, day
from aml_assets_tests.forked import run_forked
from aml_assets_tests.requirements import require

ENCODINGS = ("gbk", "latin-1", "ascii")

WORDS: Mapping[str, tuple[str, ...]] = {
    "card": ("card", str(day(6))),
    "case": ("case", "1", str(day(6)), "--to", "pack"),
    "clean": ("clean", "--events-days", "1"),
    "compare": ("compare", str(day(5)), str(day(6))),
    "decide": ("decide", __file__),
    "hold": ("hold", "--day", str(day(5)), "--why", "x"),
    "ledger": ("ledger", "show", "--day", str(day(5))),
    "logs": ("logs",),
    "migrate": ("migrate", "absent.json"),
    "models": ("models",),
    "notebook": ("notebook", "--folder", "~/notebooks"),
    "override": ("override", "trx", str(day(6)), "--check", "volume", "--why", "x"),
    "promote": ("promote", "aml_xgboost_2024-01-05", "--why", "x"),
    "report": ("report", str(day(6))),
    "rollback": ("rollback", "--why", "x"),
    "reproduce": ("reproduce", str(day(5)), "--to", "again"),
    "rescore": ("rescore", str(day(5))),
    "retain": ("retain",),
    "seal": ("seal",),
    "skip": ("skip", "2031-01-01", "--why", "x"),
    "status": ("status",),
    "explain": ("explain", "predictions", str(day(5))),
    "backfill": ("backfill", "--from", str(day(6)), "--to", str(day(6))),
    "demo": ("demo", "--landing-only"),
    "ui": ("ui", "--port", "1"),
}
"""Words for every command: those that serve something are given what they refuse."""


@pytest.fixture
def aml(built_bank: Bank, tmp_path: Path) -> Callable[..., Any]:
    """Run a command in an empty folder."""

    def run(*words: str, **variables: str):
        kept = {name: text for name, text in os.environ.items() if not name.startswith("AML_")}
        environment = {
            **kept,
            "DAGSTER_HOME": str(tmp_path / "home"),
            **built_bank.variables,
            **variables,
        }
        done = run_forked(("aml", *words), cwd=tmp_path, env=environment)
        assert "Traceback" not in done.stdout + done.stderr, done.stderr
        return done

    return run


def test_the_table_has_every_command():
    assert set(WORDS) == {command.__name__ for command in COMMANDS}


@pytest.mark.parametrize("words", [WORDS["logs"], WORDS["status"], WORDS["ui"]])
def test_a_home_that_cannot_be_used_is_named(aml: Any, tmp_path: Path, words: tuple[str, ...]):
    # Which homes these are: test_home.
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "dagster.yaml").write_text("run_storage: {module: absent, class: A}\n")
    done = aml(*words)
    assert done.returncode == (0 if words[0] == "status" else 1), done.stderr
    assert f"Dagster's home {tmp_path / 'home'} cannot be used" in done.stderr
    assert words[0] != "status" or done.stdout.count("2024-01-") >= 6


@pytest.fixture
def full_device(tmp_path: Path) -> Iterator[Path]:
    """A device of 4 KiB, which no table and no database fits on."""
    place = tmp_path / "device"
    place.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4k", "tmpfs", str(place)], check=False
    )
    require(made.returncode == 0, "the right to mount a file system")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def test_a_full_device_is_said_of_the_store_and_of_the_home(aml: Any, full_device: Path):
    words = ("backfill", "--from", str(day(5)), "--to", str(day(5)), "--select", "tables/trx")
    done = aml(*words, AML_STORE__URL=str(full_device / "store"))
    assert done.returncode == 1
    assert "no space left on device" in done.stderr
    assert not list(full_device.rglob("*.parquet*"))
    done = aml(*words, DAGSTER_HOME=str(full_device / "home"), AML_STORE__URL="store")
    assert done.returncode == 1
    assert f"Dagster's home {full_device / 'home'} cannot be used" in done.stderr


@pytest.mark.parametrize("words", WORDS.values(), ids=WORDS.keys())
def test_a_broken_configuration_is_one_sentence_of_every_command(
    aml: Any, tmp_path: Path, words: tuple[str, ...]
):
    (tmp_path / "bank.yaml").write_text("windows: {train_days: 3}\nwindows: {train_days: 4}\n")
    done = aml(*words, AML_CONFIG=str(tmp_path / "bank.yaml"))
    needs_none = words[0] in ("logs", "migrate", "notebook")
    codes = {"compare": 2, "reproduce": 2, "rescore": 2, "notebook": 2, "logs": 0}
    assert done.returncode == codes.get(words[0], 1), done.stderr
    assert needs_none or "bank.yaml, line 2: the key 'windows'" in done.stderr


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_terminal_that_lacks_our_signs_gets_others(aml: Any, encoding: str):
    done = aml(*WORDS["status"], PYTHONIOENCODING=encoding)
    assert done.returncode == 0, done.stderr
    assert "2024-01-06" in done.stdout


def test_a_decision_about_a_day_that_is_no_partition_is_refused(aml: Any):
    done = aml(*WORDS["skip"])
    assert done.returncode == 1
    assert "day 2031-01-01: the day is outside the partitions" in done.stderr


@pytest.mark.parametrize("variables", [{"HOME": "/nowhere", "USER": "", "LOGNAME": ""}])
def test_a_user_without_a_home_can_ask(aml: Any, variables: dict[str, str]):
    for name in ("status", "explain", "logs"):
        assert aml(*WORDS[name], **variables).returncode == 0
