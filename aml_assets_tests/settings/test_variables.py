"""Variables of the environment: each reaches the place that it names, or is named itself."""

import pytest

from aml_assets.errors import SettingsError
from aml_assets.settings.load import Settings
from aml_assets.settings.variables import values_of_variables


def test_section_and_setting_are_read_and_the_variable_is_known(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AML_WINDOWS__FIXED__TRAIN_START", "2024-01-01")
    values, names = values_of_variables(Settings, {})
    assert values == {"windows": {"fixed": {"train_start": "2024-01-01"}}}
    assert names["windows", "fixed", "train_start"] == "AML_WINDOWS__FIXED__TRAIN_START"


def test_a_key_means_the_files_one_or_a_spelling_of_its_own(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AML_TABLES__PAYMENTS__PATH", "a")
    monkeypatch.setenv("AML_TABLES__RETAIL__PATH", "b")
    monkeypatch.setenv("AML_TABLES__TRX__KINDS__Betrag", "numeric")
    monkeypatch.setenv("AML_HDFS__CLIENT__dfs.ha.namenodes.BankNS", "nn1,nn2")
    values, _ = values_of_variables(Settings, {"tables": {"Payments": {"path": "x"}}})
    assert values["tables"]["Payments"] == {"path": "a"}
    assert values["tables"]["retail"] == {"path": "b"}
    assert values["tables"]["trx"] == {"kinds": {"Betrag": "numeric"}}
    assert values["hdfs"]["client"] == {"dfs.ha.namenodes.BankNS": "nn1,nn2"}


@pytest.mark.parametrize(
    ("variable", "text", "what"),
    [
        ("AML_HDFS__CLIENT", "{bad", "is no JSON"),
        ("AML_WINDOWS", "{", "is no JSON"),
        ("AML_WINDOWS", "[" * 100_000, "is no JSON"),
        ("AML_ALARMS__KINDS", "retry", "is no JSON"),
        ("AML_TABLES", '{"trx": {"path": "a", "path": "b"}}', "has the key 'path' twice"),
    ],
)
def test_json_that_loses_something_is_refused_by_the_variables_name(
    monkeypatch: pytest.MonkeyPatch, variable: str, text: str, what: str
):
    monkeypatch.setenv(variable, text)
    with pytest.raises(SettingsError, match=f"environment variable {variable}: its text {what}"):
        values_of_variables(Settings, {})


@pytest.mark.parametrize(
    ("around", "text", "within"),
    [
        ("AML_STORE", "null", "AML_STORE__URL"),
        ("AML_STORE", "[1]", "AML_STORE__URL"),
        ("AML_TABLES__RETAIL", "null", "AML_TABLES__RETAIL__PATH"),
        ("AML_WINDOWS__TRAIN_DAYS", "3", "AML_WINDOWS__TRAIN_DAYS__MOST"),
    ],
)
def test_a_variable_that_another_one_hides_is_named_with_it(
    monkeypatch: pytest.MonkeyPatch, around: str, text: str, within: str
):
    monkeypatch.setenv(around, text)
    monkeypatch.setenv(within, "x")
    with pytest.raises(SettingsError, match=f"{within} has no effect beside {around},"):
        values_of_variables(Settings, {})


def test_a_section_that_a_variable_gives_as_null_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AML_STORE", "null")
    with pytest.raises(SettingsError, match="AML_STORE has no effect"):
        values_of_variables(Settings, {})


def test_a_variable_may_correct_what_is_no_mapping_in_the_file(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AML_TABLES__RETAIL__PATH", "b")
    values, _ = values_of_variables(Settings, {"tables": 5})
    assert values == {"tables": {"retail": {"path": "b"}}}


def test_two_variables_for_one_setting_are_both_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AML_WINDOWS__TRAIN_DAYS", "3")
    monkeypatch.setenv("AML_WINDOWS__train_days", "4")
    with pytest.raises(SettingsError, match="AML_WINDOWS__train_days set the same"):
        values_of_variables(Settings, {})
