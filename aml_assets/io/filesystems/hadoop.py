"""Meanings of Hadoop's errors; the Java class is the code, for both clients.

Belongs here: turning a class name and a client's text into one of our errors, with a remedy. Does
not belong here: either client's own exceptions.

Hadoop's texts name users, paths and block numbers, never content. Of them our errors quote only
the particulars of a refused permission, which whoever grants it needs.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from aml_assets.errors import NotFound, StoreError, TransientStoreError
from aml_assets.io.filesystems import credentials


class _Meaning(NamedTuple):
    kind: type[StoreError]
    what: str
    remedy: str | None = None


_RENEW = f"{credentials.REMEDY}; or a new token: hdfs.token_file"
_REFUSED = _Meaning(StoreError, "the cluster refused our credentials", _RENEW)
_NO_KDC = _Meaning(
    TransientStoreError, "no KDC answers", "See krb5.conf, and whether the KDC is up"
)
_NO_ROOM = "Make room, or have its quota raised (hdfs dfsadmin -setSpaceQuota)"
_BUSY = _Meaning(TransientStoreError, "another client holds the file's lease")
_LOOK = "See whether the cluster is up, and whether the URL names it"
_AWAY = _Meaning(TransientStoreError, "the cluster cannot be reached", _LOOK)
_OTHER_NODE = _Meaning(
    TransientStoreError,
    "no NameNode is active",
    "See which one should be: hdfs haadmin -getAllServiceState",
)

_MEANINGS: dict[str, _Meaning] = {
    "FileNotFoundException": _Meaning(NotFound, "nothing is stored there"),
    "FileAlreadyExistsException": _Meaning(StoreError, "something is there already"),
    "ParentNotDirectoryException": _Meaning(
        StoreError, "a part of the path is a file, not a folder", "Move that file away"
    ),
    "PathIsNotEmptyDirectoryException": _Meaning(StoreError, "it is a folder with files in it"),
    "InvalidPathException": _Meaning(
        StoreError, "HDFS does not allow this name", "Leave out ':' and '//' in the path's template"
    ),
    "PathComponentTooLongException": _Meaning(
        StoreError, "the name is too long", "Choose a shorter name in the path's template"
    ),
    "MaxDirectoryItemsExceededException": _Meaning(
        StoreError,
        "the folder holds as many entries as the NameNode allows",
        "Raise dfs.namenode.fs-limits.max-directory-items",
    ),
    "NSQuotaExceededException": _Meaning(
        StoreError,
        "the folder's quota of names is used up",
        "Remove files, or have it raised (hdfs dfsadmin -setQuota)",
    ),
    "DSQuotaExceededException": _Meaning(
        StoreError, "the folder's quota of space is used up", _NO_ROOM
    ),
    "QuotaByStorageTypeExceededException": _Meaning(
        StoreError, "the folder's quota of space is used up", _NO_ROOM
    ),
    "AccessControlException": _Meaning(
        StoreError, "permission denied", "Give this user access to it, or change hdfs.user"
    ),
    "SnapshotAccessControlException": _Meaning(
        StoreError, "a snapshot cannot be changed", "Write outside of .snapshot"
    ),
    "AuthorizationException": _REFUSED,
    "AuthenticationException": _REFUSED,
    "SaslException": _REFUSED,
    "GSSException": _REFUSED,
    "SecurityException": _REFUSED,
    "InvalidToken": _Meaning(
        StoreError,
        "the delegation token has expired or was cancelled",
        "Put a new one into hdfs.token_file",
    ),
    "SafeModeException": _Meaning(
        TransientStoreError,
        "the NameNode is in safe mode, and only reads",
        "It leaves safe mode once its blocks are reported; else see hdfs dfsadmin -safemode get",
    ),
    "StandbyException": _OTHER_NODE,
    "ObserverRetryOnActiveException": _OTHER_NODE,
    "RetriableException": _Meaning(TransientStoreError, "the NameNode asks us to retry"),
    "ServerTooBusyException": _Meaning(TransientStoreError, "the NameNode is too busy"),
    "LeaseExpiredException": _BUSY,
    "AlreadyBeingCreatedException": _BUSY,
    "RecoveryInProgressException": _BUSY,
    "NotReplicatedYetException": _Meaning(
        TransientStoreError, "the file's blocks are not replicated yet"
    ),
    "ReplicaNotFoundException": _Meaning(TransientStoreError, "a DataNode lost the block"),
    **dict.fromkeys(
        (
            "ClosedChannelException",
            "ConnectException",
            "ConnectTimeoutException",
            "EOFException",
            "InterruptedIOException",
            "NoRouteToHostException",
            "SocketException",
            "SocketTimeoutException",
            "UnknownHostException",
        ),
        _AWAY,
    ),
    "UnresolvedLinkException": _Meaning(
        StoreError, "it is a symbolic link", "Give the path that it leads to"
    ),
}

_JAVA = re.compile(r"(?:[a-z_]\w*\.)+(?:\w+\$)*([A-Z]\w*(?:Exception|Error|Token|Fault))\b")
# Stack traces are cut off: their packages name "authentication" in every error.
_TRACE = re.compile(r"(?:\n|\\n)(?:\t|\\t)at ")
# Errors that Hadoop wraps into a general exception, by a part of their texts.
_WRAPPED = {
    "$InvalidToken": "InvalidToken",
    "maximum path component name limit": "PathComponentTooLongException",
    "directory item limit": "MaxDirectoryItemsExceededException",
}
_PARTICULARS = re.compile(r"user=[^,\s]+, access=\w+, inode=\"[^\"]*\"(?::[\w.@$/-]+){2}:[\w-]+")
_NO_DATANODE = re.compile(
    r"All DataNodes failed|could only be (?:written|replicated) to|No DataNodes? "
    r"|Unable to close file because the last block|not have enough number of replicas"
    r"|Failed to find datanode|NoRouteToHost|Could not obtain block",
    re.IGNORECASE,
)
_CONNECTION = re.compile(
    r"Connection (?:refused|reset|aborted|closed)|broken pipe|timed? ?out|unexpected end of file"
    r"|early eof|SocketTimeout|ConnectException|ClosedChannel|Shutting down|not running"
    r"|failed to (?:connect|lookup)|no route to host|unreachable",
    re.IGNORECASE,
)
_CREDENTIALS = re.compile(
    r"GSS|Kerberos|credential|SASL|cannot authenticate|authentication", re.IGNORECASE
)


def java_class(text: str) -> str | None:
    """Return the simple name of the first Java exception in a text; ``None`` if there is none."""
    found = _JAVA.search(text)
    return found[1] if found else None


def hadoop_error(
    text: str, *, path: str, operation: str, exception: str | None = None
) -> StoreError:
    """Return our error for a client's error text.

    Args:
        text: the client's text.
        path: the path that was passed in.
        operation: ``read``, ``write``, ``list``, ``rename`` or ``delete``.
        exception: the simple name of the Java class, if the client reports it.
    """
    text = _TRACE.split(text, 1)[0].replace('\\"', '"')
    name = exception or java_class(text)
    name = next((each for said, each in _WRAPPED.items() if said in text), name)
    meaning = _MEANINGS.get(name or "") or _by_text(text, name)
    what = meaning.what
    if particulars := _PARTICULARS.search(text):
        what = f"{what} ({particulars[0]})"
    return meaning.kind(what, path=path, operation=operation, remedy=meaning.remedy)


def unreachable(what: str, *, path: str, operation: str) -> TransientStoreError:
    """Return the error for a server that cannot be reached or does not answer."""
    return TransientStoreError(what, path=path, operation=operation, remedy=_LOOK)


def refused(what: str, *, path: str, operation: str, remedy: str = _RENEW) -> StoreError:
    """Return the error for missing, expired or wrong credentials, of us or of the server."""
    return StoreError(what, path=path, operation=operation, remedy=remedy)


def asks_no_proof(*, path: str, operation: str) -> StoreError:
    """Return the error for a server that lets everybody in although Kerberos is configured."""
    return refused(
        "the cluster asks nobody for a proof, though hdfs.authentication is kerberos",
        path=path,
        operation=operation,
        remedy="See whether the URL names the right server, and whether that is secured; if it is "
        "meant to trust the name that it is given, say hdfs.authentication: insecure",
    )


def wants_proof(*, path: str, operation: str) -> StoreError:
    """Return the error for a secured cluster to which we gave a name without proof."""
    return refused(
        "the cluster wants a proof of who we are, and hdfs.authentication is insecure",
        path=path,
        operation=operation,
        remedy="Set hdfs.authentication: kerberos, with hdfs.keytab and hdfs.principal or after "
        "kinit",
    )


def names_credentials(text: str) -> bool:
    """Return whether a client's text is about credentials."""
    return bool(_CREDENTIALS.search(text))


def _by_text(text: str, name: str | None) -> _Meaning:
    if _NO_DATANODE.search(text):
        return _Meaning(
            TransientStoreError,
            "no DataNode could store or serve its blocks",
            "See which are up: hdfs dfsadmin -report",
        )
    if "Cannot contact any KDC" in text:
        return _NO_KDC
    if names_credentials(text):
        known = credentials.cause(text)
        return _Meaning(StoreError, known, _RENEW) if known else _REFUSED
    if _CONNECTION.search(text):
        return _AWAY
    return _Meaning(
        StoreError,
        f"the cluster answered {name or 'with an error that it did not name'}",
        "Look into the NameNode's log of that moment",
    )
