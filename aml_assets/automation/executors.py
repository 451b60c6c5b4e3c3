"""Executors: where the steps of a run are executed.

Belongs here: the configured executor. Does not belong here: launching runs (``run_launcher``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dagster as dg

if TYPE_CHECKING:
    from aml_assets.settings.automation_settings import AutomationSettings
    from aml_assets.settings.load import Settings

_AFTER_OUTPUTS = {"step_dependency_config": {"require_upstream_step_success": False}}
"""A step runs as soon as the steps before it have given their outputs, and ours always do, also
when they fail afterwards (https://github.com/dagster-io/dagster/issues/29237, docs/design.md)."""


def executor(automation: AutomationSettings) -> dg.ExecutorDefinition:
    """The executor of every run: one process per run, a process per step, or a pod per step.

    It takes nothing from a run's own configuration, and refuses one that sets anything.

    Raises:
        ImportError: pods were asked for, and ``dagster-k8s`` is not installed.
    """
    config: dict[str, Any] = {**_AFTER_OUTPUTS, **automation.executor_config}
    if automation.executor == "k8s_job":
        from dagster_k8s import k8s_job_executor  # of the extra `deploy`

        config["step_k8s_config"] = _without_token(config.get("step_k8s_config", {}))
        return k8s_job_executor.configured(config, name="k8s_job", config_schema={})
    if automation.executor == "multiprocess":
        return dg.multiprocess_executor.configured(config, name="multiprocess", config_schema={})
    return dg.in_process_executor.configured(config, name="in_process", config_schema={})


def _without_token(pods: dict[str, Any]) -> dict[str, Any]:
    """The configuration of steps' pods, which make no jobs: with no token for it, as a run has."""
    pod = {"automount_service_account_token": False, **pods.get("pod_spec_config", {})}
    return {**pods, "pod_spec_config": pod}


def in_this_process(settings: Settings) -> Settings:
    """The settings with all steps in the run's process, for a run that this process executes.

    Other executors load the job anew in each process, from a module that a command has not.
    """
    automation = settings.automation.model_copy(
        update={"executor": "in_process", "executor_config": {}}
    )
    return settings.model_copy(update={"automation": automation})
