"""HTTP sessions for WebHDFS: who we are, whom we trust, and how long we wait.

Belongs here: how a session proves itself, and what answers it does not take. Does not belong
here: where credentials come from (``credentials.py``), operations on files (``webhdfs.py``).
"""

from __future__ import annotations

import base64
import logging
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from aml_assets.io.filesystems import credentials

if TYPE_CHECKING:
    import hdfs
    import requests
    from requests.auth import AuthBase

    from aml_assets.settings.store_settings import HdfsSettings

_GATEWAY_FAULTS = {
    502: "bad gateway",
    503: "service unavailable",
    504: "gateway timeout",
}

_SPNEGO = "1.3.6.1.5.5.2"
_TOKEN = re.compile(r"\bdelegation=[^&\s\"']*")


class GatewayError(Exception):
    """What stands between us and the cluster says that the cluster is away."""


class HttpFsError(Exception):
    """The server is HttpFS, which cannot replace a file in one step, and is asked to write."""


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
    logging.getLogger("urllib3.connectionpool").addFilter(_WITHOUT_TOKENS)
    session = requests.Session()
    session.trust_env = False  # neither a proxy nor a CA nor a .netrc that nobody named here
    session.hooks["response"] += [_refuse_gateway_faults, _refuse_httpfs, _keep_semicolons]
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
    gssapi = credentials.kerberos_package()
    from requests.auth import AuthBase

    class Negotiate(AuthBase):
        """Acquires credentials for each handshake, so that a run may outlive its ticket.

        At once, not after a refusal: a body that was streamed cannot be sent a second time.
        Servers prove themselves by TLS; Hadoop's answers carry no token to check on most calls.
        (requests-gssapi sends a request without any proof where it could not make one.)
        """

        def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
            url = urlsplit(request.url or "")
            if _TOKEN.search(url.query):
                return request  # to a DataNode, which looks at the token it was redirected with
            context = gssapi.SecurityContext(
                usage="initiate",
                name=gssapi.Name(f"HTTP@{url.hostname}", gssapi.NameType.hostbased_service),
                creds=credentials.acquire(settings),
                mech=gssapi.OID.from_int_seq(_SPNEGO),
            )
            proof = base64.b64encode(context.step()).decode()
            request.headers["Authorization"] = f"Negotiate {proof}"
            return request

    return Negotiate()


class _WithoutTokens(logging.Filter):
    """Takes delegation tokens out of the URLs that urllib3 logs when it is asked for details."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = _TOKEN.sub("delegation=…", record.getMessage()), ()
        return True


_WITHOUT_TOKENS = _WithoutTokens()  # one and the same is added once


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


def _refuse_httpfs(response: requests.Response, **_: Any) -> None:
    # A NameNode sends a writer on to a DataNode, HttpFS to itself. Refused here, nothing is
    # written; by the rename it would be too late, since HttpFS does rename a new file.
    target = response.headers.get("location", "")
    if "data=true" in target and "namenoderpcaddress=" not in target:
        raise HttpFsError


def _refuse_the_unproven(session: requests.Session) -> Callable[..., None]:
    """A server that asks for no proof is not the one that was configured, or not secured."""

    def check(response: requests.Response, **_: Any) -> None:
        # What a DataNode is shown is the block token in the redirect's URL.
        from_datanode = "namenoderpcaddress=" in (response.url or "")
        handshake = response.headers.get("www-authenticate", "").startswith("Negotiate")
        known = len(session.cookies) or "set-cookie" in response.headers
        # "Not found" is an answer to somebody who was let in, too.
        served = response.ok or "json" in response.headers.get("content-type", "")
        if served and not (from_datanode or handshake or known):
            raise UnprovenError

    return check
