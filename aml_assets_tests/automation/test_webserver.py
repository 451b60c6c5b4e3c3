"""Backfills and reported events carry the login, and each requested change is logged."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import dagster as dg
import pytest

from aml_assets.automation.webserver import mutations_in
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


def test_no_change_hides_behind_an_alias_a_fragment_or_a_second_operation():
    assert mutations_in("mutation { a: wipeAssets { __typename } }") == ["wipeAssets"]
    fragment = "fragment F on Mutation { deleteRun { __typename } ...F }"
    assert mutations_in(f"mutation A {{ ...F }} query B {{ version }} {fragment}") == ["deleteRun"]
    inline = "mutation { ... on Mutation { stopSensor { __typename } } }"
    assert mutations_in(inline) == ["stopSensor"]
    for other in ("{ version }", "query { mutation }", "mutation {", ""):
        assert mutations_in(other) == []


def test_no_change_is_made_over_a_websocket_where_nothing_would_log_it(server):
    before = server.instance.get_runs_count()
    payload = {"query": LAUNCH, "variables": {"run": parameters()}}
    headers = {"X-Forwarded-User": "mallory"}
    with server.client.websocket_connect("/graphql", ["graphql-ws"], headers=headers) as socket:
        socket.send_json({"type": "start", "id": "1", "payload": payload})
        said = socket.receive_json()
    assert said["type"] == "error", said
    assert server.instance.get_runs_count() == before
