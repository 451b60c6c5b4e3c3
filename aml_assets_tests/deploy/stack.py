"""The shipped deployment on this machine: its images built, its compose file up, and how to ask it.

Belongs here: building, starting, stopping, asking. Does not belong here: expectations.

There is no registry to take Debian from, so the base image is made on the spot. Images and
containers lie in a storage of their own: nobody's are touched, and nothing stays.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aml_assets_tests.ports import free_ports
from aml_assets_tests.requirements import require

ROOT = Path(__file__).resolve().parents[2]
BASE = "docker.io/library/debian:bookworm-slim"
SERVICES = (
    "postgres",
    "namenode",
    "datanode",
    "reader",
    "code",
    "daemon",
    "web",
    "viewer",
    "notebook",
    "proxy",
)
NEEDED = ("podman", "runc", "debootstrap", "netavark", "aardvark-dns")
AUTHORITIES = Path("/usr/local/share/ca-certificates")
"""What this machine trusts beyond Debian: the images are built behind the same proxy."""

KEPT = "AML_TEST_CONTAINERS"
"""A folder that keeps images from run to run, for who works on them."""

SETTINGS = """\
landing: {url: hdfs://namenode:8020/landing}
store: {url: hdfs://namenode:8020/aml}
hdfs:
  authentication: insecure
  user: aml
  client: {dfs.client.use.datanode.hostname: "true"}
windows: {train_days: 3, eval_days: 1}
features:
  trx_lookback_days: 1
  network: &short {windows: [1], horizon_days: 2}
  behaviour: *short
training: {max_bin: 64}
partitions: {last_day: 2024-02-14}
automation: {interval_seconds: 5, catch_up_from: 2024-02-09}
"""
"""Small windows and coarse bins, so that the first night takes a minute; else as shipped."""


@dataclass
class Answer:
    """What a server said."""

    status: int
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Stack:
    """The deployment.

    Args:
        folder: for storage, secrets and settings.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._kept = os.environ.get(KEPT)
        # Podman wants short paths, and pytest's are not.
        storage = Path(self._kept or tempfile.mkdtemp(prefix="aml-", dir="/tmp"))
        self._storage = storage
        # Networks are the machine's, whatever the storage: those of a killed test stay, and
        # would answer for ours by the same name.
        self.project = f"aml_test_{uuid.uuid4().hex[:8]}"
        self._podman = [
            f"--root={storage / 'root'}",
            f"--runroot={storage / 'run'}",
            f"--tmpdir={storage / 'tmp'}",
            "--storage-driver=overlay",
            "--runtime=runc",
        ]
        config = folder / "config"
        config.mkdir()
        config.chmod(0o755)
        (config / "aml.yaml").write_text(SETTINGS)
        self.ports: dict[str, int] = dict(
            zip(("ui", "viewer", "notebook"), free_ports(3), strict=True)
        )
        self._environment = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "COMPOSE_PROJECT_NAME": self.project,
            "CONTAINER_ENGINE": "podman",
            "CONTAINER_OPTIONS": " ".join(self._podman),
            # Chroot, since a build needs the network of this machine and nothing of runc's.
            "BUILD_OPTIONS": "--layers --isolation chroot",
            "SECRETS_FILE": str(folder / "secrets.env"),
            "CONFIG_FOLDER": str(config),
            **{f"{name.upper()}_PORT": str(port) for name, port in self.ports.items()},
        }

    # -- building and running --------------------------------------------------------------

    def build(self) -> None:
        """The base image, and all of ours from the shipped files."""
        if not (
            self._kept and BASE in self.podman("images", "--format", "{{.Repository}}:{{.Tag}}")
        ):
            self._build_base()
        self.script("images")

    def _build_base(self) -> None:
        rootfs = self.folder / "rootfs"
        packages = "--include=ca-certificates,python3,python3-venv"
        self._do("debootstrap", "--variant=minbase", packages, "bookworm", str(rootfs))
        for name in ("var/cache/apt/archives", "var/lib/apt/lists"):
            shutil.rmtree(rootfs / name)
        (rootfs / "var/cache/apt/archives/partial").mkdir(parents=True)
        if AUTHORITIES.is_dir():
            shutil.copytree(AUTHORITIES, rootfs / AUTHORITIES.relative_to("/"), dirs_exist_ok=True)
            self._do("chroot", str(rootfs), "update-ca-certificates")
        (self.folder / "Base").write_text("FROM scratch\nCOPY rootfs /\n")
        self.podman("build", "-q", "-t", BASE, "-f", str(self.folder / "Base"), str(self.folder))
        shutil.rmtree(rootfs)

    def script(self, *words: str, given: str = "") -> str:
        """`deploy/containers.sh`, as `make` calls it, with something on standard input."""
        return self._do("deploy/containers.sh", *words, given=given)

    def podman(self, *words: str) -> str:
        return self._do("podman", *self._podman, *words)

    def execute(self, service: str, *words: str) -> subprocess.CompletedProcess[str]:
        """A command in a container, whatever comes of it."""
        return subprocess.run(
            ["podman", *self._podman, "exec", self.container(service), *words],
            capture_output=True,
            text=True,
            errors="replace",  # files of a container may be anything
            check=False,
            timeout=120,
            stdin=subprocess.DEVNULL,
        )

    def is_healthy(self, service: str) -> bool:
        """What the container's own health check says."""
        words = ["podman", *self._podman, "healthcheck", "run", self.container(service)]
        return subprocess.run(words, capture_output=True, check=False, timeout=120).returncode == 0

    def container(self, service: str) -> str:
        return f"{self.project}_{service}_1"

    def addresses(self, service: str) -> list[str]:
        """A container's address in each of its networks."""
        template = "{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}"
        return self.podman("inspect", "--format", template, self.container(service)).split()

    def logs(self, service: str) -> str:
        return self._do("podman", *self._podman, "logs", self.container(service))

    def end(self) -> None:
        """Stop everything; volumes and images, too."""
        self.script("compose", "down", "--volumes")
        if not self._kept:
            try:
                self.podman("system", "reset", "--force")
            except AssertionError:  # podman has met a file of a container that was still ending
                time.sleep(10)
                self.podman("system", "reset", "--force")
            shutil.rmtree(self._storage)

    def _do(self, *words: str, given: str = "") -> str:
        done = subprocess.run(
            words,
            cwd=ROOT,
            env=self._environment,
            input=given,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=1500,
        )
        assert done.returncode == 0, f"{words[0]} … {words[-1]} failed:\n{done.stdout[-6000:]}"
        return done.stdout

    # -- asking ------------------------------------------------------------------------------

    @property
    def secrets_file(self) -> Path:
        return self.folder / "secrets.env"

    @property
    def secrets(self) -> dict[str, str]:
        lines = self.secrets_file.read_text().splitlines()
        return dict(line.split("=", 1) for line in lines)

    def login(self, door: str) -> tuple[str, str]:
        """User and password of a door."""
        users: dict[str, str] = {"ui": "aml", "viewer": "viewer", "notebook": "analyst"}
        return users[door], self.secrets[f"AML_{door.upper()}_PASSWORD"]

    def origin(self, door: str) -> str:
        """As a browser names the door."""
        return f"https://127.0.0.1:{self.ports[door]}"

    def ask(
        self,
        door: str,
        path: str,
        login: tuple[str, str] | None,
        body: object = None,
        more: Mapping[str, str] | None = None,
    ) -> Answer:
        """What the proxy answers at one of its doors; ``more`` are further headers."""
        headers = dict(more or {})
        if body is not None:
            headers["Content-Type"] = "application/json"
        if login is not None:
            headers["Authorization"] = (
                "Basic " + base64.b64encode(":".join(login).encode()).decode()
            )
        request = urllib.request.Request(
            f"{self.origin(door)}{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers=headers,
        )
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # made by the proxy
        try:
            with urllib.request.urlopen(request, timeout=30, context=context) as answer:
                return Answer(answer.status, answer.read())
        except urllib.error.HTTPError as error:
            return Answer(error.code, error.read())

    def graphql(self, query: str, door: str = "ui", **variables: object) -> Any:
        answer = self.ask(
            door, "/graphql", self.login(door), {"query": query, "variables": variables}
        )
        assert answer.status == 200, answer
        return answer.json["data"]

    def hdfs(self, *words: str) -> str:
        """Hadoop's own command line."""
        return self.execute("namenode", "hadoop.sh", "dfs", *words).stdout

    def wait(self, until: Callable[[], object], what: str, seconds: float = 300) -> None:
        end = time.monotonic() + seconds
        while True:
            try:
                if until():
                    return
            except (OSError, AssertionError, ValueError):
                pass  # not up yet
            if time.monotonic() > end:
                tails = "\n".join(
                    f"--- {each}\n{self.logs(each)[-2500:]}" for each in ("code", "daemon", "proxy")
                )
                raise AssertionError(f"waited in vain for {what}\n{tails}")
            time.sleep(2)


def require_containers() -> None:
    """Skip, or fail where nothing may be missing, without what builds and runs images."""
    paths = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/lib/podman"])
    for name in NEEDED:
        require(shutil.which(name, path=paths) is not None, name)
    require(os.geteuid() == 0, "root, which makes a base image")


@contextmanager
def running(folder: Path) -> Generator[Stack]:
    """The deployment, built, up, and its landing filled."""
    require_containers()
    stack = Stack(folder)
    try:
        stack.build()
        stack.script("up")
        stack.wait(lambda: "Operational" in _state(stack), "HDFS")
        stack.script("demo")
        yield stack
    finally:
        stack.end()


def _state(stack: Stack) -> str:
    healthy = stack.execute("namenode", "hadoop.sh", "healthy")
    return "Operational" if healthy.returncode == 0 else ""
