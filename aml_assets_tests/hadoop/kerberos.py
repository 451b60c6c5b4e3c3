"""A Kerberos realm of the tests' own: a real MIT KDC, and Hadoop clusters which belong to it.

Belongs here: the KDC, its principals, keytabs and ticket caches, and what makes a cluster part of
the realm. Does not belong here: certificates (`tls`), starting Hadoop (`cluster`), and any
statement about the adapters.

Everything lies in one private folder and on one loopback port. The machine's own Kerberos
configuration and ticket cache are neither read nor written.
"""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from aml_assets_tests.hadoop.cluster import Cluster
from aml_assets_tests.hadoop.daemon import Daemon
from aml_assets_tests.hadoop.tls import Tls
from aml_assets_tests.ports import free_port
from aml_assets_tests.requirements import require

REALM = "AML.TEST"
HOST = "localhost"
"""What the services' principals are called by; `kerberized` clusters are, too."""
SUPERUSER = f"nn/{HOST}"
CLIENT_CONFIG = {"hadoop.security.authentication": "kerberos"}
"""What a client of `kerberized` clusters needs beyond the URL; without it, it tries no Kerberos."""
PRIVACY_CONFIG = CLIENT_CONFIG | {"dfs.data.transfer.protection": "privacy"}
"""The same for clusters with ``privacy``."""

SYSTEM_TOOLS = ("/usr/sbin", "/usr/local/sbin")
"""Where distributions keep the KDC's programs; a user's PATH often lacks them."""
TOOL_SECONDS = 60.0
SERVING_SECONDS = 20.0


class KerberosError(Exception):
    """The KDC or one of its tools failed; the message says how."""


def tool(name: str) -> str | None:
    """The path of a Kerberos program, or None where it is not installed."""
    return shutil.which(name, path=os.pathsep.join((os.environ.get("PATH", ""), *SYSTEM_TOOLS)))


def require_kdc() -> None:
    """Skip aloud (or fail under ``AML_REQUIRE_ALL=1``) where no MIT KDC is installed."""
    programs = ("krb5kdc", "kdb5_util", "kadmin.local", "kinit")
    require(all(map(tool, programs)), f"an MIT KDC ({', '.join(programs)})")


