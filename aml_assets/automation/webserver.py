"""Dagster's webserver that knows its users: ``python -m aml_assets.automation.webserver``.

Belongs here: what a webserver behind the proxy does with logins beyond runs: backfills, events that
are reported by hand, and a log of every change that was requested. Does not belong here: the tags
of runs (``logins``), or a webserver without logins (``cli.ui``).

It takes the options of ``dagster-webserver``, and is installed under that name in the image.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from dagster_webserver import app, cli
from dagster_webserver.webserver import DagsterWebserver
from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    parse,
)
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse

from aml_assets.assets.dagster_internals import REPORTING_USER_TAG
from aml_assets.assets.run_tags import LOGIN
from aml_assets.automation.logins import UNKNOWN, login_of

_audit = logging.getLogger("aml_assets.audit")

_RUN_ID = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")


class NamedWebserver(DagsterWebserver[Any, Any]):
    """Dagster's webserver, which puts the login's name on what is asked of it."""

    def _make_request_context(self, conn: HTTPConnection) -> Any:
        """A request's context, whose two hooks name the user of backfills and reported events."""
        context = super()._make_request_context(conn)
        login = login_of(conn) or UNKNOWN
        context.get_viewer_tags = lambda: {LOGIN: login}
        context.get_reporting_user_tags = lambda: {REPORTING_USER_TAG: login}
        return context

    async def execute_graphql_request(
        self,
        request: Request,
        query: str,
        variables: dict[str, Any] | None,
        operation_name: str | None,
    ) -> JSONResponse:
        """Log each change that is requested, with the login and the runs that it names.

        Nothing else of the request is logged: run config and tags may hold anything.
        """
        for name in mutations_in(query):
            runs = _RUN_ID.findall(f"{query} {json.dumps(variables)}")
            about = " ".join(dict.fromkeys(runs))
            _audit.info("%s requested %s %s", login_of(request) or UNKNOWN, name, about)
        return await super().execute_graphql_request(
            request=request, query=query, variables=variables, operation_name=operation_name
        )


def mutations_in(query: str) -> list[str]:
    """The names of the changes that a GraphQL document may request, without aliases.

    A document that is no GraphQL requests none: Dagster refuses it.
    """
    if "mutation" not in query:  # most are questions, and long ones
        return []
    try:
        document = parse(query)
    except GraphQLError:
        return []
    return [
        name
        for operation in document.definitions
        if isinstance(operation, OperationDefinitionNode)
        and operation.operation is OperationType.MUTATION
        for name in _fields(operation.selection_set, _fragments(document), frozenset())
    ]


def _fragments(document: DocumentNode) -> Mapping[str, FragmentDefinitionNode]:
    found = (each for each in document.definitions if isinstance(each, FragmentDefinitionNode))
    return {each.name.value: each for each in found}


def _fields(
    selected: SelectionSetNode,
    fragments: Mapping[str, FragmentDefinitionNode],
    within: frozenset[str],
) -> Iterator[str]:
    """The fields of a selection, those of its fragments among them; a circle of them ends."""
    for node in selected.selections:
        if isinstance(node, FieldNode):
            yield node.name.value
        elif isinstance(node, InlineFragmentNode):
            yield from _fields(node.selection_set, fragments, within)
        elif isinstance(node, FragmentSpreadNode):
            name = node.name.value
            if name in fragments and name not in within:
                yield from _fields(fragments[name].selection_set, fragments, within | {name})


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
