"""Replicas: telling a file that is damaged from DataNodes that are away.

Belongs here: what a client's error says of the replicas that it tried, and whether the DataNodes
that should have them serve. Does not belong here: reading, or Hadoop's other errors
(``hadoop.py``).

For rotten blocks, lost blocks and DataNodes that are away, the Rust client raises the same error:
all DataNodes failed, and which they were. If each of them serves, and none gives the block back,
then waiting does not help.
"""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Callable
from typing import NamedTuple

from aml_assets.errors import StoreError, TransientStoreError

LOOKS = 3
"""Failed reads after which a file counts as damaged. A DataNode that has just started may not have
reported its blocks."""

_BETWEEN = 1.0  # seconds
_FAILED = re.compile(r"All DataNodes failed: \[(.*)\]", re.DOTALL)
_NODE = re.compile(r'ip_addr: "([^"]+)", host_name: "([^"]+)".*?xfer_port: (\d+)', re.DOTALL)
_CONNECT, _KEEP, _CLOSE = 2.0, 0.2, 2.0  # seconds


class DataNode(NamedTuple):
    """A DataNode's address and its name; either may be the one that serves blocks."""

    address: str
    name: str
    port: int


def nodes_that_failed(text: str) -> list[DataNode] | None:
    """Return the DataNodes that should have a block and did not give it.

    Args:
        text: a client's error.

    Returns:
        An empty list if the NameNode knows no replica; ``None`` for an error of another kind.
    """
    found = _FAILED.search(text.replace('\\"', '"'))
    if found is None:
        return None
    return [DataNode(ip, name, int(port)) for ip, name, port in _NODE.findall(found[1])]


def serves(node: DataNode) -> bool:
    """Return whether a DataNode accepts a connection, keeps it, and notices its end.

    An overloaded DataNode closes the connection at once, and a suspended one does not react.
    """
    for host in dict.fromkeys((node.address, node.name)):
        try:
            with socket.create_connection((host, node.port), _CONNECT) as connection:
                connection.settimeout(_KEEP)
                try:
                    connection.recv(1)
                except TimeoutError:
                    connection.shutdown(socket.SHUT_WR)
                    connection.settimeout(_CLOSE)
                    return connection.recv(1) == b""
                return False
        except OSError:
            continue
    return False


def are_lost(error: StoreError, again: Callable[[], object], looks: int = LOOKS) -> bool:
    """Return whether a read failed, and fails again, although all DataNodes concerned serve.

    Args:
        error: our error for the failed read; its ``__context__`` is the client's own.
        again: the same read from the path anew; raises such an error.
        looks: how many reads must fail, the first one included.
    """
    for left in reversed(range(looks)):
        nodes = nodes_that_failed(str(error.__context__))
        if nodes is None or not all(map(serves, nodes)):
            return False
        if left:
            time.sleep(_BETWEEN)
            try:
                again()
            except TransientStoreError as next_error:
                error = next_error
            else:
                return False
    return True
