"""Each text of an HDFS client becomes one of our errors, transient or not, with its remedy.

Belongs here: texts as real clusters gave them (Hadoop 3.5, hdfs-native 0.14, hdfs 2.7),
shortened. Does not belong here: making a cluster give them (`test_hdfs_faults`).
"""

from __future__ import annotations

import pytest

from aml_assets.errors import (
    AlreadyThere,
    DamagedFile,
    NotFound,
    StoreError,
    TransientStoreError,
    Unreachable,
)
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
        AlreadyThere,
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


PASSING = [
    # whatever the Rust client says of a transfer
    ('DataTransferError("No new datanode found in updated block locations")', None),
    ('DataTransferError("Failed to replay packets during recovery")', None),
    ('DataTransferError("of a spelling to come")', None),
    ('ErasureCodingError("Not enough valid shards")', None),
    ('OperationFailed("Failed to complete file in time")', None),
    ('InternalError("Unable to find observer node")', None),
    # a DataNode that writes for us over HTTP, and its general exception
    web("IOException", "All datanodes [DatanodeInfoWithStorage[a:1,DS-1,DISK]] are bad. Aborting"),
    web("IOException", "Failed to replace a bad datanode on the existing pipeline due to no more"),
    web("IOException", "Unable to create new block."),
    web("IOException", "Got error, status=ERROR, ack with firstBadLink as 127.0.0.1:9866"),
    web(
        "IOException", "Unable to close file because the last block does not have enough number of"
    ),
    web("IOException", "Failed to find datanode, suggest to check cluster health."),
    # classes of servers that are busy, young, or behind a router
    rpc("ipc.CallQueueTooBigException", "Call queue is full"),
    rpc("hdfs.server.namenode.RetryStartFileException", "Preconditions for creating failed"),
    rpc("hdfs.server.federation.router.NoNamenodesAvailableException", "No namenodes available"),
    rpc("hdfs.server.federation.store.StateStoreUnavailableException", "State Store is out"),
    rpc("util.DiskChecker$DiskErrorException", "Directory is not writable"),
    web("CannotObtainBlockLengthException", "Cannot obtain block length for LocatedBlock"),
    web("InvalidEncryptionKeyException", "Can't re-compute encryption key for nonce"),
    web("TimeoutException", "Timed out waiting for 1000 ms"),
]


@pytest.mark.parametrize(("text", "exception"), PASSING)
def test_what_passes_is_known_by_its_kind_however_it_is_spelled(text, exception):
    error = hadoop_error(text, exception=exception, path="day/x", operation="write")
    assert isinstance(error, TransientStoreError)
    assert error.remedy is None or "NameNode's log" not in error.remedy


@pytest.mark.parametrize(
    "text",
    [
        "Specified block size is less than configured minimum value "
        "(dfs.namenode.fs-limits.min-block-size): 1024 < 1048576",
        "File has reached the limit on maximum number of blocks "
        "(dfs.namenode.fs-limits.max-blocks-per-file): 3 >= 3 blk_107",
        "Requested replication factor of 5 exceeds maximum of 3 for /a",
    ],
)
def test_a_limit_of_the_namenode_does_not_pass_though_it_is_about_blocks(text):
    for given in (rpc("IOException", text), web("IOException", text)):
        error = hadoop_error(given[0], exception=given[1], path="day/x", operation="write")
        assert not isinstance(error, TransientStoreError)


@pytest.mark.parametrize(
    ("text", "exception"),
    [
        web("IOException", "No active and not excluded nodes contain this block"),
        web("BlockMissingException", "Could not obtain block: BP-1:blk_1 file=/aml/day/x"),
        web("ChecksumException", "Checksum error: /aml/day/x at 983040 exp: 1 got: 2"),
    ],
)
def test_blocks_that_nobody_can_give_back_are_damage_with_the_command_that_shows_them(
    text, exception
):
    error = hadoop_error(text, exception=exception, path="/aml/day/x", operation="read")
    assert type(error) is DamagedFile
    assert "its blocks are rotten or lost: hdfs fsck /aml/day/x. Restore it" in str(error)


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
