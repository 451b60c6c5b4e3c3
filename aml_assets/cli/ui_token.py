"""The token that opens the UI on one machine, and the link that holds it.

Belongs here: making the token once for a home of Dagster's, keeping it for its owner alone, and
the address to open. Does not belong here: asking for it (``ui_guard``).
"""

from __future__ import annotations

import fcntl
import os
import re
import secrets
import stat
from pathlib import Path

from aml_assets.errors import SettingsError

HOST = "127.0.0.1"
"""Where the UI listens: on loopback."""

FILE = "ui_token"
"""The token's file in Dagster's home. Who removes it makes older links and cookies worthless."""

PARAMETER = "token"
"""The parameter of the link's address that holds the token."""

_TOKEN = re.compile(r"[\w-]{32}", re.ASCII)
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def ui_token(home: Path) -> str:
    """The token of the UI over a home of Dagster's, which stays the same from start to start.

    A new one is made where there is none yet, and where the file's mode has let others read it.

    Raises:
        SettingsError: the file cannot be read or written.
    """
    path = home / FILE
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        with open(descriptor, "r+", encoding="ascii", errors="replace") as file:
            fcntl.flock(file, fcntl.LOCK_EX)  # of two first commands, one makes it
            token = file.read().strip()
            known_to_others = os.fstat(descriptor).st_mode & _OTHERS
            if known_to_others or not _TOKEN.fullmatch(token):
                os.fchmod(descriptor, 0o600)
                token = secrets.token_urlsafe(24)
                file.seek(0)
                file.truncate()
                file.write(f"{token}\n")
    except OSError as error:
        raise SettingsError(
            f"the token of the UI, {path}, cannot be read and written: {error.strerror}",
            remedy="Remove it; the next start makes a new one.",
        ) from None
    return token


def ui_link(home: Path, port: int) -> str:
    """The address that opens the UI.

    Raises:
        SettingsError: as `ui_token`.
    """
    return f"http://{HOST}:{port}/?{PARAMETER}={ui_token(home)}"
