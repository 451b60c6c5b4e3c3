"""Preparing a night's training data: our path against the steps of 2019, in one run.

Shows how long one new day takes and how much memory, with the window of days before it put
together as the matrix that training receives. Both sides read the same generated landing, each
in a process of its own, on two threads; generating it, importing libraries and preparing the
earlier days (which any night finds done) are not timed.

- ours: the tables and the merged features of the new day through catalog and steps, as the
  assets do it, contract checks, checksums and atomic publishing included; then the window.
- 2019: the steps of that flow in plain pandas. Every day of the window is read and appended,
  then four merges and one LabelEncoder per column, on the window; the same for the new day.

Run it alone: ``.venv/bin/python benchmarks/preparation.py [--small]``.
"""

from __future__ import annotations

import argparse
import datetime as dt
import importlib
import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from _common import (
    THREADS,
    machine,
    peak_memory,
    prepare_day,
    print_figures,
    print_table,
    run_child,
    say,
)

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from aml_assets.io.catalog import Catalog

NEW_DAY = dt.date(2024, 3, 1)
DAILY, STATIC = ("trx", "str"), ("retail", "corporate", "account")
IDS = ("label", "trx_id", "ins_id", "cust_id", "account_id", "target_cust_id", "target_account_id")
"""What the flow of 2019 left out of its features."""


@dataclass(frozen=True)
class Scale:
    """How much is generated, and how often it is measured.

    ``short`` is growth's other window; in each turn the baseline runs once, ours ``repeats``
    times.
    """

    days: int
    short: int
    transactions: int
    reports: int
    customers: int
    turns: int
    repeats: int


FULL = Scale(27, 9, 300_000, 30_000, 500_000, turns=2, repeats=4)
SMALL = Scale(6, 2, 20_000, 2_000, 30_000, turns=1, repeats=1)


def main() -> None:
    """Parse the command line; a child does one part, the parent all of them."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--small", action="store_true", help="a tenth of the size, under a minute")
    parser.add_argument("--keep", type=Path, help="a folder for the landing and the stores")
    parser.add_argument("--part", choices=PARTS, help=argparse.SUPPRESS)
    parser.add_argument("--days", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    scale = SMALL if given.small else FULL
    if given.part:
        print_figures(PARTS[given.part](given.keep, scale, given.days or scale.days))
    elif given.keep:
        given.keep.mkdir(parents=True, exist_ok=True)
        measure(given.keep, scale, small=given.small)
    else:
        with tempfile.TemporaryDirectory(prefix="aml-preparation-") as folder:
            measure(Path(folder), scale, small=given.small)


def measure(root: Path, scale: Scale, *, small: bool) -> None:
    """Generate, run both sides in turn, and print what came out."""

    def part(name: str, days: int) -> dict[str, Any]:
        arguments = ["--part", name, "--keep", str(root), "--days", str(days)]
        return run_child(__file__, *arguments, *(["--small"] if small else []))

    say("generating the landing, and preparing the earlier days ...")
    part("generate", scale.days)
    for days in (scale.days, scale.short):
        part("earlier", days)
    ours, short, baseline = [], [], []
    for turn in range(scale.turns):
        say(f"turn {turn + 1} of {scale.turns}: the steps of 2019, then ours ...")
        baseline.append(part("baseline", scale.days))
        for _ in range(scale.repeats):
            short.append(part("ours", scale.short))
            ours.append(part("ours", scale.days))
    report(scale, _best(ours), _best(short), _best(baseline))


def report(
    scale: Scale, ours: dict[str, float], short: dict[str, float], baseline: dict[str, float]
) -> None:
    """The table, and the figures as JSON."""
    print_table(
        f"One new day of {scale.transactions:,} transactions and {scale.reports:,} reports, "
        f"{scale.customers:,} customers, window of {scale.days} days ({machine()})",
        ["best of all runs", "2019", "ours", f"ours, {scale.short} days"],
        [
            ["new day, s", "", f"{ours['day']:.2f}", f"{short['day']:.2f}"],
            ["window, s", "", f"{ours['window']:.2f}", f"{short['window']:.2f}"],
            ["together, s", *(f"{each['seconds']:.2f}" for each in (baseline, ours, short))],
            ["of processor, s", *(f"{each['cpu']:.2f}" for each in (baseline, ours, short))],
            ["peak memory, MB", *(f"{each['memory']:,.0f}" for each in (baseline, ours, short))],
            ["rows prepared", *(f"{each['rows']:,.0f}" for each in (baseline, ours, short))],
        ],
    )
    print_figures(
        {
            "speedup": round(baseline["seconds"] / ours["seconds"], 2),
            "memory_ratio": round(baseline["memory"] / ours["memory"], 2),
            "growth": round(ours["day"] / short["day"], 3),
        }
    )


def _best(runs: list[dict[str, float]]) -> dict[str, float]:
    """The shortest times: whatever else the machine does can only add. The largest memory."""
    worst = ("memory", "rows")
    return {name: (max if name in worst else min)(run[name] for run in runs) for name in runs[0]}


# -- ours ----------------------------------------------------------------------------------


_OURS = ("aml_assets.steps.builders.build_model", "duckdb", "jinja2", "pandas")
"""Loaded before the clock starts; ours first, since it chooses Arrow's allocator."""


