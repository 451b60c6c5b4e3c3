"""``aml notebook`` prints the address and becomes JupyterLab; behind a proxy it prints no token."""

import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from aml_assets.cli.app import app

TOKEN = "a-token-of-more-than-twenty-characters"


@pytest.fixture
def replaced(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, object]:
    """What this process would be replaced by."""
    found: dict[str, object] = {}

    def execve(path: str, words: list[str], environment: dict[str, str]) -> None:
        found.update(path=path, words=words, environment=environment)

    monkeypatch.setattr("os.execve", execve)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object())
    monkeypatch.setenv("AML_STORE__URL", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return found


def test_the_address_is_printed_with_its_token(replaced: dict[str, object], tmp_path: Path):
    done = CliRunner().invoke(app, ["notebook", "--port", "9999", "--folder", "mine"])
    assert done.exit_code == 0, done.output
    environment = replaced["environment"]
    assert isinstance(environment, dict)
    assert done.output.splitlines() == [
        "The notebook: mine/explore.ipynb",
        f"Open http://127.0.0.1:9999/lab/tree/explore.ipynb?token={environment['JUPYTER_TOKEN']}",
    ]
    assert replaced["path"] == sys.executable
    assert (tmp_path / "mine" / "explore.ipynb").exists()


def test_behind_a_proxy_the_token_is_the_proxys_and_is_not_printed(
    replaced: dict[str, object], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("JUPYTER_TOKEN", TOKEN)
    done = CliRunner().invoke(app, ["notebook", "--behind-proxy"])
    assert done.exit_code == 0, done.output
    assert TOKEN not in done.output
    environment = replaced["environment"]
    assert isinstance(environment, dict)
    assert environment["JUPYTER_TOKEN"] == TOKEN
