"""Whether a cluster serves, as its daemons or Hadoop's own report say it.

Belongs here: the probes. Does not belong here: waiting for them (`cluster`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aml_assets_tests.hadoop import jmx
from aml_assets_tests.hadoop.daemon import ClusterError

if TYPE_CHECKING:
    from aml_assets_tests.hadoop.cluster import Cluster


@dataclass(frozen=True)
class Health:
    """What a cluster says of itself."""

    live: int
    """How many DataNodes serve."""
    safe_mode: bool


Probe = Callable[["Cluster"], Health | None]
"""How to ask a cluster; None means that it does not answer yet."""


def probe(cluster: Cluster) -> Health | None:
    """Ask over JMX; where that is closed, ask for the report."""
    try:
        return probe_jmx(cluster)
    except jmx.JmxClosed:
        return probe_report(cluster)


def probe_jmx(cluster: Cluster) -> Health | None:
    """What the active NameNode and each DataNode say, which needs their plain HTTP.

    Raises:
        JmxClosed: they want to know who asks.
    """
    if not cluster.serves_http:
        raise jmx.JmxClosed("the daemons serve no plain HTTP")
    running = [namenode for namenode in cluster.namenodes if namenode.is_running]
    states = [jmx.namenode_state(namenode, cluster.host) for namenode in running]
    if "active" not in states or None in states:
        return None
    active = running[states.index("active")]
    nodes = jmx.live_nodes(active, cluster.host)
    safe_mode = jmx.is_in_safe_mode(active, cluster.host)
    if nodes is None or safe_mode is None:
        return None
    # The NameNode believes in a restarted DataNode for as long as in a dead one.
    live = sum(
        datanode.ports["data"] in nodes
        and datanode.is_running
        and jmx.is_registered(datanode, cluster.host, len(running))
        for datanode in cluster.datanodes
    )
    return Health(live, safe_mode)


def probe_report(cluster: Cluster) -> Health | None:
    """What Hadoop's report to the superuser says; costs a JVM."""
    try:
        report = cluster.admin("-report")
    except ClusterError:
        return None
    live = re.search(r"^Live datanodes \((\d+)\)", report, re.MULTILINE)
    return Health(int(live[1]) if live else 0, "Safe mode is ON" in report)
