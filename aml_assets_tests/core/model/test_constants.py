"""Constant columns are no features, and the encoder says which they were."""

import numpy as np
import pytest

from aml_assets.core.model.constants import CONSTANT, Variation, without_constants
from aml_assets.core.model.encoding import Encoder, Feature
from aml_assets.errors import NotTrainable

NAN = np.nan
FEATURES = tuple(Feature("trx", name, "number") for name in ("same", "amount", "at_times", "null"))
ENCODER = Encoder(FEATURES, {"trx.id": "an id"})


def variation(*days: np.ndarray) -> Variation:
    found = Variation(len(FEATURES))
    for each in days:
        found.add(each)
    return found


def matrix(*rows: list[float]) -> np.ndarray:
    return np.array(rows, dtype=np.float32)


def test_a_feature_with_one_value_on_all_days_is_left_out_and_named():
    days = [matrix([1, 5, 1, NAN]), matrix([1, 6, NAN, NAN]), np.empty((0, 4), np.float32)]
    fitted, kept = without_constants(ENCODER, variation(*days))
    assert [feature.column for feature in fitted.features] == ["amount", "at_times"]
    assert dict(fitted.left_out) == {
        "trx.id": "an id", "trx.same": CONSTANT, "trx.null": CONSTANT,
    }  # fmt: skip
    assert kept == [1, 2]


def test_an_encoder_without_constants_is_left_as_it_is():
    days = [matrix([1, 5, 1, NAN], [2, 6, 2, 0])]
    assert without_constants(ENCODER, variation(*days)) == (ENCODER, None)


def test_when_nothing_varies_nothing_can_be_learnt():
    with pytest.raises(NotTrainable, match="every feature is constant"):
        without_constants(ENCODER, variation(matrix([1, 5, 1, NAN])))
