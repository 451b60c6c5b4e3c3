"""Backfills and reported events carry the login, and each requested change is logged."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import dagster as dg
import pytest
from starlette.routing import Route
from starlette.websockets import WebSocketDisconnect

from aml_assets.assets.dagster_internals import PARENT_BACKFILL_ID_TAG
from aml_assets_tests.automation.webserver_client import (
    BACKFILL,
    LAUNCH,
    REPORT,
    Server,
    parameters,
    serving,
)

RUN = "01234567-89ab-cdef-0123-456789abcdef"
TERMINATE = "mutation ($run: String!) { stop: terminateRun(runId: $run) { __typename } }"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving() as up:
        yield up


def test_a_backfill_has_the_login_that_asked_for_it_whatever_its_tags_say(server):
    asked = {
        "assetSelection": [{"path": ["toy"]}],
        "partitionNames": ["a"],
        "tags": [{"key": "user", "value": "anna"}, {"key": "why", "value": "a try"}],
    }
    for login, user in (("mallory", "mallory"), (None, "unknown")):
        made = server.ask(BACKFILL, login, backfill=asked)
        backfill = server.instance.get_backfill(made["backfillId"])
        assert backfill is not None
        assert backfill.tags["user"] == user
        assert backfill.tags["why"] == "a try"


def test_a_backfill_that_pretends_to_repeat_another_one_still_names_who_asked_for_it(server):
    asked = {
        "assetSelection": [{"path": ["toy"]}],
        "partitionNames": ["a"],
        "tags": [{"key": PARENT_BACKFILL_ID_TAG, "value": "x"}, {"key": "why", "value": "a try"}],
    }
    made = server.ask(BACKFILL, "mallory", backfill=asked)
    backfill = server.instance.get_backfill(made["backfillId"])
    assert backfill is not None
    # With that tag its runs would be `unknown`'s (test_logins).
    assert backfill.tags == {"user": "mallory", "why": "a try"}


def test_an_event_that_is_reported_by_hand_has_the_login(server):
    event = {
        "eventType": "ASSET_MATERIALIZATION",
        "assetKey": {"path": ["toy"]},
        "partitionKeys": ["b"],
    }
    server.ask(REPORT, "anna", event=event)
    record = server.instance.get_latest_materialization_event(dg.AssetKey("toy"))
    assert record is not None
    assert record.asset_materialization is not None
    assert record.asset_materialization.tags["dagster/reporting_user"] == "anna"


def test_each_change_is_logged_with_the_login_and_the_runs_and_nothing_else(server, caplog):
    caplog.set_level(logging.INFO, "aml_assets.audit")
    server.ask(TERMINATE, "anna", run=RUN)
    server.launch("bob", note="a customer's name")
    server.ask("{ version }", "carl")
    said = [record.getMessage().strip() for record in caplog.records]
    assert said == [f"anna requested terminateRun {RUN}", "bob requested launchRun"]


def test_no_change_hides_behind_an_alias_a_fragment_a_second_operation_or_a_get(server, caplog):
    caplog.set_level(logging.INFO, "aml_assets.audit")
    stop = f'terminateRun(runId: "{RUN}") {{ __typename }}'
    documents = {
        f"mutation {{ version: {stop} }}": None,
        f"mutation {{ ... on Mutation {{ {stop} }} }}": None,
        f"query A {{ version }} mutation B {{ ...F }} fragment F on Mutation {{ {stop} }}": "B",
    }
    for query, operation in documents.items():
        asked = {"query": query, "operationName": operation}
        assert server.client.post("/graphql", json=asked).status_code == 200
        asked = {name: value for name, value in asked.items() if value}
        assert server.client.get("/graphql", params=asked).status_code == 200
    said = [record.getMessage() for record in caplog.records]
    assert said == [f"unknown requested terminateRun {RUN}"] * 2 * len(documents)


def test_no_change_comes_by_another_way_than_graphql(server):
    """Dagster's addresses for reports log nothing, and a check that is reported keeps no user."""
    taken = [
        route.path
        for route in server.client.app.routes
        if isinstance(route, Route) and (route.methods or set()) - {"GET", "HEAD"}
    ]
    reports = [f"/report_asset_{kind}" for kind in ("materialization", "check", "observation")]
    assert taken == ["/graphql", *(f"{each}/{{asset_key:path}}" for each in reports)]
    before = server.instance.event_log_storage.get_maximum_record_id()
    body = {"check_name": "volume", "passed": True, "partition": "a"}
    headers = {"X-Forwarded-User": "mallory"}
    for path in (*(f"{each}/toy" for each in reports), f"{reports[1]}/toy/graphql", "/x"):
        answer = server.client.post(path, json=body, headers=headers)
        assert (answer.status_code, "Report it in the UI" in answer.text) == (403, True), path
    assert server.instance.event_log_storage.get_maximum_record_id() == before


@pytest.mark.parametrize("login", ["BANK\\anna", "anna bank", "a" * 129, ""])
def test_a_login_that_is_no_name_here_is_refused_by_a_sentence_that_does_not_quote_it(
    server, login
):
    headers = {"X-Forwarded-User": login}
    answer = server.client.post("/graphql", json={"query": "{ version }"}, headers=headers)
    assert (answer.status_code, "another one" in answer.text) == (403, True)
    assert not login or login not in answer.text
    assert server.client.get("/server_info", headers=headers).status_code == 403
    with (
        pytest.raises(WebSocketDisconnect),
        server.client.websocket_connect("/graphql", ["graphql-ws"], headers=headers),
    ):
        pass


def test_no_change_is_made_over_a_websocket_where_nothing_would_log_it(server):
    before = server.instance.get_runs_count()
    payload = {"query": LAUNCH, "variables": {"run": parameters()}}
    headers = {"X-Forwarded-User": "mallory"}
    with server.client.websocket_connect("/graphql", ["graphql-ws"], headers=headers) as socket:
        socket.send_json({"type": "start", "id": "1", "payload": payload})
        said = socket.receive_json()
    assert said["type"] == "error", said
    assert server.instance.get_runs_count() == before
