"""A message of Protocol Buffers is read and written field by field; other bytes are refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aml_assets.io.protobuf import ProtobufError, fields, message_of, numbers

VALUES = st.integers(0, 2**64 - 1) | st.binary(max_size=300)


@given(st.lists(st.tuples(st.integers(1, 2**20), VALUES), max_size=20))
def test_a_message_is_read_as_it_was_written(pairs):
    assert list(fields(message_of(pairs))) == pairs


@given(st.binary(max_size=60))
def test_bytes_that_are_no_message_raise_nothing_else(data):
    for read in (fields, numbers):
        try:
            list(read(data))
        except ProtobufError:
            continue


def test_fields_of_four_and_eight_bytes_are_passed_over_and_packed_lists_unpacked():
    assert list(fields(b"\x0d1234\x119abcdefg\x18\x07")) == [(1, b"1234"), (2, b"9abcdefg"), (3, 7)]
    assert numbers(b"\x01\xac\x02") == [1, 300]
    assert numbers(5) == [5]


@pytest.mark.parametrize("data", [b"\x08", b"\x0a\x05abc", b"\x0b", b"\x08" + b"\xff" * 11])
def test_what_ends_too_early_or_has_another_type_is_refused(data):
    with pytest.raises(ProtobufError):
        list(fields(data))
