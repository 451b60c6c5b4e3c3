"""The shipped proxy by its own script: who gets in, as whom, how fast, and what is told.

The same in its container, in front of what it protects: `test_compose`.
"""

from __future__ import annotations

import ssl
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from aml_assets_tests.deploy.proxy import SHARED, TOKEN, Proxy, certify, proxy

OPERATOR = ("aml", SHARED["aml"])
PASSWORD, OTHER = "correct horse battery", "staple battery horse"


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    with proxy(tmp_path_factory.mktemp("proxy")) as running:
        yield running


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Proxy]:
    """A proxy whose people a test changes."""
    with proxy(tmp_path, certify(tmp_path)) as running:
        yield running


# -- whose name a server is told ---------------------------------------------------------------


@pytest.mark.parametrize("door", ["ui", "viewer"])
@pytest.mark.parametrize(
    "forged",
    [
        [("X-Forwarded-User", "anna")],
        [("x-forwarded-user", "anna"), ("X-FORWARDED-USER", "bob")],
        [("X_Forwarded_User", "anna")],
        [("X-Forwarded-User", "anna"), ("Connection", "close, X-Forwarded-User")],
        [("X-Forwarded-User", "")],
    ],
)
def test_a_server_is_told_the_login_and_never_what_a_browser_says(up: Proxy, door: str, forged):
    answer = up.ask(door, OPERATOR, more=forged)
    told = [value for name, value in answer.asked if "forwarded" in name.lower().replace("_", "-")]
    assert sorted(told) == ["127.0.0.1", "aml", "https"]
    assert "Authorization" not in dict(answer.asked)


DOORS = {"ui": "aml", "viewer": "viewer", "notebook": "analyst"}


@pytest.mark.parametrize(("door", "name"), DOORS.items())
def test_each_door_has_its_own_login_and_refuses_what_another_sites_page_asks(
    up: Proxy, door: str, name: str
):
    login = (name, SHARED[name])
    seen = dict(up.ask(door, login, address="127.0.6.1").asked)
    assert seen.get("Authorization") == (f"token {TOKEN}" if door == "notebook" else None)
    for header in (("Origin", "https://evil.example"), ("Sec-Fetch-Site", "cross-site")):
        assert up.ask(door, login, more=[header], address="127.0.6.1").status == 403
    others = {each for each in DOORS.values() if each != name} - {"aml"}
    for number, other in enumerate(sorted(others)):
        asked = up.ask(door, (other, SHARED[other]), address=f"127.0.7.{number}")
        assert (asked.status, asked.headers["WWW-Authenticate"][:18]) == (401, 'Basic realm="aml_a')


# -- what is told of requests ----------------------------------------------------------------


def test_each_request_is_told_with_user_address_method_path_and_status(up: Proxy):
    path = "/runs/1?tag=a-customers-name"
    up.ask("ui", OPERATOR, path, address="127.0.1.1")
    up.ask("ui", None, path, address="127.0.1.2")
    up.ask("ui", ("aml", "wrong"), path, address="127.0.1.3")
    up.ask("ui", ("typed-the-password-here", "x"), path, address="127.0.1.4")
    up.ask("ui", OPERATOR, path, [("Origin", "https://evil.example")], address="127.0.1.5")
    told = up.requests("127.0.1.", 5)
    assert [(each["login"], each["user"], each["claimed"], each["status"]) for each in told] == [
        ("right", "aml", "", 200),
        ("none", "", "", 401),
        ("wrong", "", "aml", 401),
        ("wrong", "", "", 401),
        ("refused", "", "aml", 403),
    ]
    assert {(each["method"], each["path"]) for each in told} == {("GET", "/runs/1")}
    for secret in ("customers-name", "typed-the-password", *SHARED.values(), TOKEN, "Basic "):
        assert secret not in up.log


# -- people ----------------------------------------------------------------------------------


