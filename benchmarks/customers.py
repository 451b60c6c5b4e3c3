"""Customers on real input: who will be confirmed within two weeks, reported or not.

The rolling protocol on AMLGentex's simulated bank, as in ``detection.py``: every third day a model
of customers is trained on 27 days whose horizon is over, and ranks each customer who moved money in
the last 30 days, on the next 3 days. A customer is positive if a report about a transaction of his
within the 14 days after is suspicious. Beside it stand the lists that a bank without such a model
has: customers by the highest score that a report of theirs got on the day, in the last 7, 14 and 30
days, by the protocol's model of each report's day; who has no such report comes last. What counts
is the share of all positives that is among the first hundredth of each day's list; the intervals
are 95 % bootstrap intervals of 3-day blocks, those of the ratios paired. In this world every
transfer between accounts is reported, which no bank's rules do. So it is measured once more with
one report in ten, chosen by a hash of the transaction's id; both models learn from these alone, and
who is positive is told by all. "fresh" is the recall of those alone who were not confirmed in the
30 days before: a list of weeks finds the others again. Everything goes through the product's own
steps into temporary stores.

Run it alone: ``.venv/bin/python benchmarks/customers.py [--small] [--landing FOLDER]``.
"""

from __future__ import annotations

import argparse
import datetime as dt
import tempfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from _common import THREADS, machine, prepare_day, print_figures, print_table, say
from detection import DAY_0, EVAL_DAYS, TRAIN_DAYS, with_landing

if TYPE_CHECKING:
    import numpy as np

    from aml_assets.core.graph import Line
    from aml_assets.io.catalog import Catalog

HORIZON = 14
FIRST_REPORTS, FIRST, LAST, LAST_SMALL = 30, 43, 84, 48
"""The first day with scores of reports; the first and last day on which customers are ranked."""

BUDGET = 0.01
LISTS = {"day": 1, "week": 7, "fortnight": 14, "month": 30}
"""How many days of reports' scores each list of comparison looks at."""

RESAMPLES, SEED = 2000, 0

SHARES = {"": 1.0, "tenth_": 0.1}
"""What the figures' names begin with → the share of the transfers that is reported."""


@dataclass(frozen=True)
class Ranked:
    """The customers of one day.

    Attributes:
        block: the number of the day's 3-day block.
        ids: of shape (customers,).
        truth: 1 or 0, same shape.
        scores: list → the scores, same shape.
        reported: whether a report of his lay in the 30 days up to the day, same shape.
        fresh: 1 if he is positive and was not confirmed in the 30 days up to the day, same shape.
    """

    block: int
    ids: np.ndarray
    truth: np.ndarray
    scores: Mapping[str, np.ndarray]
    reported: np.ndarray
    fresh: np.ndarray

    def listed(self, name: str) -> np.ndarray:
        """Whether each customer is among the first hundredth of a list; equal scores go by id."""
        import numpy as np

        order = np.lexsort((self.ids, -self.scores[name]))
        found = np.zeros(len(order), bool)
        found[order[: max(1, round(BUDGET * len(order)))]] = True
        return found


def main() -> None:
    """Parse the command line, run the protocol and print its figures."""
    parser = argparse.ArgumentParser(description="Recall of customers on real input.")
    parser.add_argument("--small", action="store_true", help="two models each: two minutes")
    given = with_landing(parser)
    last = LAST_SMALL if given.small else LAST
    confirmed = confirmed_customers(given.landing, last + HORIZON)
    figures: dict[str, Any] = {}
    for name, share in SHARES.items():
        with tempfile.TemporaryDirectory(prefix="aml-customers-") as folder:
            landing = given.landing
            if share < 1:
                landing = reported_in_part(landing, Path(folder) / "landing", share)
            days = run(catalog_of(landing, f"{folder}/store"), confirmed, last)
        title = "every transfer is reported" if share == 1 else f"{share:.0%} of the transfers are"
        figures |= {f"{name}{key}": value for key, value in report(days, title).items()}
    print_figures(figures)


def run(catalog: Catalog, confirmed: Mapping[int, set[str]], last: int) -> list[Ranked]:
    """The rolling protocol up to the day ``last``, in an empty store."""
    say(f"preparing {last + HORIZON + 1} days ...")
    for number in range(last + HORIZON + 1):
        prepare_day(catalog, _day(number))
    of_reports = scores_of_reports(catalog, last)
    return [
        ranked
        for start in range(FIRST, last + 1, EVAL_DAYS)
        for ranked in rank(catalog, start, of_reports, confirmed)
    ]


