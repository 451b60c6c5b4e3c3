"""Every section refuses unknown keys and changes, so no misspelt setting goes unnoticed."""

import pytest
from pydantic import BaseModel, ValidationError

from aml_assets.settings.load import Settings
from aml_assets.settings.section import Section


class Example(Section):
    size: int = 1


def test_an_unknown_key_is_refused():
    with pytest.raises(ValidationError, match="sise"):
        Example.model_validate({"sise": 2})


def test_a_value_cannot_be_changed():
    with pytest.raises(ValidationError, match="frozen"):
        Example().size = 2  # type: ignore[misc]


def test_every_section_of_the_settings_is_one():
    defaults = Settings()
    sections = [value for _, value in defaults if isinstance(value, BaseModel)]
    assert len(sections) >= 13
    assert all(isinstance(section, Section) for section in sections)
