"""Dagster's home: where runs, events and schedules are recorded on one machine.

Belongs here: choosing and preparing that folder for the command line. Does not belong here:
anything about the bank's data. A deployment brings its own ``dagster.yaml``.
"""

from __future__ import annotations

import os
from pathlib import Path

_HOME = "DAGSTER_HOME"
_DEFAULT = Path("var") / "dagster"

DAGSTER_YAML = """\
# Written once by `aml`; edit freely. SQLite beside this file keeps runs and events.
telemetry:
  enabled: false
nux:
  enabled: false
run_retries:
  enabled: true
  max_retries: 0
concurrency:
  runs:
    max_concurrent_runs: 2
"""


def prepare_home() -> Path:
    """The folder that ``DAGSTER_HOME`` names, or ``var/dagster`` here; made if need be."""
    home = Path(os.environ.get(_HOME) or _DEFAULT).resolve()
    home.mkdir(parents=True, exist_ok=True)
    config = home / "dagster.yaml"
    if not config.exists():
        config.write_text(DAGSTER_YAML, encoding="utf-8")
    os.environ[_HOME] = str(home)
    return home
