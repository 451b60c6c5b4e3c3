"""A real Chromium, and pages that tell what went wrong in them.

Belongs here: the browser. Does not belong here: what it looks at.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from aml_assets_tests.requirements import require

LAPTOP: ViewportSize = {"width": 1366, "height": 768}


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Debian's, as Playwright's own cannot be had from everywhere.

    Playwright keeps an event loop running in this thread, in which Dagster would not run a job: so
    it ends with the module, and banks are built before it.
    """
    path = shutil.which("chromium")
    require(path is not None, "chromium")
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=sandbox)
        yield browser
        browser.close()


@dataclass
class Tab:
    """A page without a network, and all that it asked for or complained of."""

    page: Page
    asked: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


@pytest.fixture
def offline(chromium: Browser) -> Iterator[Tab]:
    context = chromium.new_context(offline=True, viewport=LAPTOP, accept_downloads=True)
    tab = Tab(context.new_page())
    tab.page.on("request", lambda request: tab.asked.append(request.url))
    tab.page.on("pageerror", lambda error: tab.complaints.append(str(error)))
    tab.page.on("console", lambda message: tab.complaints.append(message.text))
    yield tab
    context.close()
