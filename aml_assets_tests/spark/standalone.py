"""A standalone Spark: a master, two workers with an executor each, and a Connect server.

Belongs here: starting and breaking them. Does not belong here: the server's own command line
(`server`), or what is asked.

All listen on loopback and share a secret. An executor is a process that its worker starts.
"""

from __future__ import annotations

import os
import secrets
import signal
import time
from collections.abc import Generator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from aml_assets_tests.hadoop.daemon import ClusterError, Daemon
from aml_assets_tests.spark.server import (
    MEMORY,
    SPARK,
    connect_port,
    connect_server,
    java_command,
    said,
    spark_environment,
)

_HOST = "127.0.0.1"


@dataclass(frozen=True)
class Standalone:
    """What runs.

    Attributes:
        url: of the Connect server.
        token: that its clients have to give.
        server: the Connect server, which plans queries.
        workers: they start the executors.
    """

    url: str
    token: str
    server: Daemon
    workers: tuple[Daemon, ...]

    def kill_executor(self) -> None:
        """Kill an executor; its worker starts another one."""
        os.kill(_children({worker.pid for worker in self.workers})[0], signal.SIGKILL)


@contextmanager
def standalone(
    folder: Path,
    executor_memory: str = "768m",
    settings: Mapping[str, str] | None = None,
    *,
    server_memory: str = MEMORY,
) -> Generator[Standalone]:
    """Run all of them while the block lasts.

    Args:
        folder: where they may write.
        executor_memory: the heap of each executor.
        settings: Spark's, over ours, which are made for few rows.
        server_memory: the heap of the Connect server, which holds all rows of an answer.

    Raises:
        ArtefactError: the jars could not be fetched.
        ClusterError: one does not start; with its last lines.
    """
    home = folder / "home"
    home.mkdir(parents=True)
    (home / "jars").symlink_to(SPARK.classpath().removesuffix("/*"))
    secret = folder / "secret"
    secret.touch(0o600)
    secret.write_text(f"-Dspark.authenticate.secret={secrets.token_urlsafe(24)}\n")
    environment = {
        **spark_environment(),
        "SPARK_HOME": str(home),
        "SPARK_SCALA_VERSION": "2.13",
        # Java reads options there, too; a command line can be read by other users.
        "JDK_JAVA_OPTIONS": f"@{secret}",
        # Executors leave nothing behind that a worker does not throw away.
        "SPARK_WORKER_DIR": str(folder / "work"),
    }
    token = secrets.token_urlsafe(24)
    with ExitStack() as stack:
        master = _daemon("master", "master.Master", folder, environment, "--webui-port", "0")
        stack.callback(master.stop)
        address = said(master, rf"Starting Spark master at (spark://{_HOST}:\d+)")
        workers: list[Daemon] = []
        for number in (1, 2):
            options = ("--cores", "1", "--memory", executor_memory, "--webui-port", "0", address)
            worker = _daemon(f"worker{number}", "worker.Worker", folder, environment, *options)
            stack.callback(worker.stop)
            workers.append(worker)
        for worker in workers:
            said(worker, r"(Successfully registered) with master")
        of_server = {
            "spark.master": address,
            "spark.authenticate": "true",
            "spark.executor.memory": executor_memory,
            "spark.executor.cores": "1",
            "spark.home": str(home),
            **(settings or {}),
        }
        server = connect_server(folder / "connect", token, of_server, environment, server_memory)
        stack.callback(server.stop)
        url = f"sc://localhost:{connect_port(server)}"
        yield Standalone(url, token, server, tuple(workers))


def _daemon(
    name: str, main_class: str, folder: Path, environment: dict[str, str], *options: str
) -> Daemon:
    """Start a master or a worker."""
    settings = {"spark.authenticate": "true", "spark.master.rest.enabled": "false"}
    temporary = folder / name
    temporary.mkdir()
    command = java_command(f"org.apache.spark.deploy.{main_class}", temporary, settings)
    listening = ["--host", _HOST, "--port", "0"]
    daemon = Daemon(
        name, [*command, *listening, *options], folder, ports={}, environment=environment
    )
    daemon.start()
    return daemon


def _children(workers: set[int]) -> list[int]:
    """The process ids of the executors that some workers run.

    Raises:
        ClusterError: none starts in time.
    """
    end = time.monotonic() + 60
    while time.monotonic() < end:
        found: list[int] = []
        for each in Path("/proc").glob("[0-9]*"):
            try:
                parent = int((each / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
            if parent in workers:
                found.append(int(each.name))
        if found:
            return sorted(found)
        time.sleep(0.1)
    raise ClusterError("no executor runs")
