"""The two pages of a day, in a browser that has no network.

Belongs here: what a person sees and clicks. Does not belong here: what stands in the pages
(`core/reports`).
"""

import csv
import io
import re
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page

from aml_assets.core.days import ONE_DAY, number_of
from aml_assets.core.pages.alert_page import AlertPage
from aml_assets.core.pages.alerts import Alert, Party
from aml_assets.core.pages.reasons import Explanation, FamilyReasons, Reason
from aml_assets.core.pages.shown_case import EarlierDecision, ShownCase
from aml_assets.core.relations.timeline import Activity, Counterparty, Moved
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
    """A page of 1,000 cases with long names, ids and reasons, and all that a case can tell."""
    folder = tmp_path_factory.mktemp("many")
    (folder / "page.html").write_text(page_of(1000).to_html(), encoding="utf-8")
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


def page_of(count: int) -> AlertPage:
    """A page of cases that are as wide and as high as cases get; each has two reports."""
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
        day=day(5), cases=[long_case(n) for n in range(count)],
        alerts=[replace(one, rank=n + 1) for n in range(2 * count)], first=day(5) - 29 * ONE_DAY,
        rows=2 * count, flagged=1, threshold=0.5, decided=2, most=count, has_queue=True,
        key=["trx_id", "ins_id"], with_positions=True, model_id="m",
        model_digest="ab" * 32, chosen="today's", trained=("2024-02-01", "2024-02-27", 1234),
        predictions="x.csv", predictions_digest="cd" * 32, model_report="m.html",
        time_zone="Europe/Amsterdam", own=["report type", "desk"], marking="CONFIDENTIAL",
    )  # fmt: skip


def long_case(number: int, **changed: Any) -> ShownCase:
    """A case of the reports ``2 * number`` and the next, with a payment on each of thirty days."""
    last = number_of(day(5))
    random = Random(number)
    moved = tuple(
        Moved(last - back, "EUR", Decimal(random.randrange(10**8)) / 100, Decimal(back), 12, 3)
        for back in reversed(range(30))
    )
    others = tuple(
        Counterparty(f"{number}-{n}", None, "EUR", Decimal(random.randrange(10**8)) / 100,
                     Decimal(n) or None, n + 1, n)
        for n in range(8)
    )  # fmt: skip
    told: dict[str, Any] = {
        "customer": f"f81d4fae-7dec-11d0-a765-{number:012}",
        "name": f"Handelmaatschappij {number} " * 6,
        "score": 1 - number / 2000,
        "below": 1 - number / 1000,
        "line": "",
        "explanation": None,
        "reports": (2 * number, 2 * number + 1),
        "is_queued": number < 20,
        "lately": 14,
        "confirmed": 2,
        "activity": Activity(moved, others, 40, accounts=("NL91ABNA0417164300",) * 3),
        "report_days": tuple((day(5) - back * ONE_DAY, 2) for back in (9, 4, 0)),
        "queue_days": (day(5) - 4 * ONE_DAY,),
        "marks": (f"Payers within 2 days up to {day(5)}: {random.randrange(5, 90)}.",),
        "decisions": (
            EarlierDecision(day(1), ("1", "1"), "suspicious", "R1", "as Bea said " * 9, "Ada"),
        ),
    }
    return ShownCase(**{**told, **changed})


def opened(tab: Tab, path: Path, page: AlertPage) -> Page:
    """A page as it opens in the browser."""
    path.write_text(page.to_html(), encoding="utf-8")
    tab.page.goto(path.as_uri())
    return tab.page


def shown(tab: Tab, name: str) -> list[str]:
    """A fact of every case that is shown, in order."""
    rows = f'#cases > tbody > tr.case [data-f="{name}"]'
    return tab.page.eval_on_selector_all(
        rows, "cells => cells.map(c => c.dataset.v ?? c.textContent)"
    )


def unfold(tab: Tab, place: int = 1) -> Locator:
    """Unfold a case."""
    tab.page.get_by_role("button", name=f"Case {place}", exact=True).click()
    return tab.page.locator(f"#detail-{place}")


