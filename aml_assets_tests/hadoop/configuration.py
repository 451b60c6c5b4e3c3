"""The files that configure a cluster: site files, logging, metrics, empty web applications.

Belongs here: every Hadoop setting of ours, with its reason. Does not belong here: processes
(`daemon`, `cluster`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

NAMESERVICE = "bank"
"""The logical name of a highly available pair."""
METRICS_MILLIS = 100
"""JMX shows counters that are at most this old; Hadoop's default is ten seconds."""

STALE_SECONDS = 3

QUICK_AND_HONEST = {
    "dfs.replication": "2",
    "dfs.permissions.enabled": "true",
    # Tests make files of many blocks out of few bytes.
    "dfs.namenode.fs-limits.min-block-size": "1024",
    "dfs.namenode.safemode.extension": "0",
    # Loopback addresses resolve to no name, or to too many.
    "dfs.namenode.datanode.registration.ip-hostname-check": "false",
    # A DataNode is stale after 3 s and dead after 14 s, instead of 30 s and 10.5 minutes. Until
    # then a killed one is handed out, and every retry meets it.
    "dfs.heartbeat.interval": "1",
    "dfs.namenode.stale.datanode.interval": str(STALE_SECONDS * 1000),
    "dfs.namenode.heartbeat.recheck-interval": "2000",
    "dfs.namenode.avoid.read.stale.datanode": "true",
    "dfs.namenode.avoid.write.stale.datanode": "true",
}

LOG4J = """\
log4j.rootLogger=${hadoop.root.logger}
log4j.appender.console=org.apache.log4j.ConsoleAppender
log4j.appender.console.target=System.err
log4j.appender.console.layout=org.apache.log4j.PatternLayout
log4j.appender.console.layout.ConversionPattern=%d{ISO8601} %p %c{2}: %m%n
"""

# The period is read from sinks alone; this one has no class, so nothing is published.
METRICS = "".join(
    f"{system}.sink.none.periodMillis={METRICS_MILLIS}\n" for system in ("namenode", "datanode")
)


def client_config(namenode_ports: Sequence[Mapping[str, int]], host: str) -> dict[str, str]:
    """What a client needs beyond the URL: the name service, if there are two NameNodes."""
    if len(namenode_ports) == 1:
        return {}
    service = NAMESERVICE
    names = [f"nn{number}" for number in range(1, len(namenode_ports) + 1)]
    provider = "org.apache.hadoop.hdfs.server.namenode.ha.ConfiguredFailoverProxyProvider"
    return {
        "dfs.nameservices": service,
        f"dfs.ha.namenodes.{service}": ",".join(names),
        f"dfs.client.failover.proxy.provider.{service}": provider,
    } | {
        f"dfs.namenode.rpc-address.{service}.{name}": f"{host}:{ports['rpc']}"
        for name, ports in zip(names, namenode_ports, strict=True)
    }


def namenode_sites(
    folder: Path, namenode_ports: Sequence[Mapping[str, int]], host: str
) -> tuple[dict[str, str], dict[str, str]]:
    """Our settings of `core-site.xml` and `hdfs-site.xml`.

    Args:
        folder: where data lies.
        namenode_ports: ``rpc``, ``http`` and ``https`` of each NameNode; two are a pair.
        host: the address that all listen on.
    """
    pair = len(namenode_ports) > 1
    core = {
        "fs.defaultFS": f"hdfs://{NAMESERVICE}"
        if pair
        else f"hdfs://{host}:{namenode_ports[0]['rpc']}",
        "hadoop.tmp.dir": str(folder / "tmp"),
    }
    hdfs = QUICK_AND_HONEST | client_config(namenode_ports, host)
    for number, ports in enumerate(namenode_ports, 1):
        of = f".{NAMESERVICE}.nn{number}" if pair else ""
        hdfs |= {
            f"dfs.namenode.rpc-address{of}": f"{host}:{ports['rpc']}",
            f"dfs.namenode.http-address{of}": f"{host}:{ports['http']}",
            f"dfs.namenode.https-address{of}": f"{host}:{ports['https']}",
            f"dfs.namenode.name.dir{of}": (folder / f"data/nn{number}").as_uri(),
        }
    if pair:
        hdfs |= {
            "dfs.namenode.shared.edits.dir": (folder / "data/edits").as_uri(),
            "dfs.ha.automatic-failover.enabled": "false",
            "dfs.ha.fencing.methods": "shell(true)",
            "dfs.ha.tail-edits.period": "1s",
        }
    return core, hdfs


def datanode_settings(folder: Path, name: str, ports: Mapping[str, int], host: str) -> list[str]:
    """One DataNode's own settings, as arguments."""
    settings = {
        "dfs.datanode.data.dir": (folder / "data" / name).as_uri(),
        "dfs.datanode.hostname": host,
        "dfs.datanode.address": f"{host}:{ports['data']}",
        "dfs.datanode.ipc.address": f"{host}:{ports['rpc']}",
        "dfs.datanode.http.address": f"{host}:{ports['http']}",
        "dfs.datanode.https.address": f"{host}:{ports['https']}",
    }
    return [f"-D{key}={value}" for key, value in settings.items()]


def write(folder: Path, core_site: Mapping[str, str], hdfs_site: Mapping[str, str]) -> None:
    """Write a configuration folder, which is to stand on the class path."""
    # Hadoop's own ones are not among the jars, and the daemons do not start without any.
    for application in ("hdfs", "datanode"):
        web_xml = folder / "webapps" / application / "WEB-INF/web.xml"
        web_xml.parent.mkdir(parents=True, exist_ok=True)
        web_xml.write_text("<web-app/>\n")
    (folder / "webapps/static").mkdir(exist_ok=True)
    (folder / "core-site.xml").write_text(site_xml(core_site))
    (folder / "hdfs-site.xml").write_text(site_xml(hdfs_site))
    (folder / "log4j.properties").write_text(LOG4J)
    (folder / "hadoop-metrics2.properties").write_text(METRICS)


def site_xml(settings: Mapping[str, str]) -> str:
    """Settings as Hadoop reads them from a file."""
    properties = [
        f"  <property><name>{escape(key)}</name><value>{escape(value)}</value></property>\n"
        for key, value in settings.items()
    ]
    return f"<configuration>\n{''.join(properties)}</configuration>\n"
