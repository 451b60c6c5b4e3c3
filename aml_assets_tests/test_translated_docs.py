"""The Chinese pages say what the English ones say: the same headings, settings, commands and links.

Belongs here: what two pages of different languages have in common. Does not belong here: whether a
link leads somewhere (`test_docs`), or a command works (`cli/test_printed_commands`).
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
TRANSLATED: Mapping[str, str] = {
    "README.md": "README.zh-CN.md",
    **{f"docs/{page.name}": f"docs/zh/{page.name}" for page in (ROOT / "docs/zh").glob("*.md")},
}
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)
COMMENT = re.compile(r"(^|\s)# .*$", re.MULTILINE)
LINK = re.compile(r"\]\(([^)\s]+)\)")


@dataclass(frozen=True)
class Section:
    """What stands below one heading, before the next one.

    Attributes:
        heading: its text; "" of what stands before the first one.
        level: of the heading.
        blocks: what is shown as code, without comments.
        code: what stands as code within the text: settings, commands, paths.
        links: where links lead, each page by its name, whatever its language.
        rows: the number of rows of tables.
    """

    heading: str
    level: int
    blocks: list[str]
    code: Counter[str]
    links: Counter[str]
    rows: int


def sections(page: Path) -> list[Section]:
    text, found = page.read_text("utf-8"), list[Section]()
    blocks = [COMMENT.sub("", body) for _, body in BLOCK.findall(text)]
    text = re.sub(r"<!--.*?-->", "", BLOCK.sub("\n@block\n", text), flags=re.DOTALL)
    for part in re.split(r"^(?=#+ )", text, flags=re.MULTILINE):
        marks, heading = re.match(r"(#*) ?(.*)", part).groups()  # type: ignore[union-attr]
        mine = [blocks.pop(0) for _ in re.findall("^@block$", part, re.MULTILINE)]
        lines = [re.sub(r"\s+", " ", line).rstrip() for line in "".join(mine).splitlines()]
        found.append(
            Section(
                heading=heading if marks else "",
                level=len(marks),
                blocks=[line for line in lines if line],
                code=Counter(re.findall(r"`([^`]+)`", part.replace("\n", " "))),
                links=Counter(targets(page, part)),
                rows=len(re.findall(r"^\|", part, re.MULTILINE)),
            )
        )
    return found


def targets(page: Path, part: str) -> Iterator[str]:
    """Where links lead; that to the same page in the other language is left out."""
    for link in LINK.findall(part):
        path, _, anchor = link.partition("#")
        if link.startswith("http"):
            yield link
            continue
        target = str((page.parent / path).resolve().relative_to(ROOT)) if path else page.name
        name = target.replace("docs/zh/", "docs/").replace("README.zh-CN", "README")
        if (page.name, path) not in OTHER_LANGUAGE:
            yield f"{Path(name).name if not path else name}#{anchor}"


OTHER_LANGUAGE = {
    *(("README.md", "README.zh-CN.md"), ("README.zh-CN.md", "README.md")),
    *((Path(each).name, f"zh/{Path(each).name}") for each in TRANSLATED),
    *((Path(each).name, f"../{Path(each).name}") for each in TRANSLATED),
}


@pytest.mark.parametrize("english", TRANSLATED)
def test_a_chinese_page_has_the_headings_settings_commands_and_links_of_the_english_one(english):
    chinese = TRANSLATED[english]
    pairs = sections(ROOT / english), sections(ROOT / chinese)
    levels = [[each.level for each in page] for page in pairs]
    for mine, other in zip(*pairs, strict=False):
        where = f"{chinese}, {other.heading!r}, which is {mine.heading!r} in {english}"
        assert mine.level == other.level, f"another level of heading: {where}"
        assert other.blocks == mine.blocks, f"other commands are shown: {where}"
        assert other.code == mine.code, f"other settings or commands are named: {where}"
        assert other.links == mine.links, f"links lead elsewhere: {where}"
        assert other.rows == mine.rows, f"a table has other rows: {where}"
    last = pairs[len(levels[1]) > len(levels[0])][min(map(len, levels)) - 1].heading
    assert levels[0] == levels[1], f"{chinese}: headings are missing, or too many, after {last!r}"


@pytest.mark.parametrize("english", TRANSLATED)
def test_each_page_links_to_the_other_language_below_its_title(english):
    here, there = ROOT / english, ROOT / TRANSLATED[english]
    for page, other in ((here, there), (there, here)):
        found = LINK.search(page.read_text("utf-8").splitlines()[2])
        assert found, page
        assert (page.parent / found[1]).resolve() == other


@pytest.mark.parametrize("chinese", TRANSLATED.values())
def test_a_chinese_page_is_written_in_chinese(chinese):
    text = BLOCK.sub("", (ROOT / chinese).read_text("utf-8"))
    text = re.sub(r"`[^`]*`|\]\([^)]*\)|<[^>]*>|https?://\S+", "", text)
    letters, latin = len(re.findall("[一-鿿]", text)), len(re.findall("[A-Za-z]", text))
    assert letters > 500
    assert latin < letters


def test_a_difference_is_told_by_the_file_and_its_heading(tmp_path, monkeypatch):
    text = (ROOT / "docs/first-night.md").read_text("utf-8")
    (tmp_path / "docs/zh").mkdir(parents=True)
    (tmp_path / "docs/first-night.md").write_text(text, "utf-8")
    changed = {
        "other commands": text.replace("--select tables\n", "--select table\n"),
        "other settings": text.replace("`aml status` prints", "It prints"),
        "another level": text.replace("## 2.", "### 2."),
        "links lead elsewhere": text.replace("(configuration.md#tables)", "(configuration.md)"),
        "are missing, or too many": text + "\n## More\n",
    }
    monkeypatch.setitem(globals(), "ROOT", tmp_path)
    for sentence, chinese in changed.items():
        moved = chinese.replace("](zh/", "](").replace("](", "](../")
        (tmp_path / "docs/zh/first-night.md").write_text(moved, "utf-8")
        with pytest.raises(AssertionError, match=sentence) as told:
            test_a_chinese_page_has_the_headings_settings_commands_and_links_of_the_english_one(
                "docs/first-night.md"
            )
        assert "docs/zh/first-night.md" in str(told.value)
