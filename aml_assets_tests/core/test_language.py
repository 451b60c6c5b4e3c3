"""Languages: their texts, numbers and days, and catalogs that are whole."""

import datetime as dt
import re
from typing import Any

import pytest

from aml_assets.core.language import ENGLISH, Language, message
from aml_assets.settings.page_settings import LanguageCode
from aml_assets_tests.messages import FOLDER, TRANSLATED, extracted, stored

CHINESE = Language("zh")
PLACEHOLDER = re.compile(r"%\(\w+\)s|\{\w+\}|%%|</?\w+(?: \w+=[^>]*)?>|\bcounter\(\w+\)")
SETTINGS = re.compile(r"<code>.*?</code>|tables\.\S+\.kinds|(?:labels|governance)\.\w+")
LETTERS = re.compile(r"[A-Za-z]{2,}")
NAMES = {
    *("AUC", "PSI", "ROC", "CSV", "Brier", "DeLong", "Boyd", "Wilson", "EEEE", "SUCCESS", "UTC"),
    *("Katz", "SHA"),
    *("Fraud", "Detection", "Handbook"),
}
"""What is called so in Chinese, too."""


def texts(entry: Any) -> tuple[str, ...]:
    """A message or a translation in its forms by number."""
    return (entry,) if isinstance(entry, str) else tuple(entry or ("",))


def test_every_language_of_the_settings_has_a_catalog_and_no_other_has():
    codes = LanguageCode.__args__  # type: ignore[attr-defined]
    assert {path.stem for path in FOLDER.glob("*.po")} == {*codes} == {"en", *TRANSLATED}


def test_english_is_translated_by_nothing():
    assert [entry.id for entry in stored("en") if entry.id] == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_catalog_has_each_message_of_the_code_translated_once_and_nothing_else(language):
    """Run ``python -m aml_assets_tests.messages``, and fill in what it adds, where this fails."""
    catalog = stored(language)
    known = {(entry.context, texts(entry.id)): entry for entry in catalog if entry.id}
    said = {(entry.context, texts(entry.id)) for entry in extracted() if entry.id}
    assert said - known.keys() == set(), f"not in {language}.po"
    assert known.keys() - said == set(), f"said by nothing, and in {language}.po"
    assert not catalog.obsolete
    untranslated = [ids for (_, ids), entry in known.items() if not all(texts(entry.string))]
    assert untranslated == []
    assert [ids for (_, ids), entry in known.items() if entry.fuzzy] == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_translation_has_the_placeholders_of_its_message(language):
    wrong = {}
    for entry in stored(language):
        if not entry.id:
            continue
        wanted = {*PLACEHOLDER.findall(texts(entry.id)[-1])}
        for text in texts(entry.string):
            if {*PLACEHOLDER.findall(text)} != wanted:
                wrong[text] = wanted
    assert wrong == {}


def test_chinese_has_latin_letters_only_in_names_placeholders_and_settings():
    left = {}
    for entry in stored("zh"):
        for text in texts(entry.string) if entry.id else ():
            plain = SETTINGS.sub("", text)
            if found := {*LETTERS.findall(PLACEHOLDER.sub("", plain))} - NAMES:
                left[text] = found
    assert left == {}


def test_a_message_is_filled_in_and_what_fills_it_is_no_message():
    assert ENGLISH.say("the {side} paid", side="{payer}") == "the {payer} paid"
    assert CHINESE.say("{name} is missing", name="x{y}") == "x{y} 缺失"
    assert CHINESE.say("nobody's {words} of ours") == "nobody's {words} of ours"
    assert CHINESE.say("") == ""
    assert message("payer") == "payer"


def test_a_number_of_things_takes_the_form_that_its_language_has():
    days = ("{number} day", "{number} days")
    assert [ENGLISH.counted(*days, n) for n in (0, 1, 1200)] == ["0 days", "1 day", "1,200 days"]
    assert [CHINESE.counted(*days, n) for n in (0, 1, 1200)] == ["0 天", "1 天", "1,200 天"]


@pytest.mark.parametrize(
    ("day", "english", "chinese"),
    [
        (dt.date(2024, 3, 5), "Tuesday 5 March 2024", "2024年3月5日 星期二"),
        (dt.date(2024, 2, 29), "Thursday 29 February 2024", "2024年2月29日 星期四"),
        (dt.date(2023, 12, 31), "Sunday 31 December 2023", "2023年12月31日 星期日"),
    ],
)
def test_a_day_is_spelt_in_the_readers_words(day, english, chinese):
    assert ENGLISH.spelt(day) == english
    assert CHINESE.spelt(day) == chinese
    assert CHINESE.weekday(day) == chinese.split()[1]


def test_numbers_are_rounded_as_ever_and_percentages_stand_as_the_language_has_them():
    for language in (ENGLISH, CHINESE):
        assert language.whole(1234567) == "1,234,567"
        assert language.fixed(0.0005) == f"{0.0005:.3f}"
        assert language.fixed(-2.5, 0) == "-2"
    assert ENGLISH.percent("99.9") == "99.9\u00a0%"
    assert CHINESE.percent("99.9") == "99.9%"


def test_a_language_is_named_as_html_names_it():
    assert ENGLISH.tag == "en"
    assert CHINESE.tag == "zh-Hans-CN"
