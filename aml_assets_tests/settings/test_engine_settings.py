"""The engine's settings: defaults that need nobody, and a folder of this machine."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from aml_assets.settings.engine_settings import EngineSettings
from aml_assets.settings.load import load_settings


def test_by_default_memory_and_folder_are_the_machines():
    settings = EngineSettings()
    assert (settings.memory, settings.spill_folder, settings.spill) == (None, None, None)


def test_nothing_is_spilled_into_another_machine():
    with pytest.raises(ValidationError, match=r"engine\.spill_folder is a folder of the machine"):
        EngineSettings(spill_folder="hdfs://namenode:8020/tmp")


@pytest.mark.parametrize("name", ["memory", "threads", "spill"])
def test_a_bound_of_nothing_is_refused(name: str):
    with pytest.raises(ValidationError, match=name):
        EngineSettings.model_validate({name: 0})


def test_a_relative_folder_counts_from_the_configuration_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    file = tmp_path / "bank.yaml"
    file.write_text("engine: {spill_folder: scratch}\n")
    monkeypatch.setenv("AML_CONFIG", str(file))
    assert load_settings().engine.spill_folder == str(tmp_path / "scratch")
