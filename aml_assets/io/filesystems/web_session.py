"""HTTP sessions for WebHDFS: who we are, whom we trust, and how long we wait.

Belongs here: credentials and TLS. Does not belong here: any operation on files (``webhdfs.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aml_assets.errors import SettingsError

if TYPE_CHECKING:
    import hdfs
    import requests
    from requests.auth import AuthBase

    from aml_assets.places import HdfsSettings

_GATEWAY_FAULTS = {
    502: "bad gateway",
    503: "service unavailable",
    504: "gateway timeout",
}


class GatewayError(Exception):
    """What stands between us and the cluster says that the cluster is away."""


def connect(urls: Sequence[str], settings: HdfsSettings, user: str | None) -> hdfs.Client:
    """A client with a session of its own.

    Args:
        urls: ``http://host:port`` of each NameNode, or of the gateway.
        settings: credentials, deadlines, the CA.
        user: who we are where the cluster takes our word for it.

    Raises:
        SettingsError: a file that holds a credential cannot be read, or the package that
            Kerberos over HTTP needs is missing.
    """
    import hdfs
    import requests

    session = requests.Session()
    session.trust_env = False  # no proxy and no .netrc that nobody configured here
    session.hooks["response"].append(_refuse_gateway_faults)
    if settings.ca_file:
        session.verify = settings.ca_file
    url = ";".join(f"{each}{settings.gateway_path.rstrip('/')}" for each in urls)
    timeout = (settings.timeout_seconds, settings.timeout_seconds)
    if settings.authentication == "insecure":
        return hdfs.InsecureClient(url, user=user, timeout=timeout, session=session)
    if settings.authentication == "token":
        token = _token(settings.token_file or "")
        return hdfs.TokenClient(url, token, timeout=timeout, session=session)
    session.auth = _negotiate(settings)
    return hdfs.Client(url, timeout=timeout, session=session)


def _negotiate(settings: HdfsSettings) -> AuthBase:
    try:
        import gssapi
        import requests_gssapi
    except ImportError:
        raise SettingsError(
            "Kerberos over HTTP needs the package requests-gssapi",
            remedy="Install libkrb5-dev, then aml_assets[kerberos]; or use hdfs://.",
        ) from None
    store: dict[str | bytes, str | bytes] = {}
    if settings.keytab:
        # Tickets from a key table stay in this process; they come anew when they end.
        store = {"client_keytab": settings.keytab, "ccache": "MEMORY:aml_assets"}
    elif settings.ticket_cache:
        store = {"ccache": settings.ticket_cache}
    name = (
        gssapi.Name(settings.principal, gssapi.NameType.kerberos_principal)
        if settings.principal
        else None
    )
    credentials = gssapi.Credentials(name=name, usage="initiate", store=store or None)
    return requests_gssapi.HTTPSPNEGOAuth(creds=credentials, opportunistic_auth=True)


def _token(path: str) -> str:
    try:
        return Path(path).read_text(encoding="ascii").strip()
    except (OSError, ValueError) as error:
        raise SettingsError(
            f"hdfs.token_file cannot be read ({type(error).__name__})",
            remedy="Name a file that holds a delegation token's URL-safe text.",
        ) from None


def _refuse_gateway_faults(response: requests.Response, **_: Any) -> None:
    said = response.headers.get("content-type", "")
    if response.status_code in _GATEWAY_FAULTS and "json" not in said:
        raise GatewayError(
            f"the gateway says {_GATEWAY_FAULTS[response.status_code]} ({response.status_code})"
        )
