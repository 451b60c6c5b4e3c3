"""Throw-away certificates, and what makes a Hadoop cluster serve WebHDFS over TLS with them.

Belongs here: the authority, the server's certificate, Java's keystore and Hadoop's settings for
them. Does not belong here: Kerberos (`kerberos`), starting Hadoop (`cluster`).

All passwords are random and lie in files that only this user can read.
"""

from __future__ import annotations

import secrets
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from aml_assets_tests.hadoop.configuration import site_xml
from aml_assets_tests.requirements import require

NAMES = ("DNS:localhost",)
"""What certificates are for. 127.0.0.1 leads to the same server by a name they do not have."""
DAYS = "2"
_NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1")


def require_openssl() -> None:
    """Skip aloud (or fail under ``AML_REQUIRE_ALL=1``) where OpenSSL is not installed."""
    require(shutil.which("openssl") is not None, "openssl")


@dataclass(frozen=True)
class Authority:
    """A certificate authority nobody else trusts.

    Args:
        certificate: its certificate, PEM: the CA file a client is to be given.
        key: its private key, PEM.
    """

    certificate: Path
    key: Path

    @classmethod
    def make(cls, folder: Path, name: str = "ca") -> Authority:
        """A new authority. Another one of the same name is another one, with another key."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        authority = cls(folder / f"{name}.pem", folder / f"{name}.key")
        _openssl(
            *("req", "-x509", "-nodes", "-days", DAYS, *_NEW_KEY, "-subj", f"/CN=test {name}"),
            *("-addext", "basicConstraints=critical,CA:TRUE"),
            *("-addext", "keyUsage=critical,keyCertSign,cRLSign"),
            *("-keyout", str(authority.key), "-out", str(authority.certificate)),
        )
        return authority

    def keystore(self, path: Path, password_file: Path, names: tuple[str, ...]) -> None:
        """A PKCS #12 keystore with a new key and its certificate for ``names``, signed by this."""
        key, request, certificate = (path.with_suffix(s) for s in (".key", ".csr", ".crt"))
        extensions = path.with_suffix(".ext")
        extensions.write_text(f"subjectAltName={','.join(names)}\nextendedKeyUsage=serverAuth\n")
        _openssl(
            *("req", "-nodes", *_NEW_KEY, "-subj", "/CN=hadoop"),
            *("-keyout", str(key), "-out", str(request)),
        )
        _openssl(
            *("x509", "-req", "-days", DAYS, "-in", str(request), "-extfile", str(extensions)),
            *("-CA", str(self.certificate), "-CAkey", str(self.key), "-CAcreateserial"),
            *("-out", str(certificate)),
        )
        _openssl(
            *("pkcs12", "-export", "-inkey", str(key), "-in", str(certificate)),
            *("-certfile", str(self.certificate), "-name", "hadoop"),
            *("-out", str(path), "-passout", f"file:{password_file}"),
        )
        path.chmod(0o600)


@dataclass(frozen=True)
class Tls:
    """What a cluster with TLS needs.

    Args:
        ca_file: what a client is to trust, PEM.
        hdfs_site: the settings of ``hdfs-site.xml``.
        ssl_server: the settings of ``ssl-server.xml``; passwords are among them.
    """

    ca_file: Path
    hdfs_site: dict[str, str]
    ssl_server: dict[str, str]

    def write_configuration(self, folder: Path) -> None:
        """Write ``ssl-server.xml``, which is to stand beside ``hdfs-site.xml``."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "ssl-server.xml"
        path.touch(mode=0o600)
        path.write_text(site_xml(self.ssl_server))


def tls_settings(folder: Path, names: tuple[str, ...] = NAMES) -> Tls:
    """A new authority, a server certificate for ``names``, and Hadoop's settings for HTTPS only.

    Args:
        folder: a private folder of its own, for keys and passwords.
        names: the subject's alternative names, as OpenSSL writes them.
    """
    authority = Authority.make(folder)
    password = secrets.token_urlsafe(24)
    password_file = folder / "password"
    password_file.touch(mode=0o600)
    password_file.write_text(password)
    keystore = folder / "server.p12"
    authority.keystore(keystore, password_file, names)
    ssl_server = {
        "ssl.server.keystore.type": "pkcs12",
        "ssl.server.keystore.location": str(keystore),
        "ssl.server.keystore.password": password,
        "ssl.server.keystore.keypassword": password,
    }
    return Tls(authority.certificate, {"dfs.http.policy": "HTTPS_ONLY"}, ssl_server)


def _openssl(*arguments: str) -> None:
    done = subprocess.run(
        ["openssl", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"openssl {arguments[0]} failed: {done.stderr.strip()}")
