"""Every command that README and docs print, run as it is printed, by a shell, after the demo.

Belongs here: that each runs, or refuses as its page says. Does not belong here: what a command does
(each command's own tests), and blocks that need a cluster, containers or Kubernetes: the comment
before such a block names the test that shows it.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from aml_assets_tests.cli.test_commands import documented

pytestmark = pytest.mark.soak  # a whole demo, and some fifty commands after it

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
SHOWN = re.compile(r"<!-- shown by (.+) -->")
REFUSED = {
    "aml override": "no check blocks it",
    "aml skip": "has features",
    "aml compare": "",
    "aml promote": "does not let",
}
"""Commands that end with 1 on a bank without trouble, and what they say then."""
EITHER = "aml rollback"
"""A command that is refused only if the demo's rule promoted nobody after the first champion."""
FIRST_NIGHT = """
landing: {{url: {landing}}}
partitions: {{first_day: 2024-01-01}}
"""


def blocks(page: Path) -> list[tuple[str, list[str]]]:
    """What a page prints for a shell: who shows it, if not this test, and the lines."""
    found: list[tuple[str, list[str]]] = []
    language, before = None, ""
    for line in page.read_text("utf-8").splitlines():
        if line.startswith("```"):
            language = line[3:] if language is None else None
            if language in ("", "sh"):
                shown = SHOWN.fullmatch(before)
                found.append((shown[1] if shown else "", []))
        elif language in ("", "sh"):
            found[-1][1].append(line)
        before = line
    return found


def commands(page: Path) -> list[str]:
    """The page's commands that are run here, in order."""
    lines = [line for shown, block in blocks(page) if not shown for line in block]
    if page.name == "commands.md":
        lines += documented()
        # Those that forget runs come last.
        lines.sort(key=lambda line: bool(re.match(r"dagster (run (wipe|delete)|asset wipe)", line)))
    return [line for line in lines if line and not line.startswith("#")]


PRINTED = [page for page in PAGES if commands(page)]


class Folder:
    """A checkout's folder as far as commands see it, with an environment of its own."""

    def __init__(self, place: Path) -> None:
        self.place = place
        (place / ".venv").symlink_to(sys.prefix)
        (place / "examples").symlink_to(ROOT / "examples")
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AML_")}
        self.environment = {
            **kept,
            "PATH": f"{sys.prefix}/bin{os.pathsep}{os.environ['PATH']}",
            "HOME": str(place),
            "AML_TRAINING__ROUNDS": "3",
        }
        self.environment.pop("DAGSTER_HOME", None)

    def run(self, lines: list[str]) -> list[tuple[str, int, str]]:
        """Run lines in one shell, and give each with its exit code and what it printed."""
        script = "".join(
            f"echo '::{n}'\n{line}\necho \"::end $?\"\n" for n, line in enumerate(lines)
        )
        done = subprocess.run(
            ["bash", "-c", f"exec 2>&1\n{script}"],
            cwd=self.place,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=1800,
        )
        found = re.findall(r"^::(\d+)\n(.*?)^::end (\d+)$", done.stdout, re.MULTILINE | re.DOTALL)
        assert len(found) == len(lines), done.stdout
        return [(lines[int(n)], int(code), said) for n, said, code in found]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    folder = Folder(tmp_path_factory.mktemp("printed"))
    (_, code, said) = folder.run(["aml demo"])[0]
    assert code == 0, said
    return folder


@pytest.fixture
def folder(demo: Folder, tmp_path: Path, request: pytest.FixtureRequest) -> Folder:
    """After the demo; for the first night a bank that has landed, and nothing else."""
    if request.getfixturevalue("page").name != "first-night.md":
        return demo
    bank = Folder(tmp_path)
    bank.environment["AML_LANDING__URL"] = str(tmp_path / "landed")
    bank.run(["aml demo --last 2024-02-01 --days 32 --landing-only"])
    del bank.environment["AML_LANDING__URL"]
    (tmp_path / "bank.yaml").write_text(FIRST_NIGHT.format(landing=tmp_path / "landed"))
    return bank


@pytest.mark.parametrize("page", PRINTED, ids=lambda page: page.stem)
def test_each_printed_command_runs(page: Path, folder: Folder):
    lines = ["export DAY=$(date -d yesterday +%F) BEFORE=$(date -d '2 days ago' +%F)"]
    lines += [
        line.replace("RUN", "$(dagster run list --limit 1 | grep -oE '[0-9a-f-]{36}' | head -1)")
        for line in commands(page)
    ]
    if page.name == "first-night.md":  # what the night does between its last two blocks
        lines.insert(lines.index("aml report $NEXT"), "aml backfill --from $NEXT --to $NEXT")
    for line, code, said in folder.run(lines):
        refusal = next((text for start, text in REFUSED.items() if line.startswith(start)), None)
        assert "Traceback" not in said, (line, said)
        if line.startswith(EITHER):
            assert code == ("there was no champion before" in said), (line, said)
            continue
        assert code == (refusal is not None), (line, said)
        assert (refusal or "") in said, (line, said)


def test_a_block_that_is_not_run_here_names_a_test_that_shows_it():
    named = {shown for page in PAGES for shown, _ in blocks(page) if shown}
    assert len(named) >= 5
    for each in named - {"the build"}:
        assert (ROOT / each).is_file(), each
