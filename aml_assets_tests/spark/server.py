"""A Spark Connect server: one Java process with two threads, on loopback, that ends with us.

Belongs here: its command line, its settings, when it serves. Does not belong here: what it is asked
(`session`), and the fixture (`fixtures`).

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

SQL_SETTINGS: Mapping[str, str] = {
    "spark.sql.ansi.enabled": "true",
    "spark.sql.ansi.doubleQuotedIdentifiers": "true",
    "spark.sql.timestampType": "TIMESTAMP_NTZ",
    "spark.sql.variable.substitute": "false",
}
"""What our SQL files need; `aml_assets.core.sql` says why."""

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
    *("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData", "-Xmx1g"),
    *("-XX:+UnlockDiagnosticVMOptions", "-XX:-BytecodeVerificationRemote"),
)
_OPENED = (
    *("java.io", "java.lang", "java.lang.invoke", "java.lang.reflect", "java.net", "java.nio"),
    *("java.util", "java.util.concurrent", "sun.nio.ch", "sun.nio.cs", "sun.security.action"),
    "sun.util.calendar",
)
"""Packages of Java's base module that Spark looks into."""
_STARTED = re.compile(r"Spark Connect server started at: 127\.0\.0\.1:(\d+)")
_START_SECONDS = 120.0


@contextmanager
def spark_server(folder: Path) -> Generator[str]:
    """Run a server while the block lasts.

    Args:
        folder: where it may write.

    Yields:
        The URL for its clients, with the token.

    Raises:
        ArtefactError: its jars could not be fetched.
        ClusterError: it does not start; with its last lines.
    """
    token = secrets.token_urlsafe(24)
    (folder / "tmp").mkdir(parents=True)
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("SPARK_")}
    daemon = Daemon(
        "connect",
        _command(folder),
        folder,
        ports={},
        # A command line can be read by other users, the environment cannot.
        environment=inherited
        | {"SPARK_CONNECT_AUTHENTICATE_TOKEN": token, "SPARK_LOCAL_IP": "127.0.0.1"},
    )
    daemon.start()
    try:
        yield f"sc://localhost:{_port(daemon)}/;token={token}"
    finally:
        daemon.stop()


def _command(folder: Path) -> list[str]:
    settings = {
        **_SETTINGS,
        **SQL_SETTINGS,
        "spark.local.dir": str(folder / "tmp"),
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
        "java.io.tmpdir": str(folder / "tmp"),
        "java.net.preferIPv4Stack": "true",
        "log4j2.configurationFile": str(Path(__file__).with_name("log4j2.properties")),
    }
    return [
        java() or "java",
        *_JAVA_OPTIONS,
        *(f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in _OPENED),
        *(f"-D{name}={value}" for name, value in settings.items()),
        "-classpath",
        SPARK.classpath(),
        "org.apache.spark.sql.connect.service.SparkConnectServer",
    ]


def _port(daemon: Daemon) -> int:
    """Wait until the server says on which port it listens."""
    end = time.monotonic() + _START_SECONDS
    while not (found := _STARTED.search(daemon.tail())):
        daemon.raise_if_dead()
        if time.monotonic() > end:
            raise ClusterError(f"{daemon.name} does not serve:\n{daemon.tail()}")
        time.sleep(0.05)
    return int(found[1])
