"""What Dagster costs in a backfill: 30 days as `aml backfill` builds them, against the plain work.

Both sides build the same 30 days of everything (tables, features, models, metrics, predictions,
pages for people, and the verdicts on what was built) from the same synthetic bank, whose days
before are prepared; each in a process of its own and in a store of its own, both of which must come
out byte for byte the same. Plain is a loop over the product's steps: read, compute, publish, judge.
A backfill does that in ordinary Dagster runs, with an event for each asset, check and day in a
database of its own. Imports, the bank and the days before are not timed; the sides take turns, and
medians are compared: of the clock, and of the processor, which other work on the machine hardly
changes.

Beside it, one day by ``dagster job execute`` with its steps in the run's process and with a process
per step (``automation.executor``), from the shell's return to the shell's return.

Run it alone: ``.venv/bin/python benchmarks/backfill.py [--small]``. A round takes half an hour.
"""

from __future__ import annotations

import argparse
import datetime as dt
import hashlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from _common import THREADS, machine, prepare_day, print_figures, print_table, run_child, say

if TYPE_CHECKING:
    from aml_assets.io.catalog import Catalog

FIRST = dt.date(2024, 1, 1)
WARM_UP = 30
"""Days before, which the windows of the first asked day need."""


@dataclass(frozen=True)
class Scale:
    """Days asked for, the bank's size, and how often each side runs."""

    days: int
    transactions: int
    rounds: int


FULL = Scale(30, 30_000, 3)
SMALL = Scale(2, 3_000, 1)


def main() -> None:
    """Parse the command line; a child does one side, the parent both in turn."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--small", action="store_true", help="two days of a small bank")
    parser.add_argument("--rounds", type=int, help="how often each side runs; 3 by default")
    parser.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    scale = SMALL if given.small else FULL
    scale = replace(scale, rounds=given.rounds or scale.rounds)
    if given.side:
        print_figures(SIDES[given.side](given.folder, scale))
        return
    with tempfile.TemporaryDirectory(prefix="aml-backfill-") as folder:
        measure(Path(folder), scale, ["--small"] if given.small else [])


def measure(folder: Path, scale: Scale, options: list[str]) -> None:
    """Run both sides in turn and print what came out."""
    spent: dict[str, list[dict[str, float]]] = {"plain": [], "backfill": []}
    contents: set[str] = set()
    say("a bank, and the days before ...")
    run_child(__file__, "--side", "prepare", "--folder", str(folder), *options)
    for number in range(scale.rounds):
        for side in sorted(spent, reverse=bool(number % 2)):
            own = folder / side
            shutil.copytree(folder / "prepared", own / "store")
            say(f"{side}, round {number + 1} of {scale.rounds} ...")
            found = run_child(__file__, "--side", side, "--folder", str(folder), *options)
            spent[side].append(found)
            contents.add(digest(own / "store"))
            shutil.rmtree(own)
    if len(contents) != 1:
        raise RuntimeError("nothing was measured: the two sides built something else")
    rows = {
        side: {
            kind: statistics.median(each[kind] for each in spent[side])
            for kind in ("seconds", "processor")
        }
        for side in spent
    }
    print_table(
        f"{scale.days} days of {scale.transactions:,} transactions, medians of {scale.rounds} "
        f"({machine()})",
        ["", "s", "per day, s", "processor, s"],
        [
            [
                name,
                f"{rows[side]['seconds']:.1f}",
                f"{rows[side]['seconds'] / scale.days:.2f}",
                f"{rows[side]['processor']:.1f}",
            ]
            for name, side in (("one plain process", "plain"), ("aml backfill", "backfill"))
        ],
    )
    in_process, multiprocess = (
        statistics.median(_one_day(folder, executor) for _ in range(scale.rounds))
        for executor in ("in_process", "multiprocess")
    )
    print_table(
        "one day, dagster job execute",
        ["automation.executor", "s"],
        [["in_process", f"{in_process:.1f}"], ["multiprocess", f"{multiprocess:.1f}"]],
    )
    print_figures(
        {
            "overhead": round(rows["backfill"]["seconds"] / rows["plain"]["seconds"], 3),
            "overhead_processor": round(
                rows["backfill"]["processor"] / rows["plain"]["processor"], 3
            ),
            "process_per_step": round(multiprocess / in_process, 3),
        }
    )


def _one_day(folder: Path, executor: str) -> float:
    """Seconds of one day as a command, from a prepared store of its own."""
    say(f"one day, {executor} ...")
    own = folder / "one_day"
    shutil.copytree(folder / "prepared", own / "store")
    command = [str(Path(sys.executable).parent / "dagster"), "job", "execute"]
    command += ["-m", "aml_assets.definitions", "-j", "daily", "--tags"]
    command.append(json.dumps({"dagster/partition": str(_days(WARM_UP, 1)[0])}))
    environment = {
        **os.environ,
        "DAGSTER_HOME": str(own / "dagster"),
        "AML_LANDING__URL": str(folder / "landing"),
        "AML_STORE__URL": str(own / "store"),
        "AML_TRAINING__THREADS": str(THREADS),
        "AML_AUTOMATION__EXECUTOR": executor,
    }
    (own / "dagster").mkdir()
    started = time.perf_counter()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - started
    if done.returncode:
        raise RuntimeError(f"nothing was measured: {done.stderr[-400:]}")
    shutil.rmtree(own)
    return seconds


def digest(store: Path) -> str:
    """What a store holds, without the ledger, whose entries hold their time."""
    kept = (path for path in store.rglob("*") if path.is_file())
    files = sorted(path for path in kept if path.relative_to(store).parts[0] != "ledger")
    whole = hashlib.sha256()
    for path in files:
        whole.update(
            f"{path.relative_to(store)} {hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode()
        )
    return whole.hexdigest()


# -- the sides -----------------------------------------------------------------------------


def prepare(folder: Path, scale: Scale) -> dict[str, Any]:
    """Write the bank, and prepare the days before."""
    from aml_assets.cli.demo.synthetic_bank import write_bank

    days = WARM_UP + scale.days
    write_bank(folder / "landing", first_day=FIRST, days=days, trx_per_day=scale.transactions)
    catalog = _catalog(folder, folder / "prepared")
    for day in _days(0, WARM_UP):
        prepare_day(catalog, day)
    return {}


def plain(folder: Path, scale: Scale) -> dict[str, Any]:
    """The asked days by the declared builders, in one loop without Dagster's executor."""
    from aml_assets.assets.asset_checks import checked_assets
    from aml_assets.build import declared_assets
    from aml_assets.steps.checking.verdicts import Verdicts

    catalog = _catalog(folder, folder / "plain" / "store")
    _warm(catalog)
    started = _now()
    verdicts = Verdicts(catalog)
    checked = checked_assets(catalog.settings)
    for asset in declared_assets(catalog.settings):
        for day in _days(WARM_UP, scale.days):
            built = asset.built(catalog, day)
            published = built.publish_to(catalog.of(asset.name), day)
            if asset.name in checked:
                verdicts.get_or_create(asset.name, day, published.manifest)
    return _since(started)


