"""The two pages of a day, in a browser that has no network.

Belongs here: what a person sees and clicks. Does not belong here: what stands in the pages
(`core/reports`).
"""

import csv
import io
import re
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from aml_assets.core.pages.alert_page import Alert, AlertPage, Party
from aml_assets.core.pages.reasons import Explanation, FamilyReasons, Reason
from aml_assets.steps.deciding import take_dispositions
from aml_assets_tests.browser.conftest import Tab
from aml_assets_tests.conftest import Bank, day, str_columns


@pytest.fixture(scope="module")
def told(built_bank: Bank, tmp_path_factory: pytest.TempPathFactory) -> Bank:
    bank = built_bank.copy_to(tmp_path_factory.mktemp("told"))
    bank.good("daily", 5, only=["reports"])
    return bank


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of 10,000 alerts, with long names, ids and reasons, and columns of the bank's own."""
    folder = tmp_path_factory.mktemp("many")
    (folder / "page.html").write_text(page_of(10_000), encoding="utf-8")
    return folder / "page.html"


@pytest.fixture
def alerts(told: Bank, offline: Tab) -> Tab:
    of = told.catalog.alert_pages
    offline.page.goto((told.store / of.path(day(5))).as_uri())
    return offline


INKS = """() => {
  const behind = (element) => {
    for (let each = element; each; each = each.parentElement) {
      const colour = getComputedStyle(each).backgroundColor;
      if (!colour.endsWith(", 0)")) return colour;
    }
  };
  return [...document.querySelectorAll("body *")]
    .filter((each) => !each.closest("svg, script")
      && [...each.childNodes].some((node) => node.nodeType === 3 && node.data.trim()))
    .map((each) => [each.textContent.slice(0, 40), getComputedStyle(each).color, behind(each)]);
}"""
BORDERS = """() => {
  const paper = getComputedStyle(document.documentElement).backgroundColor;
  const bordered = "input, select, button:not(th button), td, .summary, footer";
  return [...document.querySelectorAll(bordered)]
    .map((each) => [each.tagName, getComputedStyle(each)])
    .filter(([, style]) => parseFloat(style.borderBottomWidth) > 0)
    .map(([tag, style]) => [tag, style.borderBottomColor, paper]);
}"""