def prepare_earlier(root: Path, scale: Scale, days: int) -> dict[str, Any]:
    """Prepare the days before the new one in a store of their own, as earlier nights did."""
    catalog = _catalog(root, days)
    for day in _window(days):
        prepare_day(catalog, day)
    return {"days": days}


def ours(root: Path, scale: Scale, days: int) -> dict[str, Any]:
    """Prepare the new day and put the window together; then take the day away again."""
    for name in _OURS:
        importlib.import_module(name)
    import pyarrow as pa

    pa.set_cpu_count(THREADS)
    catalog = _catalog(root, days)
    start, cpu = time.perf_counter(), time.process_time()
    rows = prepare_day(catalog, NEW_DAY)
    day_done = time.perf_counter()
    rows += _assemble(catalog, days)
    done, cpu = time.perf_counter(), time.process_time() - cpu
    for folder in Path(catalog.settings.store.url).glob(f"*/*/{NEW_DAY}"):
        shutil.rmtree(folder)
    return {
        "seconds": done - start,
        "cpu": cpu,
        "day": day_done - start,
        "window": done - day_done,
        "memory": peak_memory(),
        "rows": rows,
    }


def _catalog(root: Path, days: int) -> Catalog:
    from aml_assets.io.catalog import Catalog
    from aml_assets.settings.load import load_settings

    settings = load_settings(
        landing={"url": str(root / "landing")},
        store={"url": str(root / f"store-{days}")},
        partitions={"first_day": _window(days)[0]},
        windows={"train_days": days},
        # The flow of 2019 had no network; `features.py` says what ours costs.
        features={"network": {"enabled": False}, "behaviour": {"enabled": False}},
    )
    return Catalog(settings)


def _assemble(catalog: Catalog, days: int) -> int:
    """The window before the new day, as the training of a model receives it."""
    from aml_assets.core.graph import FEATURES
    from aml_assets.core.model.windows import Windows
    from aml_assets.steps.inputs.training_data import training_data

    first, last = _window(days)[0], _window(days)[-1]
    data = training_data(
        catalog, catalog.upstream(FEATURES), Windows(first, last, NEW_DAY, NEW_DAY)
    )
    return data.reports


def _window(days: int) -> list[dt.date]:
    return [NEW_DAY - dt.timedelta(days=back) for back in range(days, 0, -1)]


# -- the flow of 2019 ----------------------------------------------------------------------


def baseline(root: Path, scale: Scale, days: int) -> dict[str, Any]:
    """Both branches of a night: the window to train on, and the day to score."""
    import pandas as pd
    import pyarrow as pa
    import sklearn.preprocessing

    pa.set_cpu_count(THREADS)

    def read(folder: str) -> Any:
        return pd.read_parquet(root / "landing" / folder)

    def get_data(days: list[dt.date]) -> dict[str, Any]:
        frames = {}
        for table in DAILY:
            frame = pd.DataFrame()
            for day in days:
                frame = pd.concat([frame, read(f"{table}/daily/{day}")], ignore_index=True)
            frames[table] = frame
        return frames | {table: read(f"{table}/all") for table in STATIC}

    def process_data(frames: dict[str, Any]) -> tuple[Any, Any]:
        merged = frames["str"].merge(frames["trx"], how="left", on="trx_id")
        merged = merged.merge(frames["retail"], how="left", on="cust_id")
        merged = merged.merge(frames["corporate"], how="left", on="cust_id")
        merged = merged.merge(frames["account"], how="left", on="account_id")
        for column in merged.columns:
            encoder = sklearn.preprocessing.LabelEncoder()
            merged[column] = encoder.fit_transform(merged[column].astype(str))
        return merged.drop(columns=list(IDS)), merged["label"]

    start, cpu = time.perf_counter(), time.process_time()
    features, _ = process_data(get_data(_window(days)))
    today, _ = process_data(get_data([NEW_DAY]))
    return {
        "seconds": time.perf_counter() - start,
        "cpu": time.process_time() - cpu,
        "memory": peak_memory(),
        "rows": len(features) + len(today),
    }


# -- the landing ---------------------------------------------------------------------------


def generate(root: Path, scale: Scale, days: int) -> dict[str, Any]:
    """Write a seeded landing: ids, amounts, times, categories and names, as banks have them."""
    import numpy as np

    landing = _Landing(root / "landing", scale, np.random.default_rng(0))
    landing.write_static()
    for number, day in enumerate([*_window(days), NEW_DAY]):
        landing.write_day(number, day)
    return {"days": days + 1}


