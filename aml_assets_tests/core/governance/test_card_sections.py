"""The model card in words: what each section says, as Markdown, and in Chinese."""

import re
from dataclasses import replace

import pytest

from aml_assets.core.governance.card_markdown import to_markdown
from aml_assets.core.governance.card_sections import sections
from aml_assets.core.language import Language
from aml_assets_tests.core.governance.test_model_card import APPROVED, CARD


def said(card=CARD, language: Language | None = None) -> dict[str, str]:
    return {each.name: str(each) for each in sections(card, language or Language())}


def test_every_part_of_a_card_has_a_section():
    assert list(said()) == [
        "purpose", "data", "labels", "software", "features", "figures", "parts", "protected",
        "comparison", "drift", "robustness", "limits", "approval",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("section", "text"),
    [
        ("purpose", "high"),
        ("data", "over the digests of 1 days"),
        ("labels", "with the report"),
        ("software", "not known: 2.4.6 is installed now"),
        ("figures", "0.800 (0.700 … 0.900)"),
        ("figures", "20 a day of paying accounts"),
        ("protected", "1.50 (0.80 … 2.80)"),
        ("protected", "other (few)"),
        ("drift", "new values"),
        ("robustness", "not run"),
        ("approval", "does not say that anybody approved"),
    ],
)
def test_a_section_says_what_the_card_holds(section: str, text: str):
    assert text in said()[section]


def test_what_the_bank_did_not_say_is_called_that_and_who_approved_stands_by_name():
    bare = replace(CARD, purpose=None, tier=None, known_by=None, protected=(), segments=())
    found = said(replace(bare, approval=APPROVED, robustness={"split amounts": 0.4}))
    assert "not stated (governance.purpose)" in found["purpose"]
    assert "No column is named as protected" in found["protected"]
    assert "0.400" in found["robustness"]
    assert "Ada" in found["approval"]
    assert "recall 0.4" in found["approval"]
    line = {"maturity_days": 7, "four_eyes": True, "line": {"horizon_days": 14}}
    labels = said(replace(CARD, labels=line))["labels"]
    assert "7 days after the report" in labels
    assert "a suspicious report within 14 days after" in labels


def test_markdown_has_a_row_a_line_and_nothing_in_a_text_is_mark_up():
    text = to_markdown(CARD)
    assert text.startswith("# Model card of m\\_2024-03-10\n\n## Purpose and materiality\n")
    assert "Ranks reports for \\*investigators\\*." in text
    assert "| Bern\\|\\<b\\> | 40 | 8 |" in text
    tables = re.findall(r"^\|.*\|$", text, re.MULTILINE)
    assert all(len(re.findall(r"(?<!\\)\|", row)) > 2 for row in tables)
    assert text == to_markdown(CARD)


def test_a_chinese_card_has_no_english_words_but_names():
    names = {"m", "trx", "amount", "channel", "retail", "city", "name", "b", "Bern", "xgboost"}
    names |= {"numpy", "sha256", "seed", "max", "bin", "last", "PSI", "AUC", "Brier", "Katz"}
    names |= {"wheel", "pip", "Ranks", "reports", "for", "investigators", "Figures", "are", "rough"}
    names |= {"governance", "protected", "SHA", "as", "purpose"}
    markdown = to_markdown(CARD, Language("zh")).replace("\\", "")
    text = re.sub(r"\b(?=\w*\d)[\w.-]+|(ab|cd|ef){32}", " ", markdown)
    assert set(re.findall("[A-Za-z]+", text)) <= names
