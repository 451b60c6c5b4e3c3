"""The guard of ``aml ui``: it checks each request before Dagster's webserver gets it.

Whoever reaches port 3000 could start any run: another user of the machine, and each page that the
browser shows. So a request needs a token, has to name this machine, and must not come from
another site's page; and GraphQL is taken by POST only, since Dagster would carry out changes by
GET, too, which an image of any page can send.

Belongs here: the middleware (ASGI). Does not belong here: where the token lies (``ui_token``), the
server (``ui_server``), or the login of a deployment (``deploy/``).
"""

from __future__ import annotations

import html
import re
import secrets
from http import HTTPStatus
from urllib.parse import quote, urlencode

from starlette.requests import HTTPConnection
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from aml_assets.cli.ui_token import PARAMETER

_GRAPHQL = "/graphql"
_JSON = {"application/json", "application/graphql"}
"""Media types that a browser sends to another site only after that site has allowed it (CORS)."""

_THIS_MACHINE = re.compile(r"(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?", re.IGNORECASE)
"""Values of ``Host``. Any port, as a tunnel may end on another one."""

_POLICY_VIOLATION = 1008
_MONTH = 30 * 24 * 3600
_NO_TOKEN = (
    "This page asks for a token: open the link that `aml ui` prints. A program sends the token, "
    "the content of ui_token in DAGSTER_HOME, as `Authorization: Bearer TOKEN`.\n"
)


class UiGuard:
    """Middleware that lets a request through, or answers it itself.

    Args:
        app: the application behind it.
        token: what a request has to know: in its cookie, or as a bearer's token.
        cookie: the cookie's name. Browsers send cookies to every port of a host, so two servers on
            one machine need two names.
    """

    def __init__(self, app: ASGIApp, *, token: str, cookie: str) -> None:
        self._app = app
        self._token = token
        self._cookie = cookie

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        answer = None
        if scope["type"] in ("http", "websocket"):
            answer = self._answer(HTTPConnection(scope))
        if answer is None:
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await WebSocketClose(_POLICY_VIOLATION)(scope, receive, send)
        else:
            await answer(scope, receive, send)

    def _answer(self, asked: HTTPConnection) -> Response | None:
        """The answer to a request that must not reach the application as it is."""
        if not _THIS_MACHINE.fullmatch(", ".join(asked.headers.getlist("host"))):
            return _refusal(
                HTTPStatus.FORBIDDEN, "The request names another host than this machine.\n"
            )
        if _follows_link(asked):
            return _reload(asked)
        if _is_from_elsewhere(asked):
            return _refusal(HTTPStatus.FORBIDDEN, "Another site's page sent this request.\n")
        if asked.scope.get("method") == "GET" and self._is_token(asked.query_params.get(PARAMETER)):
            return self._remember(asked)
        if not self._knows_token(asked):
            challenge = {"WWW-Authenticate": "Bearer"}
            return _refusal(HTTPStatus.UNAUTHORIZED, _NO_TOKEN, challenge)
        return _refused_graphql(asked)

    def _knows_token(self, asked: HTTPConnection) -> bool:
        kind, _, credentials = asked.headers.get("authorization", "").partition(" ")
        bearer = credentials.strip() if kind.lower() == "bearer" else None
        return self._is_token(asked.cookies.get(self._cookie)) or self._is_token(bearer)

    def _is_token(self, text: str | None) -> bool:
        return text is not None and secrets.compare_digest(text.encode(), self._token.encode())

    def _remember(self, asked: HTTPConnection) -> Response:
        """Keep the token as a cookie, and take it out of the address."""
        others = [
            (name, value) for name, value in asked.query_params.multi_items() if name != PARAMETER
        ]
        answer = RedirectResponse(
            _address(asked, urlencode(others)), HTTPStatus.SEE_OTHER, _PRIVATE
        )
        answer.set_cookie(
            self._cookie, self._token, max_age=_MONTH, httponly=True, samesite="strict"
        )
        return answer


_PRIVATE = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def _follows_link(asked: HTTPConnection) -> bool:
    """True if the browser follows a link from another site to a page of ours."""
    fetch = {name: asked.headers.get(f"sec-fetch-{name}") for name in ("site", "mode", "dest")}
    return (
        asked.scope.get("method") == "GET"
        and fetch["site"] in ("cross-site", "same-site")
        and (fetch["mode"], fetch["dest"]) == ("navigate", "document")
        and asked.scope["path"] != _GRAPHQL
    )


def _is_from_elsewhere(asked: HTTPConnection) -> bool:
    """True if a page of another origin started the request, as far as the browser says it."""
    if asked.headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
        return True
    origin = asked.headers.get("origin")
    return origin is not None and origin.lower() != f"http://{asked.headers['host']}".lower()


def _refused_graphql(asked: HTTPConnection) -> Response | None:
    """The answer to GraphQL that a plain link, image or form could send."""
    method = asked.scope.get("method")
    if method is None or asked.scope["path"] != _GRAPHQL:
        return None
    if method != "POST":
        if "query" not in asked.query_params:
            return None
        text = "GraphQL is taken by POST.\n"
        return _refusal(HTTPStatus.METHOD_NOT_ALLOWED, text, {"Allow": "POST"})
    kind = asked.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind in _JSON:
        return None
    return _refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "GraphQL is taken as JSON.\n")


def _reload(asked: HTTPConnection) -> Response:
    """A page that asks for the same address again: this time the browser sends the cookie along."""
    address = html.escape(_address(asked, asked.scope["query_string"].decode("latin-1")))
    text = f'<!doctype html><meta http-equiv="refresh" content="0; url={address}">'
    return HTMLResponse(text, HTTPStatus.OK, _PRIVATE)


def _address(asked: HTTPConnection, query: str) -> str:
    """The asked path on this host, and on no other: ``//elsewhere`` would name one."""
    path = "/" + quote(asked.scope["path"].lstrip("/\\"))
    return f"{path}?{query}" if query else path


def _refusal(status: HTTPStatus, text: str, more: dict[str, str] | None = None) -> Response:
    return PlainTextResponse(text, status, {**_PRIVATE, **(more or {})})
