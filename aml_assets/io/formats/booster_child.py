"""The program of the child process that parses a model's bytes first, as XGBoost may crash on them.

It is started by its path, with the path of XGBoost's library as its argument. It imports nothing
but Python's own modules, and knows no secret. It reads a model from stdin, and writes to stdout the
length of the booster's JSON without attributes (8 bytes, big-endian), that JSON, and the attributes
as JSON.

Belongs here: loading and saving a model by XGBoost's C interface. Does not belong here: starting
the process and checking its answer (``booster_parser``).
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import sys

REFUSED = 3
"""The exit code for bytes that XGBoost refuses without crashing."""

_PR_SET_DUMPABLE = 4
_MEMORY = 4 * 2**30
_GROWTH = 32
"""The output may be so many times as long as the input, and a MiB longer."""


def parse(library: str, data: bytes) -> tuple[bytes, dict[str, str]]:
    """Load a model and save it again.

    Returns:
        The booster's JSON without attributes, and the attributes.

    Raises:
        ValueError: XGBoost refuses the bytes, or an attribute is no UTF-8.
    """
    xgboost = ctypes.CDLL(library)

    def call(name: str, *arguments: object) -> None:
        if getattr(xgboost, name)(*arguments) != 0:
            raise ValueError(name)

    booster = ctypes.c_void_p()
    call("XGBoosterCreate", None, ctypes.c_uint64(0), ctypes.byref(booster))
    call("XGBoosterLoadModelFromBuffer", booster, data, ctypes.c_uint64(len(data)))

    # XGBoost does not escape texts in its JSON correctly, so the attributes are taken out of it.
    count, names = ctypes.c_uint64(), ctypes.POINTER(ctypes.c_char_p)()
    call("XGBoosterGetAttrNames", booster, ctypes.byref(count), ctypes.byref(names))
    attributes: dict[str, str] = {}
    for name in [names[number] for number in range(count.value)]:
        text, found = ctypes.c_char_p(), ctypes.c_int()
        call("XGBoosterGetAttr", booster, name, ctypes.byref(text), ctypes.byref(found))
        attributes[(name or b"").decode()] = (text.value or b"").decode()
        call("XGBoosterSetAttr", booster, name, None)
    length, start = ctypes.c_uint64(), ctypes.POINTER(ctypes.c_char)()
    into = (ctypes.byref(length), ctypes.byref(start))
    call("XGBoosterSaveModelToBuffer", booster, b'{"format": "json"}', *into)
    return ctypes.string_at(start, length.value), attributes


def main() -> int:
    """Parse the input; returns the exit code."""
    # No core dump, which would hold the model, and not all of the machine's memory. Linux ignores
    # the limit of dumps where a program collects them, so the process is also not dumpable.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    output = os.dup(1)
    os.dup2(2, 1)  # what the library prints goes to stderr, not into the answer
    data = sys.stdin.buffer.read()
    try:
        document, attributes = parse(sys.argv[1], data)
    except ValueError:
        return REFUSED
    rest = json.dumps(attributes).encode()
    if len(document) + len(rest) > _GROWTH * len(data) + 2**20:
        return REFUSED
    with os.fdopen(output, "wb") as file:
        file.write(len(document).to_bytes(8, "big") + document + rest)
    return 0


if __name__ == "__main__":
    sys.exit(main())
