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
run_launcher:
  # Notices a run whose process went with everything else, as in a power cut.
  module: aml_assets.automation.launcher
  class: WatchedRunLauncher
run_monitoring:
  # Ends runs at their maximum runtime (automation.max_runtime_minutes; a day where a run has none)
  # and tells of those that never start.
  enabled: true
  start_timeout_seconds: 300
  max_runtime_seconds: 86400
  poll_interval_seconds: 30
run_retries:
  # A run whose process died is started again. What failed in its step is not: the step itself
  # tries again what may pass (automation.retries).
  enabled: true
  max_retries: 2
  retry_on_asset_or_op_failure: false
concurrency:
  runs:
    max_concurrent_runs: 2
    tag_concurrency_limits:
      # Runs of one day go one after another.
      - key: dagster/partition
        value:
          applyLimitPerUniqueValue: true
        limit: 1
  pools:
    # How many runs work on the store at once: `dagster instance concurrency set store 4`.
    # Counted by run: a killed process leaves no slot behind that nobody frees.
    granularity: run
    default_limit: 4
retention:
  # The history of ticks grows with every look at the landing.
  schedule:
    purge_after_days: 90
  sensor:
    purge_after_days:
      skipped: 3
      started: 7
      failure: 30
      success: 90
"""


def default_home() -> Path:
    """The folder that ``DAGSTER_HOME`` names, or ``var/dagster`` here."""
    return Path(os.environ.get(_HOME) or _DEFAULT).resolve()


def prepare_home() -> Path:
    """The same folder; made if need be."""
    home = default_home()
    home.mkdir(parents=True, exist_ok=True)
    config = home / "dagster.yaml"
    if not config.exists():
        config.write_text(DAGSTER_YAML, encoding="utf-8")
    os.environ[_HOME] = str(home)
    return home
