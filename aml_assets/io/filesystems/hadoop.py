"""Meanings of Hadoop's errors, by their kind: the Java class, or the kind that a client names.

Belongs here: turning a class name and a client's text into one of our errors, with a remedy. Does
not belong here: either client's own exceptions.

Errors are judged by their kind, since the texts vary: whatever the Rust client reports as a
``DataTransferError`` may pass, and so may every general ``IOException`` that is about DataNodes,
pipelines or replicas.

Hadoop's texts name users, paths and block numbers, never content. Of them our errors quote only
the particulars of a refused permission, which an administrator needs to grant it.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from aml_assets.errors import (
    AlreadyThere,
    DamagedFile,
    NotFound,
    StoreError,
    TransientStoreError,
    Unreachable,
)
from aml_assets.io.filesystems import credentials


class _Meaning(NamedTuple):
    kind: type[StoreError]
    what: str
    remedy: str | None = None


_RENEW = f"{credentials.REMEDY}; or a new token: hdfs.token_file"
_REFUSED = _Meaning(StoreError, "the cluster refused our credentials", _RENEW)
_NO_KDC = _Meaning(Unreachable, "no KDC answers", "See krb5.conf, and whether the KDC is up")
_NO_ROOM = "Make room, or have its quota raised (hdfs dfsadmin -setSpaceQuota)"
_BUSY = _Meaning(TransientStoreError, "another client holds the file's lease")
_LOOK = "See whether the cluster is up, and whether the URL names it"
_AWAY = _Meaning(Unreachable, "the cluster cannot be reached", _LOOK)
_OTHER_NODE = _Meaning(
    Unreachable,
    "no NameNode is active",
    "See which one should be: hdfs haadmin -getAllServiceState",
)
_SAFE_MODE = _Meaning(
    Unreachable,
    "the NameNode is in safe mode, and only reads",
    "It leaves safe mode once its blocks are reported; else see hdfs dfsadmin -safemode get",
)
_NO_DATANODE = _Meaning(
    Unreachable,
    "no DataNode could store or serve its blocks",
    "See which are up: hdfs dfsadmin -report",
)
_UNFINISHED = _Meaning(TransientStoreError, "the file's blocks are not replicated yet")

_MEANINGS: dict[str, _Meaning] = {
    "FileNotFoundException": _Meaning(NotFound, "nothing is stored there"),
    "FileAlreadyExistsException": _Meaning(AlreadyThere, "something is there already"),
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
    "SafeModeException": _SAFE_MODE,
    "RouterSafeModeException": _SAFE_MODE,
    **dict.fromkeys(
        (
            "NoNamenodesAvailableException",  # of a router in front of several clusters
            "ObserverRetryOnActiveException",
            "StandbyException",
        ),
        _OTHER_NODE,
    ),
    "RetriableException": _Meaning(Unreachable, "the NameNode asks us to retry"),
    **dict.fromkeys(
        ("CallQueueTooBigException", "RejectedExecutionException", "ServerTooBusyException"),
        _Meaning(Unreachable, "the NameNode is too busy"),
    ),
    **dict.fromkeys(
        (
            "AlreadyBeingCreatedException",
            "LeaseExpiredException",
            "RecoveryInProgressException",
            "RetryStartFileException",
        ),
        _BUSY,
    ),
    **dict.fromkeys(("CannotObtainBlockLengthException", "NotReplicatedYetException"), _UNFINISHED),
    **dict.fromkeys(
        ("InvalidEncryptionKeyException", "ReplicaAlreadyExistsException"),
        _Meaning(TransientStoreError, "a DataNode refused the block"),
    ),
    "ReplicaNotFoundException": _Meaning(TransientStoreError, "a DataNode lost the block"),
    "DiskErrorException": _NO_DATANODE,
    "DiskOutOfSpaceException": _Meaning(
        Unreachable, "no DataNode has room for its blocks", "See hdfs dfsadmin -report"
    ),
    **dict.fromkeys(
        (
            "AsynchronousCloseException",
            "ClosedByInterruptException",
            "ClosedChannelException",
            "ConnectException",
            "ConnectTimeoutException",
            "ConnectionNullException",
            "EOFException",
            "InterruptedException",
            "InterruptedIOException",
            "NoRouteToHostException",
            "PortUnreachableException",
            "SocketException",
            "SocketTimeoutException",
            "StateStoreUnavailableException",
            "TimeoutException",
            "UnknownHostException",
        ),
        _AWAY,
    ),
    **dict.fromkeys(
        ("BlockMissingException", "ChecksumException"), _Meaning(DamagedFile, "damaged")
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
    "nodes contain this block": "BlockMissingException",  # of a NameNode that knows no replica
    "maximum path component name limit": "PathComponentTooLongException",
    "directory item limit": "MaxDirectoryItemsExceededException",
}
_PARTICULARS = re.compile(r"user=[^,\s]+, access=\w+, inode=\"[^\"]*\"(?::[\w.@$/-]+){2}:[\w-]+")
# Kinds of the Rust client, whose text is ``Kind("…")``.
_CLIENTS = re.compile(r"(\w+)(?:\(|$)")
_CLIENTS_OWN = {
    "BlocksNotFound": _NO_DATANODE,
    "DataTransferError": _NO_DATANODE,
    "ErasureCodingError": _NO_DATANODE,
    "InternalError": _OTHER_NODE,  # it finds no observer among the NameNodes
}
# Texts of a general IOException about DataNodes; those about limits come from the NameNode.
_OF_DATANODES = re.compile(
    r"data ?nodes?\b|\bpipeline\b|\breplicas?\b|\bblk_\d|\b(?:last|new|current|this|obtain) block\b"
    r"|block locations?\b|NoRouteToHost|firstBadLink",
    re.IGNORECASE,
)
_OF_LIMITS = re.compile(r"fs-limits|exceeds? (?:the )?(?:maximum|limit)|less than", re.IGNORECASE)
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
    if meaning.kind is DamagedFile:
        return damaged(path=path, operation=operation)
    what = meaning.what
    if particulars := _PARTICULARS.search(text):
        what = f"{what} ({particulars[0]})"
    return meaning.kind(what, path=path, operation=operation, remedy=meaning.remedy)


def unreachable(what: str, *, path: str, operation: str) -> Unreachable:
    """Return the error for a server that cannot be reached or does not answer."""
    return Unreachable(what, path=path, operation=operation, remedy=_LOOK)


def damaged(*, path: str, operation: str) -> DamagedFile:
    """Return the error for a file whose bytes no DataNode can give back."""
    return DamagedFile(
        f"its blocks are rotten or lost: hdfs fsck {path}",
        path=path,
        operation=operation,
        remedy="Restore it, or have it written again: a landed file by its upstream system, one "
        "of ours by aml backfill --remake",
    )


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
    found = None if name else _CLIENTS.match(text)
    own = found[1] if found else ""
    if own in _CLIENTS_OWN:
        return _CLIENTS_OWN[own]
    if "Cannot contact any KDC" in text:
        return _NO_KDC
    if names_credentials(text):
        known = credentials.cause(text)
        return _Meaning(StoreError, known, _RENEW) if known else _REFUSED
    if own == "OperationFailed":  # a file that could not be closed in time
        return _UNFINISHED
    if _OF_DATANODES.search(text) and not _OF_LIMITS.search(text):
        return _NO_DATANODE
    if _CONNECTION.search(text):
        return _AWAY
    return _Meaning(
        StoreError,
        f"the cluster answered {name or 'with an error that it did not name'}",
        "Look into the NameNode's log of that moment",
    )
