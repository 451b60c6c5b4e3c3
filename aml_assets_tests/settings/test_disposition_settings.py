"""What a disposition must bring, as settings."""

import pytest

from aml_assets.errors import SettingsError
from aml_assets.settings.load import settings_of


def test_any_reason_of_one_person_will_do_unless_the_bank_wants_more():
    default = settings_of({}).dispositions
    assert (default.four_eyes, default.reasons) == (False, ())
    strict = settings_of({"dispositions": {"four_eyes": True, "reasons": ["R1", "not ours"]}})
    assert strict.dispositions.reasons == ("R1", "not ours")


@pytest.mark.parametrize("code", ["", " R1", "R1 ", "x" * 65])
def test_a_code_is_a_word_that_a_person_can_type(code):
    with pytest.raises(SettingsError):
        settings_of({"dispositions": {"reasons": [code]}})
