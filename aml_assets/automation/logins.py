"""Who started a run over the web: the login that the proxy checked, as the run's tag ``user``.

Belongs here: reading the login from a request, and the run coordinator that writes the tag. Does
not belong here: checking logins, which is the proxy's (``deploy/services``), or what else a
webserver does with them (``webserver``).

The proxy sets the header `HEADER` itself and passes on none that a browser sent; nothing but the
proxy reaches the webservers. So the header is the login's name, and whatever somebody typed as the
tag ``user`` is replaced.
"""

from __future__ import annotations

import re

import dagster as dg
from starlette.requests import HTTPConnection

from aml_assets.assets.dagster_internals import (
    PARENT_BACKFILL_ID_TAG,
    QueuedRunCoordinator,
    SubmitRunContext,
    request_of,
)
from aml_assets.assets.run_tags import LOGIN

HEADER = "x-forwarded-user"
"""The header in which the proxy names the login; the usual one, also of oauth2-proxy."""

UNKNOWN = "unknown"
"""The tag's value where somebody set one, and no login is known."""

_NAME = re.compile(r"[\w.@+-]{1,128}", re.ASCII)


def login_of(request: HTTPConnection) -> str | None:
    """The login of a request; ``None`` if the proxy named none, or more than one."""
    named = request.headers.getlist(HEADER)
    return named[0] if len(named) == 1 and _NAME.fullmatch(named[0]) else None


class LoginRunCoordinator(QueuedRunCoordinator[dg.DagsterInstance]):
    """Queues runs as Dagster's does, and writes the login that requested each into its tags.

    It is named in ``dagster.yaml`` (``run_coordinator``); its settings are Dagster's.
    """

    def submit_run(self, context: SubmitRunContext) -> dg.DagsterRun:
        """Write the tag ``user`` of a run, then queue it."""
        run = context.dagster_run
        login = _login_for(context)
        if login != run.tags.get(LOGIN):
            self._instance.add_run_tags(run.run_id, {LOGIN: login or UNKNOWN})
        return super().submit_run(context)


def _login_for(context: SubmitRunContext) -> str | None:
    """The login to write into the tag; ``None`` if it is not known.

    A run that comes from no request over the web is one of a backfill or a restart, started by the
    daemon, and keeps the tag of the request behind it. A backfill that repeats another one copies
    the other's tags, whoever repeats it, so that of its runs no login is known.
    """
    tags = context.dagster_run.tags
    request = request_of(context)
    if request is not None:
        return login_of(request)
    return None if PARENT_BACKFILL_ID_TAG in tags else tags.get(LOGIN)
