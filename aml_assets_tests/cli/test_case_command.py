"""``aml case``, as a person types it: a new folder with all files, or nothing."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from aml_assets.cli import case_command
from aml_assets.cli.app import app
from aml_assets.steps import filing
from aml_assets_tests.conftest import day

FILES = {"case.html": b"<p>", "manifest.json": b"{}"}


@pytest.fixture
def aml(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Run the command over a pack that is there already."""
    asked = []
    monkeypatch.setattr(filing, "case_pack", lambda _, *about: asked.append(about) or FILES)
    return lambda *words: CliRunner().invoke(app, ["case", "K-1", str(day(6)), "--to", *words])


def test_the_files_are_written_for_this_user_alone_and_named(aml, tmp_path: Path):
    pack = tmp_path / "new" / "pack"
    done = aml(str(pack))
    assert done.exit_code == 0, done.output
    assert done.output.splitlines() == [str(pack / name) for name in FILES]
    assert {path.name: path.read_bytes() for path in pack.iterdir()} == FILES
    assert stat.S_IMODE(pack.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in pack.iterdir()} == {0o600}
    assert [path.name for path in pack.parent.iterdir()] == ["pack"]


def test_a_folder_with_something_in_it_stays_as_it_is(aml, tmp_path: Path):
    (tmp_path / "pack").mkdir()
    (tmp_path / "pack" / "other").write_text("mine")
    done = aml(str(tmp_path / "pack"))
    assert done.exit_code == 1
    assert "is there already" in done.output
    assert [path.name for path in (tmp_path / "pack").iterdir()] == ["other"]


def test_a_pack_that_cannot_be_written_whole_is_not_there(aml, tmp_path: Path, monkeypatch):
    opened = os.open

    def full(path, *more, **further):
        if str(path).endswith("manifest.json"):
            raise OSError(28, "No space left on device")
        return opened(path, *more, **further)

    monkeypatch.setattr(case_command.os, "open", full)
    done = aml(str(tmp_path / "pack"))
    assert done.exit_code == 1
    assert "No space left" in done.output
    assert list(tmp_path.iterdir()) == []
