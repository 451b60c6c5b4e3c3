"""Detection on real input: how well the pipeline's models rank the reports of days to come.

The rolling protocol on AMLGentex's simulated bank (100 days from 2023-01-01): every third day a
model is trained on 27 days and scores the next 3, until the evaluation days 40 to 98 (day 0 is
2023-01-01) are covered once. All scores are pooled; the intervals are 95 % bootstrap intervals
of 3-day blocks. Everything goes through the product's own steps into a temporary store.

Run it alone: ``.venv/bin/python benchmarks/detection.py [--small] [--landing FOLDER]``.
"""

from __future__ import annotations

import argparse
import datetime as dt
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from _common import THREADS, machine, prepare_day, print_figures, print_table, say

if TYPE_CHECKING:
    import numpy as np

    from aml_assets.io.catalog import Catalog

DAY_0 = dt.date(2023, 1, 1)
FIRST, LAST, LAST_SMALL = 40, 98, 51
TRAIN_DAYS, EVAL_DAYS = 27, 3
LANDING = Path(__file__).resolve().parents[2] / "shared" / "data" / "amlgentex"


@dataclass(frozen=True)
class Pooled:
    """All scored reports: labels, scores and the number of their 3-day block, shape (rows,)."""

    labels: np.ndarray
    scores: np.ndarray
    blocks: np.ndarray


def main() -> None:
    """Parse the command line, run the protocol and print its figures."""
    parser = argparse.ArgumentParser(description="AUC and average precision on real input.")
    parser.add_argument("--small", action="store_true", help="four models, under a minute")
    parser.add_argument("--landing", type=Path, default=LANDING, help="AMLGentex's five tables")
    given = parser.parse_args()
    if not (given.landing / "trx" / "daily" / str(DAY_0)).is_dir():
        sys.exit(
            f"{given.landing} is not AMLGentex's landing: there is no trx/daily/{DAY_0} in it. "
            "Name it with --landing."
        )
    with tempfile.TemporaryDirectory(prefix="aml-detection-") as store:
        pooled = run(given.landing, store, last=LAST_SMALL if given.small else LAST)
    report(pooled)


def run(landing: Path, store: str, *, last: int) -> Pooled:
    """The rolling protocol, up to the evaluation day ``last``."""
    import numpy as np

    from aml_assets.io.catalog import Catalog
    from aml_assets.settings.load import load_settings

    catalog = Catalog(
        load_settings(
            landing={"url": str(landing)},
            store={"url": store},
            partitions={"first_day": DAY_0},
            windows={"train_days": TRAIN_DAYS, "delay_days": 0, "eval_days": EVAL_DAYS},
            training={"rounds": 100, "max_depth": 6, "learning_rate": 0.1, "threads": THREADS},
        )
    )
    starts = range(FIRST, last + 1, EVAL_DAYS)
    needed = range(FIRST - TRAIN_DAYS, starts[-1] + EVAL_DAYS)
    say(f"preparing {len(needed)} days ...")
    for number in needed:
        prepare_day(catalog, _day(number))
    scored: list[tuple[int, np.ndarray, np.ndarray]] = []
    for start in starts:
        say(f"model of {_day(start + EVAL_DAYS)} ...")
        scored += [
            (number, labels, scores)
            for number, labels, scores in score(catalog, _day(start + EVAL_DAYS))
            if number <= last
        ]
    return Pooled(
        labels=np.concatenate([labels for _, labels, _ in scored]),
        scores=np.concatenate([scores for _, _, scores in scored]),
        blocks=np.repeat(
            [(number - FIRST) // EVAL_DAYS for number, _, _ in scored],
            [len(labels) for _, labels, _ in scored],
        ),
    )


def score(catalog: Catalog, day: dt.date) -> list[tuple[int, np.ndarray, np.ndarray]]:
    """Train the model of a day and score its evaluation window: (day number, labels, scores)."""
    from aml_assets.core.graph import FEATURES, MODEL
    from aml_assets.steps.builders.build_model import build_model
    from aml_assets.steps.inputs.model_selection import read_model
    from aml_assets.steps.inputs.scored_window import score_evaluation_window

    build_model(catalog, day, catalog.upstream(FEATURES)).publish_to(catalog.models, day)
    window = score_evaluation_window(
        catalog,
        catalog.upstream(FEATURES),
        read_model(catalog.upstream(MODEL), catalog.models.path(day)),
    )
    numbers = [(each - DAY_0).days for each in window.days]
    return list(zip(numbers, window.labels_by_day, window.scores_by_day, strict=True))


def report(pooled: Pooled) -> None:
    """The table, and the figures as JSON."""
    import numpy as np
    from _intervals import average_precision, bootstrap_interval, roc_auc

    rows, positives = len(pooled.labels), int(pooled.labels.sum())
    figures: dict[str, float | list[float] | int] = {}
    lines = []
    for name, title, statistic in (
        ("auc", "AUC", roc_auc),
        ("ap", "average precision", average_precision),
    ):
        value = statistic(pooled.labels, pooled.scores)
        interval = bootstrap_interval(pooled.labels, pooled.scores, pooled.blocks, statistic)
        if value is None:
            sys.exit("the evaluation days hold no positive: nothing can be measured")
        figures |= {
            name: round(value, 4),
            f"{name}_ci": [round(interval.low, 4), round(interval.high, 4)],
        }
        lines.append([title, f"{value:.4f}", f"[{interval.low:.3f}, {interval.high:.3f}]"])
    print_table(
        f"{rows:,} reports, {positives:,} of them laundering, in {len(np.unique(pooled.blocks))} "
        f"blocks of {EVAL_DAYS} days ({machine()})",
        ["", "pooled", "95 % interval"],
        lines,
    )
    print_figures({**figures, "rows": rows, "positives": positives})


def _day(number: int) -> dt.date:
    return DAY_0 + dt.timedelta(days=number)


if __name__ == "__main__":
    main()
