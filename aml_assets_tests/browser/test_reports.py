"""The two pages of a day, in a browser that has no network.

Belongs here: what a person sees and clicks. Does not belong here: what stands in the pages
(`core/reports`).
"""

import csv
import io

import pytest

from aml_assets_tests.browser.conftest import Tab
from aml_assets_tests.conftest import Bank, day, str_columns


@pytest.fixture(scope="module")
def told(built_bank: Bank, tmp_path_factory: pytest.TempPathFactory) -> Bank:
    bank = built_bank.copy_to(tmp_path_factory.mktemp("told"))
    bank.good("daily", 5, only=["reports"])
    return bank


@pytest.fixture
def alerts(told: Bank, offline: Tab) -> Tab:
    of = told.catalog.alert_pages
    offline.page.goto((told.store / of.path(day(5))).as_uri())
    return offline


def shown(tab: Tab, name: str) -> list[str]:
    """A fact of every alert that is shown, in order."""
    rows = f'#alerts tbody tr:not([hidden]) [data-f="{name}"]'
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
    assert alerts.page.get_by_text("8 shown").is_visible()
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
    page.get_by_text("8 shown").wait_for()
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


def test_it_prints(alerts: Tab):
    pdf = alerts.page.pdf(format="A4", print_background=False)
    assert pdf.startswith(b"%PDF")
    alerts.page.emulate_media(media="print")
    assert not alerts.page.locator("#filters").is_visible()
    assert alerts.page.locator("#alerts").is_visible()


def test_the_alerts_lead_to_the_model_page_which_opens_with_its_charts(alerts: Tab):
    alerts.page.locator("a", has_text="aml_xgboost").first.click()
    alerts.page.wait_for_load_state()
    assert "model_report" in alerts.page.url
    assert alerts.page.locator("svg").count() > 3
    assert alerts.page.locator("svg").first.bounding_box()
    assert alerts.complaints == []
