"""The guard before Dagster's webserver, over an application that counts what reaches it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from aml_assets.cli.ui_guard import UiGuard

TOKEN = "a-token-that-nobody-else-can-know"
COOKIE = "aml_ui_3000"
HERE = "http://127.0.0.1:3000"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
MUTATION = {"query": 'mutation { terminateRun(runId: "x") { __typename } }'}
LINK = {
    "Sec-Fetch-Site": "cross-site",
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-Dest": "document",
}
IMAGE = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}


@dataclass
class Behind:
    """An application behind the guard, and what reached it."""

    reached: list[str] = field(default_factory=list)

    async def page(self, request: Request) -> Response:
        self.reached.append(f"{request.method} {request.url.path}")
        return PlainTextResponse("the UI")

    async def events(self, socket: WebSocket) -> None:
        self.reached.append(socket.url.path)
        await socket.accept()
        await socket.close()

    def client(self, host: str = HERE) -> TestClient:
        routes = [
            WebSocketRoute("/graphql", self.events),
            Route("/{path:path}", self.page, methods=["GET", "POST"]),
        ]
        guard = UiGuard(Starlette(routes=routes), token=TOKEN, cookie=COOKIE)
        return TestClient(guard, base_url=host, follow_redirects=False)

    def browser(self) -> TestClient:
        """One that has opened the link."""
        client = self.client()
        client.cookies.set(COOKIE, TOKEN)
        return client


@pytest.fixture
def behind() -> Behind:
    return Behind()


def test_the_link_opens_the_ui_and_leaves_no_token_in_the_address(behind: Behind):
    client = behind.client()
    opened = client.get("/runs", params={"token": TOKEN, "q": "a b"})
    assert opened.status_code == 303
    assert opened.headers["location"] == "/runs?q=a+b"
    assert opened.headers["cache-control"] == "no-store"
    cookie = opened.headers["set-cookie"].lower()
    assert cookie.startswith(f"{COOKIE}={TOKEN}; ".lower())
    assert {"httponly", "samesite=strict"} <= {part.strip() for part in cookie.split(";")}
    assert behind.reached == []
    assert client.get(opened.headers["location"]).text == "the UI"


@pytest.mark.parametrize("path", ["//elsewhere.example/", "/\\elsewhere.example/"])
def test_the_link_leads_to_no_other_host(behind: Behind, path: str):
    opened = behind.client().get(f"{HERE}{path}", params={"token": TOKEN})
    assert opened.headers["location"] == "/elsewhere.example/"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer"},
        {"Authorization": f"Bearer {TOKEN[:-1]}"},
        {"Authorization": f"Basic {TOKEN}"},
        {"Cookie": f"{COOKIE}={TOKEN}x"},
        {"Cookie": f"aml_ui_3001={TOKEN}"},
        {"Cookie": f"{COOKIE}=\xe4".encode("latin-1")},
    ],
)
def test_nothing_opens_without_the_token(behind: Behind, headers: dict[str, str]):
    client = behind.client()
    for path in ("/", "/graphql", "/server_info", "/logs/x/err", "/?token=", "/?token=wrong"):
        refused = client.get(path, headers=headers)
        assert refused.status_code == 401
        assert "open the link that `aml ui` prints" in refused.text
        assert TOKEN not in refused.text
    assert client.post("/graphql", json=MUTATION, headers=headers).status_code == 401
    assert client.post("/report_asset_materialization/trx", headers=headers).status_code == 401
    assert behind.reached == []


def test_a_program_sends_the_token_as_a_bearers(behind: Behind):
    client = behind.client("http://localhost:8080")  # through a tunnel, as it may be
    assert client.post("/graphql", json=MUTATION, headers=BEARER).text == "the UI"


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:3000", "127.0.0.1.evil.example:3000", "localhost.", ""]
)
def test_a_name_that_was_bound_to_this_machine_is_refused(behind: Behind, host: str):
    refused = behind.client().get("/", headers={**BEARER, "Host": host})
    assert refused.status_code == 403
    assert behind.reached == []


ATTACKS: dict[str, Callable[[TestClient], Response]] = {
    "an image": lambda client: client.get("/graphql", params=MUTATION, headers=IMAGE),
    "a frame": lambda client: client.get("/", headers={**LINK, "Sec-Fetch-Dest": "iframe"}),
    "a script's request": lambda client: client.post(
        "/graphql", json=MUTATION, headers={"Origin": "https://evil.example"}
    ),
    "a form": lambda client: client.post(
        "/graphql", params=MUTATION, headers={**LINK, "Origin": "null"}
    ),
    "another port's page": lambda client: client.post(
        "/graphql", json=MUTATION, headers={"Origin": "http://127.0.0.1:9999"}
    ),
    "another port's image": lambda client: client.get(
        "/logs/x/err", headers={**IMAGE, "Sec-Fetch-Site": "same-site"}
    ),
    "a link to a change": lambda client: client.get("/graphql", params=MUTATION, headers=LINK),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_what_another_sites_page_sends_is_refused_whatever_the_browser_sends_along(
    behind: Behind, name: str
):
    assert ATTACKS[name](behind.browser()).status_code == 403
    assert behind.reached == []


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_graphql_by_get_is_refused_whatever_its_site(behind: Behind, method: str):
    for headers in (BEARER, {**BEARER, "Sec-Fetch-Site": "same-origin"}):
        refused = behind.client().request(method, "/graphql", params=MUTATION, headers=headers)
        assert (refused.status_code, refused.headers["allow"]) == (405, "POST")
    assert behind.reached == []
    assert behind.client().get("/graphql", headers=BEARER).text == "the UI"  # its own editor


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_graphql_that_a_form_could_post_is_refused_whatever_its_site(behind: Behind, kind: str):
    # Dagster looks for its media type anywhere in the header.
    for header in (kind, f"{kind}; application/json"):
        refused = behind.client().post(
            "/graphql", params=MUTATION, headers={**BEARER, "Content-Type": header}
        )
        assert refused.status_code == 415
    assert behind.reached == []


def test_a_link_from_another_site_opens_a_page_by_way_of_ours(behind: Behind):
    client = behind.client()  # the browser keeps a strict cookie back
    first = client.get("/runs/x?a=1&b=%22%3E", headers=LINK)
    assert first.status_code == 200
    assert 'content="0; url=/runs/x?a=1&amp;b=%22%3E"' in first.text
    assert behind.reached == []


def test_a_websocket_is_asked_the_same(behind: Behind):
    client = behind.client()
    cookie = {"Cookie": f"{COOKIE}={TOKEN}"}
    for headers in (
        {},
        {**cookie, "Origin": "https://evil.example"},
        {**cookie, "Origin": HERE, "Host": "evil.example:3000"},
        {**cookie, "Sec-Fetch-Site": "same-site"},
        {"Origin": HERE},
    ):
        with (
            pytest.raises(WebSocketDisconnect),
            client.websocket_connect("/graphql", headers={"Host": "127.0.0.1:3000", **headers}),
        ):
            pass
    assert behind.reached == []
    own = {**cookie, "Host": "127.0.0.1:3000", "Origin": HERE}
    with client.websocket_connect("/graphql", headers=own):
        pass
    assert behind.reached == ["/graphql"]