def luminance(colour: str) -> float:
    """The relative luminance of a CSS colour, as WCAG 2 defines it."""
    parts = [int(each) / 255 for each in re.findall(r"\d+", colour)[:3]]
    red, green, blue = (
        each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """The contrast of two CSS colours, from 1 to 21."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def page_of(count: int) -> str:
    """A page of alerts that are as wide and as high as alerts get."""
    words = "account opened is 2012-07-10, 1,841 days before the report (96.8 % of training rows"
    reasons = tuple(Reason("a.b", f"{words} are {n} longer ago)", (8 - n) / 4) for n in range(8))
    families = tuple(
        FamilyReasons(name, 1.5, reasons[2 * place : 2 * place + 2])
        for place, name in enumerate(("behaviour of the payer", "go-betweens", "fans", "ranks"))
    )
    one = Alert(
        rank=1, score=0.5, below=0.5, decision="suspicious", key=("1000000000", "1"),
        when="2024-03-05 12:00:00", offset="+01:00", amount="123,456,789.00", currency="EUR",
        who=Party("f81d4fae-7dec-11d0-a765-00a0c91e6bf6", "Handelmaatschappij " * 8, "NL91ABNA04"),
        whom=Party("C1", None, "A2"), own=("cash structuring", "Desk Rotterdam"),
        explanation=Explanation(-3.0, families, 0.1, 1.0),
    )  # fmt: skip
    return AlertPage(
        day=day(5), alerts=[replace(one, rank=n + 1) for n in range(count)], rows=count, flagged=1,
        threshold=0.5, decided=2, key=["trx_id", "ins_id"], with_positions=True, model_id="m",
        model_digest="ab" * 32, chosen="today's", trained=("2024-02-01", "2024-02-27", 1234),
        predictions="x.csv", predictions_digest="cd" * 32, model_report="m.html",
        time_zone="Europe/Amsterdam", own=["report type", "desk"], marking="CONFIDENTIAL",
    ).to_html()  # fmt: skip


def shown(tab: Tab, name: str) -> list[str]:
    """A fact of every alert that is shown, in order."""
    rows = f'#alerts tbody tr [data-f="{name}"]'
    return tab.page.eval_on_selector_all(
        rows, "cells => cells.map(c => c.dataset.v ?? c.textContent)"
    )


def exported(tab: Tab) -> list[dict[str, str]]:
    with tab.page.expect_download() as download:
        tab.page.get_by_role("button", name="Export CSV").click()
    assert download.value.suggested_filename == f"alerts_{day(5)}.csv"
    text = download.value.path().read_text("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def test_it_opens_without_a_network_asks_for_nothing_and_complains_of_nothing(alerts: Tab):
    assert len(shown(alerts, "rank")) == 8
    assert alerts.page.get_by_text("All 8 alerts, no filter").is_visible()
    assert [url for url in alerts.asked if not url.startswith("file:")] == []
    assert len(alerts.asked) == 1
    assert alerts.complaints == []


def test_it_fits_a_laptop(alerts: Tab):
    assert alerts.page.evaluate("document.documentElement.scrollWidth") <= 1366
    first = alerts.page.locator("#alerts tbody tr").first
    box = first.bounding_box()
    assert box is not None
    assert box["y"] + box["height"] < 768  # the best alert, without scrolling


def test_filters_narrow_and_are_cleared(alerts: Tab):
    page = alerts.page
    scores = [float(score) for score in shown(alerts, "score")]
    page.get_by_label("Score from").fill(str(sorted(scores)[4]))
    assert all(float(score) >= sorted(scores)[4] for score in shown(alerts, "score"))
    assert len(shown(alerts, "score")) < 8
    page.get_by_role("button", name="Clear").click()
    page.get_by_text("All 8 alerts, no filter").wait_for()
    decision = shown(alerts, "decision")[0]
    page.get_by_label("Decision").select_option(decision)
    assert set(shown(alerts, "decision")) == {decision}
    page.get_by_label("Search").fill("nobody has this")
    assert page.get_by_text("No alert fits the filters.").is_visible()


def test_a_header_sorts_and_sorts_the_other_way(alerts: Tab):
    page = alerts.page
    header = page.get_by_role("button", name="Amount")
    header.click()
    amounts = [float(amount) for amount in shown(alerts, "amount") if amount]
    assert amounts == sorted(amounts, reverse=True)
    assert len(set(amounts)) > 1
    header.click()
    amounts = [float(amount) for amount in shown(alerts, "amount") if amount]
    assert amounts == sorted(amounts)
    page.get_by_role("button", name="#").click()
    assert shown(alerts, "rank") == [str(rank) for rank in range(1, 9)]


def test_the_export_is_what_is_shown_in_the_order_shown(alerts: Tab):
    alerts.page.get_by_role("button", name="Amount").click()
    alerts.page.get_by_label("Score from").fill("0.2")
    rows = exported(alerts)
    assert [row["rank"] for row in rows] == shown(alerts, "rank")
    assert [row["score"] for row in rows] == shown(alerts, "score")
    assert [row["amount"] for row in rows] == shown(alerts, "amount")
    assert all("[" in row["reasons"] for row in rows)


def test_what_is_decided_on_the_page_is_a_file_that_aml_decide_takes(told: Bank, alerts: Tab):
    page = alerts.page
    send = page.locator("#send")
    assert send.is_hidden()
    page.get_by_label("Decide on alert 1", exact=True).select_option("suspicious")
    page.get_by_label("Decide on alert 3").select_option("not suspicious")
    assert (send.is_disabled(), send.text_content()) == (True, "2 of 2 decided need a reason")
    page.get_by_label("Reason for alert 1", exact=True).fill("R1")
    page.get_by_label("Note for alert 1", exact=True).fill('three "new" payers; then, out')
    page.get_by_label("Decide on alert 3").select_option("needs more")
    page.get_by_label("Decide on alert 4").select_option("suspicious")
    page.get_by_label("Decide on alert 4").select_option("")
    page.get_by_role("button", name="Amount").click()  # rows are made anew
    assert page.get_by_label("Reason for alert 1", exact=True).input_value() == "R1"
    with page.expect_download() as download:
        page.get_by_role("button", name="Export 2 decided").click()
    assert download.value.suggested_filename == f"dispositions_{day(5)}.csv"
    data = download.value.path().read_bytes()
    taken = take_dispositions(told.catalog, data, by="Ada")
    assert taken.lines == {"suspicious": 1, "needs_more": 1}
    given = told.catalog.dispositions.brought().given
    assert [(each.reason, each.note) for each in given] == [
        ("R1", 'three "new" payers; then, out'),
        ("", ""),
    ]
    assert [list(each.key) for each in given] == [
        row.split() for row in keys_of(told, ranks=(1, 3))
    ]
    assert alerts.complaints == []


def keys_of(bank: Bank, ranks: tuple[int, ...]) -> list[str]:
    """The keys of some alerts of the day's predictions, as `trx_id ins_id`."""
    table = bank.catalog.predictions.load(day(5))
    rows = {row["rank"]: f"{row['trx_id']} {row['ins_id']}" for row in table.to_pylist()}
    return [rows[rank] for rank in ranks]


IDS = {
    "00471": "'00471",  # else shortened
    "1234567890123456789": "'1234567890123456789",  # else rounded
    "12e5": "'12e5",  # else a number
    "4711": "4711",
    "=1+1": "'=1+1",
    "a; =1+1": "a; '=1+1",  # where a semicolon separates
    "a\tb": "a\tb",
    "2024-R-1": "2024-R-1",
}


def test_a_spreadsheet_keeps_exported_ids_and_takes_none_for_a_formula(
    told: Bank, offline: Tab, tmp_path
):
    bank = told.copy_to(tmp_path / "bank")
    reports = str_columns(5)
    bank.land("str", 5, {**reports, "ins_id": list(IDS)})
    bank.good("daily", 5, only=["tables", "features", "predictions", "reports/alert_report"])
    offline.page.goto((bank.store / bank.catalog.alert_pages.path(day(5))).as_uri())
    rows = exported(offline)
    assert {row["ins_id"] for row in rows} == set(IDS.values())
    assert {row["trx_id"] for row in rows} == {str(each) for each in reports["trx_id"]}
    assert all(0 <= float(row["score"]) <= 1 for row in rows)
    assert all(float(row["amount"]) >= 0 for row in rows)


def test_what_is_filtered_and_sorted_says_so_on_screen_and_in_print(alerts: Tab):
    page = alerts.page
    page.get_by_label("Decision").select_option("undecided")
    page.get_by_role("button", name="Amount").click()
    left = len(shown(alerts, "rank"))
    said = f"{left} of 8 alerts, filtered by undecided; by amount, descending"
    assert page.get_by_role("status").inner_text() == said
    (margin,) = page.evaluate(
        "document.adoptedStyleSheets.map(s => s.cssRules[0].cssText.replace(/\\\\([0-9a-f]+) /g,"
        " (_, code) => String.fromCodePoint(parseInt(code, 16))))"
    )
    assert said in margin
    pdf = page.pdf(format="A4", print_background=False)
    assert pdf.startswith(b"%PDF")
    assert "printed 2" in page.locator("footer").inner_text()
    page.emulate_media(media="print")
    assert not page.locator("#filters").is_visible()
    assert page.locator("#alerts").is_visible()
    assert page.get_by_role("status").is_visible()


@pytest.mark.parametrize("width", [1400, 1099, 900, 600, 390])
def test_no_window_is_too_narrow(offline: Tab, many: Path, width: int):
    page = offline.page
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(many.as_uri())
    page.locator("#alerts tbody tr").first.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    heights = page.locator("#alerts tbody tr").evaluate_all(
        "rows => rows.map(row => row.getBoundingClientRect().height)"
    )
    assert max(heights) < 400
    broken = page.locator("#alerts .id, #alerts .figure").evaluate_all(
        "cells => cells.filter(each => each.getClientRects().length > 1).length"
    )
    assert broken == 0
    assert offline.complaints == []


@pytest.mark.parametrize("width", [1400, 900, 390])
def test_the_model_page_scrolls_its_tables_and_not_itself(told: Bank, offline: Tab, width: int):
    page = offline.page
    page.set_viewport_size({"width": width, "height": 900})
    page.goto((told.store / told.catalog.model_pages.path(day(5))).as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_laptop_shows_the_whole_table_of_features(told: Bank, offline: Tab):
    page = offline.page
    page.set_viewport_size({"width": 1366, "height": 768})
    page.goto((told.store / told.catalog.model_pages.path(day(5))).as_uri())
    wide, held = page.locator("#features").evaluate(
        "t => [t.offsetWidth, t.parentNode.clientWidth]"
    )
    assert wide <= held


def test_the_model_page_fits_on_paper(told: Bank, offline: Tab):
    page = offline.page
    page.goto((told.store / told.catalog.model_pages.path(day(5))).as_uri())
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 1039, "height": 718})  # A4 landscape within its margins
    assert page.evaluate("document.documentElement.scrollWidth") <= 1039


