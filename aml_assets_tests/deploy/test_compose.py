"""The shipped compose file, up for real, and who gets in.

Belongs here: what an installed system does and refuses. Does not belong here: single settings of
the files (`test_kubernetes`, `test_files`).
"""

import json
import stat
from importlib.metadata import version
from pathlib import Path

import pytest
from playwright.sync_api import Browser, HttpCredentials, Response

from aml_assets_tests.browser.conftest import chromium as chromium
from aml_assets_tests.conftest import Bank
from aml_assets_tests.deploy.stack import SERVICES, Stack, running

pytestmark = pytest.mark.images

VERSION = version("aml_assets")
LAST = "2024-02-14"
CSV = f"/aml/predict_res/pred_full_table{LAST}.csv"
RUNS = (
    "{ runsOrError { ... on Runs { results { runId status runConfigYaml tags { key value } } } } }"
)
OPEN_SOCKET = """
async path => {
  if (path === "/api/kernels") {
    const started = await (await fetch(path, { method: "POST", body: "{}" })).json();
    path += `/${started.id}/channels`;
  }
  const protocols = path === "/graphql" ? "graphql-ws" : [];
  const socket = new WebSocket(`wss://${location.host}${path}`, protocols);
  return new Promise(done => {
    socket.onopen = () => done("open");
    socket.onerror = () => done("refused");
  });
}
"""
LAUNCH = """
mutation ($run: ExecutionParams!) {
  launchRun(executionParams: $run) { ... on LaunchRunSuccess { run { runId } } }
}
"""
TERMINATE = """
mutation ($run: String!) { terminateRun(runId: $run) { __typename } }
"""
DATABASE = """
import os, sys, psycopg2
try:
    with psycopg2.connect(
        host=sys.argv[2], user="dagster", dbname="dagster", sslmode=sys.argv[1],
        password=os.environ["DAGSTER_POSTGRES_PASSWORD"], sslrootcert="/etc/postgres/root.crt",
    ) as connection, connection.cursor() as cursor:
        cursor.execute(
            "select rolsuper or rolcreaterole or rolcreatedb or rolreplication or rolbypassrls,"
            " (select version from pg_stat_ssl where pid = pg_backend_pid()),"
            " (select count(*) from pg_stat_ssl s join pg_stat_activity a using (pid)"
            "  where a.client_addr is not null and not s.ssl)"
            " from pg_roles where rolname = current_user"
        )
        print(*cursor.fetchone())
except psycopg2.OperationalError as error:
    print("refused", error)
"""
"""Asks the database about us: superuser or nearly so, our TLS, how many come without any."""
TICKS = """
{ sensorOrError(sensorSelector: {
    repositoryName: "__repository__", repositoryLocationName: "aml_assets", sensorName: "landing"
  }) { ... on Sensor { sensorState { status ticks(limit: 1) { timestamp } } } } }
"""


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    with running(tmp_path_factory.mktemp("deploy")) as up:
        # Who was in is not slowed by the wrong passwords that tests send from the same address.
        for door in ("ui", "viewer", "notebook"):
            up.wait(lambda door=door: up.ask(door, "/", up.login(door)).status == 200, door)
        yield up


def runs(stack: Stack) -> dict[str, str]:
    found = stack.graphql(RUNS)["runsOrError"]["results"]
    return {run["runId"]: run["status"] for run in found}


def rests(stack: Stack) -> bool:
    return set(runs(stack).values()) == {"SUCCESS"} and "pred_full" in stack.hdfs("-ls", CSV)


def test_a_day_that_lands_in_hdfs_becomes_predictions_there(stack: Stack):
    stack.wait(lambda: rests(stack), "predictions", seconds=600)
    lines = stack.hdfs("-cat", CSV).splitlines()
    assert "pred_score" in lines[0]
    assert len(lines) > 10
    assert "alert_report" in stack.hdfs("-ls", "/aml/report")
    listed = stack.hdfs("-ls", CSV)
    assert listed.startswith("-rw-r-----")


