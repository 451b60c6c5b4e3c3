"""Sentences that are stored in English, told in the reader's language."""

from hypothesis import given
from hypothesis import strategies as st

from aml_assets.core.language import ENGLISH, Language
from aml_assets.core.model.ruled_out import TOO_DISTINCT
from aml_assets.core.model.scoring import LOOKS_AHEAD, NEWEST
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


def test_why_a_model_scored_the_day_is_told_with_its_age_or_what_it_knows():
    assert retold(NEWEST.format(age=2), CHINESE) == "2 天前的最新模型"
    told = retold(LOOKS_AHEAD.format(last="2024-03-01", why="(audit); asked"), CHINESE)
    assert told == "固定模型（使用了未来数据：已学习截至 2024-03-01 的数据；(audit); asked）"
