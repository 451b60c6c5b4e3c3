"""What the bank says of its models: refused where it cannot be meant."""

from typing import Any

import pytest

from aml_assets.errors import SettingsError
from aml_assets.settings.load import settings_of


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"tier": "huge"}, r"governance\.tier"),
        ({"purpose": ""}, r"governance\.purpose"),
        ({"fewest": 1}, r"governance\.fewest"),
        ({"protected": ["age"]}, r"write 'age' as table\.column"),
        ({"protected": ["retial.age"]}, r"governance\.protected: retial\.age: there is no table"),
        ({"segments": ["retial.age"]}, r"governance\.segments: retial\.age: there is no table"),
        ({"protected_as_features": False}, r"needs governance\.protected"),
    ],
)
def test_what_cannot_be_meant_is_refused(wrong: dict[str, Any], sentence: str):
    with pytest.raises(SettingsError, match=sentence):
        settings_of({"governance": wrong})


def test_a_protected_column_is_withheld_only_where_the_bank_says_so():
    given = {"protected": ["retail.age"]}
    assert settings_of({"governance": given}).governance.withheld == []
    given |= {"protected_as_features": False}  # type: ignore[dict-item]
    assert settings_of({"governance": given}).governance.withheld == [("retail", "age")]


def test_a_column_that_is_never_read_cannot_be_protected():
    tables = {"retail": {"exclude": ["age"]}}
    with pytest.raises(SettingsError, match=r"tables\.retail\.exclude leaves it out"):
        settings_of({"tables": tables, "governance": {"protected": ["retail.age"]}})
