"""Dagster's webserver that knows its users: ``python -m aml_assets.automation.webserver``.

Belongs here: what a webserver behind the proxy does with logins beyond runs: backfills, events that
are reported by hand, and a log of every change that was requested; and the refusal of changes for
which no login could be recorded. Does not belong here: the tags of runs (``logins``), or a
webserver without logins (``cli.ui``).

It takes the options of ``dagster-webserver``, and is installed under that name in the image.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from dagster_webserver import app, cli
from dagster_webserver.webserver import DagsterWebserver
from graphql import GraphQLResolveInfo, OperationType
from starlette.middleware import Middleware
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from aml_assets.assets.dagster_internals import PARENT_BACKFILL_ID_TAG, REPORTING_USER_TAG
from aml_assets.assets.run_tags import LOGIN
from aml_assets.automation.logins import HEADER, UNKNOWN, login_of

_audit = logging.getLogger("aml_assets.audit")

_RUN_ID = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
_ASKING = {"GET", "HEAD", "OPTIONS"}
_POLICY_VIOLATION = 1008
_NO_NAME = (
    "The door names a login that is no name here: letters of ASCII, digits, _ . @ + -, up to 128. "
    "Let the door take another one (docs/install.md, single sign-on).\n"
)
_NO_GRAPHQL = (
    "What is reported by a request to this address would stand in nobody's name. Report it in the "
    "UI, or by GraphQL: reportRunlessAssetEvents.\n"
)


class NamedWebserver(DagsterWebserver[Any, Any]):
    """Dagster's webserver, which records the login on backfills, reported events and in a log."""

    def _make_request_context(self, conn: HTTPConnection) -> Any:
        """A request's context, whose two hooks name the user of backfills and reported events."""
        context = super()._make_request_context(conn)
        login = login_of(conn) or UNKNOWN
        context.get_viewer_tags = lambda: {LOGIN: login}
        context.get_reporting_user_tags = lambda: {REPORTING_USER_TAG: login}
        return context

    def build_middleware(self) -> list[Middleware]:
        """Put `Refusals` before everything else."""
        graphql = f"{self._app_path_prefix}/graphql"
        return [Middleware(Refusals, graphql=graphql), *super().build_middleware()]

    def build_graphql_middleware(self) -> list[Any]:
        """Put `audited` around each field."""
        return [*super().build_graphql_middleware(), audited]


class Refusals:
    """Middleware that refuses changes for which no login could be recorded.

    It refuses a request whose header names no valid login (`login_of`), and each change that does
    not come by GraphQL: Dagster takes reports of events at other addresses, too, where nothing is
    logged, and a report of a check keeps no user.

    Args:
        app: the application behind it.
        graphql: the path of GraphQL, by which changes come.
    """

    def __init__(self, app: ASGIApp, *, graphql: str) -> None:
        self._app = app
        self._graphql = graphql

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        refused = None
        if scope["type"] in ("http", "websocket"):
            refused = self._refused(HTTPConnection(scope))
        if refused is None:
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await WebSocketClose(_POLICY_VIOLATION)(scope, receive, send)
        else:
            await PlainTextResponse(refused, HTTPStatus.FORBIDDEN)(scope, receive, send)

    def _refused(self, asked: HTTPConnection) -> str | None:
        """Why a request is refused; ``None`` if it is not."""
        if HEADER in asked.headers and login_of(asked) is None:
            return _NO_NAME
        changes = asked.scope.get("method", "GET") not in _ASKING
        return _NO_GRAPHQL if changes and asked.scope["path"] != self._graphql else None


def audited(
    resolve: Callable[..., Any], root: object, info: GraphQLResolveInfo, **given: Any
) -> Any:
    """Answer a field of GraphQL; a change is logged first, with the login and the runs it names.

    Nothing else of the request is logged: run config and tags may hold anything.

    Args:
        resolve: what answers the field.
        root: what the field belongs to.
        info: GraphQL's own: the field, and the request's context.
        given: the field's arguments.
    """
    if info.path.prev is None and info.operation.operation is OperationType.MUTATION:
        login = login_of(info.context.source) or UNKNOWN
        runs = " ".join(dict.fromkeys(_RUN_ID.findall(str(given))))
        _audit.info("%s requested %s %s", login, info.field_name, runs)
        _take_out_parent(given.get("backfillParams"))
    return resolve(root, info, **given)


def _take_out_parent(backfill: dict[str, Any] | None) -> None:
    """Remove the tag of a repeated backfill, which only Dagster may write, from a requested one.

    With it, the backfill's runs would count as repeated ones, whose login is unknown (`logins`).
    """
    if backfill is not None and backfill.get("tags"):
        backfill["tags"] = [tag for tag in backfill["tags"] if tag["key"] != PARENT_BACKFILL_ID_TAG]


def main() -> None:
    """Run ``dagster-webserver`` with `NamedWebserver`; changes are logged to standard output."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(logging.Formatter("%(asctime)s audit: %(message)s"))
    _audit.addHandler(handler)
    _audit.setLevel(logging.INFO)
    _audit.propagate = False
    app.DagsterWebserver = NamedWebserver  # pyright: ignore[reportPrivateImportUsage]
    cli.main()


if __name__ == "__main__":
    main()
