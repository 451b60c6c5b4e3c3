"""The shipped recipes for single sign-on on this machine: Apache, an OpenID provider, a directory.

Belongs here: starting each for a test, with the recipes' files as they are. Does not belong here:
expectations.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from aml_assets_tests.deploy.proxy import echo
from aml_assets_tests.ports import free_port
from aml_assets_tests.requirements import require

RECIPES = Path(__file__).resolve().parents[2] / "deploy/single-sign-on"
MODULES = Path("/usr/lib/apache2/modules")
PROVIDER = "oidc-provider@8.8.1"
SECRET = "the-secret-of-the-door"
SLAPD = """
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
TLSCertificateFile {folder}/tls.crt
TLSCertificateKeyFile {folder}/tls.key
database mdb
suffix dc=bank,dc=example
rootdn cn=admin,dc=bank,dc=example
directory {folder}/database
access to attrs=userPassword by anonymous auth by * none
access to * by users read by * none
"""
PEOPLE = """
dn: dc=bank,dc=example
objectClass: dcObject
objectClass: organization
o: bank

dn: cn=door,dc=bank,dc=example
objectClass: applicationProcess
objectClass: simpleSecurityObject
cn: door
userPassword: the-secret-of-the-door

dn: uid=anna,dc=bank,dc=example
objectClass: inetOrgPerson
cn: Anna
sn: A
userPassword: of-anna

dn: uid=bob,dc=bank,dc=example
objectClass: inetOrgPerson
cn: Bob
sn: B
userPassword: of-bob

dn: cn=aml-operators,dc=bank,dc=example
objectClass: groupOfNames
member: uid=anna,dc=bank,dc=example
"""


def require_apache(login: str) -> None:
    """Skip, or fail where nothing may be missing, without Apache and the module of a login."""
    require((MODULES / "mod_ssl.so").exists(), "Apache (Debian: apache2-bin)")
    require((MODULES / f"mod_{login}.so").exists(), f"Apache's module {login}")


@contextmanager
def door(
    folder: Path, recipe: str, modules: Sequence[str], port: int, environment: Mapping[str, str]
) -> Generator[str]:
    """Apache with a recipe in front of a server that tells what it was asked; its URL."""
    for name, of in (("key", 0o600), ("crt", 0o644)):
        (folder / f"tls.{name}").chmod(of)
    loaded = (
        *("mpm_event", "authn_core", "authz_core", "authz_user", "ssl", "headers", "rewrite"),
        *("proxy", "proxy_http", *modules),
    )
    lines = [f"LoadModule {name}_module {MODULES}/mod_{name}.so" for name in loaded]
    (folder / "apache.conf").write_text(
        "\n".join(
            [
                *(f"ServerRoot {folder}", f"DefaultRuntimeDir {folder}", f"PidFile {folder}/pid"),
                *(f"Mutex file:{folder} default", f"ErrorLog {folder}/error.log"),
                *("User www-data", "Group www-data", *lines),
                f"LDAPTrustedGlobalCert CA_BASE64 {folder}/tls.crt" if "ldap" in modules else "",
                *(f"Include {RECIPES}/door.conf", f"Include {RECIPES}/{recipe}.conf", ""),
            ]
        )
    )
    with echo() as behind:
        settings = {
            **environment,
            "PATH": os.environ["PATH"],
            "APACHE_LOG_DIR": str(folder),
            "AML_NAME": f"localhost:{port}",
            "AML_LISTEN": f"127.0.0.1:{port}",
            "AML_BEHIND": behind,
            "AML_CERTIFICATE": str(folder),
        }
        command = ["/usr/sbin/apache2", "-D", "FOREGROUND", "-f", str(folder / "apache.conf")]
        with _process(command, port, folder / "apache.log", settings):
            yield f"https://localhost:{port}"


@contextmanager
def openid_provider(folder: Path, callback: str) -> Generator[str]:
    """A certified provider, by npm; its URL."""
    require(shutil.which("npm") is not None, "npm")
    install = ["npm", "install", "--no-audit", "--no-fund", "--prefix", str(folder), PROVIDER]
    subprocess.run(install, check=True, capture_output=True, timeout=300)
    script = folder / "provider.mjs"
    shutil.copy(Path(__file__).with_name("oidc_provider.mjs"), script)
    port = free_port()
    command = ["node", str(script), str(port), callback, SECRET]
    with _process(command, port, folder / "provider.log", dict(os.environ)):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def directory(folder: Path) -> Generator[str]:
    """A directory with two people, one of them in the group; the URL of its people."""
    require(Path("/usr/sbin/slapd").exists(), "slapd")
    (folder / "database").mkdir()
    (folder / "slapd.conf").write_text(SLAPD.format(folder=folder))
    load = ["/usr/sbin/slapadd", "-f", str(folder / "slapd.conf")]
    subprocess.run(load, input=PEOPLE, text=True, check=True, capture_output=True)
    port = free_port()
    url = f"ldaps://127.0.0.1:{port}"  # by name, libldap would ask for the machine's own
    command = ["/usr/sbin/slapd", "-d", "0", "-h", url, "-f", str(folder / "slapd.conf")]
    with _process(command, port, folder / "slapd.log", dict(os.environ)):
        yield f"{url}/dc=bank,dc=example?uid"


@contextmanager
def _process(
    command: Sequence[str], port: int, log: Path, environment: Mapping[str, str]
) -> Generator[None]:
    """A server, from when it listens."""
    with log.open("wb") as file:
        process = subprocess.Popen(command, env=environment, stdout=file, stderr=file)
    try:
        end = time.monotonic() + 30
        while True:
            with socket.socket() as caller:
                if caller.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < end, log.read_text()
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait(20)