class _Landing:
    """The generated bank; every text column is taken from a pool, so that writing stays fast."""

    def __init__(self, root: Path, scale: Scale, random: np.random.Generator) -> None:
        self._root, self._scale, self._random = root, scale, random
        self._retail = scale.customers * 9 // 10
        self._customers = _numbered("C", scale.customers)
        self._accounts = _numbered("A", scale.customers)
        self._names = self._text("name", scale.customers * 2)

    def write_static(self) -> None:
        """Nine of ten customers are private; each customer has one account."""
        people, firms = self._retail, self._scale.customers - self._retail
        self._write("retail/all", {
            "cust_id": self._customers.slice(0, people),
            "name": self._picked(self._names, people),
            "birth_date": self._days(people, 25_000),
            "gender": self._category("gender", 3, people),
            "occupation": self._category("occupation", 60, people),
            "city": self._category("city", 400, people),
            "income": self._amounts(people),
            "risk_class": self._category("risk", 5, people),
        })  # fmt: skip
        self._write("corporate/all", {
            "cust_id": self._customers.slice(people),
            "name": self._picked(self._names, firms),
            "founded": self._days(firms, 20_000),
            "industry": self._category("industry", 90, firms),
            "country": self._category("country", 50, firms),
            "revenue": self._amounts(firms),
            "risk_class": self._category("risk", 5, firms),
        })  # fmt: skip
        every = self._scale.customers
        self._write("account/all", {
            "account_id": self._accounts,
            "opened": self._days(every, 9_000),
            "product": self._category("product", 12, every),
            "branch": self._category("branch", 300, every),
            "balance": self._amounts(every),
        })  # fmt: skip

    def write_day(self, number: int, day: dt.date) -> None:
        """A day's transactions, and the reports of a tenth of them."""
        import numpy as np
        import pyarrow as pa

        rows, random = self._scale.transactions, self._random
        ids = _numbered("T", rows, start=number * rows)
        payer, payee = random.integers(0, self._scale.customers, (2, rows))
        midnight = np.datetime64(day, "us")
        self._write(f"trx/daily/{day}", {
            "trx_id": ids,
            "cust_id": self._customers.take(pa.array(payer)),
            "account_id": self._accounts.take(pa.array(payer)),
            "target_cust_id": self._customers.take(pa.array(payee, mask=random.random(rows) < 0.3)),
            "target_account_id": self._accounts.take(pa.array(payee)),
            "amount": self._amounts(rows),
            "timestamp": pa.array(midnight + np.sort(random.integers(0, 86_400_000_000, rows))),
            "currency": self._category("currency", 12, rows),
            "channel": self._category("channel", 6, rows),
            "trx_type": self._category("type", 20, rows),
            "target_country": self._category("country", 80, rows),
            "target_name": self._picked(self._names, rows),
            "balance_before": self._amounts(rows),
            "fee": self._amounts(rows),
        })  # fmt: skip
        reported = random.permutation(rows)[: self._scale.reports]
        label = (random.random(len(reported)) < 0.01).astype(np.int8)
        undecided = random.random(len(reported)) < 0.1
        self._write(f"str/daily/{day}", {
            "trx_id": ids.take(pa.array(reported)),
            "ins_id": self._picked(_numbered("I", 40), len(reported)),
            "label": pa.array(label, mask=undecided),
            "report_type": self._category("report", 8, len(reported)),
            "scenario": self._category("scenario", 25, len(reported)),
        })  # fmt: skip

    def _write(self, folder: str, columns: dict[str, Any]) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        path = self._root / folder
        path.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.table(columns), path / "part-0.parquet")
        (path / "_SUCCESS").touch()

    def _text(self, word: str, count: int) -> pa.Array:
        """Made-up texts: two words and a number."""
        return _numbered(f"{word} of somebody ", count)

    def _category(self, word: str, values: int, rows: int) -> pa.Array:
        """A skewed category with a few nulls."""
        pool = self._text(word, values)
        return self._picked(pool, rows, skew=2.0, nulls=0.02)

    def _picked(
        self, pool: pa.Array, rows: int, *, skew: float = 1.0, nulls: float = 0.0
    ) -> pa.Array:
        import pyarrow as pa

        places = (self._random.random(rows) ** skew * len(pool)).astype("int64")
        mask = self._random.random(rows) < nulls if nulls else None
        return pool.take(pa.array(places, mask=mask))

    def _amounts(self, rows: int) -> pa.Array:
        import pyarrow as pa

        return pa.array(self._random.lognormal(5, 2, rows).round(2))

    def _days(self, rows: int, span: int) -> pa.Array:
        import pyarrow as pa

        last = (dt.date(2023, 12, 31) - dt.date(1970, 1, 1)).days
        days = last - self._random.integers(0, span, rows)
        return pa.array(days.astype("int32")).cast(pa.date32())


def _numbered(prefix: str, count: int, start: int = 0) -> pa.Array:
    """``prefix`` and a number of nine digits, in order."""
    import pyarrow as pa
    import pyarrow.compute as pc

    numbers = pa.array(range(start, start + count), pa.int64()).cast(pa.string())
    return pc.binary_join_element_wise(prefix, pc.utf8_lpad(numbers, 9, "0"), "")


PARTS = {"generate": generate, "earlier": prepare_earlier, "ours": ours, "baseline": baseline}

if __name__ == "__main__":
    main()
