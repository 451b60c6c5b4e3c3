"""Our features: what a night costs, at the given world's size and at 20 times it.

A night of the network is the partial of the day's movements and the features of its pairs from the
partials of the days before it, through the product's own functions, from Arrow tables to Arrow
tables; the behaviour of accounts is measured apart, in the same way. Times are processor seconds,
all threads together, the least of some repeats. The world is AMLGentex's (``--landing FOLDER`` for
any of that shape), and copies of it with accounts of their own.

The baseline computes the same counts with pandas, as a flow does that stores no features: for each
of the 27 nights of a training window, from the transactions of the horizon before it. Ours has the
earlier nights in the store. The table has the baseline's last night, too, like for like. The
baseline knows neither cycles nor ranks.

Run it alone: ``.venv/bin/python benchmarks/features.py [--small] [--landing FOLDER]``.
"""

from __future__ import annotations

import argparse
import datetime as dt
import gc
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from _common import machine, peak_memory, print_figures, print_table, run_child, say

if TYPE_CHECKING:
    import pyarrow as pa

LANDING = Path(__file__).resolve().parents[2] / "shared" / "data" / "amlgentex"
DAY_0 = dt.date(2023, 1, 1)
LAST = 89
"""The measured night, days after the first: with a full horizon of 90 days."""

TRAIN_DAYS = 27

COPIES, COPIES_SMALL = 20, 3
T = TypeVar("T")


def main() -> None:
    """Parse the command line; a child measures one size, the parent puts the sizes together."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--small", action="store_true", help="3 times the world instead of 20")
    parser.add_argument("--landing", type=Path, default=LANDING, help="the world's landing folder")
    parser.add_argument("--copies", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--baseline", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--behaviour", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if not (given.landing / "trx").is_dir():
        sys.exit(f"There is no world in {given.landing}; name its folder with --landing FOLDER.")
    if given.copies:
        measured = baseline if given.baseline else behaviour if given.behaviour else night
        print_figures(measured(given.landing, given.copies))
    else:
        report(given.landing, COPIES_SMALL if given.small else COPIES)


def report(landing: Path, copies: int) -> None:
    """Measure both sizes and the baseline, each in a process of its own, and print the figures."""
    sizes: dict[int, dict[str, Any]] = {}
    accounts: dict[int, dict[str, Any]] = {}
    for size in (1, copies):
        say(f"{size} × the given world ...")
        of_size = ("--landing", str(landing), "--copies", str(size))
        sizes[size] = run_child(__file__, *of_size)
        accounts[size] = run_child(__file__, *of_size, "--behaviour")
    say("the same counts by pandas over the whole window ...")
    pandas = run_child(__file__, "--landing", str(landing), "--copies", str(copies), "--baseline")
    one, many = sizes[1], sizes[copies]
    print_table(
        f"One night's network after {LAST} days ({machine()})",
        ["processor seconds", *(f"{size} ×" for size in sizes), f"pandas, {copies} ×"],
        [
            ["movements of the night", f"{one['movements']:,}", f"{many['movements']:,}", ""],
            *(
                [
                    name,
                    f"{one[name]:.2f}",
                    f"{many[name]:.2f}",
                    f"{pandas[name]:.2f}" if name == "together" else "",
                ]
                for name in ("partial", "features", "together")
            ),
            [f"the {TRAIN_DAYS} nights of a window", "", "", f"{pandas['window']:.2f}"],
            ["peak memory, MB", *(f"{each['peak_mb']:,.0f}" for each in (one, many, pandas))],
            *(
                [f"behaviour apart: {name}", *(f"{of[name]:.2f}" for of in accounts.values()), ""]
                for name in ("partial", "features", "peak_mb")
            ),
        ],
    )
    of_accounts = accounts[copies]
    print_figures(
        {
            "movements_per_second": round(many["movements"] / many["together"]),
            "growth": round(many["together"] / one["together"], 2),
            "peak_mb": round(many["peak_mb"]),
            "speedup": round(pandas["window"] / many["together"], 1),
            "behaviour_per_second": round(many["movements"] / of_accounts["together"]),
        }
    )


def night(landing: Path, copies: int) -> dict[str, float]:
    """What the partial of the night and its network cost."""
    from aml_assets.core.relations.movements import movements
    from aml_assets.core.relations.network import network
    from aml_assets.core.relations.partials import pair_day
    from aml_assets.settings.feature_settings import NetworkSettings

    spec, settings = _spec(), NetworkSettings()

    def partial(trx: pa.Table, day: dt.date) -> pa.Table:
        return pair_day(movements(trx, spec, day)).table

    def features(partials: dict[dt.date, pa.Table], day: dt.date) -> object:
        return network(partials, day, settings, history_days=90)

    return _night(landing, copies, partial, features) | {"peak_mb": peak_memory()}


def behaviour(landing: Path, copies: int) -> dict[str, float]:
    """What the accounts' partial of the night and their behaviour cost."""
    from aml_assets.core.relations import account_behaviour as behaviours
    from aml_assets.core.relations.history import of_accounts
    from aml_assets.core.relations.movements import movements
    from aml_assets.core.relations.partials import account_day
    from aml_assets.core.relations.traits import trait_columns, trait_names, traits
    from aml_assets.settings.feature_settings import BehaviourSettings

    spec, settings = _spec(), BehaviourSettings()
    names = trait_names(spec, settings)

    def partial(trx: pa.Table, day: dt.date) -> pa.Table:
        moved = movements(trx, spec, day)
        return account_day(
            moved, traits(trx, moved.table["amount"], spec, settings, timed=True)
        ).table

    def features(partials: dict[dt.date, pa.Table], day: dt.date) -> object:
        return behaviours.behaviour(partials, day, settings, traits=names, history_days=90)

    more = trait_columns(spec, settings)

    def kept(earlier: pa.Table, own: pa.Table) -> pa.Table:
        return of_accounts(earlier, own, "account")

    measured = _night(landing, copies, partial, features, *more, kept=kept)
    return measured | {"peak_mb": peak_memory()}


