"""Packages for other machines: wheels for another processor, and a folder to install from offline.

Belongs here: what the package index has, asked through pip. Does not belong here: what the pins
and hashes say by themselves (`test_supply`).
"""

from __future__ import annotations

import importlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from aml_assets_tests.requirements import require

ROOT = Path(__file__).resolve().parents[2]
PINS = (ROOT / "constraints.txt").read_text("utf-8").split()

pytestmark = pytest.mark.long  # the package index is asked, and everything installed anew


@pytest.fixture(scope="module")
def wheelhouse() -> Any:
    """`deploy/wheelhouse.py`, a script beside those that it imports."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / "deploy"))
        return importlib.import_module("wheelhouse")


def pip(*words: str) -> subprocess.CompletedProcess[str]:
    """pip's answer, of which nothing is installed."""
    command = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed"]
    command += ["--quiet", "--report", "-", "--no-deps", "--target=nowhere", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def index() -> None:
    """A package index that answers."""
    asked = pip("--retries=1", next(pin for pin in PINS if pin.startswith("click==")))
    require(asked.returncode == 0, "a package index")


@pytest.mark.usefixtures("index")
@pytest.mark.parametrize("machine", ["aarch64", "x86_64"])
def test_every_pinned_package_has_a_wheel_for_the_processor(
    wheelhouse: Any, machine: str, tmp_path: Path
):
    asked = {wheelhouse.normal(pin.partition("==")[0]): pin for pin in PINS}
    given = [pin for name, pin in asked.items() if name not in wheelhouse.SOURCES]
    (tmp_path / "given.txt").write_text("\n".join(given))
    wheels = ["--only-binary=:all:", *wheelhouse.target(machine)]
    found = pip(*wheels, "-r", str(tmp_path / "given.txt"))
    assert found.returncode == 0, found.stderr  # names the package
    assert len(json.loads(found.stdout)["install"]) == len(given)


@pytest.mark.usefixtures("index")
def test_what_is_named_as_source_only_has_no_wheel_on_any_processor(wheelhouse: Any):
    asked = {wheelhouse.normal(pin.partition("==")[0]): pin for pin in PINS}
    assert wheelhouse.SOURCES.keys() <= asked.keys()
    for name in wheelhouse.SOURCES:
        for machine in ("aarch64", "x86_64"):
            found = pip("--only-binary=:all:", *wheelhouse.target(machine), asked[name])
            assert "No matching distribution" in found.stderr, name


def printed() -> list[str]:
    """The commands of docs/install.md for a machine without an index."""
    section = (ROOT / "docs/install.md").read_text("utf-8").partition("### Without an index\n")[2]
    blocks = re.findall(r"^```\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    return blocks[:2]


def python311() -> str:
    """A Python of the version that hashes are for."""
    found = shutil.which("python3.11")
    require(found is not None, "Python 3.11")
    return found or ""


@pytest.mark.usefixtures("index")
def test_the_folder_installs_all_that_users_need_where_there_is_no_network(tmp_path: Path):
    require(sys.platform == "linux", "Linux")
    python311()
    network = subprocess.run(["unshare", "-n", "true"], capture_output=True, check=False)
    require(network.returncode == 0, "the right to make a namespace without a network")
    with_index, without = printed()
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    for name in ("Makefile", "LICENSE", "README.md", "hashes.txt", "pyproject.toml"):
        shutil.copy(ROOT / name, checkout)
    for name in ("aml_assets", "deploy"):
        shutil.copytree(
            ROOT / name, checkout / name, ignore=shutil.ignore_patterns("__pycache__", "secrets*")
        )
    written = subprocess.run(
        ["bash", "-euc", with_index], cwd=checkout, capture_output=True, text=True, check=False
    )
    assert written.returncode == 0, written.stderr
    folder = checkout / "wheelhouse"
    names = {path.name.split("-")[0].lower() for path in folder.glob("*.whl")}
    assert {"aml_assets", "dagster_k8s", "jupyterlab", "optuna", "hdfs", "pyspark_client"} <= names
    assert not {"pytest", "ruff", "pyright", "playwright"} & names

    bare = tmp_path / "bare"
    bare.mkdir()
    shutil.move(folder, bare / "wheelhouse")
    environment = {"PATH": os.environ["PATH"], "HOME": str(bare)}
    done = subprocess.run(
        ["unshare", "-n", "bash", "-euc", without],
        cwd=bare,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "aml 0.1.0" in done.stdout
    assert "Write a synthetic bank" in done.stdout

    # A file that is another one is refused by its hash.
    (wheel,) = (bare / "wheelhouse").glob("rich-*.whl")
    wheel.write_bytes(wheel.read_bytes() + b"\0")
    again = without.replace("-m venv aml", "-m venv --clear aml").partition("aml/bin/aml")[0]
    refused = subprocess.run(
        ["unshare", "-n", "bash", "-euc", again],
        cwd=bare,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert refused.returncode != 0
    assert "DO NOT MATCH THE HASHES" in refused.stderr


@pytest.mark.usefixtures("index")
def test_a_folder_for_another_processor_holds_no_file_of_this_one(tmp_path: Path):
    other = {"x86_64": "linux/arm64", "aarch64": "linux/amd64"}[platform.machine()]
    done = subprocess.run(
        [python311(), str(ROOT / "deploy/wheelhouse.py"), str(tmp_path / "wheelhouse"), other],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Left out, as only the machine itself can compile them: gssapi" in done.stdout
    names = [path.name for path in (tmp_path / "wheelhouse").glob("*.whl")]
    assert not [name for name in names if platform.machine() in name]
    lines = (tmp_path / "wheelhouse/requirements.txt").read_text().splitlines()
    assert len(lines) == len(names)


def test_a_platform_for_which_there_are_no_hashes_is_refused_in_one_sentence(tmp_path: Path):
    done = subprocess.run(
        [sys.executable, str(ROOT / "deploy/wheelhouse.py"), str(tmp_path / "x"), "linux/ppc64le"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr == "hashes.txt is for linux/amd64 and linux/arm64, not for linux/ppc64le\n"
    assert not (tmp_path / "x").exists()
