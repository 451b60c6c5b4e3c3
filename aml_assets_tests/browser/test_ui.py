"""Dagster's UI over a bank, as the people who run it see it: real processes, a real browser.

Belongs here: what is seen and clicked. Does not belong here: what a run does (`assets`), or a night
(`test_night`).
"""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from aml_assets_tests.browser.conftest import LAPTOP
from aml_assets_tests.conftest import Bank, day
from aml_assets_tests.serving import Night, wait_for

pytestmark = pytest.mark.long  # webserver, daemon and code server, clicked through

GROUPS = {
    "landing": ["trx", "str", "retail", "corporate", "account"],
    "tables": ["trx", "str", "retail", "corporate", "account"],
    "features": ["pair_day", "network", "account_day", "behaviour", "merged_features"],
    "models": ["measured_model", "model", "metrics"],
    "predictions": ["predictions"],
    "reports": ["alert_report", "model_report", "queue"],
}
KINDS = {
    "landing/trx": "Parquet",
    "tables/trx": "Parquet",
    "features/merged_features": "DuckDB",
    "models/measured_model": "XGBoost",
    "models/model": "XGBoost",
    "models/metrics": "json",
    "predictions/predictions": "csv",
    "reports/alert_report": "html",
}
LOCATION = "aml_assets.definitions"

expect.set_options(timeout=60_000)


@pytest.fixture(scope="module")
def night(landed_bank: Bank, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Night]:
    """Six days landed and built, the runs recorded, and the processes running."""
    folder = tmp_path_factory.mktemp("ui")
    bank = landed_bank.copy_to(folder / "bank", features={"behaviour": {"enabled": True}})
    for number in range(7, 13):
        bank.unland(number)
    running = Night(bank, folder / "home")
    running.aml("backfill", "--from", str(day(1)), "--to", str(day(6)))
    running.start()
    yield running
    running.stop()