def _night(
    landing: Path,
    copies: int,
    partial: Callable[[pa.Table, dt.date], pa.Table],
    features: Callable[[dict[dt.date, pa.Table], dt.date], object],
    *more: str,
    kept: Callable[[pa.Table, pa.Table], pa.Table] | None = None,
) -> dict[str, float]:
    """Processor seconds of a partial, and of the features of it and of those before it.

    Args:
        landing: the world's.
        copies: of each account.
        partial: of a day's transactions.
        features: of the partials, on the last day.
        more: further columns that the partial needs.
        kept: what the features read of an earlier partial, given the night's own; all by default.
    """
    day = DAY_0 + dt.timedelta(LAST)
    trx = _landed(landing, day, copies, *more)
    repeats = 5 if copies == 1 else 3
    own, of_partial = _least(lambda: partial(trx, day), repeats)
    partials, of_reading = {day: own}, 0.0
    for number in range(LAST):
        earlier = DAY_0 + dt.timedelta(number)
        table = partial(_landed(landing, earlier, copies, *more), earlier)
        begun = time.process_time()
        partials[earlier] = kept(table, own) if kept else table
        of_reading += time.process_time() - begun
    gc.collect()
    _, of_features = _least(lambda: features(partials, day), repeats)
    of_features += of_reading
    return {
        "movements": trx.num_rows,
        "partial": of_partial,
        "features": of_features,
        "together": of_partial + of_features,
    }


def _least(work: Callable[[], T], repeats: int) -> tuple[T, float]:
    """The result, and the least processor seconds of some repeats."""
    from contextlib import nullcontext

    from aml_assets.core.tables.engine import spilling_into

    def timed() -> tuple[T, float]:
        begun = time.process_time()
        with spilling_into(lambda: nullcontext("")):  # one engine for an asset's day, as in a step
            result = work()
        return result, time.process_time() - begun

    return min((timed() for _ in range(repeats)), key=lambda done: done[1])


def _spec() -> Any:
    from aml_assets.settings.table_settings import TRX, TableSettings, with_default_tables

    return TableSettings.model_validate(with_default_tables({})[TRX])


