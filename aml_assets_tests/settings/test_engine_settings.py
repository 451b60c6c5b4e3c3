"""The engine's settings: defaults that need nobody, and a folder of this machine."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from aml_assets.errors import SettingsError
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


@pytest.mark.parametrize(
    "url",
    [
        "host:15002",
        "sc://host:abc",
        "sc://",
        "sc://user@host",
        "sc://host/;token=x",
        "sc://host/;session_id=x",
        "sc://h/x",
    ],
)
def test_what_is_no_address_of_spark_or_holds_a_secret_is_refused(url: str):
    with pytest.raises(ValidationError, match=r"spark\.url"):
        EngineSettings.model_validate({"spark": {"url": url}})
    EngineSettings.model_validate({"spark": {"url": "sc://host:15002/;use_ssl=true"}})


@pytest.mark.parametrize(
    ("store", "spark", "problem"),
    [
        ({"url": "webhdfs://host/x"}, {}, "engine.spark.store_url is needed"),
        ({"url": "hdfs://host/x"}, {"store_url": "swebhdfs://h/x"}, "store_url is needed"),
        ({"seal_keys": "seal.keys"}, {}, "goes without store.seal_keys"),
        ({"url": "hdfs://host/a*"}, {}, "is several"),
    ],
)
def test_executors_have_to_be_able_to_read_the_store(store: Any, spark: Any, problem: str):
    engine = {"spark": {"url": "sc://host", **spark}}
    with pytest.raises(SettingsError, match=problem):
        load_settings(store=store, engine=engine)


def test_a_relative_folder_counts_from_the_configuration_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    file = tmp_path / "bank.yaml"
    file.write_text("engine: {spill_folder: scratch}\n")
    monkeypatch.setenv("AML_CONFIG", str(file))
    assert load_settings().engine.spill_folder == str(tmp_path / "scratch")
