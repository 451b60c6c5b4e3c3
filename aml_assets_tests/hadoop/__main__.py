"""A cluster to try things out on: ``python -m aml_assets_tests.hadoop up|down|status``.

Belongs here: the user's cluster and what it prints. Does not belong here: the tests' clusters.

Its data lies under the checkout's `var/hadoop` and survives `down`.
"""

from __future__ import annotations

import argparse
import fcntl
import sys
from pathlib import Path

from aml_assets_tests.hadoop.artefacts import VAR, missing
from aml_assets_tests.hadoop.cluster import Cluster
from aml_assets_tests.hadoop.daemon import ClusterError, PortTaken
from aml_assets_tests.hadoop.health import probe

RPC_PORT = 8020
HTTP_PORT = 9870


def main(arguments: list[str] | None = None) -> int:
    """Do what the command line says.

    Returns:
        The exit code: 0, or 1 where the cluster does not serve.
    """
    parser = argparse.ArgumentParser(prog="python -m aml_assets_tests.hadoop")
    parser.add_argument("command", choices=("up", "down", "status"))
    parser.add_argument("--folder", type=Path, default=VAR / "hadoop", help="where its data lies")
    parser.add_argument("--rpc-port", type=int, default=RPC_PORT, help="of hdfs://")
    parser.add_argument("--http-port", type=int, default=HTTP_PORT, help="of webhdfs://")
    options = parser.parse_args(arguments)
    options.folder.mkdir(parents=True, exist_ok=True)
    with (options.folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            if options.command == "up":
                return _up(options.folder, {"rpc": options.rpc_port, "http": options.http_port})
            return _down(options.folder) if options.command == "down" else _status(options.folder)
        except ClusterError as error:
            sys.stderr.write(f"{error}\n")
            return 1


def _up(folder: Path, ports: dict[str, int]) -> int:
    lacks = missing()
    if lacks:
        raise ClusterError(f"this machine lacks {', '.join(lacks)}, needed to run Hadoop")
    cluster = _started(folder)
    if cluster is None:
        try:
            cluster = Cluster(folder, ports=ports, outlives_us=True).start()
        except PortTaken as error:
            raise ClusterError(f"{error}. Stop that program, or give other ports.") from error
    else:
        for daemon in (*cluster.namenodes, *cluster.datanodes):
            daemon.start()
        cluster.wait_until_serving()
    _write(
        f"{cluster.hdfs_url} and {cluster.webhdfs_url} serve. To run on it:",
        f"  export AML_LANDING__URL={cluster.hdfs_url}/aml/landing",
        f"  export AML_STORE__URL={cluster.hdfs_url}/aml/store",
        "  export AML_HDFS__AUTHENTICATION=insecure",
    )
    return 0


def _down(folder: Path) -> int:
    cluster = _started(folder)
    if cluster is None:
        _write("No cluster runs.")
    else:
        cluster.stop()
        _write("The cluster is stopped; its data stays.")
    return 0


def _status(folder: Path) -> int:
    cluster = _started(folder)
    if cluster is None:
        _write("No cluster runs.")
        return 1
    for daemon in (*cluster.namenodes, *cluster.datanodes):
        _write(f"{daemon.name}: {f'process {daemon.pid}' if daemon.is_alive else 'stopped'}")
    health = probe(cluster)
    if health is None:
        _write("The NameNode does not answer.")
        return 1
    _write(
        f"{cluster.hdfs_url} and {cluster.webhdfs_url} serve with {health.live} DataNodes"
        f"{', in safe mode' if health.safe_mode else ''}."
    )
    return 0


def _started(folder: Path) -> Cluster | None:
    """The cluster of this folder, if at least one of its daemons runs."""
    if not (folder / "cluster.json").exists():
        return None
    cluster = Cluster.attach(folder)
    daemons = (*cluster.namenodes, *cluster.datanodes)
    return cluster if any(daemon.is_alive for daemon in daemons) else None


def _write(*lines: str) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))


if __name__ == "__main__":
    sys.exit(main())