def test_several_people_have_a_role_each_with_a_password_of_his_own(own: Proxy):
    for name, role, password in (
        ("anna", "operator", PASSWORD),
        ("bob@bank.example", "operator,analyst", OTHER),
        ("default", "viewer", PASSWORD),  # a word of nginx's own
    ):
        assert own.users("add", name, role, password=f"{password}\n").returncode == 0
    people = {"anna": PASSWORD, "bob@bank.example": OTHER, "default": PASSWORD}
    opened = {
        (name, door)
        for name, password in people.items()
        for door in ("ui", "viewer", "notebook")
        if own.ask(door, (name, password), address="127.0.2.1").status == 200
    }
    assert opened == {
        ("anna", "ui"),
        ("anna", "viewer"),
        ("bob@bank.example", "ui"),
        ("bob@bank.example", "viewer"),
        ("bob@bank.example", "notebook"),
        ("default", "viewer"),
    }
    assert ("X-Forwarded-User", "bob@bank.example") in own.ask(
        "ui", ("bob@bank.example", OTHER)
    ).asked
    assert own.users("list").stdout.splitlines() == [
        "anna operator",
        "bob@bank.example operator,analyst",
        "default viewer",
    ]
    own.ask("ui", ("default", "wrong"), address="127.0.2.2")
    assert own.requests("127.0.2.2", 1)[-1]["claimed"] == "default"


def test_a_name_has_64_characters_at_most(own: Proxy):
    name = "a" * 63
    assert own.users("add", f"{name}b", "operator", password=PASSWORD).returncode == 0
    assert own.ask("ui", (f"{name}b", PASSWORD)).status == 200
    assert "64 characters" in own.users("add", f"{name}bc", "operator", password=PASSWORD).stderr


def test_with_the_first_person_of_a_role_its_shared_login_ends(own: Proxy):
    assert own.ask("ui", OPERATOR).status == 200
    own.users("add", "anna", "operator", password=PASSWORD)
    assert own.ask("ui", OPERATOR).status == 401
    assert own.ask("viewer", OPERATOR).status == 401
    assert own.ask("viewer", ("viewer", SHARED["viewer"])).status == 200


def test_who_is_removed_or_gets_another_password_is_out_at_once(own: Proxy):
    for name in ("anna", "ann"):
        own.users("add", name, "operator", password=PASSWORD)
    assert own.ask("ui", ("anna", PASSWORD)).status == 200
    own.users("add", "anna", "operator", password=OTHER)
    assert own.ask("ui", ("anna", PASSWORD)).status == 401
    assert own.ask("ui", ("anna", OTHER)).status == 200
    own.users("remove", "anna")
    assert own.ask("ui", ("anna", OTHER)).status == 401
    assert own.ask("ui", ("ann", PASSWORD)).status == 200


def test_who_is_removed_loses_the_connections_that_he_had_open(own: Proxy):
    for name in ("anna", "ann"):
        own.users("add", name, "operator", password=PASSWORD)
    with own.open_socket("ui", ("anna", PASSWORD)) as opened:
        own.users("remove", "anna")
        opened.settimeout(9)
        with suppress(ConnectionResetError):
            assert opened.recv(1) == b""
    with own.open_socket("ui", ("ann", PASSWORD)):
        assert own.ask("ui", ("anna", PASSWORD)).status == 401


def test_no_shared_login_opens_again_unless_somebody_says_so(own: Proxy):
    own.users("add", "anna", "operator,viewer", password=PASSWORD)
    for words in (
        ("remove", "anna"),
        ("add", "anna", "viewer"),
        ("remove", "anna", "--all"),
    ):
        done = own.users(*words, password=OTHER)
        assert done.returncode == 1
        assert "--shared" in done.stderr
        assert own.users("list").stdout == "anna operator,viewer\n"
        assert own.ask("ui", OPERATOR).status == 401
        assert own.ask("ui", ("anna", PASSWORD)).status == 200
    own.users("add", "bob", "operator", password=OTHER)
    assert own.users("add", "anna", "viewer", password=PASSWORD).returncode == 0
    done = own.users("remove", "bob", "--shared")
    assert "nobody is operator: the shared login aml opens that door" in done.stderr
    assert own.ask("ui", OPERATOR).status == 200


@pytest.mark.parametrize(
    ("words", "password", "sentence"),
    [
        (("add", "anna", "operator"), "short", "12 characters"),
        (("add", "anna", "operator"), "", "12 characters"),
        (("add", "anna", "admin"), PASSWORD, "no role admin"),
        (("add", "anna", ""), PASSWORD, "give anna a role"),
        (("add", "anna:operator", "viewer"), PASSWORD, "a name begins"),
        (("add", "an\nna", "viewer"), PASSWORD, "a name begins"),
        (("add", "anna", "operator", "password"), PASSWORD, "add NAME ROLE"),
        (("remove", "carl"), "", "no user carl"),
    ],
)
def test_what_is_no_person_is_refused_and_changes_nothing(up: Proxy, words, password, sentence):
    done = up.users(*words, password=password)
    assert (done.returncode, sentence in done.stderr) == (1, True), done.stderr
    assert up.users("list").stdout == ""
    assert up.ask("ui", OPERATOR).status == 200