def test_reasons_unfold_by_family_and_add_up_to_the_score(alerts: Tab):
    why = alerts.page.locator("#alerts td.why").first
    brief = why.locator("> ol")
    assert brief.locator("strong").count() == brief.locator("li").count() <= 3
    why.locator("summary").click()
    why.get_by_text("average training row").wait_for()
    assert not brief.is_visible()  # nothing is said twice
    families = why.locator("details li.family").evaluate_all("all => all.map(x => +x.dataset.c)")
    base, rest, margin = (
        float(each.replace("−", "-")) for each in re.findall(
            r"[+−]?\d+\.\d\d(?!\d)", why.locator("details p").inner_text()
        )[:3]
    )  # fmt: skip
    assert sum(families) + base + rest == pytest.approx(margin, abs=0.02)


def test_ten_thousand_alerts_open_as_they_are_needed(offline: Tab, many: Path):
    page = offline.page
    assert many.stat().st_size < 8_000_000
    session = page.context.new_cdp_session(page)
    # The processor's time, since the clock's depends on what else runs.
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    page.goto(many.as_uri())
    page.locator("#alerts tbody tr").first.wait_for()
    spent = {
        each["name"]: each["value"] for each in session.send("Performance.getMetrics")["metrics"]
    }
    assert 0 < spent["TaskDuration"] < 3
    assert len(shown(offline, "rank")) == 100
    assert page.locator("#alerts").get_attribute("aria-rowcount") == "10001"
    page.get_by_role("button", name="more of 9,900").click()
    page.wait_for_function("document.querySelectorAll('#alerts tbody tr').length >= 200")
    page.wait_for_function("document.activeElement.tagName === 'SUMMARY'")
    assert len(exported(offline)) == 10_000


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_and_borders_stand_out_in_light_and_dark(told: Bank, offline: Tab, scheme: str):
    page = offline.page
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    for pages in (told.catalog.alert_pages, told.catalog.model_pages):
        page.goto((told.store / pages.path(day(5))).as_uri())
        paper = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
        assert (luminance(paper) > 0.5) == (scheme == "light")
        for text, ink, behind in page.evaluate(INKS):
            assert contrast(ink, behind) >= 4.5, text
        for tag, border, behind in page.evaluate(BORDERS):
            assert contrast(border, behind) >= 3, tag


