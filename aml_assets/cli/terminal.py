"""The terminal: output that any terminal, pipe or closed stream takes.

Belongs here: streams, their encodings, and consoles over them. Does not belong here: what a command
prints, or what an error says (``boundary``).
"""

from __future__ import annotations

import codecs
import os
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

_SIGNS = str.maketrans(
    {
        "✓": "v", "✗": "x", "–": "-", "—": "-", "·": ".", "…": "~", "≠": "!", "→": ">",
        "‘": "'", "’": "'", "“": '"', "”": '"',
    }
)  # fmt: skip
_ERRORS = "aml_signs"


def prepare_streams() -> None:
    """Make the standard streams take every text; a closed one is opened on ``/dev/null``.

    Else the next file that is opened would get its descriptor, and printed text would end in it.
    """
    codecs.register_error(_ERRORS, _in_other_signs)
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest free number, this one
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "r" if number == 0 else "w", encoding="utf-8"))  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if (reconfigure := getattr(stream, "reconfigure", None)) is not None:
            reconfigure(errors=_ERRORS)


def console(**options: Any) -> Console:
    """A console for tables; when its reader has left, it raises `BrokenPipeError` as others do."""
    from rich.console import Console

    class _Console(Console):
        def on_broken_pipe(self) -> None:
            raise BrokenPipeError

    return _Console(**options)


def silence() -> None:
    """Discard all further output: nobody reads it any more, or it cannot be written."""
    try:
        number = sys.stdout.fileno()
    except (OSError, ValueError):
        return  # no file is behind it
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, number)
    os.close(nothing)


def _in_other_signs(error: UnicodeError) -> tuple[str, int]:
    """One ASCII sign for each sign that the terminal's encoding lacks, so that columns align."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start : error.end].translate(_SIGNS)
    return "".join(sign if sign.isascii() else "?" for sign in text), error.end
