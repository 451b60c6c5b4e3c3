"""Dagster's home on one machine: the folder of its databases and its ``dagster.yaml``.

Belongs here: finding and preparing that folder for the command line. Does not belong here: the
bank's data, and a deployment's own ``dagster.yaml`` (``deploy/``).
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
  module: aml_assets.automation.run_launcher
  class: WatchedRunLauncher
run_monitoring:
  # Ends runs at their maximum runtime (automation.max_runtime_minutes; a day where a run has none)
  # and reports those that never start.
  enabled: true
  start_timeout_seconds: 300
  max_runtime_seconds: 86400
  poll_interval_seconds: 30
run_retries:
  # A run whose process died is started again. A failed step is not: the step itself is retried
  # after a fault that may pass (automation.retries).
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
    # Number of runs that may use the store at once: `dagster instance concurrency set store 4`.
    # Counted by run, so that a killed process leaves no slot that nobody frees.
    granularity: run
    default_limit: 4
retention:
  # The history grows by every tick of the landing sensor.
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
    """The folder that ``DAGSTER_HOME`` names; else ``var/dagster`` under the current folder."""
    return Path(os.environ.get(_HOME) or _DEFAULT).resolve()


def prepare_home() -> Path:
    """Create Dagster's home with its ``dagster.yaml`` where missing, and set ``DAGSTER_HOME``.

    Returns:
        The folder, absolute. An existing ``dagster.yaml`` stays as it is.
    """
    home = default_home()
    home.mkdir(parents=True, exist_ok=True)
    config = home / "dagster.yaml"
    if not config.exists():
        config.write_text(DAGSTER_YAML, encoding="utf-8")
    os.environ[_HOME] = str(home)
    return home
