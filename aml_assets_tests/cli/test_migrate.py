"""``aml migrate`` as documented: it writes a file that loads, and replaces none unasked."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from aml_assets.cli.app import app


def test_the_documented_commands_work_as_printed(tmp_path, monkeypatch):
    root = Path(__file__).resolve().parents[2]
    monkeypatch.chdir(tmp_path)
    (tmp_path / "examples").symlink_to(root / "examples")
    lines = (root / "docs/migration.md").read_text(encoding="utf-8").splitlines()
    commands = [line for line in lines if line.startswith("aml migrate ")]
    assert len(commands) == 2
    for command in commands:
        done = CliRunner().invoke(app, command.split()[1:])
        assert done.exit_code == 0, done.output
    again = CliRunner().invoke(app, commands[0].split()[1:])
    assert again.exit_code == 1
    assert "--force" in again.output
    before = (tmp_path / "bank.yaml").read_bytes()
    assert CliRunner().invoke(app, [*commands[0].split()[1:], "--force"]).exit_code == 0
    assert (tmp_path / "bank.yaml").read_bytes() == before


@pytest.mark.parametrize(
    ("content", "sentence"),
    [(None, "cannot be read: no such file"), (b"\xff", "line 1: not UTF-8")],
)
def test_a_file_that_cannot_be_read_is_one_sentence(
    tmp_path: Path, content: bytes | None, sentence: str
):
    path = tmp_path / "sl_config.json"
    if content is not None:
        path.write_bytes(content)
    done = CliRunner().invoke(app, ["migrate", str(path)])
    assert done.exit_code == 1
    assert sentence in done.output


def test_a_table_option_without_its_sign_is_refused(tmp_path: Path):
    (tmp_path / "sl_config.json").write_text("{}")
    words = ["migrate", str(tmp_path / "sl_config.json"), "--table", "payments"]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 2
    assert "is not OURS=THEIRS" in done.output
