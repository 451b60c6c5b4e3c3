"""A pinned model goes with the policy that uses it."""

import pytest
from pydantic import ValidationError

from aml_assets.settings.scoring_settings import ScoringSettings


@pytest.mark.parametrize("half", [{"pinned_model": "m"}, {"model_policy": "pinned"}])
def test_a_pin_without_its_policy_and_a_policy_without_its_pin_are_refused(half: dict[str, str]):
    with pytest.raises(ValidationError, match="go together"):
        ScoringSettings.model_validate(half)
    pinned = ScoringSettings(model_policy="pinned", pinned_model="m")
    assert (pinned.model_policy, pinned.pinned_model) == ("pinned", "m")


def test_a_threshold_is_a_score():
    with pytest.raises(ValidationError, match="threshold"):
        ScoringSettings(threshold=1.1)
