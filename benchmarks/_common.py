"""What the benchmarks share: processes of their own, the product's path for a day, printing.

Belongs here: what two benchmarks need. Does not belong here: what is measured, and how.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import platform
import resource
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aml_assets.io.catalog import Catalog

THREADS = 2
"""Threads of every measured process, ours and the baseline's."""

_LIMITS = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "2")


def run_child(script: str, *arguments: str, **variables: str) -> dict[str, Any]:
    """Run a script as a process of its own; its last line of output is JSON.

    Args:
        script: the path of the script.
        *arguments: its command line.
        **variables: of its environment, beside ours.

    Raises:
        subprocess.CalledProcessError: it failed; its errors stand on the terminal.
    """
    # An AML_ variable or file of the caller must not change what is measured.
    environment = {name: v for name, v in os.environ.items() if not name.startswith("AML_")}
    done = subprocess.run(
        [sys.executable, script, *arguments],
        env=environment | _LIMITS | variables,
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def prepare_day(catalog: Catalog, day: dt.date) -> int:
    """Everything of a day up to its merged features, built and published as the assets do it.

    Returns:
        The rows of the merged frame.
    """
    from aml_assets.core.graph import FEATURES
    from aml_assets.steps.builders.build_features import build_features
    from aml_assets.steps.builders.build_table import build_table

    for name in catalog.settings.tables:
        build_table(catalog, name, day).publish_to(catalog.table(name), day)
    _prepare(catalog, day, catalog.graph.partials)
    _prepare(catalog, day, catalog.graph.prepared[:-1])
    published = build_features(catalog, day, catalog.inputs(FEATURES)).publish_to(
        catalog.features, day
    )
    _prepare(catalog, day, catalog.graph.derived)
    return published.manifest.rows or 0


def prepare_history(catalog: Catalog, day: dt.date) -> None:
    """A day's transactions and reports, and what they add to the history of later days, alone."""
    from aml_assets.core.graph import REPORT_DAY
    from aml_assets.settings.table_settings import STR, TRX
    from aml_assets.steps.builders.build_table import build_table

    for name in (TRX, STR):
        build_table(catalog, name, day).publish_to(catalog.table(name), day)
    _prepare(catalog, day, [*catalog.graph.partials, REPORT_DAY])


def _prepare(catalog: Catalog, day: dt.date, assets: Iterable[str]) -> None:
    from aml_assets.assets.day_step import StepRun
    from aml_assets.build import declared_assets
    from aml_assets.steps.inputs.run_options import RunOptions

    run = StepRun(catalog, RunOptions())
    declared = {each.name: each for each in declared_assets(catalog.settings)}
    for asset in assets:
        if asset in declared:
            built = declared[asset].call(day=day, run=run, **catalog.inputs(asset))
            built.publish_to(catalog.frames(asset), day)


def peak_memory() -> float:
    """The largest resident size of this process so far, MB.

    Linux hands the peak of a parent down to its children, so parents must stay small.
    """
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return kilobytes / (1024 * 1024 if sys.platform == "darwin" else 1024)


def say(text: str) -> None:
    """Progress, beside the figures rather than among them."""
    print(text, file=sys.stderr, flush=True)


def print_table(title: str, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A table with the first column left and the others right."""
    lines = [list(header), *[list(row) for row in rows]]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    print(f"\n{title}\n")
    for line in lines:
        first, *others = (
            cell.rjust(width) if column else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        print("  ".join([first, *others]).rstrip())
    print()


def machine() -> str:
    """What the figures were measured on, for people."""
    return f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"


def print_figures(figures: Mapping[str, Any]) -> None:
    """The last line, for scripts."""
    print(json.dumps(dict(figures)), flush=True)
