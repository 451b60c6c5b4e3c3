"""The recipes for single sign-on, against a provider and a directory: who is let in, as whom."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from aml_assets_tests.deploy.proxy import certify
from aml_assets_tests.deploy.single_sign_on import (
    SECRET,
    directory,
    door,
    openid_provider,
    require_apache,
)
from aml_assets_tests.ports import free_port

pytestmark = pytest.mark.long
FORGED = {"X-Forwarded-User": "mallory"}


def told(answer: requests.Response) -> dict[str, str]:
    """The headers that the server behind the door got."""
    assert answer.status_code == 200, (answer.status_code, answer.text)
    found: list[tuple[str, str]] = answer.json()
    assert len({name.lower() for name, _ in found}) == len(found)
    return {name.lower(): value for name, value in found}


def refuses_other_sites(session: requests.Session, url: str) -> None:
    """What another site's page asks for is refused, with the login that the browser sends."""
    cross = {"Sec-Fetch-Site": "cross-site"}
    link = {**cross, "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    for path, headers in (
        ("/graphql?query=%7Bversion%7D", link),
        ("/overview", {**cross, "Sec-Fetch-Mode": "no-cors"}),
        ("/overview", {"Origin": "https://evil.example"}),
        ("/overview", {"Origin": "null"}),
    ):
        assert session.get(f"{url}{path}", headers=headers).status_code == 403
    assert session.get(f"{url}/overview", headers=link).status_code == 200
    assert session.get(f"{url}/overview", headers={"Origin": url}).status_code == 200


@dataclass
class Door:
    """A door as it runs."""

    url: str
    folder: Path

    def session(self, *login: str) -> requests.Session:
        """A browser that knows the door's certificate, with a name and a password."""
        session = requests.Session()
        session.trust_env = False
        session.verify = str(self.folder / "tls.crt")
        session.auth = login if len(login) == 2 else None
        return session


@pytest.fixture(scope="module")
def oidc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    require_apache("auth_openidc")
    folder = certify(tmp_path_factory.mktemp("oidc"))
    port = free_port()
    with openid_provider(folder, f"https://localhost:{port}/.aml/callback") as issuer:
        environment = {
            "AML_ISSUER": issuer,
            "AML_CLIENT": "aml",
            "AML_CLIENT_SECRET": SECRET,
            "AML_SESSION_KEY": "a-key-of-the-test-for-its-sessions",
            "AML_GROUP": "aml-operators",
        }
        with door(folder, "oidc", ["auth_openidc"], port, environment) as url:
            yield Door(url, folder)


def logged_in(oidc: Door, name: str) -> tuple[requests.Session, requests.Response]:
    """A session after the provider's own pages, and its last answer."""
    session = oidc.session()
    page = session.get(f"{oidc.url}/overview", headers=FORGED)
    for fields in ({"prompt": "login", "login": name, "password": "x"}, {"prompt": "consent"}):
        action = re.search(r'action="([^"]+)"', page.text)
        assert action, page.text
        page = session.post(action[1], data=fields)
    return session, page


def test_by_openid_connect_a_member_of_the_group_is_let_in_by_the_providers_name(oidc: Door):
    session, page = logged_in(oidc, "anna")
    assert page.url == f"{oidc.url}/overview"
    for answer in (page, session.get(f"{oidc.url}/graphql", headers=FORGED)):
        headers = told(answer)
        assert headers["x-forwarded-user"] == "anna"
        assert not {"authorization", "cookie"} & headers.keys()
        assert not [name for name in headers if name.startswith("oidc")]
    refuses_other_sites(session, oidc.url)


def test_by_openid_connect_nobody_else_gets_in(oidc: Door):
    _, page = logged_in(oidc, "bob")
    assert page.status_code in (401, 403)
    asked = oidc.session().get(f"{oidc.url}/graphql", headers=FORGED, allow_redirects=False)
    assert asked.status_code in (302, 401)
    cookie = {"mod_auth_openidc_session": "00000000-0000-0000-0000-000000000000"}
    forged = oidc.session().get(f"{oidc.url}/graphql", cookies=cookie, allow_redirects=False)
    assert forged.status_code in (302, 401)


@pytest.fixture(scope="module")
def served() -> Iterator[Path]:
    """A folder that Apache's user may read, unlike those of pytest."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        path.chmod(0o755)
        yield path


@pytest.fixture(scope="module")
def ldap(served: Path) -> Iterator[Door]:
    require_apache("authnz_ldap")
    folder = certify(served)
    (folder / "password").write_text(SECRET)
    port = free_port()
    with directory(folder) as people:
        environment = {
            "AML_LDAP": people,
            "AML_LDAP_USER": "cn=door,dc=bank,dc=example",
            "AML_LDAP_PASSWORD_FILE": str(folder / "password"),
            "AML_GROUP": "cn=aml-operators,dc=bank,dc=example",
        }
        modules = ["auth_basic", "ldap", "authnz_ldap"]
        with door(folder, "ldap", modules, port, environment) as url:
            yield Door(url, folder)


def test_by_ldap_a_member_of_the_group_is_let_in_by_the_directorys_name(ldap: Door):
    url = ldap.url
    for typed in ("ANNA", "anna"):
        session = ldap.session(typed, "of-anna")
        headers = told(session.get(f"{url}/overview?tag=secret", headers=FORGED))
        assert headers["x-forwarded-user"] == "anna"
        assert "authorization" not in headers
    refuses_other_sites(ldap.session("anna", "of-anna"), url)
    log = (ldap.folder / "aml.log").read_text()
    assert '"user":"anna","method":"GET","path":"/overview","status":200' in log
    assert "secret" not in log
    assert "mallory" not in log


@pytest.mark.parametrize(
    "login", [(), ("anna", "wrong"), ("anna", ""), ("bob", "of-bob"), ("*", "of-anna")]
)
def test_by_ldap_nobody_else_gets_in(ldap: Door, login: tuple[str, ...]):
    assert ldap.session(*login).get(ldap.url, headers=FORGED).status_code == 401