@pytest.fixture
def page(night: Night, chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(
        viewport=LAPTOP, base_url=f"http://127.0.0.1:{night.port}", timezone_id="UTC"
    )
    context.set_default_timeout(60_000)
    page = context.new_page()
    page.goto(night.link)
    yield page
    context.close()


def runs(night: Night) -> list[dict[str, Any]]:
    found = night.ask("{runsOrError {... on Runs {results {runId status tags {key value}}}}}")
    return [
        {**run, "tags": {tag["key"]: tag["value"] for tag in run["tags"]}}
        for run in found["runsOrError"]["results"]
    ]


def test_another_sites_page_changes_nothing_and_its_links_open_pages(page: Page, night: Night):
    before = runs(night)
    mutation = f'mutation {{ deletePipelineRun(runId: "{before[0]["runId"]}") {{ __typename }} }}'
    ui = f"http://127.0.0.1:{night.port}"
    site = f"http://localhost:{night.port}/evil"  # another site than 127.0.0.1, as browsers see it
    body = (
        f"<img src='{ui}/graphql?query={quote(mutation)}' onerror='document.title = \"asked\"'>"
        f'<a href="{ui}/runs">runs</a>'
    )
    page.route(site, lambda route: route.fulfill(content_type="text/html", body=body))
    page.goto(site)
    expect(page).to_have_title("asked")
    assert runs(night) == before
    page.get_by_text("runs").click()
    expect(page.get_by_text("Success").first).to_be_visible()


def test_the_lineage_goes_from_landing_to_reports_in_groups(page: Page):
    page.set_viewport_size({"width": 2880, "height": 1800})
    page.goto("/asset-groups")
    expect(page.get_by_text("reports", exact=True).first).to_be_visible()
    page.wait_for_timeout(1000)  # the graph takes keys once it is drawn
    page.keyboard.press("Alt+e")
    expect(page.get_by_text("merged_features", exact=True).first).to_be_visible()
    for _ in range(5):  # what is out of sight is not drawn
        page.get_by_role("button", name="zoom_out").click()
    left = {}
    for group, assets in GROUPS.items():
        for asset in assets:
            expect(page.get_by_text(asset, exact=True).first).to_be_visible()
        box = page.locator("foreignObject", has_text=re.compile(f"^{group}")).first.bounding_box()
        assert box is not None
        left[group] = box["x"]
    order = [left[group] for group in GROUPS if group != "models"]
    assert order == sorted(order)
    assert left["features"] < left["models"] < left["reports"]


@pytest.mark.parametrize("asset", KINDS)
def test_each_asset_says_what_it_is_and_whose(page: Page, asset: str):
    page.goto(f"/assets/{asset}")
    definition = page.locator("body")
    expect(definition.get_by_text("Owners")).to_be_visible()
    owner = "upstream" if asset.startswith("landing") else "aml"
    expect(definition.get_by_text(owner, exact=True).first).to_be_visible()
    kind = KINDS[asset]
    said = definition.get_by_text(kind, exact=True).or_(page.get_by_role("img", name=kind))
    expect(said.first).to_be_visible()
    expect(definition.get_by_text(asset.partition("/")[0], exact=True).first).to_be_visible()


def test_a_range_of_days_is_backfilled_by_clicks(page: Page, night: Night):
    page.goto("/assets/features/merged_features")
    page.get_by_role("button", name="Materialize").first.click()
    dialog = page.get_by_role("dialog")
    days = dialog.get_by_role("textbox").first
    days.fill(f"[{day(2)}...{day(4)}]")
    days.press("Enter")
    expect(dialog.get_by_text("3 partitions", exact=True)).to_be_visible()
    dialog.get_by_role("button", name="Launch backfill").click()

    def done() -> bool:
        return any(
            "dagster/backfill" in run["tags"] and run["status"] == "SUCCESS" for run in runs(night)
        )

    wait_for(done, "the backfill", night.tail)
    for number in (2, 3, 4):
        assert str(day(number)) in night.materialized("features/merged_features")
    page.goto("/runs")
    expect(page.get_by_text("Success").first).to_be_visible()


def launch(page: Page, night: Night, job: str, number: int, config: Mapping[str, object]) -> None:
    """A run by the launchpad: a day, some YAML, and a click."""
    before = {run["runId"] for run in runs(night)}
    page.goto(f"/locations/{LOCATION}/jobs/{job}/playground")
    choose_partition(page, str(day(number)))
    page.locator(".CodeMirror").first.click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(json.dumps({"resources": {"run_options": {"config": config}}}))
    expect(page.get_by_text("No errors")).to_be_visible()
    page.get_by_role("button", name="Launch Run").click()

    def done() -> bool:
        new = [run for run in runs(night) if run["runId"] not in before]
        ours = [run for run in new if run["tags"].get("dagster/partition") == str(day(number))]
        assert not [run for run in ours if run["status"] == "FAILURE"], night.tail()
        return any(run["status"] == "SUCCESS" for run in ours)

    wait_for(done, f"a run of {job}", night.tail)


def choose_partition(page: Page, day: str) -> None:
    """Type a day until the launchpad offers it: the field is there before the days are."""
    offered = page.get_by_role("menuitem", name=day).or_(page.get_by_role("option", name=day))
    offered = offered.or_(page.locator("a", has_text=day)).first
    for _ in range(20):
        field = page.get_by_placeholder("Partition")
        field.fill("")
        field.fill(day)
        with suppress(PlaywrightTimeout):
            offered.click(timeout=3000)
            return
    raise AssertionError(f"the launchpad does not offer {day}")


def test_the_launchpad_scores_with_a_pinned_model(page: Page, night: Night):
    # As a week-old model would be: one of another day.
    launch(page, night, "batch_prediction", 6, {"model": f"aml_xgboost_{day(5)}"})
    manifest = night.catalog.predictions.manifest(day(6))
    assert list(manifest.inputs["models/model"]) == [f"aml_xgboost_{day(5)}"]


def test_the_launchpad_learns_from_other_dates(page: Page, night: Night):
    dates = {
        "train_start": str(day(1)),
        "train_end": str(day(2)),
        "eval_start": str(day(3)),
        "eval_end": str(day(4)),
    }
    launch(page, night, "self_learning", 6, dates)
    models = (night.bank.store / "model").iterdir()
    assert any("adhoc" in path.name for path in models)


def test_checks_show_their_result_figure_and_threshold(page: Page):
    page.goto("/assets/tables/trx?view=checks")
    for check in ("duplicate_keys", "late_landing", "null_rate", "schema_change", "volume"):
        expect(page.get_by_text(check, exact=True).first).to_be_visible()
    page.get_by_text("volume", exact=True).first.click()
    expect(page.get_by_text("blocking").first).to_be_visible()
    expect(page.get_by_text("Passed").first).to_be_visible()
    expect(page.get_by_text("figure", exact=True).first).to_be_visible()


def test_figures_are_plotted_over_the_days(page: Page):
    page.goto("/assets/tables/str")
    plots = page.get_by_text("Plots", exact=True).first
    with suppress(PlaywrightTimeout):
        plots.wait_for(timeout=20_000)
    if not plots.is_visible():  # beside many others, Dagster's page has stayed empty
        page.reload()
    plots.click()
    page.get_by_text("Events", exact=True).last.click()
    expect(page.locator("canvas").first).to_be_visible()
    expect(page.get_by_text("positives", exact=True).first).to_be_visible()


def test_curves_of_the_metrics_stand_in_the_event(page: Page):
    page.goto(f"/assets/models/metrics?view=partitions&partition={day(6)}")
    page.get_by_text("Show Markdown").first.click()
    picture = page.locator("img[src^='data:image/svg']").first
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.naturalWidth") > 200


def test_the_automation_page_shows_the_sensors_on(page: Page):
    page.goto("/automation")
    for name, on in (("landing", True), ("alarm_log", True), ("hourly_self_learning", False)):
        row = (
            page.get_by_role("row")
            .filter(has_text=name)
            .or_(
                page.locator("div", has=page.get_by_text(name, exact=True)).filter(
                    has=page.get_by_role("checkbox")
                )
            )
        )
        switch = row.last.get_by_role("checkbox").last
        expect(switch).to_be_checked(checked=on)


def test_the_sensors_page_shows_its_ticks(page: Page):
    page.goto(f"/locations/{LOCATION}/sensors/landing")
    tick = page.get_by_role("row").filter(has_text=re.compile(r"\d+ runs? requested")).first
    expect(tick).to_be_visible()