def test_a_day_that_was_built_outside_comes_out_the_same_in_the_image(
    stack: Stack, built_bank: Bank, tmp_path: Path
):
    bank = built_bank.copy_to(tmp_path / "bank")
    before = bank.files()
    given = {**bank.variables, "AML_LANDING__URL": "/bank/landing", "AML_STORE__URL": "/bank/store"}
    variables = [word for name, text in given.items() for word in ("-e", f"{name}={text}")]
    volume = ("-v", f"{bank.root}:/bank", "--user=0:0", "--network=none")  # the files are root's
    limits = ("--ulimit=nofile=4096:4096", "--ulimit=nproc=2048:2048")
    words = ("aml", "reproduce", "2024-01-05", "--to", "/bank/again")
    image = f"localhost/aml_assets:{VERSION}"
    said = stack.podman("run", "--rm", *volume, *limits, *variables, image, *words)
    assert "2024-01-05: same, " in said
    assert bank.files() == before


def test_the_image_is_small_and_holds_nothing_it_does_not_need(stack: Stack):
    image = json.loads(stack.podman("image", "inspect", f"localhost/aml_assets:{VERSION}"))[0]
    assert image["Size"] < 1_300_000_000  # docs/install.md says 1.2 GB
    assert image["User"] == "10001:10001"
    assert image["Healthcheck"]["Test"] == ["CMD", "health.py", "code"]
    inside = stack.execute("code", "sh", "-c", "ls /opt/aml/lib/python3.11/site-packages").stdout
    packages = {name.partition("-")[0] for name in inside.split()}
    assert "xgboost" in packages
    assert not {"nvidia", "pip", "setuptools", "pytest", "aml_assets_tests"} & packages
    assert stack.execute("code", "sh", "-c", "touch /opt/aml/x").returncode != 0


def test_every_container_is_healthy(stack: Stack):
    for service in SERVICES:  # asked for here, since podman asks by itself only under systemd
        stack.wait(lambda name=service: stack.is_healthy(name), f"{service} to be healthy", 120)


@pytest.mark.parametrize("door", ["ui", "viewer", "notebook"])
@pytest.mark.parametrize(
    "path", ["/", "/graphql", "/server_info", "/api/contents", "/lab", "/healthy"]
)
def test_no_door_answers_without_its_login(stack: Stack, door: str, path: str):
    user, password = stack.login(door)
    others = [stack.login(each) for each in ("ui", "viewer", "notebook") if each != door]
    if door == "viewer":
        others.remove(stack.login("ui"))  # who may change may look
    for login in (None, (user, "wrong"), (user, ""), ("", password), *others):
        assert stack.ask(door, path, login).status in (401, 429)
        assert stack.ask(door, path, login, {"query": "{ version }"}).status in (401, 429)


def test_with_the_login_each_door_opens(stack: Stack):
    assert stack.graphql("{ version }")["version"]
    assert stack.graphql("{ version }", door="viewer")["version"]
    assert stack.ask("viewer", "/server_info", stack.login("ui")).status == 200
    assert stack.ask("notebook", "/api/contents", stack.login("notebook")).status == 200
    assert stack.ask("notebook", "/lab", stack.login("notebook")).status == 200