def test_a_screen_reader_finds_landmarks_names_and_headers(alerts: Tab):
    page = alerts.page
    page.set_viewport_size({"width": 390, "height": 900})  # folded rows are a table all the same
    tree = page.locator("body").aria_snapshot()
    for line in (
        "- main:", '- heading "Alerts of ', "- search", '- table "Alerts of ', "- contentinfo",
        '- searchbox "Search"', '- spinbutton "Score from"', '- combobox "Decision"',
        '- spinbutton "Amount from"', '- spinbutton "Amount to"', '- columnheader "From',
        "- status",
    ):  # fmt: skip
        assert line in tree, line
    assert page.get_by_role("row").count() == 9
    assert page.get_by_role("row").nth(1).get_by_role("cell").count() == 8


def test_the_keyboard_reaches_filters_order_and_reasons(alerts: Tab):
    page = alerts.page
    page.get_by_label("Search").focus()
    seen = []
    for _ in range(16):
        page.keyboard.press("Tab")
        seen.append(page.evaluate("document.activeElement.textContent.trim().slice(0, 12)"))
    order = [seen.index(name) for name in ("Clear", "Export CSV", "Score", "Amount")]
    assert order == sorted(order)
    page.locator("#alerts summary").first.focus()
    page.keyboard.press("Enter")
    page.get_by_text("average training row").first.wait_for()
    page.get_by_role("button", name="Score").press("Enter")
    assert page.locator("th.score").get_attribute("aria-sort") == "descending"


def test_without_a_script_the_first_alerts_are_read(told: Bank, chromium: Browser):
    context = chromium.new_context(offline=True, java_script_enabled=False)
    page = context.new_page()
    page.goto((told.store / told.catalog.alert_pages.path(day(5))).as_uri())
    assert page.locator("#first tbody tr").count() == 8
    assert page.get_by_text("This browser runs no script").is_visible()
    context.close()


def test_the_alerts_lead_to_the_model_page_which_opens_with_its_charts(alerts: Tab):
    alerts.page.locator("a", has_text="aml_xgboost").first.click()
    alerts.page.wait_for_load_state()
    assert "model_report" in alerts.page.url
    assert alerts.page.locator("svg").count() > 3
    assert alerts.page.locator("svg").first.bounding_box()
    assert alerts.complaints == []
