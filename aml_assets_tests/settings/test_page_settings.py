"""Pages show at least one row of each kind; their section keeps the key that users wrote down."""

import pytest
from pydantic import ValidationError

from aml_assets.errors import SettingsError
from aml_assets.settings.load import settings_of
from aml_assets.settings.page_settings import OutputSettings, PageSettings


def test_the_sections_are_called_reports_and_output():
    settings = settings_of({"reports": {"alerts": 5}, "output": {"style": "legacy"}})
    assert settings.reports == PageSettings(alerts=5)
    assert settings.output == OutputSettings(style="legacy")


@pytest.mark.parametrize("name", ["alerts", "reasons", "history_days", "budget"])
def test_a_page_of_nothing_is_refused(name: str):
    with pytest.raises(ValidationError, match=name):
        PageSettings.model_validate({name: 0})


@pytest.mark.parametrize("key", ["columns", "segments"])
@pytest.mark.parametrize(
    ("column", "sentence"),
    [
        ("desk", "write 'desk' as table.column"),
        ("trx.", "write 'trx.' as table.column"),
        ("cards.desk", "there is no table 'cards'; tables are trx, str"),
        ("str.note", "tables.str.exclude leaves it out"),
    ],
)
def test_a_column_that_no_page_can_show_is_refused_by_name(key: str, column: str, sentence: str):
    given = {"reports": {key: [column]}, "tables": {"str": {"exclude": ["note"]}}}
    with pytest.raises(SettingsError) as refused:
        settings_of(given)
    assert key in str(refused.value)
    assert sentence in str(refused.value)


def test_the_type_of_reports_is_checked_where_the_bank_names_it():
    left_out = {"tables": {"str": {"exclude": ["report_type"]}}}
    assert settings_of(left_out).reports.types == "str.report_type"  # no bank's choice
    for given in ({"types": "cards.kind"}, {"types": "str.report_type"}):
        with pytest.raises(SettingsError, match=r"reports\.types"):
            settings_of({**left_out, "reports": given})
    assert settings_of({"reports": {"types": None}}).reports.types is None


def test_the_language_is_one_that_has_a_catalog_and_english_unless_chosen():
    assert settings_of({}).reports.language == "en"
    assert settings_of({"reports": {"language": "zh"}}).reports.language == "zh"
    with pytest.raises(ValidationError, match="language"):
        PageSettings(language="fr")  # type: ignore[arg-type]


def test_a_marking_is_one_line():
    with pytest.raises(ValidationError, match="marking"):
        PageSettings(marking="SECRET\nor not")


def test_the_currency_is_a_role():
    settings = settings_of({"tables": {"trx": {"roles": {"currency": "ccy"}}}})
    assert settings.tables["trx"].column("currency") == "ccy"
    assert "ccy" in settings.tables["trx"].required