def test_a_person_logs_in_and_his_runs_have_his_name_whatever_they_claim(stack: Stack):
    stack.wait(lambda: rests(stack), "predictions", seconds=600)
    stack.script("user", "add", "anna", "operator", given="correct horse battery\n")
    try:
        assert stack.script("user", "list") == "anna operator\n"
        anna = ("anna", "correct horse battery")
        # Wrong passwords of the tests before slow this address, for a minute.
        stack.wait(lambda: stack.ask("ui", "/server_info", anna).status == 200, "anna's login", 180)
        forged = [
            {"key": "user", "value": "bob"},
            {"key": "dagster/partition", "value": LAST},
        ]
        run = {
            "selector": {
                "repositoryLocationName": "aml_assets",
                "repositoryName": "__repository__",
                "jobName": "batch_prediction",
            },
            "runConfigData": {},
            "mode": "default",
            "executionMetadata": {"tags": forged},
        }
        asked = {"query": LAUNCH, "variables": {"run": run}}
        answer = stack.ask("ui", "/graphql", anna, asked, {"X-Forwarded-User": "bob"})
        launched = answer.json["data"]["launchRun"]["run"]["runId"]
        shared = stack.ask("ui", "/graphql", stack.login("ui"), {"query": "{ version }"})
        assert shared.status in (401, 429)
    finally:
        stack.script("user", "remove", "anna", "--shared")
    found = stack.graphql(RUNS)["runsOrError"]["results"]
    (tags,) = (each["tags"] for each in found if each["runId"] == launched)
    assert {"key": "user", "value": "anna"} in tags
    assert "audit: anna requested launchRun" in stack.logs("web")
    told = [json.loads(line) for line in stack.logs("proxy").splitlines() if line[:1] == "{"]
    (request,) = (each for each in told if (each["user"], each["method"]) == ("anna", "POST"))
    assert (request["path"], request["status"]) == ("/graphql", 200)
    stack.wait(lambda: rests(stack), "the run's end")


def test_the_database_is_reached_by_checked_tls_only_and_its_role_is_no_superuser(stack: Stack):
    def asked(mode: str, host: str = "postgres") -> str:
        done = stack.execute("code", "/opt/aml/bin/python", "-c", DATABASE, mode, host)
        return done.stdout.strip()

    assert asked("verify-full") == "False TLSv1.3 0"
    assert "no encryption" in asked("disable")
    (address, *_) = stack.addresses("postgres")
    assert "certificate" in asked("verify-full", address)


def test_who_only_looks_changes_nothing(stack: Stack):
    asked = {"run": "no-such-run"}
    assert stack.graphql(TERMINATE, **asked)["terminateRun"]["__typename"] == "RunNotFoundError"
    refused = stack.graphql(TERMINATE, door="viewer", **asked)["terminateRun"]["__typename"]
    assert refused == "UnauthorizedError"


@pytest.mark.parametrize("door", ["ui", "viewer", "notebook"])
def test_a_page_of_another_site_gets_nothing_by_the_login_that_a_browser_sends(stack, door: str):
    def status(path: str, method: str = "GET", **headers: str) -> int:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        body = {"query": "{ version }"} if method == "POST" else None
        return stack.ask(door, path, stack.login(door), body, named).status

    here, evil = stack.origin(door), "https://evil.example"
    page = {"notebook": "/lab"}.get(door, "/overview")
    link = {"Sec_Fetch_Mode": "navigate", "Sec_Fetch_Dest": "document"}
    data = {"notebook": "/api/contents"}.get(door, "/graphql?query=%7Bversion%7D")
    for site in ("cross-site", "same-site"):
        assert status(data, Sec_Fetch_Site=site, Sec_Fetch_Mode="no-cors") == 403
        assert status(page, Sec_Fetch_Site=site, **{**link, "Sec_Fetch_Dest": "iframe"}) == 403
        assert status(page, Sec_Fetch_Site=site, **link) == 200
        assert status("/graphql?query=%7Bversion%7D", Sec_Fetch_Site=site, **link) == 403
        assert status("/", "POST", Sec_Fetch_Site=site, **link) == 403
    for origin in (evil, "null", here.replace("https", "http"), f"{here}.evil.example"):
        assert status(data, Origin=origin) == 403
        assert status("/graphql", "POST", Origin=origin) == 403
    upgrade = {"Upgrade": "websocket", "Connection": "Upgrade"}
    assert status("/api/events/subscribe", Origin=evil, **upgrade) == 403
    assert status(data, Origin=here, Sec_Fetch_Site="same-origin", Sec_Fetch_Mode="cors") == 200
    assert status(page, Sec_Fetch_Site="none", **link) == 200


