"""Each text of an HDFS client becomes one of our errors, transient or not, with its remedy.

Belongs here: texts as real clusters gave them (Hadoop 3.5, hdfs-native 0.14, hdfs 2.7),
shortened. Does not belong here: making a cluster give them (`test_hdfs_faults`).
"""

from __future__ import annotations

import pytest

from aml_assets.errors import NotFound, StoreError, TransientStoreError, Unreachable
from aml_assets.io.filesystems.hadoop import hadoop_error, java_class

# Every stack of a NameNode ends in a package called authentication.
TRACE = (
    r"\n\tat org.apache.hadoop.ipc.Server$RpcCall.run(Server.java:1227)"
    r"\n\tat org.apache.hadoop.security.authentication.util.SubjectUtil.doAs(SubjectUtil.java:328)"
    r"\n\tat org.apache.hadoop.ipc.Client$EOFExceptionOfNobody.timeout(Client.java:1)\n"
)


def rpc(java: str, text: str) -> tuple[str, None]:
    """As hdfs-native hands it over: the text of a RuntimeError."""
    return f'RPCError("org.apache.hadoop.{java}", "{text}{TRACE}")', None


def web(exception: str | None, text: str) -> tuple[str, str | None]:
    """As `hdfs` hands it over: the name without its package, and the text."""
    return text + TRACE.encode().decode("unicode_escape"), exception


DENIED = "Permission denied: user=bob, access=WRITE, inode={0}/promises{0}:alice:bank:drwxr-x---"
LOST = "could only be written to 0 of the 1 minReplication nodes. There are 3 datanode(s) running"
LONG = "The maximum path component name limit of xxx in directory /a is exceeded: limit=255"

