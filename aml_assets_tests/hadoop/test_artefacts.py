"""Hadoop's jars are those whose hashes are listed, on this machine and in compose's image."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from aml_assets_tests.hadoop import artefacts
from aml_assets_tests.hadoop.artefacts import ROOT, ArtefactError, refuse_other_jars
from aml_assets_tests.maven import Artefacts

DOCKERFILE = (ROOT / "deploy/services/Dockerfile").read_text("utf-8")


@pytest.fixture
def listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of two jars, with their list beside it."""
    folder = tmp_path / "jars"
    folder.mkdir()
    for name in ("a.jar", "b.jar"):
        (folder / name).write_text(name)
    sums = subprocess.run(
        ["sha256sum", "--", "a.jar", "b.jar"], cwd=folder, capture_output=True, check=True
    ).stdout
    (tmp_path / "jars.sha256").write_bytes(sums)
    monkeypatch.setattr(artefacts, "HADOOP", Artefacts("Hadoop", tmp_path / "pom.xml"))
    return folder


def compared_in_the_image(folder: Path) -> subprocess.CompletedProcess[str]:
    """The command of the image's build, with another place for what it compares."""
    (command,) = re.findall(r"^RUN (sha256sum .+)$", DOCKERFILE, re.MULTILINE)
    command = re.sub("/opt/hadoop/|/tmp/", f"{folder.parent}/", command)
    return subprocess.run(
        ["sh", "-c", command], cwd=folder, capture_output=True, text=True, check=False
    )


def test_jars_as_they_are_listed_are_taken(listed: Path):
    refuse_other_jars(listed)
    assert compared_in_the_image(listed).returncode == 0


@pytest.mark.parametrize("attack", ["altered", "foreign", "missing"])
def test_a_jar_that_is_not_as_it_is_listed_is_refused_by_its_name(listed: Path, attack: str):
    if attack == "altered":
        (listed / "b.jar").write_text("another")
    elif attack == "missing":
        (listed / "b.jar").unlink()
    else:
        shutil.copy(listed / "a.jar", listed / "evil.jar")
    name = "evil.jar" if attack == "foreign" else "b.jar"
    with pytest.raises(ArtefactError, match=rf"^{name}: not as jars\.sha256 lists it"):
        refuse_other_jars(listed)
    done = compared_in_the_image(listed)
    assert (done.returncode, name in done.stdout) == (1, True)


def test_the_image_takes_its_jars_from_where_they_were_compared():
    copied = re.findall(r"^COPY --from=(\S+) \S*/jars (\S+)$", DOCKERFILE, re.MULTILINE)
    assert copied == [("jars", "./"), ("checked-jars", "/opt/hadoop/jars")]


def test_the_jars_of_this_machine_are_those_of_the_list():
    artefacts.require_hadoop()
    artefacts.classpath()
    refuse_other_jars(artefacts.jars())
