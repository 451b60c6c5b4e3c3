"""The webserver as the image runs it, in this process, over the toy definitions.

Belongs here: asking it as the proxy does, with a login or without. Does not belong here:
expectations.
"""

from __future__ import annotations

import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml
from dagster._core.instance_for_test import instance_for_test
from dagster._core.remote_origin import InProcessCodeLocationOrigin
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import InProcessWorkspaceLoadTarget
from dagster_webserver import app, cli
from dagster_webserver.webserver import DagsterWebserver
from starlette.testclient import TestClient

from aml_assets.automation import webserver

DEPLOYED = Path(__file__).resolve().parents[2] / "deploy/config/dagster.yaml"
LOCATION, REPOSITORY = "toys", "__repository__"
LAUNCH = """
mutation ($run: ExecutionParams!) {
  launchRun(executionParams: $run) {
    ... on LaunchRunSuccess { run { runId } } ... on PythonError { message }
  }
}
"""
REEXECUTE = """
mutation ($again: ReexecutionParams!) {
  launchRunReexecution(reexecutionParams: $again) {
    ... on LaunchRunSuccess { run { runId } } ... on PythonError { message }
  }
}
"""
BACKFILL = """
mutation ($backfill: LaunchBackfillParams!) {
  launchPartitionBackfill(backfillParams: $backfill) {
    ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message }
  }
}
"""
REPORT = """
mutation ($event: ReportRunlessAssetEventsParams!) {
  reportRunlessAssetEvents(eventParams: $event) { __typename }
}
"""


@dataclass
class Server:
    """The webserver, and what it asks and records."""

    client: TestClient
    context: WorkspaceProcessContext

    @property
    def instance(self) -> dg.DagsterInstance:
        return self.context.instance

    def ask(self, query: str, login: str | None, **variables: object) -> Mapping[str, Any]:
        """The answer to the only field of a GraphQL document."""
        headers = {} if login is None else {"X-Forwarded-User": login}
        body = {"query": query, "variables": variables}
        answer = self.client.post("/graphql", json=body, headers=headers).json()
        (found,) = answer["data"].values()
        return found

    def launch(self, login: str | None, **tags: str) -> dg.DagsterRun:
        """A run that somebody requests with tags of his own."""
        return self._run(self.ask(LAUNCH, login, run=parameters(**tags)))

    def reexecute(self, login: str | None, run_id: str) -> dg.DagsterRun:
        """A run once more, with the tags of the first."""
        again = {"parentRunId": run_id, "strategy": "ALL_STEPS", "useParentRunTags": True}
        return self._run(self.ask(REEXECUTE, login, again=again))

    def _run(self, answer: Mapping[str, Any]) -> dg.DagsterRun:
        assert "run" in answer, answer
        run = self.instance.get_run_by_id(answer["run"]["runId"])
        assert run is not None
        return run


def parameters(**tags: str) -> dict[str, Any]:
    """The variable of `LAUNCH`: a run of the job `toys`, with tags."""
    return {
        "selector": {
            "repositoryLocationName": LOCATION,
            "repositoryName": REPOSITORY,
            "jobName": "toys",
        },
        "mode": "default",
        "runConfigData": {},
        "executionMetadata": {
            "tags": [{"key": key, "value": value} for key, value in tags.items()]
        },
    }


@contextmanager
def serving() -> Generator[Server]:
    """The webserver with the deployed run coordinator."""
    deployed = yaml.safe_load(DEPLOYED.read_text("utf-8"))
    origin = InProcessCodeLocationOrigin(
        LoadableTargetOrigin(
            executable_path=sys.executable,
            module_name="aml_assets_tests.automation.toy_definitions",
            attribute="toys",
        ),
        location_name=LOCATION,
    )
    with (
        pytest.MonkeyPatch.context() as patched,
        instance_for_test({"run_coordinator": deployed["run_coordinator"]}) as instance,
        WorkspaceProcessContext(instance, InProcessWorkspaceLoadTarget(origin)) as context,
    ):
        patched.setattr(app, "DagsterWebserver", DagsterWebserver)  # as it is now; undone
        patched.setattr(cli, "main", lambda: None)
        webserver.main()
        yield Server(TestClient(app.create_app_from_workspace_process_context(context)), context)
