"""A run that is requested over the web carries the login's name, whatever its tags were to say."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from dagster._core.storage.dagster_run import DagsterRunStatus
from dagster._core.test_utils import create_run_for_test
from starlette.requests import HTTPConnection

from aml_assets.assets.dagster_internals import PARENT_BACKFILL_ID_TAG, SubmitRunContext
from aml_assets.automation.logins import UNKNOWN, LoginRunCoordinator, login_of
from aml_assets_tests.automation.webserver_client import Server, serving


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving() as up:
        yield up


def named(*values: str) -> str | None:
    """The login of a request with these values of the header."""
    headers = [(b"x-forwarded-user", value.encode("latin-1")) for value in values]
    return login_of(HTTPConnection({"type": "http", "headers": headers}))


def test_a_run_has_the_login_that_asked_for_it(server):
    run = server.launch("anna")
    assert run.tags["user"] == "anna"
    assert run.status is DagsterRunStatus.QUEUED


def test_nobody_starts_a_run_in_anothers_name(server):
    assert server.launch("mallory", user="anna").tags["user"] == "mallory"
    assert server.launch(None, user="anna").tags["user"] == UNKNOWN
    assert "user" not in server.launch(None).tags


def test_a_run_that_is_executed_again_has_the_login_of_who_did_that(server):
    first = server.launch("anna")
    assert server.reexecute("bob", first.run_id).tags["user"] == "bob"
    assert server.reexecute(None, first.run_id).tags["user"] == UNKNOWN


@pytest.mark.parametrize(
    ("tags", "user"),
    [
        ({"user": "anna", "dagster/backfill": "abc"}, "anna"),
        # The tags are of the backfill that is repeated: whoever repeats it did not write them.
        ({"user": "anna", PARENT_BACKFILL_ID_TAG: "abc"}, UNKNOWN),
        ({}, None),
    ],
)
def test_a_run_that_the_daemon_asks_for_keeps_the_login_of_the_request_before(server, tags, user):
    origin = server.launch(None).remote_job_origin
    run = create_run_for_test(server.instance, tags=tags, remote_job_origin=origin)
    coordinator = server.instance.run_coordinator
    assert isinstance(coordinator, LoginRunCoordinator)
    context = SubmitRunContext(run, server.context.create_request_context())
    assert coordinator.submit_run(context).tags.get("user") == user


def test_a_header_that_is_no_single_name_is_nobodys():
    assert named("anna@bank.example") == "anna@bank.example"
    for values in ((), ("",), ("anna", "bob"), ("anna, bob",), ("a\x1b[31m",), ("ann\xe4",)):
        assert named(*values) is None
