"""The budget of drift's false alarms as a setting."""

import pytest

from aml_assets.errors import SettingsError
from aml_assets.settings.load import settings_of


@pytest.mark.parametrize("wrong", [0, -1, 101, True])
def test_a_budget_without_alarms_or_with_more_than_anybody_reads_is_refused(wrong):
    with pytest.raises(SettingsError, match=r"drift\.false_alarms_per_quarter"):
        settings_of({"drift": {"false_alarms_per_quarter": wrong}})


def test_by_default_ten_quarters_share_one_false_alarm():
    assert settings_of({}).drift.false_alarms_per_quarter == 0.1
