"""XGBoost's parameters start from a preset, and early stopping is given whole or not at all."""

import pytest
from pydantic import ValidationError

from aml_assets.settings.load import load_settings
from aml_assets.settings.training_settings import TrainingSettings


def test_a_preset_is_a_starting_point_that_single_values_override(configured, monkeypatch):
    configured("training: {preset: flow_2019, max_depth: 5}")
    monkeypatch.setenv("AML_TRAINING__ROUNDS", "7")
    training = load_settings().training
    assert (training.max_depth, training.rounds, training.learning_rate) == (5, 7, 0.025)


@pytest.mark.parametrize("half", [{"early_stopping_rounds": 5}, {"early_stopping_days": 2}])
def test_half_an_early_stopping_is_refused(half: dict[str, int]):
    with pytest.raises(ValidationError, match="go together"):
        TrainingSettings.model_validate(half)
    assert TrainingSettings(early_stopping_rounds=5, early_stopping_days=2)


def test_bagging_of_fits_that_are_all_alike_is_refused():
    with pytest.raises(ValidationError, match="all its fits are alike"):
        TrainingSettings(bagging=3)
    for share in ("subsample", "colsample_bytree", "negative_sampling"):
        assert TrainingSettings.model_validate({"bagging": 3, share: 0.9})


def test_studies_are_off_until_any_of_their_settings_is_given(configured, monkeypatch):
    assert load_settings().training.tuning is None
    configured("training: {tuning: {}}")
    tuning = load_settings().training.tuning
    assert tuning is not None
    assert (tuning.trials, tuning.days) == (20, 7)
    monkeypatch.setenv("AML_TRAINING__TUNING__TRIALS", "3")
    tuning = load_settings().training.tuning
    assert tuning is not None
    assert (tuning.trials, tuning.days) == (3, 7)


@pytest.mark.parametrize(
    "wrong",
    [
        {"rounds": 0},
        {"learning_rate": 0},
        {"subsample": 1.1},
        {"base_score": 1},
        {"negative_sampling": 0},
        {"tuning": {"trials": 0}},
        {"tuning": {"days": 0}},
    ],
)
def test_a_parameter_out_of_its_bounds_is_refused(wrong: dict[str, float]):
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        TrainingSettings.model_validate(wrong)
