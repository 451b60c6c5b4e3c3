"""Runs of whole numbers are decoded as ORC's specification shows them."""

import contextlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aml_assets.io.orc_runs import RunsError, numbers_of

PATCHED = (
    *(2030, 2000, 2020, 1_000_000, 2040, 2050, 2060, 2070, 2080, 2090),
    *(2100, 2110, 2120, 2130, 2140, 2150, 2160, 2170, 2180, 2190),
)


def decoded(stream, version):
    return np.concatenate([*numbers_of(stream, version), np.zeros(0, np.int64)]).tolist()


@pytest.mark.parametrize(
    ("version", "stream", "numbers"),
    [
        (1, "61 00 07", [7] * 100),
        (1, "61 ff 64", [*range(100, 0, -1)]),
        (1, "fb 02 03 06 07 0b", [2, 3, 6, 7, 11]),
        (2, "0a 27 10", [10_000] * 5),
        (2, "5e 03 5c a1 ab 1e de ad be ef", [23713, 43806, 57005, 48879]),
        (
            2,
            "8e 13 2b 21 07 d0 1e 00 14 70 28 32 3c 46 50 5a 64 6e 78 82 8c 96 a0 aa b4 be fc e8",
            [*PATCHED],
        ),
        (2, "c6 09 02 02 22 42 42 46", [2, 3, 5, 7, 11, 13, 17, 19, 23, 29]),
    ],
)
def test_the_examples_of_the_specification(version, stream, numbers):
    stream = bytes.fromhex(stream)
    assert decoded(stream, version) == numbers
    assert decoded(stream * 3, version) == numbers * 3
    with pytest.raises(RunsError):
        decoded(stream[:-1], version)


def test_a_run_without_steps_repeats_or_counts_and_a_falling_one_takes_off():
    assert decoded(bytes.fromhex("c1 ff 00 00"), 2) == [0] * 512
    assert decoded(bytes.fromhex("c0 02 0a 01"), 2) == [10, 9, 8]
    assert decoded(bytes.fromhex("c2 03 0a 01 60"), 2) == [10, 9, 8, 6]


@given(st.binary(max_size=60), st.sampled_from([1, 2]))
def test_bytes_that_are_no_runs_raise_nothing_else(data, version):
    with contextlib.suppress(RunsError):
        decoded(data, version)
