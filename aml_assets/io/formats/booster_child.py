"""The process in which a model's bytes are parsed first: XGBoost may crash on them, and it may die.

Started by its path, with the path of XGBoost's library; it imports nothing but Python's own
modules, and knows no secret. It reads a model from its input, and writes the length of the
booster's JSON without attributes (8 bytes, big-endian), that JSON, and the booster as UBJSON, saved
anew.

Belongs here: one round through XGBoost's C interface. Does not belong here: starting it, and what
follows (``booster_parser``).
"""

from __future__ import annotations

import ctypes
import os
import resource
import sys

REFUSED = 3
"""The exit code for bytes that XGBoost refuses by itself."""

_PR_SET_DUMPABLE = 4
_MEMORY = 4 * 2**30
_GROWTH = 32
"""How many times as long as its input the output may be, beyond a MiB."""


def parse(library: str, data: bytes) -> tuple[bytes, bytes]:
    """Load a model and save it again.

    Returns:
        The booster's JSON without attributes, and its UBJSON with them.

    Raises:
        ValueError: XGBoost refuses the bytes.
    """
    xgboost = ctypes.CDLL(library)

    def call(name: str, *arguments: object) -> None:
        if getattr(xgboost, name)(*arguments) != 0:
            raise ValueError(name)

    booster = ctypes.c_void_p()
    call("XGBoosterCreate", None, ctypes.c_uint64(0), ctypes.byref(booster))
    call("XGBoosterLoadModelFromBuffer", booster, data, ctypes.c_uint64(len(data)))

    def saved(form: str) -> bytes:
        length, start = ctypes.c_uint64(), ctypes.POINTER(ctypes.c_char)()
        config = f'{{"format": "{form}"}}'.encode()
        into = (ctypes.byref(length), ctypes.byref(start))
        call("XGBoosterSaveModelToBuffer", booster, config, *into)
        return ctypes.string_at(start, length.value)

    whole = saved("ubj")
    # XGBoost does not escape texts as JSON wants it.
    count, names = ctypes.c_uint64(), ctypes.POINTER(ctypes.c_char_p)()
    call("XGBoosterGetAttrNames", booster, ctypes.byref(count), ctypes.byref(names))
    for name in [names[number] for number in range(count.value)]:
        call("XGBoosterSetAttr", booster, name, None)
    return saved("json"), whole


def main() -> int:
    """Parse the input; returns the exit code."""
    # Neither a core dump with a model in it, nor all of the machine's memory. Linux ignores the
    # limit where a program takes the dumps, so there the process is not dumpable besides.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    output = os.dup(1)
    os.dup2(2, 1)  # whatever the library prints is no part of the answer
    data = sys.stdin.buffer.read()
    try:
        document, whole = parse(sys.argv[1], data)
    except ValueError:
        return REFUSED
    if len(document) + len(whole) > _GROWTH * len(data) + 2**20:
        return REFUSED
    with os.fdopen(output, "wb") as file:
        file.write(len(document).to_bytes(8, "big") + document + whole)
    return 0


if __name__ == "__main__":
    sys.exit(main())
