"""Taking the documentation's pictures: a demo of its own, and no path of the machine in them."""

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from aml_assets_tests.browser import __main__ as pictures


@pytest.fixture
def neutral(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A neutral folder of the test's own, and an environment that is put back."""
    monkeypatch.setattr(os, "environ", os.environ.copy())
    monkeypatch.setattr(pictures, "NEUTRAL", tmp_path / "aml")
    return tmp_path / "aml"


def test_the_demo_of_the_pictures_knows_no_path_but_the_neutral_one(neutral, monkeypatch):
    ran: list[Any] = []
    monkeypatch.setattr(subprocess, "run", lambda command, **given: ran.append((command, given)))
    with pictures.demo():
        names = ("AML_LANDING__URL", "AML_STORE__URL", "DAGSTER_HOME", "PYTHONPATH")
        assert all(os.environ[name].startswith(str(neutral)) for name in names)
        assert (neutral / "aml_assets/definitions.py").exists()
    assert ran == [
        ([pictures.AML, "demo", "--last", pictures.LAST], {"cwd": neutral, "check": True})
    ]
    assert not neutral.exists()


def test_a_neutral_folder_that_is_there_already_is_left_as_it_is(neutral):
    neutral.mkdir()
    with pytest.raises(FileExistsError), pictures.demo():
        pass
    assert neutral.exists()


def test_a_page_that_shows_a_path_of_this_machine_gets_no_picture():
    pictures.refuse_places("plots", "uri /tmp/aml/store/model_meta")
    with pytest.raises(SystemExit, match="plots: the page shows a path below"):
        pictures.refuse_places("plots", f"uri {pictures.ROOT}/var/store/model_meta")