def confirmed_customers(landing: Path, last: int) -> dict[int, set[str]]:
    """For each day the customers of the transactions whose report is suspicious."""
    import pyarrow.compute as pc
    import pyarrow.dataset as ds

    found: dict[int, set[str]] = {}
    for number in range(last + 1):
        of_day = {name: landing / name / "daily" / str(_day(number)) for name in ("str", "trx")}
        reports = ds.dataset(of_day["str"]).to_table(["trx_id"], filter=pc.field("label") == 1)
        sides = ["cust_id", "target_cust_id"]
        moved = ds.dataset(of_day["trx"]).to_table(["trx_id", *sides])
        ids = reports.column("trx_id").cast(moved.schema.field("trx_id").type)
        moved = moved.filter(pc.is_in(moved.column("trx_id"), value_set=ids))
        found[number] = {
            one for side in sides for one in moved.column(side).to_pylist() if one is not None
        }
    return found


def reported_in_part(landing: Path, folder: Path, share: float) -> Path:
    """The same landing with a share of its reports, by a hash of the transaction's id."""
    import pyarrow as pa
    import pyarrow.dataset as ds
    import pyarrow.parquet as pq

    folder.mkdir()
    for path in landing.iterdir():
        if path.is_dir() and path.name != "str":
            (folder / path.name).symlink_to(path)
    for day in sorted((landing / "str" / "daily").iterdir()):
        reports = ds.dataset(day).to_table()
        ids = reports.column("trx_id").to_pylist()
        kept = [zlib.crc32(str(one).encode()) < share * 2**32 for one in ids]
        to = folder / "str" / "daily" / day.name
        to.mkdir(parents=True)
        pq.write_table(reports.filter(pa.array(kept, pa.bool_())), to / "part-0.parquet")
        (to / "_SUCCESS").touch()
    return folder


def catalog_of(landing: Path, store: str) -> Catalog:
    """A store with a line of customers; labels are known at once, and no model is fitted again."""
    from aml_assets.io.catalog import Catalog
    from aml_assets.settings.load import load_settings

    return Catalog(
        load_settings(
            landing={"url": str(landing)},
            store={"url": store},
            partitions={"first_day": DAY_0},
            features={"behaviour": {"enabled": False}},
            windows={
                "train_days": TRAIN_DAYS,
                "eval_days": EVAL_DAYS,
            },
            training={"refit": False, "threads": THREADS},
            lines={"customer": {"horizon_days": HORIZON}},
        )
    )


def scores_of_reports(catalog: Catalog, last: int) -> dict[int, dict[str, float]]:
    """For each day the highest score of a report of each customer, as payer or payee."""
    found: dict[int, dict[str, float]] = {}
    for start in range(FIRST_REPORTS, last + 1, EVAL_DAYS):
        say(f"reports: model of {_day(start + EVAL_DAYS)} ...")
        window = evaluated(catalog, _day(start + EVAL_DAYS))
        for day, scores in zip(window.days, window.scores_by_day, strict=True):
            columns = ["cust_id", "target_cust_id"]
            frame, _ = catalog.features.load_with_manifest(day, columns)
            highest: dict[str, float] = {}
            for name in columns:
                for one, score in zip(frame.column(name).to_pylist(), scores, strict=True):
                    if one is not None:
                        highest[one] = max(highest.get(one, 0.0), float(score))
            found[(day - DAY_0).days] = highest
    return found


def evaluated(catalog: Catalog, day: dt.date) -> Any:
    """The evaluation window of a day's model, which is trained first."""
    from aml_assets.core.graph import FEATURES
    from aml_assets.steps.builders.build_model import build_model
    from aml_assets.steps.inputs.model_selection import read_model
    from aml_assets.steps.inputs.scored_window import score_evaluation_window

    line = catalog.line
    reports = catalog.upstream(FEATURES) if line.name else None
    frames = catalog.upstream(line.features)
    build_model(catalog, day, frames, reports=reports).publish_to(catalog.models, day)
    model = read_model(catalog.upstream(line.model), catalog.models.path(day))
    return score_evaluation_window(catalog, catalog.upstream(line.features), model, reports=reports)


