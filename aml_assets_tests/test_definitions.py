"""Loading the definitions: fast, quiet, and from settings alone."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from aml_assets.build import build_definitions
from aml_assets.errors import AmlError
from aml_assets.io.scratch import scratch_folder
from aml_assets.settings.load import Settings

_LOAD = """
import json, sys, warnings
import dagster
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    from aml_assets.definitions import defs
    assets = len(list(defs.resolve_all_asset_specs()))
    for name in ("self_learning", "batch_prediction", "daily"):
        defs.resolve_job_def(name)
print(json.dumps({
    "assets": assets,
    "modules": sorted({name.partition(".")[0] for name in sys.modules}),
    "warnings": [[each.category.__name__, str(each.message)] for each in caught],
}))
"""
HEAVY = {"pandas", "xgboost", "sklearn", "scipy", "duckdb", "jinja2"}


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a fresh interpreter, in an empty folder, says of loading our definitions."""
    root = Path(__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-c", _LOAD],
        cwd=tmp_path_factory.mktemp("anywhere"),
        env={"PYTHONPATH": str(root), "PATH": "", "HOME": str(root / "nowhere")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_loading_imports_nothing_heavy(loaded):
    assert loaded["assets"] == 24
    assert HEAVY.isdisjoint(loaded["modules"])


def test_a_scratch_folder_that_somebody_else_made_is_logged_and_stops_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    (tmp_path / f"aml-{os.geteuid()}").symlink_to(tmp_path)
    assert build_definitions(Settings()).assets
    assert "scratch files of killed processes may stay: the folder" in caplog.text
    with pytest.raises(AmlError, match="TMPDIR"), scratch_folder():
        pass


def test_loading_uses_nothing_deprecated_superseded_or_in_preview(loaded):
    # `backfill_policy` is in beta, and accepted: without it a range is not one run.
    surprising = [
        (category, text)
        for category, text in loaded["warnings"]
        if not (category == "BetaWarning" and "`backfill_policy`" in text)
    ]
    assert surprising == []
