"""Ports that a test may give to a server.

Belongs here: the choice of a port. Does not belong here: the server.
"""

from __future__ import annotations

import random
import socket
from contextlib import ExitStack
from pathlib import Path

FIRST_PORT = 10_000


def free_port() -> int:
    """A port of loopback on which nobody listens."""
    (port,) = free_ports(1)
    return port


def free_ports(count: int, host: str = "127.0.0.1") -> list[int]:
    """Distinct ports that nobody listens on.

    They lie below the system's range for outgoing connections, so that none of those takes
    the port of a daemon before it listens, or while a test has it stopped.

    Args:
        count: how many.
        host: where they are to be free.
    """
    first_outgoing = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    choices = list(range(FIRST_PORT, first_outgoing)) or list(range(FIRST_PORT, 65_536))
    random.Random().shuffle(choices)  # seeded by the system: parallel runs should differ
    ports: list[int] = []
    with ExitStack() as held:
        while len(ports) < count:
            port = choices.pop()
            if is_free(port, host, held):
                ports.append(port)
    return ports


def is_free(port: int, host: str, held: ExitStack | None = None) -> bool:
    """Whether nobody listens on a port; it stays taken until ``held`` closes, if given."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError:
        listener.close()
        return False
    if held is None:
        listener.close()
    else:
        held.enter_context(listener)
    return True
