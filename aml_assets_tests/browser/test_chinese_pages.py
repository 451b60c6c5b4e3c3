"""The model page in Chinese, in a browser: its letters, its lines, on screen and on paper.

Belongs here: what a person sees. Does not belong here: what is said (`core/pages/test_chinese`).
"""

import shutil
import subprocess
from pathlib import Path

import pytest

from aml_assets_tests.browser.conftest import Tab
from aml_assets_tests.core.pages.test_chinese import VARIANTS
from aml_assets_tests.requirements import require

FONT = Path("/usr/share/fonts/truetype/wqy/wqy-microhei.ttc")
SHOWN = ["reports", "customers", "unripe"]

BROKEN = r"""
() => {
  // Days, ids and numbers that stand on two lines.
  const found = [];
  const texts = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const node = texts.currentNode;
    if (node.parentElement.closest("svg, .id, code")) continue;
    for (const each of node.data.matchAll(/[A-Za-z0-9][A-Za-z0-9_.,%-]{2,24}/g)) {
      const range = document.createRange();
      range.setStart(node, each.index);
      range.setEnd(node, each.index + each[0].length);
      const lines = new Set([...range.getClientRects()].map((box) => Math.round(box.top)));
      if (lines.size > 1) found.push(each[0]);
    }
  }
  return found;
}
"""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    require(FONT.exists(), "fonts-wqy-microhei")
    folder = tmp_path_factory.mktemp("chinese")
    found = {}
    for name in SHOWN:
        found[name] = folder / f"{name}.html"
        found[name].write_text(VARIANTS[name]().to_html(), encoding="utf-8")
    return found


@pytest.mark.parametrize("width", [1366, 800, 390])
@pytest.mark.parametrize("name", SHOWN)
def test_the_page_fits_every_window_and_breaks_no_number(
    offline: Tab, files: dict[str, Path], name: str, width: int
):
    page = offline.page
    page.set_viewport_size({"width": width, "height": 768})
    page.goto(files[name].as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(BROKEN) == []
    assert offline.complaints == []


def test_no_line_of_a_chinese_text_begins_with_a_mark_that_ends_something(
    offline: Tab, files: dict[str, Path]
):
    page = offline.page
    for width in (1366, 390):
        page.set_viewport_size({"width": width, "height": 768})
        page.goto(files["reports"].as_uri())
        first = page.evaluate(r"""
        () => [...document.querySelectorAll("p, figcaption, li")].flatMap((block) => {
          const texts = document.createTreeWalker(block, NodeFilter.SHOW_TEXT), begun = [];
          let line = null;
          while (texts.nextNode()) {
            const node = texts.currentNode;
            for (let at = 0; at < node.length; at++) {
              const range = document.createRange();
              range.setStart(node, at);
              range.setEnd(node, at + 1);
              const box = range.getClientRects()[0];
              if (!box || !node.data[at].trim()) continue;
              if (line !== null && box.top > line + 4) begun.push(node.data[at]);
              line = line === null ? box.top : Math.max(line, box.top);
            }
          }
          return begun;
        })""")
        assert len(first) > 5
        assert [letter for letter in first if letter in "，。、；：！？）》”%"] == []


def test_chinese_letters_come_from_a_chinese_font(offline: Tab, files: dict[str, Path]):
    page = offline.page
    page.goto(files["reports"].as_uri())
    session = page.context.new_cdp_session(page)
    session.send("DOM.enable")
    session.send("CSS.enable")
    root = session.send("DOM.getDocument")["root"]["nodeId"]
    for selector in ("h1", "#figures td.note", "#history text.ink", "footer p"):
        node = session.send("DOM.querySelector", {"nodeId": root, "selector": selector})["nodeId"]
        fonts = session.send("CSS.getPlatformFontsForNode", {"nodeId": node})["fonts"]
        assert "WenQuanYi Micro Hei" in {each["familyName"] for each in fonts}, selector
    assert page.evaluate("getComputedStyle(document.querySelector('.none')).fontStyle") == "normal"


def test_a_print_has_chinese_page_numbers_and_wide_tables_fit(
    offline: Tab, files: dict[str, Path], tmp_path: Path
):
    require(shutil.which("pdftotext") is not None, "pdftotext (poppler-utils)")
    page = offline.page
    page.goto(files["reports"].as_uri())
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 1040, "height": 700})  # A4 across, within its margins
    assert page.evaluate("document.documentElement.scrollWidth") <= 1040
    assert page.evaluate(BROKEN) == []
    paper = tmp_path / "page.pdf"
    page.pdf(path=str(paper), prefer_css_page_size=True)
    text = subprocess.run(
        ["pdftotext", str(paper), "-"], capture_output=True, text=True, check=True
    )
    assert "第 1 页，共" in text.stdout
    assert "模型表现" in text.stdout
