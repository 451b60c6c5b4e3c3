"""Thrift's compact protocol: what is wanted is read, all else is passed over, and no bytes harm."""

import tracemalloc
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aml_assets.io.compact_thrift import INT32, INT64, LIST, STRUCT, Cursor, ThriftError

STRUCT_OF_ALL = bytes(
    [
        *(0x15, 0x0F),  # 1: int32 -8
        *(0x11,),  # 2: true
        *(0x18, 3, *b"abc"),  # 3: a text
        *(0x17, *range(8)),  # 4: a double
        *(0x19, 0x25, 2, 4),  # 5: a list of int32
        *(0x1C, 0x16, 0x80, 0x01, 0),  # 6: a struct with 1: int64 64
        *(0x05, 0x80, 0x02, 6),  # 128: int32 3
        0,
    ]
)


def test_wanted_fields_are_read_by_number_and_type_and_the_others_passed_over():
    cursor = Cursor(STRUCT_OF_ALL + b"rest", 0, len(STRUCT_OF_ALL) + 4)
    fields = cursor.struct({1: {}, 5: {0: {}}, 6: {1: {}}, 128: {}})
    assert fields == {
        (1, INT32): -8,
        (5, LIST): [1, 2],
        (6, STRUCT): {(1, INT64): 64},
        (128, INT32): 3,
    }
    assert cursor.at == len(STRUCT_OF_ALL)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x15",
        b"\x15" + b"\xff" * 11,  # a number without an end
        b"\x15\xff\xff\xff\xff\x7f",  # beyond int32
        b"\x1b\x00\x00",  # a map
        b"\x19\xfc\xff\xff\xff\xff\x0f",  # a list of more than there is
        b"\x1c" * 50,  # structs in structs
        b"\x19" * 2000 + b"\x13\x00\x00",  # lists in lists
        b"\x15\x02\x05\x02\x04\x00",  # a field that stands twice
        b"\x01\xfe\xff\x03\x11\x00",  # a number after 32767, which others wrap around
    ],
)
def test_what_is_no_struct_is_refused(content):
    with pytest.raises(ThriftError):
        Cursor(content, 0, len(content)).struct({1: {}})


def test_a_list_that_nobody_wants_takes_no_memory():
    content = b"\x19\xfc\xa0\x8d\x06" + bytes(100_000) + b"\x00"  # so many empty structs
    tracemalloc.start()
    try:
        assert Cursor(content, 0, len(content)).struct({2: {}}) == {}
        assert tracemalloc.get_traced_memory()[1] < 100_000
    finally:
        tracemalloc.stop()


@given(st.binary(max_size=60))
def test_no_bytes_raise_anything_else(content):
    with suppress(ThriftError):
        Cursor(content, 0, len(content)).struct({1: {1: {}}})
