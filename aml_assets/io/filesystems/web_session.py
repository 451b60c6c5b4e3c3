"""HTTP sessions for WebHDFS: authentication, trusted certificates, timeouts.

Belongs here: how a session authenticates itself, and the answers that it refuses. Does not belong
here: the sources of credentials (``credentials.py``), operations on files (``webhdfs.py``).
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
    408: "request timeout",
    429: "too many requests",
    500: "internal server error",
    502: "bad gateway",
    503: "service unavailable",
    504: "gateway timeout",
}

_SPNEGO = "1.3.6.1.5.5.2"
_TOKEN = re.compile(r"\bdelegation=[^&\s\"']*")


class GatewayError(Exception):
    """A gateway in front of the cluster answered that it cannot reach the cluster."""


class HttpFsError(Exception):
    """A write was sent to HttpFS, which cannot replace a file in one step."""


class UnprovenError(Exception):
    """The server asked for no authentication although Kerberos is configured."""


def connect(urls: Sequence[str], settings: HdfsSettings, user: str | None) -> hdfs.Client:
    """Return a client with its own session.

    Args:
        urls: ``http://host:port`` of each NameNode, or of the gateway.
        settings: credentials, deadlines, the CA.
        user: our name, for a cluster that trusts the name it is given.

    Raises:
        SettingsError: a file that holds a credential cannot be read, or the package that
            Kerberos over HTTP needs is missing.
    """
    import hdfs
    import requests

    credentials.check_files(settings)
    logging.getLogger("urllib3.connectionpool").addFilter(_WITHOUT_TOKENS)
    logging.getLogger("hdfs.client").addFilter(_WITHOUT_FAULTS)  # our errors report these, once
    session = requests.Session()
    session.trust_env = False  # no proxy, CA or .netrc from the environment
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

        The proof is sent with the request, not after a refusal, because a streamed body cannot
        be sent a second time. Servers prove themselves by TLS; on most calls Hadoop's answers
        carry no token to check. (requests-gssapi is not used: if it cannot make a proof, it sends
        the request without one.)
        """

        def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
            url = urlsplit(request.url or "")
            if _TOKEN.search(url.query):
                return request  # it goes to a DataNode, which checks the token in the URL
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
    """Removes delegation tokens from the URLs that urllib3 logs at debug level."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = _TOKEN.sub("delegation=…", record.getMessage()), ()
        return True


_WITHOUT_TOKENS = _WithoutTokens()  # logging adds the same filter only once


class _WithoutFaults(logging.Filter):
    """Removes what the package logs of faults that it also raises: an answer's whole body."""

    def filter(self, record: logging.LogRecord) -> bool:
        return record.levelno < logging.WARNING


_WITHOUT_FAULTS = _WithoutFaults()


def _keep_semicolons(response: requests.Response, **_: Any) -> None:
    # requests drops a semicolon at the end of a path that it is redirected to.
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
    # A NameNode redirects a writer to a DataNode, HttpFS to itself. It is refused here, before
    # anything is written: HttpFS does rename a new file, so the rename would detect it too late.
    target = response.headers.get("location", "")
    if "data=true" in target and "namenoderpcaddress=" not in target:
        raise HttpFsError


def _refuse_the_unproven(session: requests.Session) -> Callable[..., None]:
    """Return a hook that raises if a server answers without requiring a proof."""

    def check(response: requests.Response, **_: Any) -> None:
        # A DataNode asks for the block token in the redirect's URL instead.
        from_datanode = "namenoderpcaddress=" in (response.url or "")
        handshake = response.headers.get("www-authenticate", "").startswith("Negotiate")
        known = len(session.cookies) or "set-cookie" in response.headers
        # A server that answers "not found" has let the request in, too.
        served = response.ok or "json" in response.headers.get("content-type", "")
        if served and not (from_datanode or handshake or known):
            raise UnprovenError

    return check
