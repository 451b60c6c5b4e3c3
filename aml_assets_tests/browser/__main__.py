"""Takes the pictures of docs/images anew, of a demo of its own: ``make screenshots``.

Belongs here: which pages, and how they stand. Does not belong here: whether they work (the tests
beside).
"""

from __future__ import annotations

import datetime as dt
import io
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from aml_assets.cli.home import default_home
from aml_assets.cli.ui_token import PARAMETER, ui_link
from aml_assets.io.catalog import Catalog
from aml_assets.settings.load import load_settings
from aml_assets_tests.browser.conftest import LAPTOP
from aml_assets_tests.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
IMAGES = ROOT / "docs/images"
AML = str(Path(sys.executable).with_name("aml"))
LAST = "2024-02-14"
"""The demo's last day."""

_LIST = 369
"""Pixels that the lineage's list of groups is wide, with the navigation."""

NEUTRAL = Path("/tmp/aml")
"""The folder of landing, store, runs and code while pictures are taken: all show its path."""


@contextmanager
def demo() -> Generator[None]:
    """Build the demo's bank in the neutral folder, by a copy of the code there; removed at the end.

    Raises:
        FileExistsError: the folder is there already, whoever made it.
    """
    NEUTRAL.mkdir(mode=0o700)
    try:
        shutil.copytree(ROOT / "aml_assets", NEUTRAL / "aml_assets")
        os.environ |= {
            "AML_LANDING__URL": str(NEUTRAL / "landing"),
            "AML_STORE__URL": str(NEUTRAL / "store"),
            "DAGSTER_HOME": str(NEUTRAL / "dagster"),
            "PYTHONPATH": str(NEUTRAL),
        }
        subprocess.run([AML, "demo", "--last", LAST], cwd=NEUTRAL, check=True)
        yield
    finally:
        shutil.rmtree(NEUTRAL)


@contextmanager
def ui() -> Generator[str]:
    """The link to ``aml ui`` over the demo's bank, with nothing left to catch up."""
    port = free_port()
    settled = {
        "AML_PARTITIONS__LAST_DAY": LAST,
        "AML_AUTOMATION__LOOK_BACK_DAYS": "1",
        "AML_AUTOMATION__CATCH_UP_FROM": LAST,
    }
    process = subprocess.Popen(
        [AML, "ui", "--port", str(port)], cwd=NEUTRAL, env={**os.environ, **settled}
    )
    link = ui_link(default_home(), port)
    try:
        for _ in range(120):
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5):
                break
            time.sleep(1)
        yield link
    finally:
        process.terminate()
        process.wait()


def refuse_places(name: str, text: str) -> None:
    """End with an error if a page's text holds a path of the machine that takes its picture."""
    if str(ROOT) in text:
        sys.exit(f"{name}: the page shows a path below {ROOT}")


def save(page: Page, name: str, left: int = 0) -> None:
    """Save a picture of what is shown, as wide as a laptop's, in 128 colours for fewer bytes.

    Args:
        page: the page.
        name: of the picture.
        left: so many pixels at the left are cut off.
    """
    page.evaluate("document.activeElement?.blur()")  # no cursor, and no hint beside it
    page.mouse.move(page.evaluate("innerWidth") - 1, page.evaluate("innerHeight") - 1)  # no tooltip
    page.wait_for_timeout(2500)  # pictures of what still moves are no use
    refuse_places(name, page.locator("body").inner_text())
    image = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    image = image.crop((left, 0, image.width, image.height))
    image.thumbnail((LAPTOP["width"], image.height), Image.Resampling.LANCZOS)
    image.quantize(128, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(
        IMAGES / f"{name}.png", optimize=True
    )


def take(page: Page, link: str) -> None:
    """All pictures of the UI."""
    page.goto(link)
    url = link.partition(f"/?{PARAMETER}=")[0]
    page.goto(f"{url}/asset-groups")
    page.get_by_text("tables").first.wait_for()
    page.get_by_text("Hide navigation").first.click()
    page.wait_for_timeout(2000)
    page.keyboard.press("Alt+e")
    page.get_by_text("merged_features", exact=True).first.wait_for()
    # A window that has the proportions of the whole graph, without the list of groups at its left.
    page.set_viewport_size({"width": 1800, "height": 1680})
    page.goto(page.url)
    page.get_by_text("merged_features", exact=True).first.wait_for()
    page.wait_for_timeout(8000)  # the states of all assets are fetched late
    save(page, "lineage", left=_LIST)
    page.set_viewport_size(LAPTOP)

    page.goto(f"{url}/assets/features/merged_features")
    page.get_by_role("button", name="Materialize").first.click()
    days = page.get_by_role("dialog").get_by_role("textbox").first
    days.fill(f"[2024-02-10...{LAST}]")
    days.press("Enter")
    save(page, "backfill")

    page.goto(f"{url}/locations/aml_assets.definitions/jobs/batch_prediction/playground")
    page.get_by_placeholder("Partition").fill(LAST)
    page.locator("a,[role=menuitem],[role=option]").filter(has_text=LAST).first.click()
    page.locator(".CodeMirror").first.evaluate(
        "editor => editor.CodeMirror.setValue("
        "'resources:\\n  run_options:\\n    config:\\n      model: aml_xgboost_2024-02-10\\n')"
    )
    save(page, "launchpad")

    page.goto(f"{url}/assets/tables/trx?view=checks")
    page.get_by_text("volume", exact=True).first.click()
    save(page, "checks")

    page.goto(f"{url}/assets/models/metrics?view=partitions&partition={LAST}")
    page.get_by_text("Show Markdown").first.click()
    save(page, "plots")

    page.goto(f"{url}/automation")
    page.get_by_text("landing", exact=True).first.wait_for()
    save(page, "automation")


def main() -> None:
    """Take them."""
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("chromium is not installed (Debian: chromium)")
    IMAGES.mkdir(exist_ok=True)
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    with demo(), sync_playwright() as playwright:
        catalog = Catalog(load_settings())
        browser = playwright.chromium.launch(executable_path=chromium, args=sandbox)
        page = browser.new_page(viewport=LAPTOP, timezone_id="UTC")
        with ui() as link:
            take(page, link)
        for name, pages in (
            ("alert_report", catalog.alert_pages),
            ("model_report", catalog.model_pages),
        ):
            folder = Path(catalog.settings.store.url)
            page.goto((folder / pages.path(dt.date.fromisoformat(LAST))).as_uri())
            save(page, name)
        browser.close()


if __name__ == "__main__":
    main()
