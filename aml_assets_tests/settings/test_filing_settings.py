"""Packs for filing as settings."""

import pytest
from pydantic import ValidationError

from aml_assets.settings.load import load_settings


def test_codes_are_texts_by_column_and_value():
    filing = load_settings(
        filing={"columns": {"amount": "JYJE"}, "values": {"channel": {"ATM": "11"}}}
    ).filing
    assert filing.columns == {"amount": "JYJE"}
    assert filing.values == {"channel": {"ATM": "11"}}


def test_a_code_is_not_empty():
    with pytest.raises((ValidationError, Exception), match="at least 1 character"):
        load_settings(filing={"columns": {"amount": ""}})