def _landed(landing: Path, day: dt.date, copies: int, *more: str) -> pa.Table:
    """A day's transactions, with as many copies of each account."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    from aml_assets.core.relations.movements import movement_columns

    (file,) = (landing / "trx" / "daily" / str(day)).glob("*.parquet")
    table = pq.read_table(file, columns=[*movement_columns(_spec()), *more])
    is_text = [pa.types.is_string(f.type) or pa.types.is_large_string(f.type) for f in table.schema]
    parts = [
        [
            pc.binary_join_element_wise(column.cast(pa.string()), pa.scalar(f"_{copy}"), "")
            if text
            else column
            for column, text in zip(table.columns, is_text, strict=True)
        ]
        for copy in range(copies)
    ]
    return pa.concat_tables(pa.table(part, table.column_names) for part in parts).combine_chunks()


# -- the baseline --------------------------------------------------------------------------


def baseline(landing: Path, copies: int) -> dict[str, float]:
    """The same counts by pandas, from the transactions of the whole window."""
    import pyarrow as pa

    tables = []
    for number in range(LAST + 1):
        table = _landed(landing, DAY_0 + dt.timedelta(number), copies)
        tables.append(table.append_column("day", pa.repeat(number, table.num_rows)))
    frame = pa.concat_tables(tables).to_pandas()
    del tables, table  # pyright: ignore[reportPossiblyUnboundVariable]
    times: list[float] = []
    for night in range(LAST - TRAIN_DAYS + 1, LAST + 1):
        begun = time.process_time()
        by_pandas(frame[frame["day"] <= night], night)
        times.append(time.process_time() - begun)
    return {"together": times[-1], "window": sum(times), "peak_mb": peak_memory()}


def by_pandas(trx: Any, night: int) -> Any:
    """The pairs of a night with their features, by merges and groups of the whole window."""
    own = trx.dropna(subset=["cust_id", "target_cust_id"])
    own = own[own["account_id"] != own["target_account_id"]]
    own = own.rename(columns={"account_id": "payer", "target_account_id": "payee"})
    relation = own.groupby(["payer", "payee"], as_index=False).agg(
        first=("day", "min"), last=("day", "max"), payments=("day", "size")
    )
    found = relation[relation["last"] == night]
    reverse = relation.rename(columns={"payer": "payee", "payee": "payer"})
    found = found.merge(reverse, "left", ["payer", "payee"], suffixes=("", "_reverse"))
    today = found[["payer", "payee"]]
    for window in (7, 30):
        recent = relation[relation["last"] > night - window]
        new = relation.loc[relation["first"] > night - window, ["payer", "payee"]]
        for end in ("payer", "payee"):
            for name, pairs in (("all", recent), ("new", new)):
                for side in ("payer", "payee"):
                    counts = pairs.groupby(side).size().rename(f"{end}_{side}_{name}_{window}")
                    found = found.join(counts, on=end)
        for columns in _two_steps(today, new, window):
            found = found.merge(columns, "left", ["payer", "payee"])
    return found


def _two_steps(today: Any, new: Any, window: int) -> list[Any]:
    pair = ["payer", "payee"]
    outgoing = new[new["payer"].isin(today["payer"])]
    incoming = new[new["payee"].isin(today["payee"])]
    peers = outgoing.merge(new.rename(columns={"payer": "peer"}), on="payee")
    peers = peers[peers["payer"] != peers["peer"]]
    peers = peers.groupby(["payer", "peer"]).size().rename("shared").reset_index()
    others = today.merge(new.rename(columns={"payer": "peer"}), on="payee")
    shared = others.merge(peers, on=["payer", "peer"]).groupby(pair)["shared"].max()
    onward = new.rename(columns={"payer": "payee", "payee": "target"})
    ways_out = outgoing.merge(onward, on="payee").groupby(["payer", "target"]).size()
    ways_out = ways_out.rename("ways").reset_index()
    funding = new.rename(columns={"payee": "payer", "payer": "origin"})
    ways_in = incoming.merge(funding, on="payer").groupby(["origin", "payee"]).size()
    ways_in = ways_in.rename("ways").reset_index()
    gather = today.merge(funding, on="payer").merge(ways_in, on=["origin", "payee"])
    scatter = today.merge(onward, on="payee").merge(ways_out, on=["payer", "target"])
    named = {"shared": shared, "gather": gather.groupby(pair)["ways"].max()}
    named["scatter"] = scatter.groupby(pair)["ways"].max()
    columns = [each.rename(f"{name}_{window}").reset_index() for name, each in named.items()]
    upstream = ways_in.groupby("payee").size().rename(f"upstream_{window}").reset_index()
    downstream = ways_out.groupby("payer").size().rename(f"downstream_{window}").reset_index()
    return [*columns, today.merge(upstream, on="payee"), today.merge(downstream, on="payer")]


if __name__ == "__main__":
    main()
