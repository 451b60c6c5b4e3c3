"""A Kubernetes API server with its etcd, on loopback, and kubectl: built by Go of its modules.

Belongs here: building, starting, stopping, asking. Does not belong here: expectations. There are
no nodes and no controllers: it decides who may do what and what is valid, and runs nothing.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import subprocess
import time
from collections.abc import Generator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import kubernetes
import yaml

from aml_assets_tests.ports import free_ports
from aml_assets_tests.requirements import require

ROOT = Path(__file__).resolve().parents[2]
VERSION = "1.36.3"
PROGRAMS = {
    "kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver",
    "kubectl": "k8s.io/kubernetes/cmd/kubectl",
    "etcd": "go.etcd.io/etcd/server/v3",
}
HOST = "127.0.0.1"


def _go(folder: Path, *words: str) -> str:
    done = subprocess.run(
        ["go", *words],
        cwd=folder,
        env={**os.environ, "CGO_ENABLED": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return done.stdout


def programs() -> Path:
    """The folder of the three programs, kept under `var/`.

    Building them takes seven minutes of two cores, once, and what Kubernetes' own module pins.
    """
    folder = ROOT / "var/kubernetes" / VERSION
    if all((folder / name).exists() for name in PROGRAMS):
        return folder
    require(shutil.which("go") is not None, "go (1.26 or later)")
    module = folder / "module"
    shutil.rmtree(module, ignore_errors=True)
    module.mkdir(parents=True)
    (module / "go.mod").write_text("module programs\n\ngo 1.26\n")
    wanted = json.loads(_go(module, "mod", "download", "-json", f"k8s.io/kubernetes@v{VERSION}"))
    # Kubernetes names its own parts as v0.0.0, which stands for those that it publishes beside it.
    required = Path(wanted["GoMod"]).read_text()
    parts = re.findall(r"^\t(\S+) v0\.0\.0(?: // indirect)?$", required, re.MULTILINE)
    published = "v0" + VERSION.removeprefix("1")
    replaced = (f"-replace={part}={part}@{published}" for part in parts)
    _go(module, "mod", "edit", f"-require=k8s.io/kubernetes@v{VERSION}", *replaced)
    version = f"-X k8s.io/component-base/version.gitVersion=v{VERSION}"
    for name, package in PROGRAMS.items():
        made = ("-mod=mod", "-trimpath", f"-ldflags=-s -w {version}", "-o", str(folder / name))
        _go(module, "build", *made, package)
    return folder


@dataclass(frozen=True)
class ApiServer:
    """One that runs: its folder, its address, and the token of its administrator."""

    folder: Path
    programs: Path
    address: str
    token: str

    def kubeconfig(self, token: str) -> Path:
        """A file by which a client comes as whose the token is."""
        path = self.folder / f"kubeconfig-{secrets.token_hex(4)}"
        cluster = {
            "server": self.address,
            "certificate-authority": str(self.folder / "apiserver.crt"),
        }
        path.touch(mode=0o600)
        path.write_text(
            yaml.safe_dump(
                {
                    "apiVersion": "v1",
                    "kind": "Config",
                    "clusters": [{"name": "here", "cluster": cluster}],
                    "users": [{"name": "one", "user": {"token": token}}],
                    "contexts": [{"name": "it", "context": {"cluster": "here", "user": "one"}}],
                    "current-context": "it",
                }
            )
        )
        return path

    def api(self, name: str, token: str | None = None) -> Any:
        """A client of Kubernetes' own, of that API, as the administrator or whose the token is."""
        path = self.kubeconfig(token or self.token)
        client = kubernetes.config.new_client_from_config(str(path))
        return getattr(kubernetes.client, name)(client)

    def token_of(self, account: str) -> str:
        """A token as a pod of that account gets it."""
        asked = {"spec": {"audiences": []}}
        core = self.api("CoreV1Api")
        return core.create_namespaced_service_account_token(account, "aml", asked).status.token

    def shell(self, script: str, folder: Path, **variables: str) -> str:
        """What a script says, run by a shell in which `kubectl` is the administrator's."""
        environment: Mapping[str, str] = {
            "PATH": f"{self.programs}:/usr/bin:/bin",
            "HOME": str(self.folder),
            "KUBECONFIG": str(self.kubeconfig(self.token)),
            **variables,
        }
        done = subprocess.run(
            ["sh", "-euc", script],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr


@contextmanager
def running(folder: Path) -> Generator[ApiServer]:
    """An API server with an empty etcd, in a folder of its own, ended with the context."""
    built = programs()
    store, peers, port = free_ports(3, HOST)
    token = secrets.token_hex(24)
    (folder / "tokens.csv").touch(mode=0o600)
    (folder / "tokens.csv").write_text(f"{token},administrator,administrator,system:masters\n")
    key = folder / "accounts.key"
    subprocess.run(["openssl", "genrsa", "-out", str(key), "2048"], check=True, capture_output=True)
    etcd = [
        f"--data-dir={folder / 'etcd'}",
        f"--listen-client-urls=http://{HOST}:{store}",
        f"--advertise-client-urls=http://{HOST}:{store}",
        f"--listen-peer-urls=http://{HOST}:{peers}",
        f"--initial-advertise-peer-urls=http://{HOST}:{peers}",
        f"--initial-cluster=default=http://{HOST}:{peers}",
        "--unsafe-no-fsync",
        "--log-level=warn",
    ]
    server = [
        f"--etcd-servers=http://{HOST}:{store}",
        f"--bind-address={HOST}",
        f"--advertise-address={HOST}",
        f"--secure-port={port}",
        f"--cert-dir={folder}",
        f"--token-auth-file={folder / 'tokens.csv'}",
        "--authorization-mode=RBAC",
        "--service-cluster-ip-range=10.0.0.0/24",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={key}",
        f"--service-account-signing-key-file={key}",
        "--endpoint-reconciler-type=none",
    ]
    with ExitStack() as ends:
        for name, words in (("etcd", etcd), ("kube-apiserver", server)):
            log = ends.enter_context((folder / f"{name}.log").open("wb"))
            process = subprocess.Popen([str(built / name), *words], stdout=log, stderr=log)
            ends.callback(process.wait, 30)
            ends.callback(process.terminate)
        up = ApiServer(folder, built, f"https://{HOST}:{port}", token)
        _await_ready(up)
        yield up


def _await_ready(server: ApiServer) -> None:
    until = time.monotonic() + 120
    script = "kubectl get --raw /readyz"
    while True:
        try:
            server.shell(script, server.folder)
        except AssertionError:
            if time.monotonic() > until:
                raise
            time.sleep(1)
        else:
            return
