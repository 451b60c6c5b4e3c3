"""Staleness: which changed inputs make a stored partition stale."""

from __future__ import annotations

import pytest

from aml_assets.core.staleness import (
    ABSENT,
    StoredPartition,
    changed_inputs,
    inputs_fingerprint,
)

NOW = {("t", "1"): "a", ("t", "2"): "b"}


def current(asset: str, key: str) -> str | None:
    return NOW.get((asset, key))


@pytest.mark.parametrize(
    ("recorded", "changed"),
    [
        ({"1": "a", "2": "b"}, []),
        ({"1": "other", "2": "b"}, [("t", "1")]),
        ({"2": ABSENT}, [("t", "2")]),
        ({"3": "deleted since"}, []),
        ({"3": ABSENT}, []),
    ],
)
def test_an_input_that_changed_or_appeared_makes_stale_and_one_that_is_gone_does_not(
    recorded, changed
):
    assert changed_inputs(StoredPartition("x", {"t": recorded}), current) == changed


def test_the_fingerprint_of_inputs_depends_on_their_digests_and_not_on_their_order():
    both = inputs_fingerprint({"t": ["1", "2"]}, current)
    assert inputs_fingerprint({"t": ["2", "1"]}, current) == both
    assert inputs_fingerprint({"t": ["1"]}, current) != both
    assert inputs_fingerprint({"t": ["1", "2"]}, lambda *_: None) != both
