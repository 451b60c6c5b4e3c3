"""What a model carries beside its trees comes back as it was, and anything else is refused."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from aml_assets.core.model import carried, reference
from aml_assets.core.model.encoding import Encoder, Feature

ENCODER = Encoder(
    (Feature("trx", "amount", "number"), Feature("trx", "channel", "category", ("atm", "ü\\u"))),
    {"str.ins_id": "an id"},
)
FACTS: dict[str, Any] = {
    "model_id": "m_2024-01-05",
    "rows": 24,
    "positives": 6,
    "train_days_read": ["2024-01-01"],
    "windows": {
        "train_start": "2024-01-01",
        "train_end": "2024-01-03",
        "eval_start": "2024-01-04",
        "eval_end": "2024-01-04",
    },
}


def test_encoder_and_distributions_come_back_as_they_were():
    assert carried.encoder_of(json.dumps(ENCODER.to_dict())) == ENCODER
    values = np.array([[1.5, 0], [np.nan, 1], [1e20, np.nan]], np.float32)
    kept = reference.fit(lambda n: values[:, n], [False, True], [None, 1])
    text = json.dumps([each.to_dict() for each in kept])
    read = carried.reference_of(text, 2)
    assert [each.to_dict() for each in read] == [each.to_dict() for each in kept]
    assert [each.unseen for each in read] == [None, 1]
    carried.check_facts(FACTS, "2024-01-05", {"2024-01-01": "digest"})


@pytest.mark.parametrize(
    "change",
    [
        {"features": []},
        {"features": [{"table": "trx"}]},
        {"features": [{"table": 1, "column": "a", "encoding": "number", "vocabulary": []}]},
        {"features": [{"table": "t", "column": "a", "encoding": "pickle", "vocabulary": []}]},
        {"features": [{"table": "t", "column": "a", "encoding": "number", "vocabulary": [1]}]},
        {"left_out": []},
    ],
)
def test_what_is_no_encoder_is_refused(change: dict[str, Any]):
    for text in ("", "{", "[]", json.dumps({**ENCODER.to_dict(), **change})):
        with pytest.raises(ValueError, match="its encoder is none of ours"):
            carried.encoder_of(text)


@pytest.mark.parametrize(
    "change",
    [
        {"values": [1.0]},
        {"below": [0, 2**70]},
        {"upto": [9, 3]},
        {"rows": 1},
        {"rows": -1},
        {"exact": 1},
        {"values": ["1", "2"]},
        {"unseen": 1},
    ],
)
def test_what_is_no_distribution_is_refused(change: dict[str, Any]):
    good = {"rows": 3, "values": [1.0, 2.0], "below": [0, 1], "upto": [1, 3], "exact": True}
    carried.reference_of(json.dumps([good]), 1)
    for text in ("", "{}", json.dumps([good, good]), json.dumps([{**good, **change}])):
        with pytest.raises(ValueError, match="its training distribution is none of ours"):
            carried.reference_of(text, 1)


@pytest.mark.parametrize("name", sorted(FACTS))
def test_facts_that_scoring_and_pages_need_are_required(name: str):
    for facts in (
        {key: value for key, value in FACTS.items() if key != name},
        {**FACTS, name: None},
        {**FACTS, name: {"train_start": "yesterday"}},
    ):
        with pytest.raises(ValueError, match="its manifest is none of a model of ours"):
            carried.check_facts(facts, "2024-01-05", {"2024-01-01": "digest"})
    for partition, days in (
        ("x", {"2024-01-01": "d"}),
        ("2024-01-05", {}),
        ("2024-01-05", {"x": "d"}),
    ):
        with pytest.raises(ValueError, match="none of a model"):
            carried.check_facts(FACTS, partition, days)
