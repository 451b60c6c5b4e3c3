"""The Java command lines of one cluster, and Hadoop's tools run to their end.

Belongs here: flags, class path, environment. Does not belong here: which program runs when
(`cluster`), and the processes that stay (`daemon`).
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from aml_assets_tests.hadoop import class_archive
from aml_assets_tests.hadoop.artefacts import classpath, java
from aml_assets_tests.hadoop.daemon import ClusterError

# The second compiler costs more than it gains in lives this short: a cluster on two cores serves
# after 10 s instead of 17 s. Give -XX:TieredStopAtLevel=4 to have it back.
OPTIONS = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData")
DAEMON_OPTIONS = ("-Xmx384m", "-XX:+ExitOnOutOfMemoryError")
TOOL_OPTIONS = ("-Xmx256m",)
TOOL_SECONDS = 120.0
NOT_INHERITED = ("HADOOP_USER_NAME", "HADOOP_CONF_DIR", "CLASSPATH", "JAVA_TOOL_OPTIONS")


class Jvm:
    """How to run a Java program of Hadoop's under one configuration.

    Args:
        folder: the cluster's folder; its ``conf`` configures, its ``tmp`` takes what is thrown
            away.
        options: options that come after ours.
        environment: variables that come on top of this process's.
    """

    def __init__(
        self, folder: Path, options: Sequence[str], environment: Mapping[str, str]
    ) -> None:
        self._folder = folder
        self._options = list(options)
        self._environment = dict(environment)

    @property
    def environment(self) -> dict[str, str]:
        """This process's, without what would make Hadoop somebody else's."""
        inherited = {key: value for key, value in os.environ.items() if key not in NOT_INHERITED}
        return inherited | self._environment

    def daemon(self, main_class: str, *arguments: str) -> list[str]:
        """The command line of a program that stays."""
        return [*self._command(DAEMON_OPTIONS, "INFO"), main_class, *arguments]

    def run(self, main_class: str, *arguments: str, user: str | None = None) -> str:
        """Run a tool to its end.

        Args:
            main_class: the tool.
            arguments: its command line.
            user: who asks, where names are simply believed; by default this process's user.

        Returns:
            What it printed.

        Raises:
            ClusterError: it failed; with its output.
        """
        done = subprocess.run(
            [*self._command(TOOL_OPTIONS, "WARN"), main_class, *arguments],
            env=self.environment | ({"HADOOP_USER_NAME": user} if user else {}),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TOOL_SECONDS,
            check=False,
        )
        if done.returncode != 0:
            command = " ".join((main_class.rpartition(".")[2], *arguments))
            raise ClusterError(f"{command} failed:\n{done.stdout}{done.stderr}")
        return done.stdout

    def _command(self, options: Sequence[str], log_level: str) -> list[str]:
        return [
            java() or "java",
            *OPTIONS,
            *class_archive.options(),
            *options,
            "-Djava.net.preferIPv4Stack=true",
            f"-Djava.io.tmpdir={self._folder / 'tmp'}",
            f"-Dhadoop.root.logger={log_level},console",
            *self._options,
            "-classpath",  # the jars first: the archive is of them alone
            f"{classpath()}:{self._folder / 'conf'}",
        ]
