"""What Hadoop's daemons tell of themselves over HTTP (`/jmx`).

Belongs here: asking, and the names of the beans. Does not belong here: waiting (`cluster`).
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

from aml_assets_tests.hadoop.daemon import Daemon

ANSWER_SECONDS = 5.0

INTERNAL = {
    "BlockReceivedAndDeleted",
    "BlockReport",
    "CommitBlockSynchronization",
    "GetServiceStatus",
    "MonitorHealth",
    "RegisterDatanode",
    "RollEditLog",
    "SendHeartbeat",
    "TransitionToActive",
    "TransitionToStandby",
    "VersionRequest",
}
"""What DataNodes, the other NameNode and the administrator's tools call."""

# The environment's proxies are not for the loopback.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class JmxClosed(Exception):
    """The daemon answers, but not to us: it asks who we are, or for TLS."""


def beans(daemon: Daemon, host: str, query: str) -> list[dict[str, Any]] | None:
    """The beans that match a query such as ``Hadoop:service=NameNode,name=RpcActivity*``.

    Returns:
        None where nobody answers (in time).

    Raises:
        JmxClosed: the daemon refused to tell.
    """
    url = f"http://{host}:{daemon.ports['http']}/jmx?qry={query}"
    try:
        with _OPENER.open(url, timeout=ANSWER_SECONDS) as response:
            return json.load(response)["beans"]
    except urllib.error.HTTPError as error:
        if error.code in (401, 403):
            raise JmxClosed(f"{daemon.name} answered {error.code}") from error
        return None
    except (OSError, json.JSONDecodeError):  # refused, silent, or not up yet
        return None


def bean(daemon: Daemon, host: str, query: str) -> dict[str, Any]:
    """The only bean of a query; empty where nobody answers, or it does not exist yet.

    A daemon that is still starting leaves out what it does not know.
    """
    found = beans(daemon, host, query)
    return found[0] if found else {}


def namenode_state(daemon: Daemon, host: str) -> str | None:
    """``active``, ``standby`` or ``observer``."""
    return bean(daemon, host, "Hadoop:service=NameNode,name=NameNodeStatus").get("State")


def live_nodes(daemon: Daemon, host: str) -> dict[int, dict[str, Any]] | None:
    """What a NameNode knows of each live DataNode, by the port of its data."""
    nodes = bean(daemon, host, "Hadoop:service=NameNode,name=NameNodeInfo").get("LiveNodes")
    if nodes is None:
        return None
    return {int(node["xferaddr"].rpartition(":")[2]): node for node in json.loads(nodes).values()}


def is_in_safe_mode(daemon: Daemon, host: str) -> bool | None:
    """Whether a NameNode refuses writes."""
    reason = bean(daemon, host, "Hadoop:service=NameNode,name=NameNodeInfo").get("Safemode")
    return None if reason is None else reason != ""


def is_registered(daemon: Daemon, host: str, namenodes: int) -> bool:
    """Whether a DataNode itself says that it serves so many NameNodes."""
    info = bean(daemon, host, "Hadoop:service=DataNode,name=DataNodeInfo")
    actors = json.loads(info.get("BPServiceActorInfo", "[]"))
    return sum(actor["ActorState"] == "RUNNING" for actor in actors) >= namenodes


def client_calls(namenode: Daemon, host: str) -> dict[str, int]:
    """How often each method was called on a NameNode's RPC port since it started.

    Without what the daemons ask each other. Requests over WebHDFS stand under ``WebHDFS``.
    """
    port = namenode.ports["rpc"]
    found = bean(namenode, host, f"Hadoop:service=NameNode,name=RpcDetailedActivityForPort{port}")
    counts = {
        name.removesuffix("NumOps"): int(value)
        for name, value in found.items()
        # Each method stands there twice, the second time with its time in the queue.
        if name.endswith("NumOps") and not name.startswith("Overall")
    }
    counts["WebHDFS"] = counts.pop("(external)", 0)
    return {name: count for name, count in counts.items() if count and name not in INTERNAL}


def bytes_read(daemon: Daemon, host: str) -> int:
    """How many bytes of blocks a DataNode has sent to readers since it started."""
    found = bean(daemon, host, "Hadoop:service=DataNode,name=DataNodeActivity-*")
    return int(found.get("BytesRead", 0))
