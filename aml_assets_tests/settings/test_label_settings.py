"""When labels are ripe, as settings, and what follows for windows and features."""

import pytest

from aml_assets.errors import SettingsError
from aml_assets.settings.load import settings_of

WITH_DAYS = {"str": {"roles": {"decided_at": "closed_on"}}}


def test_labels_ripen_during_the_delay_before_the_evaluation_window():
    assert settings_of({}).delay_days == 0
    assert settings_of({"labels": {"maturity_days": 30}}).delay_days == 30
    given = settings_of({"labels": {"maturity_days": 30}, "windows": {"delay_days": 7}})
    assert given.delay_days == 7


def test_where_labels_ripen_columns_of_reports_are_features_only_by_name():
    assert settings_of({}).report_features is None
    assert settings_of({"labels": {"known_at_report": ["reason"]}}).report_features is None
    for ripens in ({"labels": {"maturity_days": 1}}, {"tables": WITH_DAYS}):
        assert settings_of(ripens).report_features == ()
    named = settings_of({"labels": {"maturity_days": 1, "known_at_report": ["reason"]}})
    assert named.report_features == ("reason",)


@pytest.mark.parametrize("column", ["label", "closed_on"])
def test_a_decision_is_not_known_at_its_report(column):
    with pytest.raises(SettingsError, match="known_at_report names the column of str's role"):
        settings_of({"tables": WITH_DAYS, "labels": {"known_at_report": [column]}})
