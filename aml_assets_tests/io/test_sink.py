"""A sink hands on, hashes and shows to its watchers exactly the bytes that were written."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aml_assets.io.sink import Sink

_LIMIT = 8


class _Raw:
    """Keeps each piece as it came, since who hands one on promises not to change it."""

    def __init__(self) -> None:
        self.pieces: list[tuple[bytes | bytearray | memoryview, bytes]] = []

    def write(self, data: bytes | bytearray | memoryview, /) -> None:
        self.pieces.append((data, bytes(data)))

    def close(self) -> None: ...

    def abort(self) -> None: ...


@given(st.lists(st.tuples(st.binary(max_size=4 * _LIMIT), st.sampled_from((bytes, bytearray)))))
def test_what_is_sent_hashed_and_watched_is_what_was_written(writes):
    raw, watched, expected = _Raw(), bytearray(), b""
    sink = Sink(raw, _LIMIT)
    sink.watch(watched.extend)
    for data, kind in writes:
        given_away = kind(data)
        sink.write(given_away)
        if isinstance(given_away, bytearray):
            given_away[:] = bytes(len(data))  # its owner uses it again
        expected += data
        assert sink.tell() == len(expected)
    assert sink.sha256 == hashlib.sha256(expected).hexdigest()
    sink.close()
    assert bytes(watched) == expected
    assert b"".join(now for _, now in raw.pieces) == expected
    assert all(bytes(kept) == then for kept, then in raw.pieces)
    assert all(len(then) <= _LIMIT for _, then in raw.pieces)


def test_what_is_watched_begins_where_the_watching_did():
    sink, watched = Sink(_Raw(), _LIMIT), bytearray()
    sink.write(b"before")
    sink.watch(watched.extend)
    sink.write(b"after")
    assert sink.sha256 == hashlib.sha256(b"beforeafter").hexdigest()
    assert watched == b"after"


def test_a_watcher_that_fails_fails_the_writing():
    def refuse(piece: bytes | bytearray) -> None:
        raise OSError("full")

    sink = Sink(_Raw(), _LIMIT)
    sink.watch(refuse)
    sink.write(bytes(_LIMIT))
    with pytest.raises(OSError, match="full"):
        sink.close()
