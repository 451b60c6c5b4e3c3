"""Training on a window that does not fit into memory: from disk against in memory, in one run.

Shows how much memory and processor time a model takes from stored merged frames to the finished
booster, once with all rows in memory and once with `training.external_memory_bytes` at 0. Each is
a process of its own on two threads; generating the frames and importing libraries are not timed.
The kernel refuses the second one more memory of its own than `--limit` says, libraries included;
files that are mapped do not count. Both boosters, with encoder and distributions, are compared byte
by byte.

Run it alone: ``.venv/bin/python benchmarks/training_memory.py [--small]``.
"""

from __future__ import annotations

import argparse
import datetime as dt
import hashlib
import importlib
import resource
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from _common import THREADS, machine, peak_memory, print_figures, print_table, run_child, say

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from aml_assets.io.catalog import Catalog

FIRST = dt.date(2024, 3, 1)
COUNTS = {"amount": 14, "count": 8, "category": 8, "time": 3, "flag": 6}
"""Kind of column → how many there are; each time becomes three features."""
EVERYTHING = 1 << 50
"""Bytes that no window exceeds."""

_FRUGAL = {"MALLOC_ARENA_MAX": "1", "MALLOC_MMAP_THRESHOLD_": str(256 * 1024)}
"""glibc gives back to the kernel what was freed: by default it keeps some of it, which counts."""