class Kdc:
    """A KDC that runs as long as the ``with`` block, and dies with this process.

    Args:
        folder: a folder of its own; made if missing, and closed to other users.

    Attributes:
        folder: where all of it lies.
        krb5_conf: the clients' configuration; Java takes it as ``java.security.krb5.conf``.
        daemon: its process: to be paused, killed and started again.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self.krb5_conf = self.folder / "krb5.conf"
        port = free_port()
        self.daemon = Daemon(
            "kdc",
            [tool("krb5kdc") or "krb5kdc", "-n", "-r", REALM],
            self.folder,
            ports={"kdc": port},
            environment=self._admin_environment(),
        )

    @property
    def environment(self) -> dict[str, str]:
        """What a client of this realm needs in its environment.

        Its default ticket cache is a file that nobody makes here, never the user's own.
        """
        cache = self.folder / "default-cache"
        return {"KRB5_CONFIG": str(self.krb5_conf), "KRB5CCNAME": f"FILE:{cache}"}

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *error: object) -> None:
        self.stop()

    def start(self) -> Self:
        """Make the realm and serve it.

        Raises:
            KerberosError: a tool failed, or nothing serves in time.
            ClusterError: the KDC ended; with the last lines of its log.
        """
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.folder.chmod(0o700)
        self._configure(self.daemon.ports["kdc"])
        # Over standard input: arguments can be read by every user of the machine.
        password = secrets.token_urlsafe(32)
        self._run("kdb5_util", "-r", REALM, "create", "-s", text=f"{password}\n{password}\n")
        self.daemon.start()
        try:
            self.wait_until_serving()
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """End its process; one that has ended may be stopped again."""
        self.daemon.stop()

    def wait_until_serving(self) -> None:
        """Wait until its port accepts.

        Raises:
            KerberosError: it does not in time.
            ClusterError: the KDC ended; with the last lines of its log.
        """
        end = time.monotonic() + SERVING_SECONDS
        while time.monotonic() < end:
            self.daemon.raise_if_dead()
            try:
                socket.create_connection(("127.0.0.1", self.daemon.ports["kdc"]), timeout=1).close()
            except OSError:  # not up yet
                time.sleep(0.02)
            else:
                return
        raise KerberosError(f"the KDC does not serve:\n{self.daemon.tail()}")

    def add(self, principal: str, *, max_life: str = "10 hours") -> None:
        """Make a principal with a random key.

        Args:
            principal: its name, without the realm.
            max_life: the longest life of its tickets, e.g. ``15 seconds``, whatever a client asks
                for. So a client that gets its tickets itself is made to renew them.

        Raises:
            KerberosError: it exists already.
        """
        self._admin("add_principal", "-clearpolicy", "-randkey", "-maxlife", max_life, principal)

    def keytab(self, name: str, *principals: str) -> Path:
        """A new file with the keys of principals, readable by this user alone.

        The keys stay as they are, so that a principal may stand in several keytabs.

        Raises:
            KerberosError: a principal does not exist.
        """
        path = self.folder / f"{name}.keytab"
        self._admin("ktadd", "-q", "-norandkey", "-k", str(path), *principals)
        return path

    def rekey(self, principal: str) -> None:
        """Give a principal a new key, so that its keytabs are outdated."""
        self._admin("change_password", "-randkey", principal)

    def kinit(self, principal: str, keytab: Path, cache: Path, lifetime: str = "1h") -> None:
        """Get a ticket into a cache file, in the place of what was there.

        Args:
            principal: whose ticket.
            keytab: a file with the principal's key.
            cache: the file to write.
            lifetime: as ``kinit -l`` takes it, e.g. ``10s``; it is kept to the second.

        Raises:
            KerberosError: the KDC gives no ticket.
        """
        to_cache = ("-c", f"FILE:{cache}", "-l", lifetime)
        self._run("kinit", *to_cache, "-k", "-t", str(keytab), principal)

    def _configure(self, port: int) -> None:
        self.krb5_conf.write_text(f"""\
[libdefaults]
    default_realm = {REALM}
    dns_lookup_kdc = false
    dns_lookup_realm = false
    dns_canonicalize_hostname = false
    qualify_shortname = ""
    rdns = false
    udp_preference_limit = 1
    # With the usual 300 s, servers accept tickets that expired minutes ago.
    clockskew = 1

[realms]
    {REALM} = {{
        kdc = 127.0.0.1:{port}
    }}
""")
        (self.folder / "kdc.conf").write_text(f"""\
[realms]
    {REALM} = {{
        database_name = {self.folder / "principal"}
        key_stash_file = {self.folder / "stash"}
        kdc_listen = ""
        kdc_tcp_listen = 127.0.0.1:{port}
        supported_enctypes = aes256-cts-hmac-sha1-96:normal
    }}

[logging]
    kdc = STDERR
    admin_server = FILE:{self.folder / "kadmin.log"}
