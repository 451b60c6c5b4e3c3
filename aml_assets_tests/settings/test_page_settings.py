"""Pages show at least one row of each kind; their section keeps the key that users wrote down."""

import pytest
from pydantic import ValidationError

from aml_assets.settings.load import settings_of
from aml_assets.settings.page_settings import OutputSettings, PageSettings


def test_the_sections_are_called_reports_and_output():
    settings = settings_of({"reports": {"alerts": 5}, "output": {"style": "legacy"}})
    assert settings.reports == PageSettings(alerts=5)
    assert settings.output == OutputSettings(style="legacy")


@pytest.mark.parametrize("name", ["alerts", "reasons", "history_days"])
def test_a_page_of_nothing_is_refused(name: str):
    with pytest.raises(ValidationError, match=name):
        PageSettings.model_validate({name: 0})