def backfill(folder: Path, scale: Scale) -> dict[str, Any]:
    """The asked days as ``aml backfill`` builds them, plan and event log included."""
    import dagster as dg

    from aml_assets.automation.backfill_plan import plan_backfill, select_assets
    from aml_assets.automation.backfill_runs import run_backfill
    from aml_assets.build import build_definitions
    from aml_assets.cli.home import prepare_home

    own = folder / "backfill"
    os.environ["DAGSTER_HOME"] = str(own / "dagster")
    prepare_home()
    catalog = _catalog(folder, own / "store")
    _warm(catalog)
    definitions = build_definitions(catalog.settings)
    with dg.DagsterInstance.get() as instance:
        instance.get_runs(limit=1)
        started = _now()
        plan = plan_backfill(catalog, select_assets(catalog, []), _days(WARM_UP, scale.days))
        problems = run_backfill(catalog, plan, definitions=definitions, instance=instance)
        spent = _since(started)
        if problems:
            raise RuntimeError(f"nothing was measured: {problems[0]}")
        _refuse_missing_events(instance, scale)
    return spent


def _now() -> tuple[float, float]:
    """The clock, and the processor seconds of this process and of those that it has ended."""
    return time.perf_counter(), sum(os.times()[:4])


def _since(started: tuple[float, float]) -> dict[str, float]:
    clock, processor = _now()
    return {"seconds": clock - started[0], "processor": processor - started[1]}


def _refuse_missing_events(instance: Any, scale: Scale) -> None:
    """Each day of each asset must be a materialization of its own."""
    import dagster as dg

    wanted = {str(day) for day in _days(WARM_UP, scale.days)}
    for asset in ("features/merged_features", "models/model", "predictions/predictions"):
        key = dg.AssetKey.from_user_string(asset)
        if not wanted <= set(instance.get_materialized_partitions(key)):
            raise RuntimeError(f"nothing was measured: days of {asset} were not recorded")


def _warm(catalog: Catalog) -> None:
    """Load what both sides use, so that only their work is timed."""
    import sklearn.metrics  # noqa: F401 - computed by metrics
    import xgboost  # noqa: F401

    prepare_day(catalog, FIRST)


def _days(first: int, count: int) -> list[dt.date]:
    return [FIRST + dt.timedelta(days=first + number) for number in range(count)]


def _catalog(folder: Path, store: Path) -> Catalog:
    from aml_assets.io.catalog import Catalog
    from aml_assets.settings.load import load_settings

    settings = load_settings(
        landing={"url": str(folder / "landing")},
        store={"url": str(store)},
        partitions={"first_day": FIRST},
        training={"threads": THREADS},
    )
    return Catalog(settings)


SIDES = {side.__name__: side for side in (prepare, plain, backfill)}


if __name__ == "__main__":
    main()
