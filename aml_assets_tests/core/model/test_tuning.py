"""The search for training parameters: deterministic, and never worse than the settings."""

import json
from typing import Any

import numpy as np
import pytest

from aml_assets.core.model import tuning
from aml_assets.core.model.batches import Batch
from aml_assets.core.model.tuning import SEARCH_SPACE, applied, precision_on, search
from aml_assets.settings.training_settings import TrainingSettings

SETTINGS = TrainingSettings(rounds=5, max_depth=2, threads=1)


def shallow(settings: TrainingSettings) -> float:
    """A value with a maximum that a search gets near to: flat trees, a rate of 0.1."""
    return -abs(settings.max_depth - 4) - abs(np.log(settings.learning_rate / 0.1)) / 10


def test_the_same_search_gives_the_same_bytes_and_another_seed_others():
    found = [json.dumps(search(shallow, SETTINGS, trials=12)) for _ in range(2)]
    assert found[0] == found[1]
    other = SETTINGS.model_copy(update={"seed": -1})
    assert json.loads(found[0])["trials"] != search(shallow, other, trials=12)["trials"]


def test_each_trial_is_on_record_and_lies_in_the_search_space():
    found = search(shallow, SETTINGS, trials=12)
    assert [each["number"] for each in found["trials"]] == list(range(13))
    own, *others = found["trials"]
    assert own["parameters"] == {name: getattr(SETTINGS, name) for name in SEARCH_SPACE}
    for trial in others:
        assert trial["parameters"].keys() == SEARCH_SPACE.keys()
        for name, value in trial["parameters"].items():
            assert SEARCH_SPACE[name].low <= value <= SEARCH_SPACE[name].high
        assert trial["value"] == shallow(applied(SETTINGS, trial["parameters"]))
    best = found["trials"][found["trial"]]
    assert best["value"] == found["value"] == max(each["value"] for each in found["trials"])
    assert best["parameters"] == found["parameters"]
    assert found["value"] > own["value"]


def test_the_settings_stay_unless_a_trial_is_better():
    found = search(lambda settings: 0.5, SETTINGS, trials=3)
    assert (found["trial"], found["parameters"]["max_depth"]) == (0, SETTINGS.max_depth)


def test_a_trial_that_the_settings_refuse_is_pruned_and_never_chosen(monkeypatch):
    for name in ("subsample", "colsample_bytree"):
        monkeypatch.setitem(SEARCH_SPACE, name, tuning.Distribution(0.95, 1.0, step=0.05))
    bagged = SETTINGS.model_copy(update={"bagging": 2, "subsample": 0.5})
    found = search(shallow, bagged, trials=12)
    states = {each["state"]: each["value"] is None for each in found["trials"]}
    assert states == {"COMPLETE": False, "PRUNED": True}
    assert applied(bagged, found["parameters"])


def test_the_value_is_the_average_precision_on_days_that_were_not_learnt():
    draws = np.random.default_rng(0)
    values = draws.random((400, 2)).astype(np.float32)
    labels = (values[:, 0] > 0.8).astype(np.float32)
    known, later = Batch(values[:200], labels[:200]), Batch(values[200:], labels[200:])
    assert precision_on([later], [known], SETTINGS) > 0.95
    turned = Batch(values[200:], 1 - labels[200:])
    assert precision_on([turned], [known], SETTINGS) == pytest.approx(turned.labels.mean())


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"learning_rate": 0}, "learning_rate: Input should be greater than 0"),
        ({"max_depth": "deep"}, "max_depth: Input should be a valid integer"),
        ({"refit": False}, "no training parameter"),
        ({"unheard": 1}, "no training parameter"),
        (None, "no training parameter"),
    ],
)
def test_parameters_that_are_none_are_refused(parameters: Any, said: str):
    with pytest.raises(ValueError, match=said):
        applied(SETTINGS, parameters)


def test_parameters_of_another_search_space_count_as_far_as_they_are_valid():
    assert applied(SETTINGS, {"max_bin": 64}).max_bin == 64
    assert applied(SETTINGS, {}) == SETTINGS
