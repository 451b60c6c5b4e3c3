"""Terms by kind of asset: none by default, and what makes no sense is refused."""

from typing import Any

import pytest

from aml_assets.errors import SettingsError
from aml_assets.settings.load import settings_of


def test_nothing_has_a_term_by_default():
    assert settings_of({}).retention.years == {}


@pytest.mark.parametrize(
    ("years", "sentence"),
    [
        ({"table": 10}, "retention.years.table"),
        ({"ledger": 10}, "retention.years.ledger"),
        ({"tables": -1}, "greater than or equal to 1"),
        ({"tables": 0}, "greater than or equal to 1"),
        ({"tables": 101}, "less than or equal to 100"),
        ({"tables": True}, "no truth value"),
    ],
)
def test_a_term_that_makes_no_sense_is_refused(years: dict[str, Any], sentence: str):
    with pytest.raises(SettingsError, match=sentence):
        settings_of({"retention": {"years": years}})