def rank(
    catalog: Catalog,
    start: int,
    of_reports: Mapping[int, Mapping[str, float]],
    confirmed: Mapping[int, set[str]],
) -> Sequence[Ranked]:
    """The customers of a block's days, by its model and by their reports."""
    import numpy as np

    line = _line()
    say(f"customers: model of {_day(start + EVAL_DAYS)} ...")
    window = evaluated(catalog.of_line(line), _day(start + EVAL_DAYS))
    found: list[Ranked] = []
    for day, scores in zip(window.days, window.scores_by_day, strict=True):
        columns = ["customer", "reports_paid_30", "reports_received_30"]
        frame, _ = catalog.frames(line.features).load_with_manifest(day, columns)
        ids = np.asarray(frame.column("customer").to_pylist(), dtype=object)
        number = (day - DAY_0).days
        lists = {"model": scores.astype(np.float64)}
        for name, back in LISTS.items():
            highest: dict[str, float] = {}
            for past in range(number - back + 1, number + 1):
                for one, score in of_reports.get(past, {}).items():
                    highest[one] = max(highest.get(one, 0.0), score)
            lists[name] = np.array([highest.get(one, -1.0) for one in ids])
        paid, received = (frame.column(name).to_numpy() for name in columns[1:])
        coming = set[str]().union(*(confirmed[number + n] for n in range(1, HORIZON + 1)))
        truth = np.array([one in coming for one in ids], np.float64)
        before = set[str]().union(*(confirmed[n] for n in range(number - 29, number + 1) if n >= 0))
        fresh = truth * np.array([one not in before for one in ids], np.float64)
        block = (start - FIRST) // EVAL_DAYS
        found.append(Ranked(block, ids, truth, lists, paid + received > 0, fresh))
    return found


def report(days: Sequence[Ranked], title: str) -> dict[str, Any]:
    """Print the table; the figures by name."""
    import numpy as np

    names = ["model", *LISTS]
    blocks = np.array([each.block for each in days])
    hits = {n: np.array([(each.truth * each.listed(n)).sum() for each in days]) for n in names}
    positives = np.array([each.truth.sum() for each in days])
    new = {n: np.array([(each.fresh * each.listed(n)).sum() for each in days]) for n in names}
    fresh = np.array([each.fresh.sum() for each in days])
    unreported = np.array([(each.truth * ~each.reported).sum() for each in days])
    caught = np.array([(each.truth * ~each.reported * each.listed("model")).sum() for each in days])
    drawn = _resampled(blocks)

    def recall(name: str, of: np.ndarray) -> float:
        return float(hits[name][of].sum() / positives[of].sum())

    whole = np.arange(len(days))
    figures: dict[str, Any] = {"customer_days": int(sum(len(each.ids) for each in days))}
    lines: list[list[str]] = []
    for name in names:
        value = recall(name, whole)
        low, high = np.percentile([recall(name, of) for of in drawn], [2.5, 97.5])
        figures[f"recall_{name}"] = round(value, 4)
        figures[f"recall_{name}_ci"] = [round(low, 4), round(high, 4)]
        figures[f"fresh_{name}"] = round(float(new[name].sum() / fresh.sum()), 4)
        line = [name, f"{value:.3f}", f"[{low:.3f}, {high:.3f}]", f"{figures[f'fresh_{name}']:.3f}"]
        if name != "model":
            ratio = recall("model", whole) / value
            ratios = [recall("model", of) / max(recall(name, of), 1e-9) for of in drawn]
            low, high = np.percentile(ratios, [2.5, 97.5])
            figures[f"ratio_{name}"] = round(ratio, 3)
            figures[f"ratio_{name}_ci"] = [round(low, 3), round(high, 3)]
            line += [f"{ratio:.2f}", f"[{low:.2f}, {high:.2f}]"]
        lines.append(line)
    figures |= {
        "positives": int(positives.sum()),
        "fresh": int(fresh.sum()),
        "unreported_share": round(float(unreported.sum() / positives.sum()), 4),
        "unreported_found": int(caught.sum()),
        "unreported": int(unreported.sum()),
    }
    print_table(
        f"Recall of customers who are confirmed within {HORIZON} days, among the first hundredth "
        f"of each day's list, where {title} ({len(days)} days, {machine()})",
        ["list", "recall", "95 % interval", "fresh", "model : list", "95 % interval"],
        [[*line, *[""] * (6 - len(line))] for line in lines],
    )
    print(
        f"{figures['unreported_share']:.1%} of the positives had no report in the 30 days before; "
        f"the model lists {figures['unreported_found']} of {figures['unreported']}.\n"
    )
    return figures


def _resampled(blocks: np.ndarray) -> list[np.ndarray]:
    """Positions of days, block by block drawn with replacement."""
    import numpy as np

    random = np.random.default_rng(SEED)
    members = [np.flatnonzero(blocks == block) for block in np.unique(blocks)]
    return [
        np.concatenate([members[each] for each in random.integers(0, len(members), len(members))])
        for _ in range(RESAMPLES)
    ]


def _line() -> Line:
    from aml_assets.core.graph import Line

    return Line("customer")


def _day(number: int) -> dt.date:
    return DAY_0 + dt.timedelta(days=number)


if __name__ == "__main__":
    main()
