"""One day of up to thirty million transactions, step by step, within a given memory.

Shows for days of 1×, 3× and 10× what each step costs: processor seconds, the largest memory of its
own (what the kernel cannot drop), and the bytes that it spilled. Each step runs in a process of its
own; where this user may make cgroups, the kernel enforces ``--memory``. Beside it stands plain
pandas, with ten times the memory: a table that is read, sorted by its key, looked through for
duplicates and written; and the merge of the five tables as in the flow of 2019.

The network of pairs is measured without the search for cycles, which among random payments takes
long (docs/scale.md). It counts every way of two payments, so that it is no part of the growth.

Run it alone: ``.venv/bin/python benchmarks/scale.py [--small]``. It takes ten gigabytes of disk.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

from _common import machine, print_figures, print_table, run_child, say
from _large_day import DAY, generate, settings_of
from _within import may_limit, run_within, watched

STEPS = (
    "tables/trx",
    "tables/str",
    "tables/retail",
    "tables/corporate",
    "tables/account",
    "features/pair_day",
    "features/account_day",
    "features/behaviour",
    "features/merged_features",
)
NETWORK = "features/network"
PANDAS = ("pandas: table", "pandas: merge")
TIMES = (1, 3, 10)
FULL, SMALL = 3_000_000, 100_000
UNREPORTED = 100
"""Of so many transactions of the smallest day one is reported; other days have as many reports."""


def main() -> None:
    """Parse the command line; a child does one part, the parent all of them."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--small", action="store_true", help="a thirtieth of the size, two minutes")
    parser.add_argument("--memory", type=int, default=2_000_000_000, help="bytes a step may have")
    parser.add_argument("--keep", type=Path, help="a folder for the landings and the stores")
    parser.add_argument("--part", help=argparse.SUPPRESS)
    parser.add_argument("--rows", type=int, default=0, help=argparse.SUPPRESS)
    given = parser.parse_args()
    rows = SMALL if given.small else FULL
    if given.part == "generate":
        generate(given.keep / "landing", given.rows, rows // UNREPORTED)
        print_figures({})
    elif given.part:
        print_figures(measured(given.keep, given.part))
    elif given.keep:
        measure(given.keep, given.memory, rows, small=given.small)
    else:
        with tempfile.TemporaryDirectory(prefix="aml-scale-") as folder:
            measure(Path(folder), given.memory, rows, small=given.small)


def measure(root: Path, memory: int, rows: int, *, small: bool) -> None:
    """Run every step at every size, and print what came out."""
    seconds: dict[int, float] = {}
    peak = 0.0
    for times in TIMES:
        size, folder = rows * times, root / f"{times}x"
        say(f"a day of {size:,} transactions ...")
        common = ["--keep", str(folder), *(["--small"] if small else [])]
        run_child(__file__, "--part", "generate", "--rows", str(size), *common)
        steps = [*STEPS, NETWORK]
        found = {step: run_within(memory, __file__, "--part", step, *common) for step in steps}
        beside = {
            step: run_within(10 * memory, __file__, "--part", step, *common) for step in PANDAS
        }
        limit = "enforced by the kernel" if may_limit() else "not enforced"
        print_table(
            f"{size:,} transactions; {memory / 1e6:,.0f} MB a step, {limit} ({machine()})",
            ["step", "processor s", "MB of its own", "MB spilled"],
            [_line(step, of) for step, of in {**found, **beside}.items()],
        )
        of_ours = [of for of in found.values() if of is not None]
        if len(of_ours) < len(steps):
            raise SystemExit("a step died of its limit")
        seconds[times] = sum(of["cpu"] for step, of in found.items() if of and step in STEPS)
        peak = max(of["peak"] for of in of_ours)
    print_figures(
        {
            "rows": rows * TIMES[-1],
            "peak_mb": round(peak),
            "seconds": round(seconds[TIMES[-1]], 1),
            "growth": round(seconds[TIMES[-1]] / TIMES[-1] / seconds[1], 3),
        }
    )


def _line(step: str, of: dict[str, float] | None) -> list[str]:
    if of is None:
        return [step, "", "more than it has", ""]
    spilled = f"{of['spilled']:,.0f}" if "spilled" in of else ""
    return [step, f"{of['cpu']:.1f}", f"{of['peak']:,.0f}", spilled]


def measured(folder: Path, part: str) -> dict[str, Any]:
    """Do one part in this process, and watch it."""
    if part == PANDAS[0]:
        return watched(lambda: _pandas_table(folder))
    if part == PANDAS[1]:
        return watched(lambda: _pandas_merge(folder / "landing"))
    return _step(folder, part)


def _step(folder: Path, asset: str) -> dict[str, Any]:
    """Build and publish an asset's day; the libraries are loaded before."""
    from aml_assets.build import declared_assets
    from aml_assets.io.catalog import Catalog
    from aml_assets.io.spill import Spill

    catalog = Catalog(settings_of(folder, asset))
    declared = {each.name: each for each in declared_assets(catalog.settings)}
    spilled: list[int] = []
    take = Spill.take

    def counted(self: Spill, length: int) -> None:
        spilled.append(length)
        take(self, length)

    Spill.take = counted

    def work() -> None:
        declared[asset].built(catalog, DAY).publish_to(catalog.frames(asset), DAY)

    return {**watched(work), "spilled": sum(spilled) / 1e6}


def _pandas_table(folder: Path) -> None:
    import pandas as pd

    frame = pd.read_parquet(folder / f"landing/trx/daily/{DAY}")
    frame = frame.sort_values("trx_id", kind="stable")
    assert not frame["trx_id"].duplicated().any()
    frame.to_parquet(folder / "pandas.parquet")
    (folder / "pandas.parquet").unlink()


def _pandas_merge(landing: Path) -> None:
    import pandas as pd

    merged = pd.read_parquet(landing / f"str/daily/{DAY}")
    for table, key in ((f"trx/daily/{DAY}", "trx_id"), ("retail/all", "cust_id"),
                       ("corporate/all", "cust_id"), ("account/all", "account_id")):  # fmt: skip
        merged = merged.merge(pd.read_parquet(landing / table), how="left", on=key)
    assert len(merged)


if __name__ == "__main__":
    main()
