"""Sentences that are stored in English, told in the reader's language."""

from hypothesis import given
from hypothesis import strategies as st

from aml_assets.core.language import ENGLISH, Language
from aml_assets.core.model.ruled_out import TOO_DISTINCT
from aml_assets.core.pages.stored_sentences import retold

CHINESE = Language("zh")


@given(st.text(st.characters(codec="utf-8"), min_size=1))
def test_english_is_told_as_it_is_stored_whatever_the_tables_name(table):
    sentence = TOO_DISTINCT.format(share="87%", table=table)
    assert retold(sentence, ENGLISH) == sentence
    assert f"tables.{table}.kinds" in retold(sentence, CHINESE)


def test_a_sentence_of_ours_is_translated_and_any_other_stays():
    assert retold("an id", CHINESE) == "标识符"
    assert retold("It is gone.", CHINESE) == "It is gone."
