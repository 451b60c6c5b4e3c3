"""What Spark's executors cost beside one machine's own engine, by step and by row.

Shows for a large day, and for one of three times as many transactions, the processor seconds of
each step that executors can help: by the embedded engine alone, and with Spark the step's own and
those of executors and server; and the largest memory of each. The Spark is the tests' standalone
one: a master and two workers of one core each, on this machine, over local files. Frames are the
same to the byte, which is checked.

Run it alone: ``.venv/bin/python benchmarks/spark.py [--small]``. It takes five gigabytes of disk,
and Maven fetches Spark once.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from _common import machine, print_figures, print_table, run_child, say
from _large_day import DAY, generate, settings_of
from _within import run_within, watched

if TYPE_CHECKING:
    from collections.abc import Generator

    from aml_assets_tests.spark.standalone import Standalone

sys.path.append(str(Path(__file__).resolve().parents[1]))  # the Spark is the tests' own

BEFORE = ("tables/trx", "tables/str", "tables/retail", "tables/corporate", "tables/account")
STEPS = (
    "features/pair_day",
    "features/account_day",
    "features/behaviour",
    "features/merged_features",
)
TIMES = (1, 3)
FULL, SMALL = 10_000_000, 100_000
REPORTS = 30_000
MEMORY = 4_000_000_000
_TICKS = os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Parse the command line; a child does one step, the parent all of them."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--small", action="store_true", help="a hundredth of the size")
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--part", help=argparse.SUPPRESS)
    parser.add_argument("--rows", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--url", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.part == "generate":
        generate(given.folder / "landing", given.rows, min(REPORTS, given.rows // 100))
        print_figures({})
    elif given.part:
        print_figures(_step(given.folder, given.part, given.url, small=given.small))
    else:
        with tempfile.TemporaryDirectory(prefix="aml-spark-") as folder:
            measure(Path(folder), small=given.small)


def measure(root: Path, *, small: bool) -> None:
    """Run every step at both sizes by both engines, and print what came out."""
    size = SMALL if small else FULL
    spent: dict[int, dict[str, dict[str, float]]] = {}
    for times in TIMES:
        rows, folder = size * times, root / f"{times}x"
        say(f"a day of {rows:,} transactions ...")
        options = ["--folder", str(folder), *(["--small"] if small else [])]
        run_child(__file__, "--part", "generate", "--rows", str(rows), *options)
        for step in BEFORE:
            run_within(MEMORY, __file__, "--part", step, *options)
        spent[rows] = _both(folder, options)
        print_table(
            f"{rows:,} transactions ({machine()})",
            ["step", "alone: s, MB", "with Spark: own s, MB", "executors, server: s, MB, MB"],
            [
                [
                    step,
                    f"{of['alone']:.1f}, {of['alone_mb']:,.0f}",
                    f"{of['own']:.1f}, {of['own_mb']:,.0f}",
                    f"{of['spark']:.1f}, {of['executor_mb']:,.0f}, {of['server_mb']:,.0f}",
                ]
                for step, of in spent[rows].items()
            ],
        )
    less, more = spent.values()
    difference = size * (TIMES[-1] - TIMES[0])
    row = {
        step: (more[step]["own"] + more[step]["spark"] - less[step]["own"] - less[step]["spark"])
        / difference
        for step in STEPS
    }
    whole = {kind: sum(of[kind] for of in more.values()) for kind in ("alone", "own", "spark")}
    print_figures(
        {
            "rows": size * TIMES[-1],
            "executors_mb": round(max(of["executor_mb"] for of in more.values())),
            "server_mb": round(max(of["server_mb"] for of in more.values())),
            "microseconds_a_row": {step: round(row[step] * 1e6, 2) for step in STEPS},
            "processor_ratio": round((whole["own"] + whole["spark"]) / whole["alone"], 2),
        }
    )


def _both(folder: Path, options: list[str]) -> dict[str, dict[str, float]]:
    """Step → what it costs alone, and with a Spark of its own."""
    found: dict[str, dict[str, float]] = {}
    digests: dict[str, float] = {}
    for step in STEPS:
        alone = _done(run_within(MEMORY, __file__, "--part", step, *options))
        found[step] = {"alone": alone["cpu"], "alone_mb": alone["peak"]}
        digests[step] = alone["digest"]
    with _spark(folder / "spark") as spark:
        os.environ["SPARK_TOKEN"] = spark.token
        for step in STEPS:
            before = _of_spark()
            own = _done(run_within(MEMORY, __file__, "--part", step, "--url", spark.url, *options))
            after = _of_spark()
            if own["digest"] != digests[step]:
                raise RuntimeError(f"nothing was measured: {step} is another one")
            found[step] |= {
                "own": own["cpu"],
                "own_mb": own["peak"],
                "spark": sum(seconds for _, seconds, _ in after.values())
                - sum(before[name][1] for name in after if name in before),
                "executor_mb": max(mb for is_server, _, mb in after.values() if not is_server),
                "server_mb": max(mb for is_server, _, mb in after.values() if is_server),
            }
    return found


def _done(found: dict[str, float] | None) -> dict[str, float]:
    if found is None:
        raise SystemExit("a step died of its limit")
    return found


@contextmanager
def _spark(folder: Path) -> Generator[Standalone]:
    from aml_assets_tests.spark.standalone import standalone

    settings = {
        "spark.sql.codegen.wholeStage": "true",
        "spark.sql.adaptive.enabled": "true",
        "spark.sql.autoBroadcastJoinThreshold": "10485760",
        "spark.sql.shuffle.partitions": "64",
        "spark.driver.maxResultSize": "0",
    }
    with standalone(folder, "1400m", settings, server_memory="4g") as found:
        yield found


def _of_spark() -> dict[int, tuple[bool, float, int]]:
    """Process id → whether it is the server, or an executor; its processor seconds and peak MB."""
    found: dict[int, tuple[bool, float, int]] = {}
    for each in Path("/proc").glob("[0-9]*"):
        try:
            command = (each / "cmdline").read_bytes()
            stat = (each / "stat").read_text().rpartition(")")[2].split()
            status = (each / "status").read_text().splitlines()
        except OSError:
            continue
        is_server = b"SparkConnectServer" in command
        if is_server or b"CoarseGrainedExecutorBackend" in command:
            peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
            seconds = (int(stat[11]) + int(stat[12])) / _TICKS
            found[int(each.name)] = (is_server, seconds, peak // 1000)
    return found


def _step(folder: Path, asset: str, url: str | None, *, small: bool) -> dict[str, Any]:
    """Build and publish an asset's day; the libraries are loaded before."""
    from aml_assets.build import declared_assets
    from aml_assets.io.catalog import Catalog
    from aml_assets.steps.inputs import histories, stored_table

    if url:
        os.environ["AML_SPARK_TOKEN"] = os.environ["SPARK_TOKEN"]
    if small:  # else the step would be too small for executors
        stored_table._VALUES = histories.ROWS = 0
    catalog = Catalog(settings_of(folder, asset, engine={"spark": {"url": url}}))
    declared = {each.name: each for each in declared_assets(catalog.settings)}
    digest = ""

    def work() -> None:
        nonlocal digest
        built = declared[asset].built(catalog, DAY)
        digest = built.publish_to(catalog.of(asset), DAY).manifest.digest

    return {**watched(work), "digest": int(digest[:12], 16)}


if __name__ == "__main__":
    main()
