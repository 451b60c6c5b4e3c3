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


def test_the_banks_words_mean_a_disposition_of_ours_and_one_word_means_no_two():
    words = {"suspicious": ["SAR", "SAR late"], "needs_more": ["open"]}
    found = settings_of({"dispositions": {"words": words}}).dispositions
    meant = [found.meaning(word) for word in ("SAR late", "open", "suspicious", "closed")]
    assert meant == ["suspicious", "needs_more", "suspicious", "closed"]
    with pytest.raises(SettingsError, match="one word stands for two dispositions"):
        settings_of({"dispositions": {"words": {"suspicious": ["x"], "not_suspicious": ["x"]}}})
    with pytest.raises(SettingsError):
        settings_of({"dispositions": {"words": {"guilty": ["x"]}}})
