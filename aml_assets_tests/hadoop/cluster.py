"""A real HDFS cluster on the loopback: one or two NameNodes, some DataNodes, one folder.

Belongs here: starting and stopping it, waiting until it serves, Hadoop's own tools against it,
and its counters. Does not belong here: settings and ports (`configuration`), processes
(`daemon`), who shares it (`shared`), security (`kerberos`, `tls`).
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Self

from aml_assets_tests.hadoop import configuration, jmx
from aml_assets_tests.hadoop.daemon import ClusterError, Daemon, PortTaken
from aml_assets_tests.hadoop.health import Probe, probe
from aml_assets_tests.hadoop.jvm import Jvm
from aml_assets_tests.ports import free_ports, is_free

NAMENODE = "org.apache.hadoop.hdfs.server.namenode.NameNode"
DATANODE = "org.apache.hadoop.hdfs.server.datanode.DataNode"
NAMENODE_PORTS: tuple[str, ...] = ("rpc", "http", "https")
DATANODE_PORTS: tuple[str, ...] = ("data", "rpc", "http", "https")
SERVING_SECONDS = 120.0
PORT_TRIES = 5


class Cluster:
    """A cluster that runs between `start` and `stop`, or as long as the ``with`` block.

    Its daemons die with this process, unless it ``outlives_us``. The superuser is the user who
    runs it.

    Args:
        folder: a folder of its own, for configuration, data and logs. Data that is there
            already is served again.
        datanodes: how many.
        high_availability: two NameNodes with shared edits instead of one; the first is active.
        core_site: settings that come on top of ours.
        hdfs_site: settings that come on top of ours.
        java_options: options that come after ours, for daemons and tools alike.
        environment: what daemons and tools see on top of this process's environment.
        host: what all daemons bind to and are called by: ``127.0.0.1``, or ``localhost`` where
            certificates or principals name it.
        probe: how to see that it serves; by default its JMX, or, where that is closed, its
            report to the superuser.
        ports: fixed ones (``rpc``, ``http``) of the first NameNode, instead of free ones.
        outlives_us: keep running when this process ends.

    Attributes:
        folder: where all of it lies.
        host: the address of all daemons.
        namenodes: ``nn1``, and ``nn2`` of a highly available pair. Their ports: ``rpc``,
            ``http``, ``https``.
        datanodes: ``dn1`` and on. Their ports: ``data``, ``rpc``, ``http``, ``https``.
    """

    def __init__(
        self,
        folder: Path,
        *,
        datanodes: int = 3,
        high_availability: bool = False,
        core_site: Mapping[str, str] = {},
        hdfs_site: Mapping[str, str] = {},
        java_options: Sequence[str] = (),
        environment: Mapping[str, str] = {},
        host: str = "127.0.0.1",
        probe: Probe = probe,
        ports: Mapping[str, int] = {},
        outlives_us: bool = False,
    ) -> None:
        self.folder = folder.resolve()
        self.host = host
        self.namenodes: list[Daemon] = []
        self.datanodes: list[Daemon] = []
        self._datanode_count = datanodes
        self._high_availability = high_availability
        self._core_site = dict(core_site)
        self._hdfs_site = dict(hdfs_site)
        self._fixed_ports = dict(ports)
        self._outlives_us = outlives_us
        self._probe = probe
        self._jvm = Jvm(self.folder, java_options, environment)
        self._arguments = {  # for `attach`
            "datanodes": datanodes,
            "high_availability": high_availability,
            "core_site": self._core_site,
            "hdfs_site": self._hdfs_site,
            "java_options": list(java_options),
            "environment": dict(environment),
            "host": host,
            "ports": self._fixed_ports,
            "outlives_us": outlives_us,
        }

    @classmethod
    def attach(cls, folder: Path, *, probe: Probe = probe) -> Self:
        """The cluster that another process started in this folder.

        Raises:
            ClusterError: none was.
        """
        try:
            state = json.loads((folder / "cluster.json").read_text())
        except FileNotFoundError:
            raise ClusterError("no cluster was started in this folder") from None
        cluster = cls(folder, probe=probe, **state["arguments"])
        cluster._make_daemons(state["namenodes"], state["datanodes"])
        return cluster

    # -- where it is -----------------------------------------------------------------------

    @property
    def hdfs_url(self) -> str:
        """Its URL for RPC: of the only NameNode, or of the name service of a pair."""
        if len(self.namenodes) > 1:
            return f"hdfs://{configuration.NAMESERVICE}"
        return f"hdfs://{self.host}:{self.namenodes[0].ports['rpc']}"

    @property
    def webhdfs_url(self) -> str:
        """Its URL for HTTP, or HTTPS; of a pair: both addresses, separated by a comma."""
        scheme, port = ("webhdfs", "http") if self.serves_http else ("swebhdfs", "https")
        addresses = [f"{self.host}:{daemon.ports[port]}" for daemon in self.namenodes]
        return f"{scheme}://{','.join(addresses)}"

    @property
    def client_config(self) -> dict[str, str]:
        """What a client needs beyond the URL: nothing, or the name service of a pair."""
        return configuration.client_config([daemon.ports for daemon in self.namenodes], self.host)

    @property
    def serves_http(self) -> bool:
        """Whether the daemons answer plain HTTP at all."""
        return self._hdfs_site.get("dfs.http.policy") != "HTTPS_ONLY"

    # -- starting and stopping -------------------------------------------------------------

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *error: object) -> None:
        self.stop()

    def start(self) -> Self:
        """Start all daemons and wait until the cluster serves.

        Raises:
            PortTaken: a fixed port is taken.
            ClusterError: a daemon ended, or nothing serves in time; with the log's tail.
        """
        for tries_left in reversed(range(PORT_TRIES)):
            try:
                return self._start_once()
            except PortTaken:
                self.stop()
                if self._fixed_ports or not tries_left:
                    raise
            except BaseException:
                self.stop()
                raise
        raise AssertionError("the last try returns or raises")

    def stop(self) -> None:
        """Stop all daemons, paused ones, too; the data stays."""
        daemons = [*self.datanodes, *self.namenodes]
        for daemon in daemons:
            daemon.request_stop()
        for daemon in daemons:
            daemon.stop()

    def _start_once(self) -> Self:
        for port in self._fixed_ports.values():
            if not is_free(port, self.host):
                raise PortTaken(f"another program listens on {self.host}:{port}")
        namenodes, datanodes = self._choose_ports()
        self._make_daemons(namenodes, datanodes)
        self._configure(namenodes, datanodes)
        self._format()
        for daemon in (*self.namenodes, *self.datanodes):
            daemon.start()
        if self._high_availability:
            self._wait(self._promotes_first, "no NameNode becomes active")
        self._wait_until_serving(self._datanode_count, [*self.namenodes, *self.datanodes])
        return self

    def _promotes_first(self) -> bool:
        try:
            self.promote(self.namenodes[0])
        except ClusterError:  # it may not listen yet
            for namenode in self.namenodes:
                namenode.raise_if_dead()
            return False
        return True

    def _choose_ports(self) -> tuple[list[dict[str, int]], list[dict[str, int]]]:
        wanted = [NAMENODE_PORTS] * (2 if self._high_availability else 1)
        wanted += [DATANODE_PORTS] * self._datanode_count
        free = iter(free_ports(sum(map(len, wanted)), self.host))
        ports = [dict(zip(names, islice(free, len(names)), strict=True)) for names in wanted]
        ports[0] |= self._fixed_ports
        return ports[: -self._datanode_count], ports[-self._datanode_count :]

    def _make_daemons(
        self, namenodes: Sequence[Mapping[str, int]], datanodes: Sequence[Mapping[str, int]]
    ) -> None:
        self.namenodes, self.datanodes = [], []
        for number, ports in enumerate(namenodes, 1):
            name = f"nn{number}"
            own = [f"-Ddfs.ha.namenode.id={name}"] if len(namenodes) > 1 else []
            self.namenodes.append(self._daemon(name, [NAMENODE, *own], ports))
        for number, ports in enumerate(datanodes, 1):
            name = f"dn{number}"
            own = configuration.datanode_settings(self.folder, name, ports, self.host)
            self.datanodes.append(self._daemon(name, [DATANODE, *own], ports))

    def _daemon(self, name: str, command: Sequence[str], ports: Mapping[str, int]) -> Daemon:
        return Daemon(
            name,
            self._jvm.daemon(*command),
            self.folder / "run",
            ports=ports,
            environment=self._jvm.environment,
            outlives_us=self._outlives_us,
        )

    def _configure(
        self, namenodes: Sequence[Mapping[str, int]], datanodes: Sequence[Mapping[str, int]]
    ) -> None:
        for name in ("conf", "run", "tmp"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        core, hdfs = configuration.namenode_sites(self.folder, namenodes, self.host)
        configuration.write(self.folder / "conf", core | self._core_site, hdfs | self._hdfs_site)
        state = {"arguments": self._arguments, "namenodes": namenodes, "datanodes": datanodes}
        (self.folder / "cluster.json").write_text(json.dumps(state, indent=1))

    def _format(self) -> None:
        """Make an empty file system; of a pair, both NameNodes begin with the same image."""
        done = self.folder / "data/formatted"
        if done.exists():
            return
        own = ["-Ddfs.ha.namenode.id=nn1"] if self._high_availability else []
        self._jvm.run(NAMENODE, *own, "-format", "-force", "-nonInteractive")
        if self._high_availability:
            image = self.folder / "data/nn1"
            shutil.copytree(image, image.with_name("nn2"), dirs_exist_ok=True)
        done.touch()

    # -- waiting ---------------------------------------------------------------------------

    def wait_until_serving(self, datanodes: int | None = None) -> None:
        """Wait until an active NameNode out of safe mode has so many DataNodes.

        Paused and stopped daemons are left out; a standby that runs must answer, too.

        Args:
            datanodes: how many must serve; by default all that run.

        Raises:
            ClusterError: not in time, or a daemon ended meanwhile; with the log's tail.
        """
        running = [daemon for daemon in (*self.namenodes, *self.datanodes) if daemon.is_running]
        if datanodes is None:
            datanodes = sum(daemon in running for daemon in self.datanodes)
        self._wait_until_serving(datanodes, running)

    def _wait_until_serving(self, datanodes: int, running: Sequence[Daemon]) -> None:
        def serves() -> bool:
            for daemon in running:
                daemon.raise_if_dead()
            health = self._probe(self)
            return health is not None and health.live >= datanodes and not health.safe_mode

        self._wait(serves, f"no NameNode serves with {datanodes} DataNodes")

    def wait_until_dead(self, datanode: Daemon) -> None:
        """Wait until the active NameNode has given a DataNode up: about 14 s without a beat."""

        def is_dead() -> bool:
            nodes = jmx.live_nodes(self.active, self.host)
            return nodes is not None and datanode.ports["data"] not in nodes

        self._wait(is_dead, f"the NameNode still believes in {datanode.name}")

    def wait_until_stale(self, datanode: Daemon) -> None:
        """Wait until the active NameNode avoids a DataNode: about 3 s without a beat."""

        def is_stale() -> bool:
            nodes = jmx.live_nodes(self.active, self.host)
            if nodes is None:
                return False
            node = nodes.get(datanode.ports["data"])
            return node is None or node["lastContact"] > configuration.STALE_SECONDS

        self._wait(is_stale, f"the NameNode still trusts {datanode.name}")

    def _wait(self, happened: Callable[[], bool], otherwise: str) -> None:
        end = time.monotonic() + SERVING_SECONDS
        while not happened():
            if time.monotonic() > end:
                raise ClusterError(
                    f"{otherwise} after {SERVING_SECONDS:.0f} s:\n{self.namenodes[0].tail()}"
                )
            time.sleep(0.1)

    # -- the pair --------------------------------------------------------------------------

    @property
    def active(self) -> Daemon:
        """The NameNode that serves.

        Raises:
            ClusterError: none says so.
        """
        return self._namenode_in_state("active")

    @property
    def standby(self) -> Daemon:
        """The NameNode that does not.

        Raises:
            ClusterError: none says so.
        """
        return self._namenode_in_state("standby")

    def _namenode_in_state(self, state: str) -> Daemon:
        for daemon in self.namenodes:
            if daemon.is_running and jmx.namenode_state(daemon, self.host) == state:
                return daemon
        raise ClusterError(f"no NameNode is {state}")

    def promote(self, namenode: Daemon) -> None:
        """Make one of a pair the active one. The other steps back, if it can still be asked.

        Raises:
            ClusterError: it could not; with the tool's output.
        """
        others = [other for other in self.namenodes if other is not namenode and other.is_running]
        if any(jmx.namenode_state(other, self.host) == "active" for other in others):
            self.admin_ha("-transitionToStandby", others[0].name)
        self.admin_ha("-transitionToActive", "--forceactive", namenode.name)

    # -- Hadoop's tools --------------------------------------------------------------------

    def admin(self, *arguments: str) -> str:
        """Run ``hdfs dfsadmin``, e.g. ``-safemode enter`` or ``-setSpaceQuota 1m /path``.

        Raises:
            ClusterError: it failed; with its output.
        """
        return self._jvm.run("org.apache.hadoop.hdfs.tools.DFSAdmin", *arguments)

    def admin_ha(self, *arguments: str) -> str:
        """Run ``hdfs haadmin``, e.g. ``-getServiceState nn1``.

        Raises:
            ClusterError: it failed; with its output.
        """
        return self._jvm.run("org.apache.hadoop.hdfs.tools.DFSHAAdmin", *arguments)

    def shell(self, *arguments: str, user: str | None = None) -> str:
        """Run ``hdfs dfs``, e.g. ``-chmod 700 /path``.

        Args:
            arguments: its command line.
            user: who asks, where names are simply believed; by default the superuser.

        Raises:
            ClusterError: it failed; with its output.
        """
        return self._jvm.run("org.apache.hadoop.fs.FsShell", *arguments, user=user)

    # -- its counters ----------------------------------------------------------------------

    def calls(self) -> dict[str, int]:
        """How often clients called each RPC method of the active NameNode since it started.

        Exact for all calls that were answered before. One request over WebHDFS counts as one
        ``WebHDFS``; what a DataNode then asks on its behalf counts under the methods' names.

        Raises:
            ClusterError: no NameNode is active.
        """
        time.sleep(2 * configuration.METRICS_MILLIS / 1000)
        return jmx.client_calls(self.active, self.host)

    def bytes_read(self) -> int:
        """How many bytes the running DataNodes have sent to readers since they started.

        With their checksums, 4 for each 512. A read that the reader breaks off is not counted:
        so are all ranged reads over WebHDFS, which end in the DataNode itself.
        """
        time.sleep(2 * configuration.METRICS_MILLIS / 1000)
        running = [daemon for daemon in self.datanodes if daemon.is_running]
        return sum(jmx.bytes_read(daemon, self.host) for daemon in running)
