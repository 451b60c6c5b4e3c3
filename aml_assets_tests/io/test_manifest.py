"""A manifest has one canonical JSON."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aml_assets.errors import AmlError
from aml_assets.io.manifest import Manifest

GOLDEN = (
    '{"asset":"features/x","code_version":"3","data_length":null,"data_sha256":null,'
    '"digest":"ab","facts":{"\\u00e9":[1,null]},"inputs":{"tables/trx":{"2024-01-01":"absent"}},'
    '"partition":"2024-01-02","rows":7,"settings":"s"}'
)


def full() -> Manifest:
    return Manifest(
        asset="features/x",
        partition="2024-01-02",
        digest="ab",
        rows=7,
        inputs={"tables/trx": {"2024-01-01": "absent"}},
        code_version="3",
        settings="s",
        facts={"é": [1, None]},
    )


def test_a_manifest_has_one_text_and_comes_back_from_it():
    assert full().to_json() == GOLDEN
    assert Manifest.from_json(GOLDEN) == full()
    assert Manifest.from_json(full().to_sealable_json()) == full()


names = st.text(max_size=8)
manifests = st.builds(
    Manifest,
    asset=names,
    partition=names,
    digest=names,
    rows=st.none() | st.integers(0, 2**40),
    inputs=st.dictionaries(names, st.dictionaries(names, names, max_size=3), max_size=3),
    facts=st.dictionaries(
        names, st.recursive(st.none() | st.booleans() | names, st.lists, max_leaves=4), max_size=3
    ),
)


@given(manifests)
def test_every_manifest_round_trips_and_its_text_does_not_depend_on_order(manifest):
    assert Manifest.from_json(manifest.to_json()) == manifest
    turned = Manifest.from_dict(dict(reversed(manifest.to_dict().items())))
    assert turned.to_json() == manifest.to_json()


def test_a_manifest_does_not_change_with_the_mapping_it_was_made_from():
    days = {"2024-01-01": "a"}
    manifest = Manifest("a", "b", inputs={"t": days})
    days["2024-01-01"] = "b"
    assert manifest.inputs == {"t": {"2024-01-01": "a"}}


def test_what_is_not_json_is_refused_by_asset_and_day_without_its_value():
    facts: list[Any] = [float("nan"), float("inf"), object(), {1, 2}]
    for fact in facts:
        with pytest.raises(AmlError, match="table features/x, day 2024-01-02") as caught:
            Manifest("features/x", "2024-01-02", facts={"secret": fact}).to_json()
        assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{",
        '{"asset":"a","partition":"b"}',
        '{"asset":"a","partition":"b","digest":1}',
        '{"asset":"a","partition":"b","digest":"c","rows":-1}',
        '{"asset":"a","partition":"b","digest":"c","rows":true}',
        '{"asset":"a","partition":"b","digest":"c","inputs":{"t":["x"]}}',
    ],
)
def test_what_is_no_manifest_is_refused(text):
    with pytest.raises(ValueError, match="manifest"):
        Manifest.from_json(text)


def test_a_later_versions_field_is_passed_over_and_a_missing_one_has_its_default():
    manifest = Manifest.from_json('{"asset":"a","partition":"b","digest":"c","new_in_2":1}')
    assert manifest == Manifest("a", "b", "c")
