"""Kerberos credentials and token files: finding them, and saying what is wrong with them.

Belongs here: checks that both HDFS adapters make before a connection and after a refusal. Does
not belong here: HTTP sessions (``web_session.py``).
"""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aml_assets.errors import SettingsError

if TYPE_CHECKING:
    import gssapi

    from aml_assets.settings.store_settings import HdfsSettings

REMEDY = "Renew the ticket (kinit), or give a key table: hdfs.keytab and hdfs.principal"

_CAUSES = (
    ("Ticket expired", "the Kerberos ticket has expired"),
    ("credential has expired", "the Kerberos ticket has expired"),
    ("does not match desired name", "the ticket cache holds another principal's ticket"),
    ("Decrypt integrity check failed", "the key table does not hold the principal's current key"),
    ("Can't find client principal", "there is no Kerberos ticket for hdfs.principal"),
    ("Unsupported credentials cache format", "the ticket cache cannot be read"),
    ("No Kerberos credentials available", "there is no Kerberos ticket"),
    ("No credentials cache found", "there is no Kerberos ticket, nor a key for hdfs.principal"),
    ("Client '", "the KDC does not know hdfs.principal"),
    ("not found in Kerberos database", "the KDC does not know the server by the URL's host name"),
    ("Clock skew", "the clocks of this machine and the cluster differ too much"),
    ("Cannot find KDC", "krb5.conf names no KDC for the principal's realm"),
)


def cause(text: str) -> str | None:
    """Return our sentence for a text of GSSAPI; ``None`` if the text is unknown."""
    return next((ours for theirs, ours in _CAUSES if theirs in text or ours in text), None)


def check_files(settings: HdfsSettings) -> None:
    """Refuse settings that name an unreadable file; the clients would report another cause.

    Raises:
        SettingsError: the key table, the token file or the CA file cannot be read.
    """
    for name in ("keytab", "token_file", "ca_file"):
        path = getattr(settings, name)
        if path is None:
            continue
        try:
            with Path(path).open("rb"):
                pass
        except OSError as error:
            raise SettingsError(
                f"hdfs.{name} cannot be read ({type(error).__name__})",
                remedy="Name a file that is there and that this user may read.",
            ) from None


def token(path: str) -> str:
    """Read a delegation token's URL-safe text from its file.

    Each session reads it anew, since another program renews the token.

    Raises:
        SettingsError: the file holds no delegation token.
    """
    try:
        text = Path(path).read_text(encoding="ascii").strip()
        kind = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).lower()
        if b"delegation" not in kind:
            raise ValueError
    except (OSError, ValueError):
        raise SettingsError(
            "hdfs.token_file holds no delegation token",
            remedy="Name a file that holds a delegation token's URL-safe text.",
        ) from None
    return text


def kerberos_package() -> Any:
    """Import and return the package ``gssapi``.

    Raises:
        SettingsError: the package is not installed.
    """
    try:
        import gssapi
    except ImportError:
        raise SettingsError(
            "Kerberos over HTTP needs the package requests-gssapi",
            remedy="Install libkrb5-dev and a C compiler, then aml_assets[kerberos]; or use "
            "hdfs://.",
        ) from None
    return gssapi


def acquire(settings: HdfsSettings) -> gssapi.Credentials:
    """Return credentials for one handshake, from the key table or the ticket cache.

    Credentials of a key table do not renew themselves, so each handshake acquires them. The
    ticket stays in the memory of this process until it expires.

    Raises:
        gssapi.exceptions.GSSError: there are no credentials.
    """
    gssapi = kerberos_package()
    store: dict[str, str] = {}
    if settings.keytab:
        # One cache holds the tickets of a single principal, so each key table has its own.
        whose = hashlib.sha256(f"{settings.keytab}\0{settings.principal}".encode()).hexdigest()
        store = {"client_keytab": settings.keytab, "ccache": f"MEMORY:aml_assets-{whose}"}
    elif settings.ticket_cache:
        store = {"ccache": settings.ticket_cache}
    name = None
    if settings.principal:
        name = gssapi.Name(settings.principal, gssapi.NameType.kerberos_principal)
    return gssapi.Credentials(name=name, usage="initiate", store=store or None)