def main() -> None:
    """Parse the command line; a child does one part, the parent all of them."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--small", action="store_true", help="6 days of 20,000, under a minute")
    parser.add_argument("--days", type=int, help="of the training window; 27 by default")
    parser.add_argument("--reports", type=int, help="a day; 300,000 by default")
    parser.add_argument("--limit", type=int, default=1_000_000_000, help="bytes of the second one")
    parser.add_argument("--keep", type=Path, help="a folder for the store")
    parser.add_argument("--part", choices=PARTS, help=argparse.SUPPRESS)
    given = parser.parse_args()
    given.days = given.days or (6 if given.small else 27)
    given.reports = given.reports or (20_000 if given.small else 300_000)
    if given.part:
        print_figures(PARTS[given.part](given))
    elif given.keep:
        given.keep.mkdir(parents=True, exist_ok=True)
        measure(given)
    else:
        with tempfile.TemporaryDirectory(prefix="aml-training-memory-") as folder:
            given.keep = Path(folder)
            measure(given)


def measure(given: argparse.Namespace) -> None:
    """Generate, train both ways, and print what came out."""

    def part(part: str) -> dict[str, Any]:
        said = [f"--{name}={getattr(given, name)}" for name in ("keep", "days", "reports", "limit")]
        return run_child(__file__, "--part", part, *said, **(_FRUGAL if part == "disk" else {}))

    say("generating the merged frames ...")
    part("generate")
    say("training from disk ...")
    disk = part("disk")
    say("training in memory ...")
    memory = part("memory")
    print_table(
        f"A model of {given.days} days × {given.reports:,} reports, {disk['features']} features "
        f"({machine()})",
        ["", "in memory", "from disk"],
        [
            ["peak memory, MB", *(f"{each['peak']:,.0f}" for each in (memory, disk))],
            ["of processor, s", *(f"{each['cpu']:.1f}" for each in (memory, disk))],
            ["together, s", *(f"{each['seconds']:.1f}" for each in (memory, disk))],
        ],
    )
    print_figures(
        {
            "rows": disk["rows"],
            "peak_mb": round(disk["peak"]),
            "peak_mb_in_memory": round(memory["peak"]),
            "cpu_ratio": round(disk["cpu"] / memory["cpu"], 3),
            "same_bytes": disk["digest"] == memory["digest"],
        }
    )


# -- training ------------------------------------------------------------------------------


def from_disk(given: argparse.Namespace) -> dict[str, Any]:
    """Train with every window on disk, within the limit."""
    resource.setrlimit(resource.RLIMIT_DATA, (given.limit, given.limit))
    return _train(given, external_memory_bytes=0)


def in_memory(given: argparse.Namespace) -> dict[str, Any]:
    """Train with every window in memory."""
    return _train(given, external_memory_bytes=EVERYTHING)


def _train(given: argparse.Namespace, external_memory_bytes: int) -> dict[str, Any]:
    for name in ("aml_assets.steps.builders.build_model", "duckdb", "jinja2"):
        importlib.import_module(name)
    import pyarrow as pa

    from aml_assets.core.graph import FEATURES
    from aml_assets.core.model.training import load_xgboost
    from aml_assets.steps.builders.build_model import build_model

    pa.set_cpu_count(THREADS)
    load_xgboost()  # as training does: threads that spin while they wait would count as work
    catalog = _catalog(given, external_memory_bytes)
    day = FIRST + dt.timedelta(days=given.days + 1)
    start, cpu = time.perf_counter(), time.process_time()
    built = build_model(catalog, day, catalog.upstream(FEATURES))
    return {
        "seconds": time.perf_counter() - start,
        "cpu": time.process_time() - cpu,
        "peak": peak_memory(),
        "rows": built.manifest.facts["rows"],
        "features": built.manifest.facts["features"],
        "digest": hashlib.sha256(built.value.save_raw()).hexdigest(),
    }


def _catalog(given: argparse.Namespace, external_memory_bytes: int) -> Catalog:
    from aml_assets.io.catalog import Catalog
    from aml_assets.settings.load import load_settings

    settings = load_settings(
        landing={"url": str(given.keep / "landing")},
        store={"url": str(given.keep / "store")},
        partitions={"first_day": FIRST},
        windows={"train_days": given.days, "delay_days": 0, "eval_days": 1},
        training={"refit": False, "external_memory_bytes": external_memory_bytes},
    )
    return Catalog(settings)


# -- the merged frames ---------------------------------------------------------------------


def generate(given: argparse.Namespace) -> dict[str, Any]:
    """Publish a seeded merged frame for each day of the window."""
    import numpy as np

    from aml_assets.core.graph import FEATURES
    from aml_assets.io.manifest import Manifest
    from aml_assets.steps.inputs.stored_frames import column_facts

    catalog = _catalog(given, EVERYTHING)
    for number in range(given.days):
        day = FIRST + dt.timedelta(days=number)
        table = _frame(day, given.reports, number, np.random.default_rng(number))
        facts = {"columns": column_facts(_facts(table))}
        manifest = Manifest(FEATURES, str(day), code_version="1", facts=facts)
        catalog.features.publish(day, table, manifest)
    return {"days": given.days}


def _frame(day: dt.date, rows: int, number: int, random: np.random.Generator) -> pa.Table:
    """A day's reports: ids that ascend, and columns as a bank's features have them."""
    import numpy as np
    import pyarrow as pa

    from aml_assets.io.formats.canonical import canonical

    midnight = np.datetime64(day, "us")

    def some(values: np.ndarray, missing: float) -> pa.Array:
        return pa.array(values, mask=random.random(rows) < missing)

    def column(kind: str, place: int) -> pa.Array:
        missing = 0.2 if place % 3 == 0 else 0.0
        if kind == "amount":
            return some(random.lognormal(5, 2, rows).round(2), missing)
        if kind == "count":
            return some(random.poisson(2 + 3 * place, rows), missing)
        if kind == "time":
            return some(midnight - random.integers(0, 86_400_000_000 << place * 4, rows), missing)
        if kind == "flag":
            return some(random.random(rows) < 0.1, missing)
        picked = (random.random(rows) ** 2 * 8 * (place + 1) ** 2).astype(np.int32)
        pool = pa.array([f"category {value:03}" for value in range(8 * (place + 1) ** 2)])
        return pa.DictionaryArray.from_arrays(some(picked, missing), pool)

    ids = range(number * rows, (number + 1) * rows)
    keys = ("trx_id", "ins_id")
    columns = {name: pa.array([f"{name[0]}{each:09}" for each in ids]) for name in keys}
    for kind, count in COUNTS.items():
        columns |= {f"{kind}_{place}": column(kind, place) for place in range(count)}
    amount, times = (columns[name].fill_null(0).to_numpy() for name in ("amount_0", "count_1"))
    risk = np.log1p(amount) + 0.3 * times + random.normal(0, 1.5, rows)
    columns["label"] = pa.array((risk > 11.5).astype(np.int64))
    return canonical(pa.table(columns))


def _facts(table: pa.Table) -> dict[str, Any]:
    from aml_assets.core.tables.contracts import LABEL, Column

    kinds = {"trx_id": "id", "ins_id": "id", "label": LABEL}
    of = {"amount": "numeric", "count": "numeric", "flag": "boolean"}
    found: dict[str, Any] = {}
    for name in table.column_names:
        kind = name.partition("_")[0]
        table_name = "str" if name in kinds else "trx"
        found[name] = Column(table_name, name, kinds.get(name) or of.get(kind) or kind)
    return found


PARTS = {"generate": generate, "disk": from_disk, "memory": in_memory}

if __name__ == "__main__":
    main()