def exported(tab: Tab) -> list[dict[str, str]]:
    with tab.page.expect_download() as download:
        tab.page.get_by_role("button", name="Export CSV").click()
    assert download.value.suggested_filename == f"alerts_{day(5)}.csv"
    text = download.value.path().read_text("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def test_it_opens_without_a_network_asks_for_nothing_and_complains_of_nothing(alerts: Tab):
    assert shown(alerts, "case") == [str(place) for place in range(1, 9)]
    assert alerts.page.get_by_text("All 8 cases, no filter").is_visible()
    assert [url for url in alerts.asked if not url.startswith("file:")] == []
    assert len(alerts.asked) == 1
    assert alerts.complaints == []


def test_it_fits_a_laptop(alerts: Tab):
    assert alerts.page.evaluate("document.documentElement.scrollWidth") <= 1366
    box = alerts.page.locator("tr.case").first.bounding_box()
    assert box is not None
    assert box["y"] + box["height"] < 768  # the best case, without scrolling


def test_filters_narrow_and_are_cleared(alerts: Tab):
    page = alerts.page
    scores = [float(score) for score in shown(alerts, "evidence")]
    page.get_by_label("Score from").fill(str(sorted(scores)[4]))
    assert all(float(score) >= sorted(scores)[4] for score in shown(alerts, "evidence"))
    assert len(shown(alerts, "evidence")) < 8
    page.get_by_role("button", name="Clear").click()
    page.get_by_text("All 8 cases, no filter").wait_for()
    page.get_by_label("Decision").select_option("undecided")
    decisions = page.locator("tr.case td.decision").all_inner_texts()
    assert 0 < len(decisions) < 8
    assert all("undecided" in each for each in decisions)
    page.get_by_label("Search").fill("nobody has this")
    assert page.get_by_text("No case fits the filters.").is_visible()


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
    assert shown(alerts, "case") == [str(place) for place in range(1, 9)]


def test_the_export_is_what_is_shown_in_the_order_shown(alerts: Tab):
    alerts.page.get_by_role("button", name="Amount").click()
    alerts.page.get_by_label("Score from").fill("0.2")
    rows = exported(alerts)
    assert list(dict.fromkeys(row["case"] for row in rows)) == shown(alerts, "case")
    for place, score, count in zip(
        *(shown(alerts, name) for name in ("case", "evidence", "reports_today")), strict=True
    ):
        of_case = [row for row in rows if row["case"] == place]
        assert len(of_case) == int(count)
        assert {row["evidence"] for row in of_case} == {score}
    assert all("[" in row["reasons"] for row in rows)


def test_a_decision_on_a_case_is_one_line_per_report_in_a_file_that_aml_decide_takes(
    told: Bank, alerts: Tab, tmp_path
):
    bank = told.copy_to(tmp_path / "decided")
    page = alerts.page
    send = page.locator("#send")
    assert send.is_hidden()
    # Each customer is queued, so that each has a report as payer and another one as payee.
    page.get_by_label("Decide on case 1", exact=True).select_option("suspicious")
    assert (send.is_disabled(), send.text_content()) == (True, "2 of 2 decided need a reason")
    page.get_by_label("Reason for case 1", exact=True).fill("R1")
    page.get_by_label("Note for case 1", exact=True).fill('three "new" payers; then, out')
    first, second = ranks_of(unfold(alerts))
    page.get_by_label(f"Decide on report {second} of case 1").select_option("needs more")
    page.get_by_label("Decide on case 2", exact=True).select_option("suspicious")
    page.get_by_label("Decide on case 2", exact=True).select_option("")
    page.get_by_role("button", name="Amount").click()  # rows are made anew
    assert page.get_by_label("Reason for case 1", exact=True).input_value() == "R1"
    assert page.locator("#detail-1").is_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="Export 2 decided").click()
    assert download.value.suggested_filename == f"dispositions_{day(5)}.csv"
    data = download.value.path().read_bytes()
    assert data.decode("utf-8-sig").startswith('"day","trx_id","ins_id","customer","disposition"')
    taken = take_dispositions(bank.catalog, data, by="Ada")
    assert taken.lines == {"suspicious": 1, "needs_more": 1}
    given = bank.catalog.dispositions.brought().given
    assert [(each.disposition, each.reason, each.note) for each in given] == [
        ("suspicious", "R1", 'three "new" payers; then, out'),
        ("needs_more", "", ""),
    ]
    assert [list(each.key) for each in given] == [
        row.split() for row in keys_of(told, ranks=(first, second))
    ]
    assert alerts.complaints == []


