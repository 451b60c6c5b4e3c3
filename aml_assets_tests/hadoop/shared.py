"""One cluster for all processes of a test run; it stops when the last of them is gone.

Belongs here: who starts it, who keeps it, when it ends. Does not belong here: pytest
(`fixtures`), and a user's cluster (`__main__`).

A process of its own, the keeper, starts the cluster. Each user holds a shared lock on one file
for as long as it lives; the kernel takes it back however the user ends. The keeper waits for
the exclusive lock, and then stops the cluster. If the keeper is killed, its daemons die with it.
"""

from __future__ import annotations

import fcntl
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from aml_assets_tests.hadoop import class_archive
from aml_assets_tests.hadoop.artefacts import ROOT
from aml_assets_tests.hadoop.cluster import Cluster
from aml_assets_tests.hadoop.daemon import ClusterError

_keepers: list[subprocess.Popen[bytes]] = []
"""Kept until this process ends: nobody waits for a keeper, which outlives its starter."""


@contextmanager
def shared_cluster(folder: Path) -> Generator[Cluster]:
    """The cluster of all processes that name this folder, started by the first one.

    Args:
        folder: a folder of the test run.

    Raises:
        ClusterError: it does not start; with the keeper's last lines.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "users.lock").open("w") as users:
        with (folder / "start.lock").open("w") as starting:
            fcntl.flock(starting, fcntl.LOCK_EX)
            fcntl.flock(users, fcntl.LOCK_SH)  # waits while a keeper stops its cluster
            if not _serves(folder):
                _start_keeper(folder)
        yield Cluster.attach(folder / "cluster")


def _serves(folder: Path) -> bool:
    return _ready(folder).exists() and Cluster.attach(folder / "cluster").namenodes[0].is_alive


def _ready(folder: Path) -> Path:
    return folder / "ready"


def _start_keeper(folder: Path) -> None:
    _ready(folder).unlink(missing_ok=True)
    log = folder / "keeper.log"
    with log.open("w") as output:
        keeper = subprocess.Popen(
            [sys.executable, "-m", __name__, str(folder)],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    _keepers.append(keeper)
    while not _ready(folder).exists():
        if keeper.poll() is not None:
            raise ClusterError(f"the shared cluster did not start:\n{log.read_text()}")
        time.sleep(0.1)


def _keep(folder: Path) -> None:
    """Start the cluster, and stop it when nobody uses it any more.

    Meanwhile, archive the classes that it has loaded, for the clusters that start after it.
    """
    record = class_archive.recording(folder)
    with (
        (folder / "users.lock").open("w") as users,
        Cluster(folder / "cluster", java_options=record) as cluster,
    ):
        if record:  # of the tools, too
            cluster.shell("-ls", "/")
        _ready(folder).touch()
        maker = _start_maker(folder) if record else None
        fcntl.flock(users, fcntl.LOCK_EX)
        _ready(folder).unlink()
        if maker:
            maker.kill()
            maker.wait()


def _start_maker(folder: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", class_archive.__name__, str(folder)],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
    )


if __name__ == "__main__":
    _keep(Path(sys.argv[1]))
