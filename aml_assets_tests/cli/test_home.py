"""Dagster's home is created once, and what is in it stays."""

import os
from pathlib import Path

import pytest
import yaml

from aml_assets.cli.home import DAGSTER_YAML, default_home, open_instance, prepare_home
from aml_assets.errors import SettingsError


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DAGSTER_HOME", "restored after the test")
    monkeypatch.delenv("DAGSTER_HOME")


def test_the_home_lies_under_this_folder_unless_the_variable_names_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    assert default_home() == tmp_path / "var" / "dagster"
    monkeypatch.setenv("DAGSTER_HOME", "elsewhere")
    assert default_home() == tmp_path / "elsewhere"


def test_a_new_home_is_configured_and_named_in_the_environment(tmp_path: Path):
    home = prepare_home()
    assert home == tmp_path / "var" / "dagster"
    assert (home / "dagster.yaml").read_text() == DAGSTER_YAML
    assert os.environ["DAGSTER_HOME"] == str(home)


def test_a_new_home_is_its_owners_alone_and_an_old_one_keeps_its_permissions(tmp_path: Path):
    home = prepare_home()
    assert home.stat().st_mode & 0o777 == 0o700
    home.chmod(0o750)
    prepare_home()
    assert home.stat().st_mode & 0o777 == 0o750


def test_an_edited_configuration_stays():
    config = prepare_home() / "dagster.yaml"
    config.write_text("telemetry: {enabled: true}\n")
    prepare_home()
    assert config.read_text() == "telemetry: {enabled: true}\n"


@pytest.mark.parametrize("name", ["~/dagster", "file:/dagster", "hdfs://bank/dagster", "what?"])
def test_a_home_where_sqlite_finds_no_file_is_refused(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("DAGSTER_HOME", name)
    with pytest.raises(SettingsError, match="DAGSTER_HOME"):
        prepare_home()
    assert not list(tmp_path.iterdir())


UNUSABLE = ("file", "yaml", "class", "sqlite", "what?", "below/file", "loop")


@pytest.fixture
def unusable(tmp_path: Path) -> Path:
    """The parent of the unusable homes."""
    (tmp_path / "below").write_text("x")
    (tmp_path / "file").write_text("x")
    (tmp_path / "loop").symlink_to("loop")
    for name in ("yaml", "class", "sqlite", "what?"):
        (tmp_path / name).mkdir()
    (tmp_path / "yaml" / "dagster.yaml").write_text("telemetry: [\n")
    (tmp_path / "class" / "dagster.yaml").write_text("run_storage: {module: absent, class: A}\n")
    (tmp_path / "sqlite" / "history").mkdir()
    (tmp_path / "sqlite" / "history" / "runs.db").write_bytes(b"no database" * 1000)
    return tmp_path


@pytest.mark.parametrize("name", UNUSABLE)
def test_a_home_that_cannot_be_used_is_named(
    name: str, unusable: Path, monkeypatch: pytest.MonkeyPatch
):
    home = unusable / name
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    with pytest.raises(SettingsError) as refused, open_instance():
        pass
    assert f"Dagster's home {home} cannot be used: " in str(refused.value)
    assert "\n" not in str(refused.value)


def test_nothing_is_sent_to_anybody_and_old_ticks_are_forgotten():
    config = yaml.safe_load(DAGSTER_YAML)
    assert config["telemetry"] == {"enabled": False}
    assert config["retention"]["sensor"]["purge_after_days"]["skipped"] == 3