def test_a_report_of_two_cases_is_decided_once_as_the_last_of_them_says(
    offline: Tab, tmp_path: Path
):
    cases = [long_case(0), long_case(1, reports=(1, 2))]
    page = opened(offline, tmp_path / "page.html", replace(page_of(2), cases=cases))
    for place, says in ((1, "suspicious"), (2, "needs more")):
        page.get_by_label(f"Decide on case {place}", exact=True).select_option(says)
    page.get_by_label("Reason for case 1", exact=True).fill("R1")
    assert [line["disposition"] for line in sent(page, 3)] == [
        *("suspicious", "needs_more", "needs_more"),
    ]
    unfold(offline)
    page.get_by_label("Decide on report 1 of case 1").select_option("leave out")
    assert [line["disposition"] for line in sent(page, 2)] == ["needs_more", "needs_more"]


def test_a_case_without_a_report_is_decided_by_its_customer_where_the_bank_takes_that(
    offline: Tab, tmp_path: Path
):
    quiet = long_case(1, reports=(), line="customer", customer="K-1")
    bank = replace(page_of(1), cases=[long_case(0), quiet])
    page = opened(offline, tmp_path / "page.html", bank)
    assert page.get_by_label("Decide on case 2").count() == 0
    page = opened(offline, tmp_path / "page.html", replace(bank, takes_customers=True))
    page.get_by_label("Decide on case 1", exact=True).select_option("needs more")
    page.get_by_label("Decide on case 2").select_option("suspicious")
    page.get_by_label("Reason for case 2").fill("R2")
    lines = sent(page, 3)
    assert list(lines[0]) == [
        *("day", "trx_id", "ins_id", "customer", "disposition", "reason", "note"),
    ]
    assert [(each["trx_id"], each["customer"]) for each in lines] == [
        ("1000000000", ""),
        ("1000000000", ""),
        ("", "K-1"),
    ]


def test_what_was_drawn_at_random_is_marked_for_those_who_ask(offline: Tab, tmp_path: Path):
    cases = [long_case(0), long_case(1, is_sample=True, is_queued=True)]
    page = opened(offline, tmp_path / "page.html", replace(page_of(2), cases=cases))
    assert shown(offline, "case") == ["1", "2"]
    assert page.get_by_text("random sample").count() == 0
    page.get_by_label("mark what was drawn at random").check()
    assert shown(offline, "case") == ["1", "2"]
    assert page.get_by_text("random sample").is_visible()


def test_a_case_unfolds_to_its_reports_pictures_and_earlier_decisions(offline: Tab, tmp_path: Path):
    page = opened(offline, tmp_path / "page.html", page_of(2))
    button = page.get_by_role("button", name="Case 1", exact=True)
    assert button.get_attribute("aria-expanded") == "false"
    detail = unfold(offline)
    assert button.get_attribute("aria-expanded") == "true"
    assert detail.get_by_role("table").all_inner_texts()
    assert ranks_of(detail) == (1, 2)
    timeline, ring = detail.get_by_role("img").all()
    assert "days with reports: 3, days in the queue before: 1" in str(
        timeline.get_attribute("aria-label")
    )
    assert timeline.locator("rect.in").count() == 30
    assert timeline.locator("rect.out").count() == 30, "what is zero is a line, and not nothing"
    assert ring.locator(".edge.in").count() == 8
    assert ring.locator(".edge.out").count() == 7
    widths = [float(str(each.get_attribute("stroke-width"))) for each in ring.locator("line").all()]
    assert len({*widths}) > 8
    assert "Counterparties: 8 of 40" in detail.inner_text()
    note = detail.get_by_text("as Bea said")
    assert note.count() == 1
    assert not note.is_visible()
    detail.get_by_text("note", exact=True).click()
    assert note.is_visible()
    button.click()
    assert detail.count() == 0
    assert offline.complaints == []


def ranks_of(detail: Locator) -> tuple[int, ...]:
    return tuple(map(int, detail.locator("td.rank").all_inner_texts()))


def sent(page: Page, count: int) -> list[dict[str, str]]:
    """The lines of the exported file of dispositions."""
    with page.expect_download() as download:
        page.get_by_role("button", name=f"Export {count} decided").click()
    return list(csv.DictReader(io.StringIO(download.value.path().read_text("utf-8-sig"))))


def keys_of(bank: Bank, ranks: tuple[int, ...]) -> list[str]:
    """The keys of some reports of the day's predictions, as `trx_id ins_id`."""
    table = bank.catalog.predictions.load(day(5))
    rows = {row["rank"]: f"{row['trx_id']} {row['ins_id']}" for row in table.to_pylist()}
    return [rows[rank] for rank in ranks]