@pytest.mark.parametrize(
    ("door", "path", "shown", "socket"),
    [
        ("ui", "/locations", "aml_assets", "/graphql"),
        ("viewer", "/locations", "aml_assets", "/graphql"),
        ("notebook", "/lab", "Launcher", "/api/kernels"),
    ],
)
def test_a_browser_behind_the_login_gets_all_that_it_asks_for(
    stack: Stack, chromium: Browser, door: str, path: str, shown: str, socket: str
):
    user, password = stack.login(door)
    login: HttpCredentials = {"username": user, "password": password}
    context = chromium.new_context(ignore_https_errors=True, http_credentials=login)
    page = context.new_page()
    answers: list[Response] = []
    page.on("response", lambda answer: answers.append(answer))
    page.goto(f"{stack.origin(door)}{path}")
    page.get_by_text(shown).first.wait_for(timeout=60_000)
    opened = page.evaluate(OPEN_SOCKET, socket)
    refused = [answer.url for answer in answers if answer.status in (401, 403)]
    context.close()
    assert opened == "open"
    assert refused == []


def test_behind_the_proxy_nobody_reaches_what_he_does_not_need(stack: Stack):
    def reaches(service: str, host: str, port: int) -> bool:
        """By name, or by any address: routes may lead where no name does."""
        return any(connects(service, at, port) for at in (host, *stack.addresses(host)))

    def connects(service: str, at: str, port: int) -> bool:
        if service == "proxy":  # no Python there
            ask = ("curl", "-s", "-o", "/dev/null", "--max-time", "3", f"http://{at}:{port}/")
            # An unknown name, a refused connection, none in time; whatever else is an answer.
            return stack.execute(service, *ask).returncode not in (6, 7, 28)
        words = f"import socket; socket.create_connection(('{at}', {port}), 3)"
        return stack.execute(service, "python3", "-c", words).returncode == 0

    assert reaches("notebook", "namenode", 9870)  # the reader, under its name
    assert not reaches("notebook", "namenode", 8020)
    itself = ("hdfs-namenode", *stack.addresses("namenode"))
    assert not any(connects("notebook", at, 9870) for at in itself)
    assert reaches("code", "postgres", 5432)
    assert reaches("proxy", "web", 3000)
    for host, port in (("web", 3000), ("viewer", 3000), ("code", 4000), ("postgres", 5432)):
        assert not reaches("notebook", host, port)
    for host, port in (("code", 4000), ("postgres", 5432), ("namenode", 8020)):
        assert not reaches("proxy", host, port)
    assert not reaches("web", "namenode", 8020)
    ask = [
        "curl",
        "-s",
        "-o",
        "/dev/null",
        "-w",
        "%{http_code}",
        "http://notebook:8888/api/contents",
    ]
    assert stack.execute("proxy", *ask).stdout == "403"  # Jupyter wants its token all the same


READ = "from aml_assets.notebook import Bank; print(Bank.open().days('predictions')[-1])"
WRITE = """
from aml_assets.io.catalog import Catalog
from aml_assets.settings.load import load_settings
Catalog(load_settings()).store.publish_bytes("decisions/skips/2024-02-14.json", b"{}")
"""


def test_from_the_notebook_the_store_can_be_read_and_not_written(stack: Stack):
    stack.wait(lambda: rests(stack), "predictions", seconds=600)
    read = stack.execute("notebook", "python3", "-c", READ)
    assert read.stdout.strip() == LAST, read.stderr
    written = stack.execute("notebook", "python3", "-c", WRITE)
    assert written.returncode != 0
    assert "decisions" not in stack.hdfs("-ls", "/aml")
    ask = "http://namenode:{}/webhdfs/v1/aml?op={}&user.name=aml"
    script = "import requests, sys; print(requests.request(*sys.argv[1:], timeout=9).status_code)"
    for method, port, op in (
        ("PUT", 9870, "MKDIRS"),
        ("DELETE", 9870, "DELETE"),
        ("POST", 9870, "TRUNCATE"),
        ("PUT", 9864, "CREATE"),
    ):
        asked = stack.execute("notebook", "python3", "-c", script, method, ask.format(port, op))
        assert asked.stdout == "403\n", (method, op)


