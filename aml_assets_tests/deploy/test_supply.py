"""What the images are made of: packages by hash, allowed licences, a base by digest."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
HASHES = (ROOT / "hashes.txt").read_text("utf-8")
ELSEWHERE = {"xgboost", "nvidia-nccl-cu12"}
"""Pins for machines that no image is built for."""

LINE = re.compile(r"([\w.-]+)==(\S+)((?: --hash=sha256:[0-9a-f]{64})+)")


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def group(*names: str) -> dict[str, str]:
    """The packages of some groups, with their versions."""
    command = [sys.executable, str(DEPLOY / "requirements.py"), *names]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    first, *lines = done.stdout.splitlines()
    assert first == "--require-hashes"
    found = [LINE.fullmatch(line) for line in lines]
    assert all(found), lines
    return {normal(each[1]): each[2] for each in found if each}


def test_each_pinned_package_has_a_hash_at_its_pinned_version():
    pins = dict(line.split("==") for line in (ROOT / "constraints.txt").read_text().split())
    pinned = {normal(name): version for name, version in pins.items()}
    # What lists the images stands in a place of its own, so that a package may be there twice.
    lines = {line for line in HASHES.splitlines() if not line.startswith("#")}
    found = [LINE.fullmatch(line) for line in lines]
    hashed = {normal(each[1]): each[2] for each in found if each}
    assert len(hashed) == len(lines), "a line of another form, or a package with two versions"
    assert pinned == hashed | {name: pinned[name] for name in ELSEWHERE}, "run `make hashes`"


def test_no_place_of_a_file_is_named():
    assert not re.search(r"://|@ |index|find-links", HASHES)


def test_the_images_install_nothing_without_a_hash():
    text = re.sub(r"\\\n *", " ", (ROOT / "Dockerfile").read_text())
    given = re.findall(r"pip install (?:-q |--no-build-isolation )*(.+?)\s*(?:&&|\n)", text)
    groups = set(re.findall(r"^# -- (\w+)$", HASHES, re.MULTILINE))
    expected = {f"-r {each}.txt" for each in groups - {"development"}} | {"."}
    assert {each.strip() for each in given} == expected
    assert "PIP_NO_DEPS=1" in text
    assert "constraints" not in text.replace("constraints.txt, ", "")


def test_what_is_printed_for_one_machine_installs_every_group_by_hash():
    printed = (ROOT / "docs/install.md").read_text().partition("### On one machine, by hash\n")[2]
    words = re.search(r"for groups in (.+); do", printed)
    assert words
    installed = [shlex.split(each) for each in shlex.split(words[1])]
    groups = re.findall(r"^# -- (\w+)$", HASHES, re.MULTILINE)
    assert sorted(name for names in installed for name in names) == sorted(groups)
    for names in installed:
        assert group(*names)


def test_an_image_holds_only_what_runs_in_it():
    code, notebook = group("common", "deploy"), group("common", "notebook")
    assert not [name for name in code | notebook if re.match("nvidia|cuda|xgboost$", name)]
    assert {"kubernetes", "dagster-k8s", "psycopg2-binary"} <= code.keys()
    assert not [name for name in notebook if re.search("kubernetes|k8s|postgres|psycopg", name)]
    tools = {"pip", "setuptools", "cython", "cyclonedx-bom", "pytest", "playwright"}
    assert not tools & (code | notebook).keys()
    assert "jupyterlab" not in code


def licences(tmp_path: Path, *components: dict[str, Any]) -> subprocess.CompletedProcess[str]:
    sbom = tmp_path / "sbom.json"
    sbom.write_text(json.dumps({"components": [{"version": "1", **each} for each in components]}))
    command = [sys.executable, str(DEPLOY / "licences.py"), str(sbom)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "declared",
    [
        [{"license": {"id": "GPL-3.0-only"}}],
        [{"license": {"name": "Proprietary"}}],
        [{"expression": "MIT AND (Apache-2.0 OR AGPL-3.0-or-later)"}],
        [],
    ],
)
def test_a_licence_that_nobody_allowed_is_refused_by_the_packages_name(
    tmp_path: Path, declared: list[dict[str, Any]]
):
    good = {"name": "good", "licenses": [{"expression": "MIT AND (Apache-2.0 OR BSD-3-Clause)"}]}
    assert licences(tmp_path, good).returncode == 0
    done = licences(tmp_path, good, {"name": "other", "licenses": declared})
    assert done.returncode == 1
    assert done.stderr == "not allowed, or not declared: other\n"
    assert "good 1: MIT, Apache-2.0, BSD-3-Clause\n" in done.stdout


@pytest.fixture
def engine(tmp_path: Path) -> Path:
    """A stand-in for docker that gives a digest and writes down what it is asked."""
    path = tmp_path / "docker"
    path.write_text(
        f'#!/bin/sh\necho "$*" >> {tmp_path}/asked\n'
        'case "$1" in image) echo "debian@sha256:$DIGEST" ;; *) echo docker ;; esac\n'
    )
    path.chmod(0o755)
    return path


def containers(engine: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """`deploy/containers.sh` with the stand-in."""
    environment = {**os.environ, "CONTAINER_ENGINE": str(engine), **variables}
    command = [str(DEPLOY / "containers.sh"), *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_images_for_another_processor_have_a_base_and_a_tag_of_their_own(engine: Path):
    base = engine.with_name("base")
    arm = {"PLATFORM": "linux/arm64", "BASE_FILE": str(base)}
    assert containers(engine, "base", DIGEST="2" * 64, **arm).returncode == 0
    assert containers(engine, "image", **arm).returncode == 0
    *asked, built = engine.with_name("asked").read_text().splitlines()
    assert "pull -q --platform linux/arm64 docker.io/library/debian:bookworm-slim" in asked
    assert "--platform linux/arm64" in built
    assert "-t localhost/aml_assets:0.1.0-arm64 ." in built
    # A digest may be that of one processor's image: no other build begins with it.
    warned = containers(engine, "image", PLATFORM="linux/arm64", DIGEST="")
    assert "deploy/base-image-arm64 is missing" in warned.stderr


def test_builds_begin_with_the_base_that_was_last_looked_up(engine: Path):
    base = engine.with_name("base")

    def script(*words: str, digest: str) -> subprocess.CompletedProcess[str]:
        return containers(engine, *words, BASE_FILE=str(base), DIGEST=digest)

    warned = script("image", digest="")
    assert "WARNING" in warned.stderr
    assert "deploy/containers.sh base" in warned.stderr
    for digest in ("0" * 64, "1" * 64):
        assert script("base", "bank.example/debian:12", digest=digest).returncode == 0
        assert base.read_text() == f"debian@sha256:{digest}\n"
    pinned = script("image", digest="")
    assert (pinned.returncode, pinned.stderr) == (0, "")
    asked = engine.with_name("asked").read_text().splitlines()
    assert "pull -q bank.example/debian:12" in asked
    assert asked[-1].startswith(f"build --build-arg BASE=debian@sha256:{'1' * 64} -f Dockerfile")