TABLE = [
    # -- the caller's: nobody retries
    (
        rpc("security.AccessControlException", DENIED.format(r"\"")),
        StoreError,
        r'permission denied \(user=bob, access=WRITE, inode="/promises":alice:bank:drwxr-x---\)',
        "Give this user access",
    ),
    (
        web("AccessControlException", DENIED.format('"')),
        StoreError,
        r'permission denied \(user=bob, access=WRITE, inode="/promises":alice:bank:drwxr-x---\)',
        "Give this user access",
    ),
    (
        rpc("hdfs.protocol.NSQuotaExceededException", "The NameSpace quota of /a is exceeded"),
        StoreError,
        "quota of names is used up",
        "-setQuota",
    ),
    (
        rpc("hdfs.protocol.DSQuotaExceededException", "The DiskSpace quota of /a is exceeded"),
        StoreError,
        "quota of space is used up",
        "-setSpaceQuota",
    ),
    (
        web("DSQuotaExceededException", "The DiskSpace quota of /a is exceeded"),
        StoreError,
        "quota of space is used up",
        "-setSpaceQuota",
    ),
    (
        rpc("fs.InvalidPathException", "Invalid path name /a:b"),
        StoreError,
        "HDFS does not allow this name",
        "Leave out ':'",
    ),
    (
        rpc("hdfs.protocol.FSLimitException$PathComponentTooLongException", LONG),
        StoreError,
        "the name is too long",
        "shorter name",
    ),
    (web("RemoteException", LONG), StoreError, "the name is too long", "shorter name"),
    (
        rpc("fs.ParentNotDirectoryException", "/a (is not a directory)"),
        StoreError,
        "is a file, not a folder",
        "Move that file away",
    ),
    (
        web("FileAlreadyExistsException", "/a for client 127.0.0.1 already exists"),
        StoreError,
        "something is there already",
        None,
    ),
    (web("FileNotFoundException", "File does not exist: /a"), NotFound, "nothing is stored", None),
    # -- credentials
    (
        ("GSSAPIError(1, 2, No Kerberos credentials available)", None),
        StoreError,
        "no Kerberos ticket",
        "kinit",
    ),
    (
        web(None, "Authentication failure. Check your credentials."),
        StoreError,
        "refused our credentials",
        "kinit",
    ),
    (
        web(
            "SecurityException",
            "Failed to obtain user group information: "
            "org.apache.hadoop.security.token.SecretManager$InvalidToken: token is expired",
        ),
        StoreError,
        "token has expired or was cancelled",
        "hdfs.token_file",
    ),
    # -- what may pass
    (
        rpc("hdfs.server.namenode.SafeModeException", "Cannot create file /a. Name node is in"),
        Unreachable,
        "safe mode, and only reads",
        "dfsadmin -safemode get",
    ),
    (
        web("SafeModeException", "Cannot create file /a. Name node is in safe mode."),
        Unreachable,
        "safe mode, and only reads",
        "dfsadmin -safemode get",
    ),
    (
        web("RetriableException", "Server too busy"),
        Unreachable,
        "asks us to retry",
        None,
    ),
    (
        rpc("ipc.StandbyException", "Operation category READ is not supported in state standby"),
        Unreachable,
        "no NameNode is active",
        "haadmin -getAllServiceState",
    ),
    (
        rpc("hdfs.protocol.AlreadyBeingCreatedException", "Failed to CREATE_FILE /a for"),
        TransientStoreError,
        "holds the file's lease",
        None,
    ),
    (
        (f'RPCError("java.io.IOException", "File /a {LOST}{TRACE}")', None),
        Unreachable,
        "no DataNode could store or serve its blocks",
        "dfsadmin -report",
    ),
    (
        web("IOException", f"File /a {LOST}"),
        Unreachable,
        "no DataNode could store or serve its blocks",
        "dfsadmin -report",
    ),
    (
        ("All DataNodes failed", None),
        Unreachable,
        "no DataNode could store or serve its blocks",
        "dfsadmin -report",
    ),
    (
        ("IO error occurred while communicating: Connection refused (os error 111)", None),
        Unreachable,
        "cannot be reached",
        "the URL names it",
    ),
    (
        web("ConnectException", "Connection refused"),
        Unreachable,
        "cannot be reached",
        "the URL names it",
    ),
    # -- what nobody has named: told as it is called, and not taken for anything else
    (
        rpc("hdfs.UnheardOfException", "whatever"),
        StoreError,
        "answered UnheardOfException",
        "NameNode's log",
    ),
    (web("IOException", "of some kind"), StoreError, "answered IOException", "NameNode's log"),
]


@pytest.mark.parametrize(("given", "kind", "what", "remedy"), TABLE)
def test_a_clients_text_becomes_our_error_with_its_remedy(given, kind, what, remedy):
    text, exception = given
    error = hadoop_error(text, exception=exception, path="day/x", operation="write")
    assert type(error) is kind
    assert (error.path, error.operation) == ("day/x", "write")
    with pytest.raises(StoreError, match=f"^write day/x: .*{what}"):
        raise error
    if remedy is None:
        return
    assert error.remedy
    assert remedy in error.remedy


@pytest.mark.parametrize(("text", "exception"), [row[0] for row in TABLE])
def test_nothing_of_java_and_no_address_of_a_client_comes_through(text, exception):
    error = hadoop_error(text, exception=exception, path="day/x", operation="write")
    for technical in ("org.apache", "java.", ".java:", "127.0.0.1", "RPCError"):
        assert technical not in str(error)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ('RPCError("org.apache.hadoop.ipc.StandbyException", "x")', "StandbyException"),
        ("java.io.IOException: caused by java.net.ConnectException", "IOException"),
        ("a.b.FSLimitException$PathComponentTooLongException: x", "PathComponentTooLongException"),
        ("org.apache.hadoop.security.token.SecretManager$InvalidToken: x", "InvalidToken"),
        ("Exception without a package", None),
        ("nothing of Java", None),
    ],
)
def test_the_first_java_class_of_a_text_is_its_code(text, name):
    assert java_class(text) == name
