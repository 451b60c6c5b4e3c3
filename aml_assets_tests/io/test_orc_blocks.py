"""Blocks of every codec are expanded within bounds, or refused."""

import contextlib
import zlib

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aml_assets.io.orc_blocks import Blocks, BlocksError, CodecError, TooLongError

SIZE = 1000
TEXT = b"".join(b"%d, " % (k * k) for k in range(120))  # less than a block
LONG = b"abc" * 300


def zlib_block(data):
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


CODECS = {
    "zlib": (1, zlib_block),
    "snappy": (2, lambda data: pa.compress(data, codec="snappy", asbytes=True)),
    "lz4": (4, lambda data: pa.compress(data, codec="lz4_raw", asbytes=True)),
    "zstd": (5, lambda data: pa.compress(data, codec="zstd", asbytes=True)),
}


def block(data):
    return (len(data) << 1).to_bytes(3, "little") + data


@pytest.mark.parametrize(("codec", "compress"), CODECS.values(), ids=CODECS)
def test_blocks_are_expanded_one_after_another(codec, compress):
    blocks = Blocks(codec, SIZE)
    stored = blocks.stored(b"as it is")
    data = block(compress(TEXT)) + stored + block(compress(LONG)) + block(compress(b"x"))
    assert blocks.expanded(data, 10 * SIZE) == TEXT + b"as it is" + LONG + b"x"


@given(st.binary(max_size=SIZE), st.sampled_from([*CODECS]))
def test_whatever_a_block_holds_comes_back(data, name):
    codec, compress = CODECS[name]
    if data:
        assert Blocks(codec, SIZE).expanded(block(compress(data)), SIZE) == data


@pytest.mark.parametrize(("codec", "compress"), CODECS.values(), ids=CODECS)
def test_a_block_that_is_cut_or_holds_more_than_a_block_is_refused(codec, compress):
    blocks, data = Blocks(codec, SIZE), block(compress(TEXT))
    for wrong in (data[:-1], data[:2], block(compress(TEXT * 10))):
        with pytest.raises(BlocksError):
            blocks.expanded(wrong, 100 * SIZE)
    with pytest.raises(TooLongError):
        blocks.expanded(data * 3, len(TEXT) * 2)


@given(st.binary(max_size=100), st.sampled_from([codec for codec, _ in CODECS.values()]))
def test_bytes_that_are_no_blocks_raise_nothing_else(data, codec):
    with contextlib.suppress(BlocksError, TooLongError):
        assert len(Blocks(codec, SIZE).expanded(data, 10 * SIZE)) <= 10 * SIZE


def test_without_a_codec_bytes_are_as_they_are_and_an_unknown_one_is_called_that():
    assert Blocks(0, 0).expanded(TEXT, SIZE) == Blocks(0, 0).stored(TEXT) == TEXT
    with pytest.raises(TooLongError):
        Blocks(0, 0).expanded(TEXT, 3)
    with pytest.raises(CodecError):
        Blocks(3, SIZE).expanded(block(b"lzo"), SIZE)
    for size in (0, 2**23 + 1):
        with pytest.raises(BlocksError):
            Blocks(1, size).expanded(block(zlib_block(TEXT)), SIZE)
