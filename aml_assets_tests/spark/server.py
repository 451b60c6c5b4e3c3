"""A Spark Connect server: a Java process on loopback that ends with us.

Belongs here: its command line, its settings, when it serves. Does not belong here: what it is asked
(`session`), workers of its own (`standalone`), and the fixture (`fixtures`).

Who reaches the port could run code as this user: so it asks for a token, which no other user sees.
"""

from __future__ import annotations

import os
import re
import secrets
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

from aml_assets_tests.hadoop.daemon import ClusterError, Daemon
from aml_assets_tests.maven import Artefacts, java

SPARK = Artefacts("Spark", Path(__file__).with_name("pom.xml"))

_SETTINGS: Mapping[str, str] = {
    "spark.app.name": "aml_assets_tests",
    "spark.master": "local[2]",
    "spark.ui.enabled": "false",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.connect.grpc.binding.address": "127.0.0.1",
    "spark.connect.grpc.binding.port": "0",
    # Two, so that rows come from several places; the usual 200 would cost more than the queries.
    "spark.sql.shuffle.partitions": "2",
    "spark.default.parallelism": "2",
    # For few rows, compiling a plan, revising it and sending a side round cost more than they gain.
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.autoBroadcastJoinThreshold": "-1",
}

# The second compiler costs more than it gains in a life this short; so does verifying the code of
# jars that are known by their hashes.
_JAVA_OPTIONS = (
    *("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData"),
    *("-XX:+UnlockDiagnosticVMOptions", "-XX:-BytecodeVerificationRemote"),
)
_OPENED = (
    *("java.io", "java.lang", "java.lang.invoke", "java.lang.reflect", "java.net", "java.nio"),
    *("java.util", "java.util.concurrent", "sun.nio.ch", "sun.nio.cs", "sun.security.action"),
    "sun.util.calendar",
)
"""Packages of Java's base module that Spark looks into."""
MEMORY = "1g"
_STARTED = r"Spark Connect server started at: 127\.0\.0\.1:(\d+)"
_START_SECONDS = 120.0


@contextmanager
def spark_server(folder: Path) -> Generator[tuple[str, str]]:
    """Run a server with two threads of its own while the block lasts.

    Args:
        folder: where it may write.

    Yields:
        The URL for its clients, and the token that they have to give.

    Raises:
        ArtefactError: its jars could not be fetched.
        ClusterError: it does not start; with its last lines.
    """
    token = secrets.token_urlsafe(24)
    daemon = connect_server(folder, token)
    try:
        yield f"sc://localhost:{connect_port(daemon)}", token
    finally:
        daemon.stop()


def connect_server(
    folder: Path,
    token: str,
    settings: Mapping[str, str] | None = None,
    environment: Mapping[str, str] | None = None,
    memory: str = MEMORY,
) -> Daemon:
    """Start a server, without waiting until it serves.

    Args:
        folder: where it may write; it does not exist yet, or is empty.
        token: that its clients have to give.
        settings: Spark's, over ours.
        environment: variables on top of this process's.
        memory: its heap, which holds all rows of an answer.
    """
    temporary = folder / "tmp"
    temporary.mkdir(parents=True)
    found = {
        **_SETTINGS,
        "spark.local.dir": str(temporary),
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
        **(settings or {}),
    }
    daemon = Daemon(
        "connect",
        java_command(
            "org.apache.spark.sql.connect.service.SparkConnectServer", temporary, found, memory
        ),
        folder,
        ports={},
        # A command line can be read by other users, the environment cannot.
        environment={
            **spark_environment(),
            "SPARK_CONNECT_AUTHENTICATE_TOKEN": token,
            **(environment or {}),
        },
    )
    daemon.start()
    return daemon


def connect_port(daemon: Daemon) -> int:
    """Wait until a server says on which port it listens."""
    return int(said(daemon, _STARTED))


def spark_environment() -> dict[str, str]:
    """This process's environment, without what would make Spark somebody else's."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("SPARK_")}
    return inherited | {"SPARK_LOCAL_IP": "127.0.0.1"}


def java_command(
    main_class: str, temporary: Path, settings: Mapping[str, str], memory: str = MEMORY
) -> list[str]:
    """The command line of a Java program of Spark's that stays.

    Args:
        main_class: the program.
        temporary: the folder for its temporary files.
        settings: Spark's.
        memory: the heap.
    """
    properties = {
        **settings,
        "java.io.tmpdir": str(temporary),
        "java.net.preferIPv4Stack": "true",
        "log4j2.configurationFile": str(Path(__file__).with_name("log4j2.properties")),
    }
    return [
        java() or "java",
        *_JAVA_OPTIONS,
        f"-Xmx{memory}",
        *(f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in _OPENED),
        *(f"-D{name}={value}" for name, value in properties.items()),
        "-classpath",
        SPARK.classpath(),
        main_class,
    ]


def said(daemon: Daemon, pattern: str) -> str:
    """Wait until a daemon's log matches, and return the first group.

    Raises:
        ClusterError: it ends, or says nothing of the kind in time; with its last lines.
    """
    end = time.monotonic() + _START_SECONDS
    while not (found := re.search(pattern, daemon.tail())):
        daemon.raise_if_dead()
        if time.monotonic() > end:
            raise ClusterError(f"{daemon.name} does not serve:\n{daemon.tail()}")
        time.sleep(0.05)
    return found[1]
