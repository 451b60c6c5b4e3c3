"""Decoding an ORC file in a child process, since a damaged file may crash it.

Belongs here: starting that process, its bounds, and reading its answers. Does not belong here: what
it does (``io.orc_child``), or what the batches mean (``io.landed_orc``).

The ORC library, by which pyarrow reads, may crash or read outside of its memory on an altered file;
with one changed byte, one file in thousands makes it do so. Nor does a file's length bound the
memory that decoding takes. The batches that come back are validated in full, since a forged file
may have overwritten the memory of the process that sent them.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
from pydantic import TypeAdapter, ValidationError

from aml_assets.io import orc_child
from aml_assets.io.orc_tail import OrcColumn
from aml_assets.io.spill import Content, MappedFile

ENDED = "ended"
"""The reason for refusing a file when the process ended before it was done; ``io.orc_child`` holds
the reasons that the process itself gives."""

MEMORY = 2 * 1024**3
"""Bytes of memory that the process may take."""

_PROGRAM = f"""
import sys

class WithoutPandas:  # pyarrow would load it, which takes longer than decoding most files
    def find_spec(self, name, path=None, target=None):
        if name == "pandas":
            raise ImportError(name)

sys.meta_path.insert(0, WithoutPandas())
from {orc_child.__name__} import main
main()
"""

_OURS = str(Path(__file__).resolve().parents[2])

_GRACE = 5.0
"""Seconds that a process has to start and to end, besides those to decode."""

_LONGEST_LINE = 64 * 1024 * 1024

_KEPT = ("LD_LIBRARY_PATH", "TZDIR")
"""Environment variables that the process inherits, as the library may need them; no others."""


class Refused(Exception):
    """The process refused the file, or died while it decoded it.

    Args:
        reason: `ENDED`, or one of those of ``io.orc_child``.
        length: with the reason ``FOOTER``, the bytes of the footer.
    """

    def __init__(self, reason: str, length: int = 0) -> None:
        super().__init__(reason)
        self.reason, self.length = reason, length


@dataclass(frozen=True)
class Facts:
    """What a file says of itself; see ``orc_tail.Tail``."""

    columns: tuple[OrcColumn, ...]
    rows: int
    encrypted: bool
    julian: bool


_FACTS = TypeAdapter(Facts)


class OrcProcess:
    """A process that decodes one file.

    Attributes:
        facts: what the file says of itself.
    """

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        try:
            self.facts = _FACTS.validate_python(self._line())
        except ValidationError:
            raise Refused(ENDED) from None

    def batches(self, columns: Sequence[int]) -> Iterator[pa.RecordBatch]:
        """Yield all rows of some columns, at least one, in batches; the last one is empty.

        It can be called once.

        Raises:
            Refused: they cannot be decoded.
        """
        output, answers = self._process.stdout, self._process.stdin
        assert output is not None
        assert answers is not None
        seen = False
        try:
            answers.write(json.dumps(list(columns)).encode() + b"\n")
            answers.flush()
            for batch in pa.ipc.open_stream(output):
                batch.validate(full=True)
                if batch.num_columns != len(columns):
                    break
                seen = True
                yield batch
        except (pa.ArrowException, OSError, EOFError):
            raise Refused(ENDED) from None
        if self._line() != {"done": True} or not seen:
            raise Refused(ENDED)

    def _line(self) -> dict[str, Any]:
        output = self._process.stdout
        assert output is not None
        try:
            said = json.loads(output.readline(_LONGEST_LINE))
        except ValueError:
            said = None
        if not isinstance(said, dict):
            raise Refused(ENDED)
        if "refused" in said:
            length = said.get("length")
            raise Refused(str(said["refused"]), length if isinstance(length, int) else 0)
        return said


@contextmanager
def opened(content: Content, *, footer: int, seconds: float) -> Generator[OrcProcess]:
    """Start a process for a file, and end it after the block.

    Args:
        content: the file.
        footer: bytes that its footer may have.
        seconds: that decoding may take, of a processor and of the clock.

    Raises:
        Refused: it is no ORC file, or cannot be read.
    """
    with _descriptor_of(content) as descriptor:
        job = {
            "descriptor": descriptor,
            "length": len(content),
            "footer": footer,
            "memory": MEMORY,
            "seconds": max(1, math.ceil(seconds)),
        }
        environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
        environment |= {
            "PYTHONPATH": os.pathsep.join([_OURS, *filter(None, sys.path)]),
            "PYTHONNOUSERSITE": "1",
            "OMP_NUM_THREADS": "1",
        }
        with subprocess.Popen(
            [sys.executable, "-P", "-c", _PROGRAM, json.dumps(job)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            pass_fds=(descriptor,),
        ) as process:
            # The process's own limit counts processor time only, and none passes while it waits.
            late = threading.Timer(seconds + _GRACE, process.kill)
            late.daemon = True
            late.start()
            try:
                yield OrcProcess(process)
            finally:
                late.cancel()
                process.kill()
                assert process.stdin is not None
                with suppress(BrokenPipeError):  # the process died before it read its input
                    process.stdin.close()


@contextmanager
def _descriptor_of(content: Content) -> Generator[int]:
    """Yield the descriptor of an open file with this content, for another process to read."""
    if isinstance(content, MappedFile):
        yield content.descriptor
        return
    with tempfile.TemporaryFile() as file:  # without a name; only this user could read it
        file.write(content)
        file.flush()
        yield file.fileno()
