"""One booster stands for the mean of several, in margin, contributions and file."""

import json

import numpy as np
import pytest
import xgboost as xgb

from aml_assets.core.model import trees
from aml_assets.core.model.averaging import averaged
from aml_assets.core.model.training import train
from aml_assets.settings.training_settings import TrainingSettings
from aml_assets_tests.core.model.test_training import QUICK, batches, rows


@pytest.fixture(scope="module")
def fits() -> list[xgb.Booster]:
    settings = {**QUICK, "subsample": 0.5, "base_score": 0.3}
    return [
        train(batches(200), TrainingSettings.model_validate({**settings, "seed": seed}))
        for seed in range(3)
    ]


def margins(booster: xgb.Booster) -> np.ndarray:
    return booster.inplace_predict(rows(seed=9)[0], predict_type="margin")


def contributions(booster: xgb.Booster) -> np.ndarray:
    return booster.predict(xgb.DMatrix(rows(seed=9)[0]), pred_contribs=True)


def test_the_margin_is_the_mean_of_the_margins_and_so_are_the_contributions(fits):
    booster = averaged(fits)
    np.testing.assert_allclose(margins(booster), np.mean([*map(margins, fits)], 0), atol=1e-5)
    expected = np.mean([*map(contributions, fits)], 0)
    np.testing.assert_allclose(contributions(booster), expected, atol=1e-5)
    assert booster.num_boosted_rounds() == sum(each.num_boosted_rounds() for each in fits)


def test_other_odds_move_every_margin_by_their_logarithm(fits):
    for boosters in (fits, fits[:1]):
        plain, moved = averaged(boosters), averaged(boosters, odds=0.1)
        apart = margins(moved) - margins(plain)
        np.testing.assert_allclose(apart, np.log(0.1), atol=1e-5)


def test_it_is_a_booster_as_training_writes_them_with_the_same_bytes_each_time(fits):
    booster = averaged(fits, odds=0.5)
    trees.check(bytes(booster.save_raw("json")))
    assert booster.save_raw("ubj") == averaged(fits, odds=0.5).save_raw("ubj")
    document = json.loads(bytes(booster.save_raw("json")))["learner"]
    kept = document["gradient_booster"]["model"]["trees"]
    assert [tree["id"] for tree in kept] == list(range(len(kept)))


def test_a_single_fit_with_its_own_odds_is_left_alone(fits):
    assert averaged(fits[:1]) is fits[0]
