"""JupyterLab's command line lets nobody in without a token, and no file can loosen it."""

from __future__ import annotations

from pathlib import Path

import pytest

from aml_assets.errors import AmlError
from aml_assets.notebook import jupyter_command


@pytest.mark.parametrize("token", [None, "", "short"])
def test_behind_a_proxy_it_does_not_start_without_a_token_worth_the_name(
    token, tmp_path, monkeypatch
):
    monkeypatch.delenv(jupyter_command.TOKEN, raising=False)
    if token is not None:
        monkeypatch.setenv(jupyter_command.TOKEN, token)
    with pytest.raises(AmlError, match=r"no JUPYTER_TOKEN of 20 characters"):
        jupyter_command.command(tmp_path, 8888, behind_proxy=True)


def test_a_notebook_that_is_somebodys_work_is_left_alone(tmp_path):
    target = jupyter_command.prepare(tmp_path / "notebooks")
    target.write_text("mine")
    jupyter_command.prepare(tmp_path / "notebooks")
    assert target.read_text() == "mine"


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object())


@pytest.mark.usefixtures("installed")
def test_each_start_has_a_token_of_its_own_which_is_not_on_the_command_line(tmp_path: Path):
    tokens = set()
    for _ in range(2):
        words, environment = jupyter_command.command(tmp_path, 8888)
        tokens.add(environment[jupyter_command.TOKEN])
        assert not [word for word in words if environment[jupyter_command.TOKEN] in word]
        assert "--ServerApp.ip=127.0.0.1" in words
        assert environment["JUPYTER_NO_CONFIG"] == "1"
    assert len(tokens) == 2


@pytest.mark.usefixtures("installed")
def test_a_kernel_finds_the_banks_files_from_another_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    _, environment = jupyter_command.command(tmp_path / "notebooks", 8888)
    assert environment["AML_STORE__URL"] == str(tmp_path / "var" / "store")
    (tmp_path / "aml.yaml").write_text("{}")
    monkeypatch.setenv("AML_CONFIG", "aml.yaml")
    _, environment = jupyter_command.command(tmp_path / "notebooks", 8888)
    assert environment["AML_CONFIG"] == str(tmp_path / "aml.yaml")


def test_without_jupyterlab_the_way_to_install_it_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(AmlError, match=r"JupyterLab is not installed.*aml_assets\[notebook\]"):
        jupyter_command.command(tmp_path, 8888)
