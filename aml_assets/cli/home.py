"""Dagster's home on one machine: the folder of its databases and its ``dagster.yaml``.

Belongs here: finding, preparing and opening that folder for the command line. Does not belong here:
the bank's data, and a deployment's own ``dagster.yaml`` (``deploy/``).
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from aml_assets.cli.boundary import reason_of
from aml_assets.errors import SettingsError
from aml_assets.settings.urls import is_url

if TYPE_CHECKING:
    import dagster as dg

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
    # Number of runs that may use an engine (duckdb, xgboost, pages) at once; of one engine:
    # `dagster instance concurrency set xgboost 1`. Counted by run, so that a killed process leaves
    # no slot that nobody frees.
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
    """The folder that ``DAGSTER_HOME`` names; else ``var/dagster`` under the current folder.

    Raises:
        SettingsError: the variable names no local path, or one in which SQLite finds no file.
    """
    given = os.environ.get(_HOME)
    try:
        if given and is_url(given):
            raise ValueError(f"{given!r} is a URL, and SQLite needs a folder here")
    except ValueError as error:
        raise _unusable(_HOME, error) from None
    home = Path(os.path.realpath(given or _DEFAULT))
    if "?" in str(home):
        raise _unusable(str(home), "SQLite reads what follows a question mark as options")
    return home


def prepare_home() -> Path:
    """Create Dagster's home with its ``dagster.yaml`` where missing, and set ``DAGSTER_HOME``.

    Returns:
        The folder, absolute; a new one is its owner's alone. An existing folder keeps its
        permissions, and an existing ``dagster.yaml`` stays as it is.

    Raises:
        SettingsError: the folder cannot be created or written to.
    """
    home = default_home()
    try:
        # Logs of runs and events are nobody else's business.
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _alone_in(home):
            if not (home / "dagster.yaml").exists():
                _create(home / "dagster.yaml", DAGSTER_YAML)
    except (FileExistsError, NotADirectoryError):
        raise _unusable(str(home), "a file or a broken link stands in its place") from None
    except OSError as error:
        raise _unusable(str(home), error.strerror or error) from None
    os.environ[_HOME] = str(home)
    return home


@contextmanager
def open_instance() -> Generator[dg.DagsterInstance]:
    """Open Dagster's instance in its home, prepared where it is new.

    Several first commands at once would each create the same tables: one does, the others wait.

    Raises:
        SettingsError: the home is no folder, cannot be written to, or is broken.
    """
    import dagster as dg

    home = prepare_home()
    try:
        with _alone_in(home):
            instance = dg.DagsterInstance.get()
            # Each database is created by the first question to it.
            instance.get_runs(limit=1)
            instance.all_instigator_state()
            instance.get_asset_keys(limit=1)
    except Exception as error:  # noqa: BLE001  whatever a class raises that dagster.yaml names
        raise _unusable(str(home), _why(error)) from None
    with instance:
        yield instance


@contextmanager
def _alone_in(home: Path) -> Generator[None]:
    """Hold the lock of Dagster's home; wait while another command holds it."""
    with (home / ".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _create(path: Path, text: str) -> None:
    """Write a new file whole, or not at all."""
    temporary = path.with_name(f".{path.name}.new")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)


def _why(error: Exception) -> str:
    """The innermost reason of an error: its class, and the first line of its text."""
    while (cause := error.__cause__ or error.__context__) and isinstance(cause, Exception):
        error = cause
    if isinstance(error, OSError):
        return f"{error.filename or ''} {error.strerror or type(error).__name__}".strip()
    return f"{type(error).__name__}: {reason_of(error)}"


def _unusable(home: str, reason: object) -> SettingsError:
    return SettingsError(
        f"Dagster's home {home} cannot be used: {reason}",
        remedy="Mend it, or name another folder in DAGSTER_HOME; its dagster.yaml and databases "
        "keep runs, not the bank's data.",
    )
