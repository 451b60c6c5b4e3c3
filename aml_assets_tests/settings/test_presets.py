"""Every preset can be selected, and names parameters of XGBoost with values in their bounds."""

import pytest

from aml_assets.settings.presets import TRAINING_PRESETS
from aml_assets.settings.training_settings import TrainingSettings


@pytest.mark.parametrize("name", TRAINING_PRESETS)
def test_a_preset_by_its_name_is_its_values(name: str):
    values = TrainingSettings.model_validate({"preset": name}).model_dump()
    assert {key: values[key] for key in TRAINING_PRESETS[name]} == TRAINING_PRESETS[name]


def test_the_default_preset_changes_nothing():
    assert TRAINING_PRESETS["default"] == {}
    assert TrainingSettings() == TrainingSettings(preset="default")


def test_the_flow_of_2019_had_a_thousand_small_steps():
    flow = TRAINING_PRESETS["flow_2019"]
    assert (flow["rounds"], flow["learning_rate"], flow["max_depth"]) == (1000, 0.025, 4)