def test_passwords_lie_in_the_file_as_hashes_for_its_owner_alone(own: Proxy):
    own.users("add", "anna", "operator", password=PASSWORD)
    file = Path(own.environment["AML_USERS"])
    name, roles, hashed = file.read_text().strip().split(":")
    assert (name, roles, hashed.startswith("$6$")) == ("anna", "operator", True)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    for path in own.folder.rglob("*"):
        if path.is_file():
            assert PASSWORD.encode() not in path.read_bytes()
    shown = own.users("line", "carl", "viewer", password=PASSWORD).stdout
    assert shown.startswith("carl:viewer:$6$")
    assert "carl" not in file.read_text()


def test_a_line_that_is_no_person_is_named_and_nobody_is_let_in(own: Proxy):
    Path(own.environment["AML_USERS"]).write_text("# people\nanna:operator:$6$x$y\nbob:$6$x$y\n")
    done = own.users("apply")
    assert done.returncode == 1
    assert "user number 2 is not NAME:ROLE[,ROLE]:HASH" in done.stderr
    assert "$6$" not in done.stderr


# -- wrong passwords -------------------------------------------------------------------------


def test_wrong_passwords_are_slowed_by_address_also_all_at_once(up: Proxy):
    def wrong(number: int) -> int:
        return up.ask("ui", ("aml", f"wrong {number}"), address="127.0.3.1").status

    viewer = ("viewer", SHARED["viewer"])
    assert up.ask("viewer", viewer, address="127.0.3.1").status == 200
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(wrong, range(25)))
    assert answers.count(401) == 5
    assert answers.count(429) == 20
    # The right one is not looked at either: who guesses must not learn it.
    assert up.ask("ui", OPERATOR, address="127.0.3.1").status == 429
    assert up.requests("127.0.3.1", 27)[-1]["login"] == "slowed"
    assert up.ask("notebook", ("analyst", "x"), address="127.0.3.1").status == 429
    # Who was in stays in, and other addresses are as before.
    assert up.ask("viewer", viewer, address="127.0.3.1").status == 200
    assert up.ask("ui", OPERATOR, address="127.0.3.2").status == 200


def test_who_types_it_right_is_never_slowed(up: Proxy):
    for _ in range(12):
        assert up.ask("ui", OPERATOR, address="127.0.4.1").status == 200
        assert up.ask("ui", None, address="127.0.4.1").status == 401


# -- TLS -------------------------------------------------------------------------------------


def client(lowest: ssl.TLSVersion, highest: ssl.TLSVersion, ciphers: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers(f"{ciphers}:@SECLEVEL=0")
    context.minimum_version, context.maximum_version = lowest, highest
    return context


@pytest.mark.parametrize("door", ["ui", "viewer", "notebook"])
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
def test_tls_is_1_3_or_1_2_with_forward_secrecy(up: Proxy, door: str):
    old, two, three = ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
    for context in (client(two, two, "ECDHE+AESGCM"), client(three, three, "ALL")):
        up.connect(door, context).connect()
    for context in (
        client(two, two, "kRSA"),  # who gets the certificate's key reads what was recorded
        client(two, two, "ECDHE+AES128+SHA256:ECDHE+SHA1"),  # CBC
        client(ssl.TLSVersion.TLSv1, old, "ALL"),
    ):
        with pytest.raises(OSError, match=r"handshake failure|protocol version|alert|EOF|reset"):
            up.connect(door, context).connect()


def test_a_browser_is_told_to_come_back_by_tls_only_unless_the_name_is_shared(up: Proxy):
    def told(host: str, login: tuple[str, str] | None = OPERATOR) -> str | None:
        headers = up.ask("ui", login, more=[("Host", host)]).headers
        return headers.get("Strict-Transport-Security")

    assert told("aml.bank.example") == told("aml.bank.example:31234") == "max-age=31536000"
    assert told("aml.bank.example", None) == "max-age=31536000"
    assert told("localhost:8443") is None
    assert told("127.0.0.1:8443") is None


def test_a_certificate_that_nobody_can_check_is_warned_of_by_name(up: Proxy, tmp_path: Path):
    assert f"WARNING: {up.folder}/none/tls.crt is missing" in up.log
    bank = certify(tmp_path)
    with proxy(tmp_path, bank) as behind_the_banks:
        assert "WARNING" not in behind_the_banks.log
        shown = ssl.get_server_certificate(("127.0.0.1", behind_the_banks.ports["ui"]))
        assert shown == (bank / "tls.crt").read_text()
