"""UBJSON is read as XGBoost writes it; whatever else the bytes hold is one error."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aml_assets.core.model import ubjson
from aml_assets.core.model.training import train
from aml_assets.settings.training_settings import TrainingSettings
from aml_assets_tests.core.model.test_training import QUICK, batches


def length(count: int) -> bytes:
    return b"L" + count.to_bytes(8, "big", signed=True)


@pytest.fixture(scope="module")
def model() -> bytes:
    booster = train(batches(200), TrainingSettings.model_validate(QUICK))
    booster.set_attr(text='{"é": "\\n"}')
    return bytes(booster.save_raw("ubj"))


def test_a_model_is_read_as_its_json_says(model: bytes):
    import xgboost as xgb

    booster = xgb.Booster(model_file=bytearray(model))
    expected = json.loads(bytes(booster.save_raw("json")))
    found = json.loads(json.dumps(ubjson.parse(model), default=lambda each: each.tolist()))
    assert found["learner"]["attributes"] == {"text": '{"é": "\\n"}'}

    def rounded(value: object) -> object:  # its JSON has nine digits of a float32
        if isinstance(value, dict):
            return {name: rounded(each) for name, each in value.items()}
        if isinstance(value, list):
            return [rounded(each) for each in value]
        return np.float32(value) if isinstance(value, float) else value

    assert rounded(found) == rounded(expected)


def test_every_kind_of_value_is_read():
    floats = np.array([1.5, -2.0], ">f8").tobytes()
    whole = b"{" + length(1) + b"a[$D#" + length(2) + floats + length(1) + b"b[#" + length(4)
    whole += b"Z" + b"T" + b"I\xff\xfe" + b"S" + length(2) + "é".encode() + b"}"
    found = ubjson.parse(whole)
    assert found["a"].tolist() == [1.5, -2.0]
    assert found["a"].dtype.isnative
    assert found["b"] == [None, True, -2, "é"]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "end too early"),
        (b"[#" + length(2**62), "end too early"),
        (b"[$d#" + length(2**61), "end too early"),
        (b"S" + length(-1), "end too early"),
        (b"[#" + length(1) + b"[#" + length(1) + b"S" + length(5) + b"ab", "end too early"),
        (b"Zi", "go on after their end"),
        ((b"[#" + length(1)) * 100 + b"Z", "nested too deeply"),
        (b"[ZZ]", "an array has no length"),
        (b"[$dZ", "an array of one type has no length"),
        (b"[$S#" + length(1), "none that XGBoost writes"),
        (b"Q", "none that XGBoost writes"),
        (b"Si\x01a", "no integer of 8 bytes"),
        (b"S" + length(1) + b"\xff", "no UTF-8"),
        (b"{" + (length(1) + b"aZ") * 2 + b"}", "a name stands twice"),
    ],
)
def test_what_is_malformed_is_refused_with_its_reason(data: bytes, why: str):
    with pytest.raises(ValueError, match=why) as caught:
        ubjson.parse(data)
    assert caught.value.__cause__ is None


@given(st.data())
@settings(max_examples=300)
def test_no_mutation_does_more_than_raise_a_value_error(model: bytes, data: st.DataObject):
    mutated = bytearray(model)
    for place in data.draw(st.lists(st.integers(0, len(model) - 1), min_size=1, max_size=4)):
        mutated[place] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(model)) | st.just(len(model)))
    try:
        found = ubjson.parse(bytes(mutated[:cut]))
    except ValueError:
        return
    assert isinstance(found, dict)
