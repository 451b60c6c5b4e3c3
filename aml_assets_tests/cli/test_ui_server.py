"""Dagster's own webserver behind the guard: the attacks that it answers when it is asked alone."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster_webserver.app import create_app_from_workspace_process_context
from starlette.testclient import TestClient

from aml_assets.cli.ui_server import guarded
from aml_assets.cli.ui_token import ui_link, ui_token

HERE = "http://127.0.0.1:3000"
MUTATION = {"query": 'mutation { terminateRun(runId: "x") { __typename } }'}
CARRIED_OUT = "RunNotFoundError"
QUERY = {"query": "{ version }"}


@pytest.fixture(scope="module")
def workspace() -> Iterator[WorkspaceProcessContext]:
    """One without a code location: it starts no server."""
    with dg.instance_for_test() as instance, WorkspaceProcessContext(instance, None) as context:
        yield context


@pytest.fixture
def client(workspace: WorkspaceProcessContext, tmp_path: Path) -> TestClient:
    return TestClient(guarded(workspace, tmp_path, 3000), base_url=HERE)


def test_alone_it_changes_things_by_get_and_for_every_host(workspace: WorkspaceProcessContext):
    """Else the guard would guard against nothing."""
    alone = TestClient(create_app_from_workspace_process_context(workspace))
    answer = alone.get("/graphql", params=MUTATION, headers={"Host": "evil.example"})
    assert CARRIED_OUT in answer.text
    form = alone.post("/graphql", params=MUTATION, headers={"Content-Type": "text/plain"})
    assert CARRIED_OUT in form.text


def test_behind_the_guard_it_changes_nothing_by_get_or_by_a_form(client: TestClient, tmp_path):
    bearer = {"Authorization": f"Bearer {ui_token(tmp_path)}"}
    for answer in (
        client.get("/graphql", params=MUTATION),
        client.get("/graphql", params=MUTATION, headers=bearer),
        client.get("/graphql", params=MUTATION, headers={**bearer, "Host": "evil.example"}),
        client.post("/graphql", json=MUTATION),
        client.post("/graphql", params=MUTATION, headers=bearer),
    ):
        assert answer.status_code in (401, 403, 405, 415)
        assert CARRIED_OUT not in answer.text
    assert CARRIED_OUT in client.post("/graphql", json=MUTATION, headers=bearer).text


def test_the_link_opens_the_page_and_its_requests(client: TestClient, tmp_path: Path):
    page = client.get(ui_link(tmp_path, 3000).removeprefix(HERE))
    assert page.status_code == 200
    assert str(page.url) == f"{HERE}/"
    assert '<div id="__next">' in page.text
    own = {"Origin": HERE, "Sec-Fetch-Site": "same-origin"}
    assert client.post("/graphql", json=QUERY, headers=own).json() == {"data": {"version": ""}}
    assert client.get("/favicon.svg", headers={"Sec-Fetch-Site": "same-origin"}).status_code == 200
