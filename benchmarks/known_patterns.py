"""Known patterns: which laundering attempts of AMLworld the network's features mark, and what else.

Beside the share of attempts that are marked stands what the same marks cost: how many transfers of
AMLGentex's simulated bank have them, ordinary ones and laundering ones, evaluation days 40 to 98.
A mark is a threshold that people understand; the models learn their own.

Run it alone: ``.venv/bin/python benchmarks/known_patterns.py [--small]``.
"""

from __future__ import annotations

import argparse
import datetime as dt
import sys
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from _attempts import MARKS, SPEC, Attempt, Features, Pair, attempts, marked
from _common import machine, print_figures, print_table, say

from aml_assets.core.relations.movements import movement_columns, movements
from aml_assets.core.relations.network import network
from aml_assets.core.relations.partials import pair_day
from aml_assets.settings.feature_settings import NetworkSettings

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
DAY_0 = dt.date(2023, 1, 1)
FIRST, LAST, EVERY_SMALL = 40, 98, 20
WINDOWS = (7, 30)

CAN_BE_MARKED = {
    "FAN-IN": ("three payers or more", lambda each: each.degree >= 3),
    "FAN-OUT": ("three payees or more", lambda each: each.degree >= 3),
    "SCATTER-GATHER": ("two go-betweens or more", lambda each: each.go_betweens >= 2),
    "GATHER-SCATTER": ("all", lambda each: True),
    "CYCLE": ("in time order", lambda each: each.in_time_order),
}
"""Kind → which attempts a feature can mark at all, in words and as a condition."""


def main() -> None:
    """Parse the command line and print both tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--small", action="store_true", help="every twentieth evaluation day")
    parser.add_argument("--patterns", type=Path, default=DATA / "HI-Small_Patterns.txt")
    parser.add_argument("--landing", type=Path, default=DATA / "amlgentex")
    given = parser.parse_args()
    if not given.patterns.is_file() or not (given.landing / "trx").is_dir():
        sys.exit("Name AMLworld's list with --patterns FILE and a bank with --landing FOLDER.")
    say("AMLworld's attempts ...")
    found = shares(marked(attempts(given.patterns)))
    say("AMLGentex's bank ...")
    background = marks_of_a_bank(given.landing, EVERY_SMALL if given.small else 1)
    report(found, background)


def shares(listed: dict[str, list[tuple[Attempt, bool]]]) -> dict[str, tuple[int, int]]:
    """Kind → marked attempts, and those that can be."""
    able = {
        kind: [done for attempt, done in listed[kind] if can_be(attempt)]
        for kind, (_, can_be) in CAN_BE_MARKED.items()
    }
    return {kind: (sum(done), len(done)) for kind, done in able.items()}


def marks_of_a_bank(landing: Path, every: int) -> dict[tuple[str, int, bool], float]:
    """Kind, window, laundering or not → the share of reported transfers with the mark."""
    settings = NetworkSettings(windows=WINDOWS, rank=False)
    partials: dict[dt.date, pa.Table] = {}
    marks: Counter[tuple[str, int, bool]] = Counter()
    transfers: Counter[bool] = Counter()
    for number in range(LAST + 1):
        day = DAY_0 + dt.timedelta(number)
        trx = _read(landing, "trx", day, ["trx_id", *movement_columns(SPEC)])
        partials[day] = pair_day(movements(trx, SPEC, day)).table
        if number < FIRST or (number - FIRST) % every:
            continue
        known = {each: partials[each] for each in list(partials)[-settings.horizon_days :]}
        frame = network(known, day, settings, history_days=len(known)).table
        rows = {(row["payer"], row["payee"]): row for row in frame.to_pylist()}
        for pair, guilty in _reported(landing, day, trx):
            transfers[guilty] += 1
            marks.update((*mark, guilty) for mark in _marks(rows[pair]))
    keys = [(k, w, guilty) for k in MARKS for w in WINDOWS for guilty in (False, True)]
    return {key: marks[key] / transfers[key[2]] for key in keys}


def _marks(row: Features) -> list[tuple[str, int]]:
    return [(kind, w) for kind, has in MARKS.items() for w in WINDOWS if has(row, w)]


def _reported(landing: Path, day: dt.date, trx: pa.Table) -> list[tuple[Pair, bool]]:
    """The reported transfers between two accounts of customers, and whether they launder."""
    reports = _read(landing, "str", day, ["trx_id", "label"])
    joined = reports.join(trx, "trx_id", join_type="inner").to_pylist()
    return [
        ((row["account_id"], row["target_account_id"]), bool(row["label"]))
        for row in joined
        if row["account_id"] != row["target_account_id"]
    ]


def _read(landing: Path, table: str, day: dt.date, columns: list[str]) -> pa.Table:
    """A landed day, with texts as the product has them."""
    (file,) = (landing / table / "daily" / str(day)).glob("*.parquet")
    read = pq.read_table(file, columns=columns)
    kinds = [
        pa.string() if pa.types.is_large_string(each.type) else each.type for each in read.schema
    ]
    return read.cast(pa.schema(list(zip(read.column_names, kinds, strict=True))))


def report(
    found: dict[str, tuple[int, int]], background: dict[tuple[str, int, bool], float]
) -> None:
    """The table, and the figures as JSON."""
    header = [f"{w} days, {who}" for w in WINDOWS for who in ("ordinary", "laundering")]
    print_table(
        f"Attempts marked, and the share of AMLGentex's transfers with the mark ({machine()})",
        ["attempts", "marked", *header],
        [
            [
                f"{kind}: {CAN_BE_MARKED[kind][0]}",
                f"{done} of {able}",
                *(f"{background[kind, w, g]:.1%}" for w in WINDOWS for g in (False, True)),
            ]
            for kind, (done, able) in found.items()
        ],
    )
    print_figures({kind.lower(): round(done / able, 4) for kind, (done, able) in found.items()})


if __name__ == "__main__":
    main()
