"""The pages in Chinese, in a browser: their letters, their lines, on screen and on paper.

Belongs here: what a person sees, and what scripts say. Does not belong here: what else is said
(`core/pages/test_chinese`).
"""

import csv
import shutil
import subprocess
from pathlib import Path

import pytest

from aml_assets_tests.browser.conftest import Tab
from aml_assets_tests.core.pages import test_chinese, test_chinese_alerts
from aml_assets_tests.core.pages.test_chinese_alerts import foreign
from aml_assets_tests.requirements import require

FONT = Path("/usr/share/fonts/truetype/wqy/wqy-microhei.ttc")
SHOWN = {name: test_chinese.VARIANTS[name] for name in ("reports", "customers", "unripe")} | {
    "alerts": test_chinese_alerts.page
}
TEXTS = """
() => {
  // All that a person reads, or has read out; neither code nor style.
  const found = [], texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const node = texts.currentNode;
    if (!node.parentElement.closest("script, style, code")) found.push(node.data);
  }
  for (const name of ["title", "aria-label", "placeholder"]) {
    for (const each of document.querySelectorAll(`[${name}]`)) found.push(each.getAttribute(name));
  }
  return found;
}
"""

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
    for name, page in SHOWN.items():
        found[name] = folder / f"{name}.html"
        found[name].write_text(page().to_html(), encoding="utf-8")
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


@pytest.mark.parametrize(("name", "words"), [("reports", "模型表现"), ("alerts", "积压案件")])
def test_a_print_has_chinese_page_numbers_and_wide_tables_fit(
    offline: Tab, files: dict[str, Path], tmp_path: Path, name: str, words: str
):
    require(shutil.which("pdftotext") is not None, "pdftotext (poppler-utils)")
    page = offline.page
    page.goto(files[name].as_uri())
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
    assert words in text.stdout


def test_what_the_script_shows_is_chinese_and_what_it_exports_is_for_programs(
    offline: Tab, files: dict[str, Path]
):
    page = offline.page
    page.goto(files["alerts"].as_uri())
    assert page.locator("#shown").text_content() == "全部 4 个案件，未筛选"
    page.get_by_label("标出随机抽样").check()
    for place in (1, 2, 4):
        page.get_by_role("button", name=f"案件 {place}", exact=True).click()
    page.locator("#detail-1 details summary").first.click()
    page.get_by_label("判定案件 1", exact=True).select_option("排除可疑")
    assert page.locator("#send").text_content() == "2 项判定中有 2 项待填理由"
    page.get_by_label("案件 1：判定理由", exact=True).select_option("R1")
    texts = page.evaluate(TEXTS)
    assert len(texts) > 300
    assert foreign(texts) == {}
    assert page.evaluate(BROKEN) == []
    with page.expect_download() as download:
        page.get_by_role("button", name="导出 2 项判定").click()
    lines = download.value.path().read_text("utf-8-sig").splitlines()
    assert lines[0] == '"day","trx_id","ins_id","customer","disposition","reason","note"'
    assert ['"not_suspicious","R1"' in each for each in lines[1:]] == [True, True]

    page.locator("#filter-decision").select_option("可疑")
    page.get_by_label("金额不低于").fill("0")
    page.get_by_role("button", name="评分").click()
    said = "4 个案件中的 1 个，筛选条件：可疑、金额不低于 0；按评分降序"
    assert page.locator("#shown").text_content() == said
    with page.expect_download() as download:
        page.get_by_role("button", name="导出 CSV").click()
    rows = list(csv.DictReader(download.value.path().read_text("utf-8-sig").splitlines()))
    assert [(row["in_queue"], row["decision"]) for row in rows] == [
        ("yes", "suspicious"),
        ("yes", "cleared"),
    ]
    assert offline.complaints == []
