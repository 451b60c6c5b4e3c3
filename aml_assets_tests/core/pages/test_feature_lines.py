"""A model's features, what moved, and their families; the page tests the rest of the lines."""

import numpy as np
import pytest

from aml_assets.core.model.encoding import Encoder, Feature, Matrix
from aml_assets.core.model.reference import fit
from aml_assets.core.pages.feature_lines import FeatureLine, Looks, family_lines, feature_lines

ENCODER = Encoder(
    (
        Feature("network", "payer_new_payees_7", "number"),
        Feature("trx", "amount", "number"),
        Feature("network", "payee_payers_30", "number"),
        Feature("desk", "city", "category", ("a",)),
    ),
    {},
)


def test_a_familys_contribution_is_that_of_its_features_sum():
    contributed = np.array([[1.0, 0.5, -0.5, 0.0, -3.0], [-1.0, 0.5, -0.5, 0.0, -3.0]])
    gains = {"network.payer_new_payees_7": 6.0, "network.payee_payers_30": 2.0, "trx.amount": 2.0}
    found = {each.name: each for each in family_lines(ENCODER, gains, contributed)}
    assert list(found) == ["fans", "the transaction", "desk"]
    fans = found["fans"]
    assert (fans.features, fans.gain) == (2, pytest.approx(0.8))
    assert fans.magnitude == pytest.approx((0.5 + 1.5) / 2)
    assert (found["desk"].gain, found["desk"].magnitude, found["desk"].meaning) == (0.0, 0.0, "")


def test_a_window_without_rows_has_gains_and_no_contributions():
    found = family_lines(ENCODER, {}, np.zeros((0, 5), np.float32))
    assert {each.magnitude for each in found} == {None}
    assert {each.gain for each in found} == {0.0}


def shifted(today: np.ndarray, **unseen: int) -> FeatureLine:
    encoder = Encoder((Feature("desk", "city", "category", ("a", "b")),), {})
    trained = np.repeat([0, 1, np.nan], [500, 450, 50])[:, None].astype(np.float32)
    rows = today[:, None].astype(np.float32)
    looks = Looks(
        Matrix(trained, {}, {"desk.city": 10}, ()),
        None,
        Matrix(rows, {}, {f"desk.{name}": each for name, each in unseen.items()}, ()),
    )
    (line,) = feature_lines(
        encoder,
        fit(lambda n: trained[:, n], [True], [10]),
        {},
        np.zeros((0, 2)),
        looks,
        false_alarms=0.1,
    )
    return line


def test_a_new_category_is_named_as_new_values_and_not_as_missing_ones():
    line = shifted(np.repeat([0, 1, np.nan], [450, 400, 150]), city=110)
    assert line.moved == "new values: 1\u00a0% → 11\u00a0% of the rows"
    gone = shifted(np.repeat([0, 1, np.nan], [450, 400, 150]), city=10)
    assert gone.moved == "missing values: 4\u00a0% → 14\u00a0% of the rows"


def test_of_several_shifts_the_least_likely_one_is_told_and_without_one_nothing():
    line = shifted(np.repeat([0, 1], [10, 900]))
    assert line.shift is line.today
    assert "other shares" in line.moved
    same = shifted(np.repeat([0, 1, np.nan], [500, 450, 50]), city=10)
    assert (same.shift, same.moved) == (None, "")
