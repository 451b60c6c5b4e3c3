"""What is known of installed libraries."""

import json
from importlib import metadata
from pathlib import Path

import pytest

from aml_assets.steps.inputs.installed import library


def test_the_version_that_made_a_model_has_a_digest_and_another_one_has_none():
    version = metadata.version("numpy")
    found = library("numpy", version)
    assert (found.name, found.installed, len(found.files or "")) == ("numpy", version, 64)
    other = library("numpy", "1.0")
    assert (other.version, other.installed, other.files) == ("1.0", version, None)
    gone = library("no_such_library", "1.0")
    assert (gone.installed, gone.files, gone.wheel) == (None, None, None)


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A library as pip installs it, with a digest for each of its files."""
    folder = tmp_path / "toy-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: toy\nVersion: 1.0\n")
    (folder / "top_level.txt").write_text("toylib\n")
    (folder / "RECORD").write_text("toylib.py,sha256=abc,3\ntoy-1.0.dist-info/RECORD,,\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    return folder


def test_what_differs_between_machines_is_not_in_the_digest(installed: Path):
    before = library("toylib", "1.0")
    assert (before.name, before.wheel) == ("toy", None)
    with (installed / "RECORD").open("a") as file:
        file.write("toy-1.0.dist-info/INSTALLER,sha256=x,1\n../../../bin/toy,sha256=y,1\n")
        file.write("__pycache__/toylib.pyc,,\n")
    assert library("toylib", "1.0") == before
    with (installed / "RECORD").open("a") as file:
        file.write("more.py,sha256=def,3\n")
    assert library("toylib", "1.0").files != before.files


def test_a_wheel_from_a_url_of_its_own_has_its_digest(installed: Path):
    archive = {"url": "file:///toy.whl", "archive_info": {"hashes": {"sha256": "ab" * 32}}}
    (installed / "direct_url.json").write_text(json.dumps(archive))
    assert library("toylib", "1.0").wheel == "ab" * 32