""")

    def _admin_environment(self) -> dict[str, str]:
        profile = {"KRB5_KDC_PROFILE": str(self.folder / "kdc.conf")}
        return dict(os.environ) | self.environment | profile

    def _admin(self, *query: str) -> None:
        said = self._run("kadmin.local", "-r", REALM, *query)
        # It ends with 0 when a query failed, too; only its text tells.
        if said:
            raise KerberosError(f"kadmin.local failed: {said}")

    def _run(self, name: str, *arguments: str, text: str = "") -> str:
        """Run a tool to its end; what it wrote to its standard error."""
        done = subprocess.run(
            [tool(name) or name, *arguments],
            env=self._admin_environment(),
            input=text,
            capture_output=True,
            text=True,
            timeout=TOOL_SECONDS,
            check=False,
        )
        if done.returncode != 0:
            raise KerberosError(f"{name} failed: {done.stderr.strip()}")
        return done.stderr.strip()


def kerberized(
    folder: Path,
    kdc: Kdc,
    *,
    tls: Tls | None = None,
    privacy: bool = False,
    datanodes: int = 1,
    core_site: Mapping[str, str] = {},
    hdfs_site: Mapping[str, str] = {},
) -> Cluster:
    """A cluster that knows its users by Kerberos alone; to be started, or used as ``with``.

    RPC, WebHDFS and block transfers all ask for authentication. Reach it by its own URLs:
    neither principals nor certificates know ``127.0.0.1``. The superuser is ``hdfs``; his ticket
    is for `Cluster.admin` and `Cluster.shell`. Make one such cluster per KDC.

    Args:
        folder: the cluster's folder.
        kdc: a running KDC.
        tls: serve WebHDFS over TLS alone.
        privacy: encrypt RPC and block transfers; clients need `PRIVACY_CONFIG`, and only here.
        datanodes: how many.
        core_site: settings that come on top.
        hdfs_site: settings that come on top.
    """
    services = (SUPERUSER, f"dn/{HOST}", f"HTTP/{HOST}")
    for principal in services:
        kdc.add(principal)
    keytab = kdc.keytab("hadoop", *services)
    cache = kdc.folder / "superuser-cache"
    kdc.kinit(SUPERUSER, keytab, cache, "10h")
    core, hdfs = _identities(keytab, _secret(kdc.folder / "http-signature"))
    if privacy:
        core["hadoop.rpc.protection"] = "privacy"
        hdfs["dfs.data.transfer.protection"] = "privacy"
    if tls is not None:
        hdfs |= tls.hdfs_site
        tls.write_configuration(folder / "conf")
    return Cluster(
        folder,
        datanodes=datanodes,
        core_site=core | dict(core_site),
        hdfs_site=hdfs | dict(hdfs_site),
        java_options=[f"-Djava.security.krb5.conf={kdc.krb5_conf}"],
        environment=kdc.environment | {"KRB5CCNAME": f"FILE:{cache}"},
        host=HOST,
    )


def _identities(keytab: Path, secret: Path) -> tuple[dict[str, str], dict[str, str]]:
    """Settings of `core-site.xml` and `hdfs-site.xml`: who the daemons are, and who asks them."""
    core = {
        "hadoop.security.authentication": "kerberos",
        "hadoop.security.authorization": "true",
        "hadoop.security.auth_to_local": f"RULE:[2:$1@$0]([nd]n@{REALM})s/.*/hdfs/\nDEFAULT",
        # By default it is `simple`: WebHDFS then believes `user.name=root`.
        "hadoop.http.authentication.type": "kerberos",
        "hadoop.http.authentication.kerberos.principal": f"HTTP/{HOST}@{REALM}",
        "hadoop.http.authentication.kerberos.keytab": str(keytab),
        "hadoop.http.authentication.signature.secret.file": str(secret),
    }
    hdfs = {
        "dfs.block.access.token.enable": "true",
        "dfs.namenode.kerberos.principal": f"{SUPERUSER}@{REALM}",
        "dfs.namenode.keytab.file": str(keytab),
        "dfs.datanode.kerberos.principal": f"dn/{HOST}@{REALM}",
        "dfs.datanode.keytab.file": str(keytab),
        "dfs.web.authentication.kerberos.principal": f"HTTP/{HOST}@{REALM}",
        "dfs.web.authentication.kerberos.keytab": str(keytab),
        # Otherwise a DataNode wants ports below 1024, which need root.
        "ignore.secure.ports.for.testing": "true",
    }
    return core, hdfs


def _secret(path: Path) -> Path:
    """A new file with a random secret, readable by this user alone."""
    path.touch(mode=0o600)
    path.write_text(secrets.token_urlsafe(32))
    return path