def test_the_key_that_seals_the_store_is_the_code_locations_alone(stack: Stack):
    key = stack.execute("code", "cat", "/var/lib/aml/seal.keys").stdout
    assert len(key.split()[1]) == 64
    seal = stack.hdfs("-cat", f"/aml/model_meta/aml_xgboost_{LAST}.meta.json")
    assert f'"seal": "{key.split()[0]:.<10}:' in seal
    for service in ("notebook", "web", "viewer", "daemon", "proxy", "reader"):
        assert stack.execute(service, "cat", "/var/lib/aml/seal.keys").returncode != 0
    assert not [name for name in SERVICES if key.split()[1] in stack.logs(name)]


def test_the_secrets_stand_in_one_file_and_nowhere_else(stack: Stack):
    assert stat.S_IMODE(stack.secrets_file.stat().st_mode) == 0o600
    secrets = stack.secrets
    assert len(set(secrets.values())) == len(secrets) == 5
    assert all(len(secret) >= 32 for secret in secrets.values())
    texts = {service: stack.logs(service) for service in SERVICES}
    for name in ("", "_notebook", "_postgres", "_hadoop", "_proxy"):
        image = f"localhost/aml_assets{name}:{VERSION}"
        texts[image] = stack.podman("image", "inspect", image)
        texts[f"{image} history"] = stack.podman("history", "--no-trunc", image)
    texts["runs"] = json.dumps(stack.graphql(RUNS))
    written = "find /tmp /opt/dagster /var/log/dagster -type f -exec cat {} +"
    for service in ("code", "web", "daemon", "notebook"):
        texts[f"files of {service}"] = stack.execute(service, "sh", "-c", written).stdout
    for place, text in texts.items():
        for name, secret in secrets.items():
            assert secret not in text, f"{name} stands in {place}"


def test_each_image_lists_what_it_holds(stack: Stack):
    held: dict[str, set[str]] = {}
    for service in ("code", "notebook"):
        sbom = json.loads(stack.execute(service, "cat", "/opt/aml/sbom.json").stdout)
        assert sbom["bomFormat"] == "CycloneDX"
        held[service] = {each["name"].lower() for each in sbom["components"]}
    assert {"dagster", "kubernetes"} <= held["code"]
    assert "jupyterlab" in held["notebook"]
    assert "kubernetes" not in held["notebook"]
    assert not {"pip", "setuptools", "cython"} & (held["code"] | held["notebook"])


def test_it_comes_down_and_up_again_with_nothing_lost(stack: Stack):
    stack.wait(lambda: rests(stack), "the end of the night")
    before, listed = runs(stack), stack.hdfs("-ls", "-R", "/aml")
    secrets = stack.secrets
    stack.script("down")
    assert stack.podman("ps", "--all", "--quiet").strip() == ""
    stack.script("up")
    stack.wait(lambda: "pred_full" in stack.hdfs("-ls", CSV), "HDFS")
    stack.wait(lambda: runs(stack) == before, "the runs of before")

    def tick() -> float:
        return stack.graphql(TICKS)["sensorOrError"]["sensorState"]["ticks"][0]["timestamp"]

    first = 0.0

    def looked_twice() -> bool:
        nonlocal first
        first = first or tick()
        return tick() > first + 5

    stack.wait(looked_twice, "the sensor's looks")
    assert runs(stack) == before
    assert stack.hdfs("-ls", "-R", "/aml") == listed
    assert stack.secrets == secrets
