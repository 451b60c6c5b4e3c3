"""A ranged file reads as a file in memory does, and requests just the bytes that are read."""

from __future__ import annotations

import io
import os
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aml_assets.io.filesystems import ranged
from aml_assets.io.filesystems.ranged import RangedFile

PIECE = 16
"""Instead of 8 MiB, so that short files have several."""

SHORTEST = 40

steps = st.lists(
    st.one_of(
        st.tuples(st.just("seek"), st.integers(0, 90)),
        st.tuples(st.just("forward"), st.integers(-90, 90)),
        st.tuples(st.just("from the end"), st.integers(-90, 9)),
        st.tuples(st.just("read"), st.integers(-1, 90)),
        st.tuples(st.just("readinto"), st.integers(0, 90)),
        st.just(("readall", 0)),
    ),
    max_size=12,
)


@pytest.fixture(autouse=True, scope="module")
def _small_pieces():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ranged, "PIECE", PIECE)
        yield


def do(file: Any, step: str, number: int) -> Any:
    """What a step gives."""
    match step:
        case "seek":
            return file.seek(number)
        case "forward":
            # Bytes in memory take a place before the start for the start; files refuse it.
            return file.seek(max(number, -file.tell()), os.SEEK_CUR)
        case "from the end":
            return file.seek(max(number, -SHORTEST), os.SEEK_END)
        case "read":
            return file.read(number)
        case "readinto":
            buffer = bytearray(number)
            return file.readinto(buffer), buffer
        case _:
            return file.readall() if isinstance(file, RangedFile) else file.read()


@given(st.integers(SHORTEST, 70), steps)
@settings(max_examples=300, deadline=None)
def test_any_sequence_of_seeks_and_reads_equals_one_on_the_bytes_in_memory(length, sequence):
    data = bytes(range(length))
    asked: list[tuple[int, int]] = []

    def fetch(offset: int, size: int) -> bytes:
        asked.append((offset, size))
        return data[offset : offset + size]

    file, wanted = RangedFile(length, fetch), io.BytesIO(data)
    given_out = 0
    for step, number in sequence:
        found = do(file, step, number)
        assert found == do(wanted, step, number)
        assert file.tell() == wanted.tell()
        if step in ("read", "readall"):
            given_out += len(found)
        elif step == "readinto":
            given_out += found[0]
    assert sum(size for _, size in asked) == given_out  # not a byte more than was asked for
    for offset, size in asked:
        assert 0 < size <= PIECE
        assert offset + size <= length


def test_a_place_before_the_start_is_refused_and_the_position_stays():
    file = RangedFile(5, lambda offset, size: b"x" * size)
    file.seek(3)
    for offset, whence in ((-1, os.SEEK_SET), (-4, os.SEEK_CUR), (-6, os.SEEK_END)):
        with pytest.raises(ValueError, match="before the start"):
            file.seek(offset, whence)
    assert file.tell() == 3


def test_closing_gives_the_connection_back_once_and_nothing_is_read_afterwards():
    ended = []
    file = RangedFile(5, lambda offset, size: b"x" * size, lambda: ended.append(1))
    with file:
        assert file.read(2) == b"xx"
    file.close()
    assert ended == [1]
    with pytest.raises(ValueError, match="closed"):
        file.read(1)


def test_a_read_that_failed_can_be_asked_again_from_the_same_place():
    answers = [ConnectionError("away"), b"abc"]

    def fetch(offset: int, size: int) -> bytes:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    file = RangedFile(3, fetch)
    with pytest.raises(ConnectionError):
        file.read()
    assert file.tell() == 0
    assert file.read() == b"abc"


def test_a_text_reader_and_a_buffered_one_take_it_for_a_file():
    data = "a,b\nö,1\n".encode()
    file = RangedFile(len(data), lambda offset, size: data[offset : offset + size])
    assert io.TextIOWrapper(io.BufferedReader(file), "utf-8").readlines() == ["a,b\n", "ö,1\n"]