LISTED = ("reports/queue", "reports/alert_report")

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
    bank = told.copy_to(tmp_path / "bank", queue={"days": 1})  # other days have other ids
    reports = str_columns(5)
    bank.land("str", 5, {**reports, "ins_id": list(IDS)})
    bank.good("daily", 5, only=["tables", "features", "predictions", *LISTED])
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
    left = len(shown(alerts, "case"))
    said = f"{left} of 8 cases, filtered by undecided; by amount, descending"
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
    assert page.locator("#cases").is_visible()
    assert page.get_by_role("status").is_visible()


@pytest.mark.parametrize("width", [1400, 1099, 900, 600, 390])
def test_no_window_is_too_narrow(offline: Tab, many: Path, width: int):
    page = offline.page
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(many.as_uri())
    page.locator("tr.case").first.wait_for()
    unfold(offline)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    heights = page.locator("tr.case").evaluate_all(
        "rows => rows.map(row => row.getBoundingClientRect().height)"
    )
    assert max(heights) < 400
    broken = page.locator("tr.case .id, tr.case .figure").evaluate_all(
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
    why = unfold(alerts).locator("td.why").first
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


def test_a_thousand_cases_are_less_than_five_megabytes_and_open_as_they_are_needed(
    offline: Tab, many: Path
):
    page = offline.page
    assert many.stat().st_size < 5_000_000
    session = page.context.new_cdp_session(page)
    # The processor's time, since the clock's depends on what else runs.
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    page.goto(many.as_uri())
    page.locator("tr.case").first.wait_for()
    spent = {
        each["name"]: each["value"] for each in session.send("Performance.getMetrics")["metrics"]
    }
    assert 0 < spent["TaskDuration"] < 3
    assert len(shown(offline, "case")) == 50
    assert page.locator("#cases").get_attribute("aria-rowcount") == "1001"
    page.get_by_role("button", name="more of 950").click()
    page.wait_for_function("document.querySelectorAll('tr.case').length >= 100")
    page.wait_for_function("document.activeElement.classList.contains('unfold')")
    assert len(exported(offline)) == 2000


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_and_borders_stand_out_in_light_and_dark(told: Bank, offline: Tab, scheme: str):
    page = offline.page
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    for pages in (told.catalog.alert_pages, told.catalog.model_pages):
        page.goto((told.store / pages.path(day(5))).as_uri())
        if pages is told.catalog.alert_pages:
            unfold(offline)
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
        "- main:", '- heading "Alerts of ', "- search", '- table "Cases of ', "- contentinfo",
        '- searchbox "Search"', '- spinbutton "Score from"', '- combobox "Decision"',
        '- spinbutton "Amount from"', '- spinbutton "Amount to"', '- columnheader "Customer',
        '- checkbox "in the queue only"', '- button "Case 1"', "- status",
    ):  # fmt: skip
        assert line in tree, line
    assert page.get_by_role("img", name="Money by day").count() == 8
    assert page.get_by_role("row").count() == 9
    assert page.get_by_role("row").nth(1).get_by_role("cell").count() == 8


def test_the_keyboard_reaches_filters_order_and_reasons(alerts: Tab):
    page = alerts.page
    page.get_by_label("Search").focus()
    seen = []
    for _ in range(18):
        page.keyboard.press("Tab")
        seen.append(page.evaluate("document.activeElement.textContent.trim().slice(0, 12)"))
    order = [seen.index(name) for name in ("Clear", "Export CSV", "Score", "Amount")]
    assert order == sorted(order)
    page.get_by_role("button", name="Case 1", exact=True).focus()
    page.keyboard.press("Enter")
    page.locator("#detail-1 summary").first.focus()
    page.keyboard.press("Enter")
    page.locator("#detail-1").get_by_text("average training row").wait_for()
    page.get_by_role("button", name="Score").press("Enter")
    assert page.locator("#cases > thead th.score").get_attribute("aria-sort") == "descending"


def test_without_a_script_the_first_cases_are_read(told: Bank, chromium: Browser):
    context = chromium.new_context(offline=True, java_script_enabled=False)
    page = context.new_page()
    page.goto((told.store / told.catalog.alert_pages.path(day(5))).as_uri())
    assert page.locator("#first > tbody > tr").count() == 8
    assert page.get_by_text("This browser runs no script").is_visible()
    context.close()


def test_the_alerts_lead_to_the_model_page_which_opens_with_its_charts(alerts: Tab):
    alerts.page.locator("a", has_text="aml_xgboost").first.click()
    alerts.page.wait_for_load_state()
    assert "model_report" in alerts.page.url
    assert alerts.page.locator("svg").count() > 3
    assert alerts.page.locator("svg").first.bounding_box()
    assert alerts.complaints == []
