"""A damaged file is told from DataNodes that are away: by whether these serve.

Belongs here: sockets that behave as DataNodes do. Does not belong here: real ones
(`test_hdfs_damage`).
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager

import pytest

from aml_assets.errors import Unreachable
from aml_assets.io.filesystems.replicas import DataNode, are_lost, nodes_that_failed, serves

Behave = Callable[[socket.socket], object]


def failed(*ports: int) -> str:
    """As hdfs-native 0.14 says it, shortened."""
    nodes = ", ".join(
        'DatanodeInfoProto { id: DatanodeIdProto { ip_addr: \\"127.0.0.1\\", host_name: \\"dn\\", '
        f'datanode_uuid: \\"bc6b\\", xfer_port: {port}, info_port: 1, ipc_port: 2, '
        "info_secure_port: Some(0) }, capacity: Some(27) }"
        for port in ports
    )
    return f'DataTransferError("All DataNodes failed: [{nodes}]")'


def error_of(text: str) -> Unreachable:
    """Our error, raised while the client's was handled."""
    try:
        try:
            raise RuntimeError(text)
        except RuntimeError:
            raise Unreachable("x", path="p", operation="read") from None
    except Unreachable as error:
        return error


@contextmanager
def listening(behave: Behave) -> Generator[DataNode]:
    """A server that does this with each connection."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    behave(connection)

        threading.Thread(target=accept, daemon=True).start()
        yield DataNode("127.0.0.1", "dn.invalid", listener.getsockname()[1])
        listener.shutdown(socket.SHUT_RDWR)


def waits_for_an_operation(connection: socket.socket) -> object:
    return connection.recv(1)


def hangs_up(_: socket.socket) -> None:
    """A DataNode with too many connections."""


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aml_assets.io.filesystems.replicas._BETWEEN", 0.0)


def test_a_clients_error_names_the_datanodes_that_failed():
    assert nodes_that_failed(failed(9866, 9867)) == [
        DataNode("127.0.0.1", "dn", 9866),
        DataNode("127.0.0.1", "dn", 9867),
    ]
    assert nodes_that_failed(failed()) == []
    assert nodes_that_failed('DataTransferError("Block writer is closed")') is None


def test_a_datanode_serves_that_waits_for_an_operation_and_notices_the_end():
    with listening(waits_for_an_operation) as node:
        assert serves(node)


def test_a_datanode_that_is_overloaded_stopped_or_away_does_not_serve(monkeypatch):
    monkeypatch.setattr("aml_assets.io.filesystems.replicas._CLOSE", 0.1)
    with listening(hangs_up) as node:
        assert not serves(node)
    with socket.create_server(("127.0.0.1", 0)) as stopped:  # accepted by the system alone
        assert not serves(DataNode("127.0.0.1", "127.0.0.1", stopped.getsockname()[1]))
    assert not serves(node)


def test_a_block_is_lost_if_all_its_datanodes_serve_and_none_gives_it():
    looks = []
    with listening(waits_for_an_operation) as node:
        error = error_of(failed(node.port))

        def again() -> None:
            looks.append(1)
            raise error

        assert are_lost(error, again)
        assert len(looks) == 2
        assert are_lost(error, again, looks=1)
        assert not are_lost(error, lambda: "the bytes"), "it only came late"
    assert not are_lost(error, again), "its DataNode may have a good replica"
    assert are_lost(error_of(failed()), _raises(error_of(failed()))), "nobody has it"
    assert not are_lost(error_of("something else"), again)


def _raises(error: Exception) -> Callable[[], None]:
    def call() -> None:
        raise error

    return call
