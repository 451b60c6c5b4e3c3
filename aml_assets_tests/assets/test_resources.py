"""The run options, as the launchpad takes them."""

from typing import Any

import dagster as dg
import pytest

from aml_assets.assets.resources import RUN_OPTIONS, run_options_resource
from aml_assets.errors import SettingsError
from aml_assets.settings.load import Settings
from aml_assets_tests.conftest import Bank

SECRET = "a secret of the code server"
ASKED = {"env": "DAGSTER_POSTGRES_PASSWORD"}


@pytest.mark.parametrize("name", sorted(RUN_OPTIONS.keys() - {"training"}))
def test_no_option_reads_the_environment_of_the_process(
    name: str, landed_bank: Bank, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv(ASKED["env"], SECRET)
    option: Any = [ASKED] if name == "restate" else ASKED
    job = landed_bank.definitions().resolve_job_def("daily")
    with pytest.raises(dg.DagsterInvalidConfigError) as refused:
        dg.validate_run_config(job, {"resources": {"run_options": {"config": {name: option}}}})
    assert SECRET not in str(refused.value)


def test_a_date_of_a_run_is_written_as_a_date_of_the_settings_is():
    dates = ("train_start", "train_end", "eval_start", "eval_end")
    config: dict[str, Any] = dict.fromkeys(dates, "20240101")
    with pytest.raises(SettingsError, match=r"is no date.*as YYYY-MM-DD"):
        run_options_resource(Settings())(dg.build_init_resource_context(config=config))


def test_no_training_parameter_does_either(built: Bank, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(ASKED["env"], SECRET)
    run = built.bad("daily", 5, config={"training": {"max_depth": ASKED}}, only=["models"])
    assert "training parameters of this run: max_depth" in run.sentence
    assert SECRET not in run.log
