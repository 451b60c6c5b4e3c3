"""Docstrings, comments and texts of the package hold no word that docs/glossary.md avoids."""

import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

ALLOWED = {
    ("cli/demo/behaviour.py", "standing"),  # a standing order is a bank's word
    ("cli/demo/behaviour.py", "spread"),  # the parameter's name
    ("core/pages/alert_page.py", "chosen"),  # the template's name for it
    ("core/pages/model_page.py", "spread"),  # a heading in stored pages, whose bytes stay
}


def avoided() -> list[str]:
    """The entries of the column *avoid* that hold without a remark in parentheses."""
    words: list[str] = []
    for line in (ROOT / "docs/glossary.md").read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if len(cells) == 4 and cells[0] not in ("term", "---"):
            words += [word.strip() for word in cells[3].split(",")]
    return [word for word in words if word and not set("()`") & set(word)]


def terms() -> list[str]:
    """The column *term*."""
    lines = (ROOT / "docs/glossary.md").read_text(encoding="utf-8").splitlines()
    rows = [line.split("|") for line in lines if line.startswith("| ") and line.count("|") == 5]
    return [cells[1].strip() for cells in rows if cells[1].strip() != "term"]


def test_a_term_has_one_row_and_a_word_with_two_meanings_says_of_what():
    found = terms()
    assert len(found) > 150
    assert len(set(found)) == len(found)
    assert not {term for term in found if any(each.startswith(f"{term} (of") for each in found)}


def texts(path: Path) -> Iterator[str]:
    source = io.StringIO(path.read_text(encoding="utf-8"))
    for token in tokenize.generate_tokens(source.readline):
        if token.type in (tokenize.COMMENT, tokenize.STRING):
            yield token.string


def test_no_text_of_the_package_uses_an_avoided_word():
    words = avoided()
    assert {"glance", "waves", "overlook"} <= set(words)
    pattern = re.compile(rf"(?<![\w/.`])({'|'.join(map(re.escape, words))})(?![\w/`])", re.I)
    found = {
        (path.relative_to(ROOT / "aml_assets").as_posix(), match[1].lower())
        for path in sorted((ROOT / "aml_assets").rglob("*.py"))
        for text in texts(path)
        for match in pattern.finditer(text)
    }
    assert found == ALLOWED
