"""The configured executor, and steps that run after outputs whichever it is."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from aml_assets.automation.executors import executor, in_this_process
from aml_assets.core.graph import MODEL, Asset
from aml_assets.errors import SettingsError
from aml_assets.settings.automation_settings import AutomationSettings
from aml_assets_tests.conftest import Bank, day

AFTER_OUTPUTS = {"require_upstream_step_success": False}


@pytest.mark.parametrize(
    ("name", "config"),
    [
        ("in_process", {}),
        ("multiprocess", {"max_concurrent": 1}),
        ("k8s_job", {"max_concurrent": 3, "per_step_k8s_config": {"models__model": {}}}),
    ],
)
def test_every_executor_starts_a_step_after_the_outputs_before_it(
    name: str, config: dict[str, Any]
):
    defined = executor(AutomationSettings(executor=name, executor_config=config))  # type: ignore[arg-type]
    assert defined.name == name
    resolved = defined.apply_config_mapping({"config": {}})
    assert resolved.success, resolved.errors
    assert resolved.value is not None
    found = resolved.value["config"]
    assert found["step_dependency_config"] == AFTER_OUTPUTS
    assert found.get("max_concurrent") == config.get("max_concurrent")
    steps = set(found.get("per_step_k8s_config", ()))
    assert steps == set(config.get("per_step_k8s_config", ()))


@pytest.mark.parametrize("name", ["in_process", "multiprocess", "k8s_job"])
def test_the_configuration_of_a_run_sets_nothing_of_its_executor(name: str):
    @dg.op
    def step() -> None: ...

    @dg.job(executor_def=executor(AutomationSettings(executor=name)))  # type: ignore[arg-type]
    def night():
        step()

    dg.validate_run_config(night, {})
    pod = {"container_config": {"image": "elsewhere.example/tool"}}
    for config in (
        {"job_image": "elsewhere.example/tool"},
        {"env_secrets": ["aml-proxy"]},
        {"step_k8s_config": pod},
        {"per_step_k8s_config": {"step": pod}},
        {"max_concurrent": 9},
    ):
        for given in ({"config": config}, {name: {"config": config}}, {"k8s": {"config": config}}):
            with pytest.raises(dg.DagsterInvalidConfigError):
                dg.validate_run_config(night, {"execution": given})


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({}, {"automount_service_account_token": False}),
        (
            {"step_k8s_config": {"pod_spec_config": {"node_selector": {"disk": "ssd"}}}},
            {"automount_service_account_token": False, "node_selector": {"disk": "ssd"}},
        ),
    ],
)
def test_a_step_in_a_pod_of_its_own_has_no_token(given: dict[str, Any], kept: dict[str, Any]):
    defined = executor(AutomationSettings(executor="k8s_job", executor_config=given))
    resolved = defined.apply_config_mapping({"config": {}}).value
    assert resolved is not None
    assert resolved["config"]["step_k8s_config"]["pod_spec_config"] == kept


def test_resources_of_what_is_not_built_are_refused_by_the_settings_name():
    given = AutomationSettings.model_validate(
        {"executor": "k8s_job", "resources": {"models/modle": {"memory": "4Gi"}}}
    )
    with pytest.raises(
        SettingsError, match=r"automation\.resources names 'models/modle'"
    ) as refused:
        executor(given, [Asset(MODEL, ())])
    assert refused.value.remedy == "Choose from: models/model."


def test_a_step_is_configured_in_one_place():
    given = AutomationSettings.model_validate(
        {
            "executor": "k8s_job",
            "executor_config": {"per_step_k8s_config": {"models__model": {}}},
            "resources": {MODEL: {"cpu": 2}},
        }
    )
    with pytest.raises(SettingsError, match="both configure the step of models/model"):
        executor(given, [Asset(MODEL, ())])


def test_a_command_keeps_all_steps_in_its_own_process_whatever_is_configured(new_bank):
    bank = new_bank(
        automation={
            "executor": "k8s_job",
            "executor_config": {"max_concurrent": 2},
            "resources": {MODEL: {"memory": "4Gi"}},
        }
    )
    kept = in_this_process(bank.settings).automation
    assert (kept.executor, kept.executor_config, kept.resources) == ("in_process", {}, {})
    assert kept.retries == bank.settings.automation.retries


@pytest.mark.long
def test_with_a_process_per_step_a_failed_table_stops_only_what_needs_it(
    bank: Bank, tmp_path: Path
):
    bank.land("trx", 5, {"amount": [1.0]})
    environment = {
        **os.environ,
        "DAGSTER_HOME": str(tmp_path),
        "AML_LANDING__URL": str(bank.landing),
        "AML_STORE__URL": str(bank.store),
        "AML_PARTITIONS__FIRST_DAY": str(day(1)),
        "AML_AUTOMATION__EXECUTOR": "multiprocess",
        "AML_AUTOMATION__EXECUTOR_CONFIG": '{"max_concurrent": 2}',
    }
    command = [str(Path(sys.executable).parent / "dagster"), "asset", "materialize"]
    command += ["-m", "aml_assets.definitions", "--partition", str(day(5))]
    command += ["--select", "tables/trx,tables/retail,features/merged_features"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 1, done.stderr
    assert bank.catalog.table("retail").has(day(5))
    assert not bank.catalog.table("trx").has(day(5))
    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        (run,) = instance.get_runs()
        kinds = dg.DagsterEventType
        failed = {
            each.event_log_entry.step_key
            for each in instance.get_records_for_run(run.run_id, of_type=kinds.STEP_FAILURE).records
        }
    assert failed == {"tables__trx", "features__merged_features"}
