"""HTTP sessions for WebHDFS: who we are, whom we trust, and how long we wait.

Belongs here: how a session proves itself, and what answers it does not take. Does not belong
here: where credentials come from (``credentials.py``), operations on files (``webhdfs.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from aml_assets.io.filesystems import credentials

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


class UnprovenError(Exception):
    """The server let us in without asking who we are, though Kerberos was to prove it."""


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

    credentials.check_files(settings)
    session = requests.Session()
    session.trust_env = False  # neither a proxy nor a CA nor a .netrc that nobody named here
    session.hooks["response"] += [_refuse_gateway_faults, _keep_semicolons]
    if settings.ca_file:
        session.verify = settings.ca_file
    url = ";".join(f"{each}{settings.gateway_path.rstrip('/')}" for each in urls)
    timeout = (settings.timeout_seconds, settings.timeout_seconds)
    if settings.authentication == "insecure":
        return hdfs.InsecureClient(url, user=user, timeout=timeout, session=session)
    if settings.authentication == "token":
        token = credentials.token(settings.token_file or "")
        return hdfs.TokenClient(url, token, timeout=timeout, session=session)
    session.auth = _negotiate(settings)
    session.hooks["response"].append(_refuse_the_unproven(session))
    return hdfs.Client(url, timeout=timeout, session=session)


def _negotiate(settings: HdfsSettings) -> AuthBase:
    credentials.kerberos_package()
    import requests_gssapi

    class Negotiate(requests_gssapi.HTTPSPNEGOAuth):
        """Acquires credentials for each handshake, so that a run may outlive its ticket."""

        @property
        def creds(self) -> Any:
            return credentials.acquire(settings)

        @creds.setter
        def creds(self, _: Any) -> None:
            pass

    # At once, not after a refusal: a body that was streamed cannot be sent a second time.
    # Servers prove themselves by TLS; Hadoop's answers carry no token to check on most calls.
    return Negotiate(opportunistic_auth=True, mutual_authentication=requests_gssapi.DISABLED)


def _keep_semicolons(response: requests.Response, **_: Any) -> None:
    # requests drops one at the end of a path that it is redirected to.
    path, query, rest = response.headers.get("location", "").partition("?")
    if ";" in path:
        response.headers["location"] = path.replace(";", "%3B") + query + rest


def _refuse_gateway_faults(response: requests.Response, **_: Any) -> None:
    said = response.headers.get("content-type", "")
    if response.status_code in _GATEWAY_FAULTS and "json" not in said:
        raise GatewayError(
            f"the gateway says {_GATEWAY_FAULTS[response.status_code]} ({response.status_code})"
        )


def _refuse_the_unproven(session: requests.Session) -> Callable[..., None]:
    """A server that asks for no proof is not the one that was configured, or not secured."""

    def check(response: requests.Response, **_: Any) -> None:
        # What a DataNode is shown is the block token in the redirect's URL.
        from_datanode = "namenoderpcaddress=" in (response.url or "")
        handshake = response.headers.get("www-authenticate", "").startswith("Negotiate")
        known = len(session.cookies) or "set-cookie" in response.headers
        if response.ok and not (from_datanode or handshake or known):
            raise UnprovenError(
                "the server asks nobody for a proof, though hdfs.authentication is kerberos"
            )

    return check
