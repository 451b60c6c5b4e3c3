"""A model's features by family; their lines are tested with the page (``test_model_page``)."""

import numpy as np
import pytest

from aml_assets.core.model.encoding import Encoder, Feature
from aml_assets.core.pages.feature_lines import family_lines

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
