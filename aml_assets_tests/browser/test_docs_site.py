"""The documentation as a site, as `make docs` builds it, in a browser that reaches no other host.

Belongs here: that it is whole and can be searched. Does not belong here: the pages' own links
(`test_docs`).
"""

import functools
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    "README.md", "README.zh-CN.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "LICENSE",
    "docs", "benchmarks/README.md",
]  # fmt: skip


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    for each in PAGES:
        copy = shutil.copytree if (ROOT / each).is_dir() else shutil.copy
        (folder / "build/docs" / each).parent.mkdir(parents=True, exist_ok=True)
        copy(ROOT / each, folder / "build/docs" / each)
    (folder / "mkdocs.yml").write_text((ROOT / "mkdocs.yml").read_text("utf-8"), encoding="utf-8")
    (folder / "aml_assets").symlink_to(ROOT / "aml_assets")
    done = subprocess.run(
        [Path(sys.executable).parent / "zensical", "build", "--strict"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "build/site"


@pytest.fixture
def served(site: Path) -> Iterator[str]:
    handler = functools.partial(_Silent, directory=str(site))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class _Silent(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Print nothing: the answers are seen in the browser."""


def test_every_page_is_there_and_the_api_page_is_filled_from_docstrings(site: Path):
    for page in (ROOT / "docs").glob("*.md"):
        name = "" if page.stem == "README" else page.stem
        assert (site / "docs" / name / "index.html").is_file(), page.name
    api = (site / "docs/api/index.html").read_text("utf-8")
    assert "aml_assets.notebook.bank.Bank.compare" in api
    assert "Publish one partition atomically" in api
    assert ":::" not in api


def test_a_search_finds_a_setting_and_nothing_is_asked_of_another_host(
    served: str, chromium: Browser
):
    page = chromium.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{served}/docs/")
    page.keyboard.press("/")
    page.keyboard.type("retry_delay_seconds")
    hit = page.get_by_role("link", name="Operation").last
    expect(hit).to_be_visible(timeout=30_000)
    page.close()
    assert [url for url in asked if not url.startswith((served, "blob:", "data:"))] == []
