"""Executors: where the steps of a run are executed.

Belongs here: the configured executor. Does not belong here: launching runs (``run_launcher``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import dagster as dg

from aml_assets.errors import SettingsError

if TYPE_CHECKING:
    from aml_assets.core.graph import Asset
    from aml_assets.settings.automation_settings import AutomationSettings, StepResources
    from aml_assets.settings.load import Settings

_AFTER_OUTPUTS = {"step_dependency_config": {"require_upstream_step_success": False}}
"""A step runs as soon as the steps before it have given their outputs, and ours always do, also
when they fail afterwards (https://github.com/dagster-io/dagster/issues/29237, docs/design.md)."""


def executor(automation: AutomationSettings, assets: Iterable[Asset] = ()) -> dg.ExecutorDefinition:
    """The executor of every run: one process per run, a process per step, or a pod per step.

    It takes nothing from a run's own configuration, and refuses one that sets anything.

    Args:
        automation: which one, and its configuration.
        assets: those that are built; ``automation.resources`` names some of them.

    Raises:
        ImportError: pods were asked for, and ``dagster-k8s`` is not installed.
        SettingsError: resources were given to an asset that is not built.
    """
    config: dict[str, Any] = {**_AFTER_OUTPUTS, **automation.executor_config}
    if automation.executor == "k8s_job":
        from dagster_k8s import k8s_job_executor  # of the extra `deploy`

        config["step_k8s_config"] = _without_token(config.get("step_k8s_config", {}))
        if automation.resources:
            given = config.get("per_step_k8s_config", {})
            config["per_step_k8s_config"] = {**given, **_of_steps(automation, assets, given)}
        return k8s_job_executor.configured(config, name="k8s_job", config_schema={})
    if automation.executor == "multiprocess":
        return dg.multiprocess_executor.configured(config, name="multiprocess", config_schema={})
    return dg.in_process_executor.configured(config, name="in_process", config_schema={})


def _without_token(pods: dict[str, Any]) -> dict[str, Any]:
    """The configuration of steps' pods without a service account's token.

    Only a run's pod needs one: it creates the jobs of the steps.
    """
    pod = {"automount_service_account_token": False, **pods.get("pod_spec_config", {})}
    return {**pods, "pod_spec_config": pod}


def _of_steps(
    automation: AutomationSettings, assets: Iterable[Asset], given: Mapping[str, Any]
) -> dict[str, dict[str, Any]]:
    """The configuration of the steps that have resources of their own."""
    steps = {each.name: each.step for each in assets}
    found: dict[str, dict[str, Any]] = {}
    for name, resources in automation.resources.items():
        if name not in steps:
            raise SettingsError(
                f"automation.resources names {name!r}, and no such asset is built",
                remedy=f"Choose from: {', '.join(steps)}.",
            )
        if steps[name] in given:
            raise SettingsError(
                "automation.resources and automation.executor_config.per_step_k8s_config both "
                f"configure the step of {name}",
                remedy="Keep one of the two.",
            )
        found[steps[name]] = {"container_config": {"resources": _requested(resources)}}
    return found


def _requested(resources: StepResources) -> dict[str, dict[str, str]]:
    """Kubernetes' requests and limits, which are equal: what a step is sure to get, and no more."""
    amounts = resources.model_dump(exclude_none=True)
    return {"requests": amounts, "limits": dict(amounts)}


def in_this_process(settings: Settings) -> Settings:
    """The settings with all steps in the run's process, for a run that this process executes.

    Other executors load the job anew in each process, from a module that a command has not.
    """
    automation = settings.automation.model_copy(
        update={"executor": "in_process", "executor_config": {}, "resources": {}}
    )
    return settings.model_copy(update={"automation": automation})
