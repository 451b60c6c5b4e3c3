"""Detection on real input: how well the pipeline's models rank the reports of days to come.

The rolling protocol on AMLGentex's simulated bank (100 days from 2023-01-01): every third day a
model is trained on 27 days and scores the next 3, until the evaluation days 40 to 98 (day 0 is
2023-01-01) are covered once. All scores are pooled; the intervals are 95 % bootstrap intervals
of 3-day blocks. It is measured with the join of the five tables alone, with the features of the
network, with those of each account's behaviour among customers besides, and with those of its
behaviour towards the outside, too: in this bank, who will launder spends otherwise from the first
day on, so that the last figure says nothing of other banks. "history" adds confirmed reports that
are known after a week; in "ripe7" and "ripe30" all labels ripen so long, for the label history and
for training. With the network, each of these days is
also scored as its own night scores it: by the day's model that was fitted again up to the day
before, and by the measured one, whose training ended three days earlier. "tuned" is the network
with training parameters that a study has chosen: one a month, by the first training window of the
month, which ends before the first day that is scored with them. Everything goes through the
product's own steps into a temporary store.

Run it alone: ``.venv/bin/python benchmarks/detection.py [--small] [--landing FOLDER]``.
"""

from __future__ import annotations

import argparse
import datetime as dt
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from _common import (
    THREADS,
    machine,
    prepare_day,
    prepare_history,
    print_figures,
    print_table,
    say,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from _intervals import Statistic

    from aml_assets.core.model.budget import AtBudget
    from aml_assets.io.catalog import Catalog

DAY_0 = dt.date(2023, 1, 1)
FIRST, LAST, LAST_SMALL = 40, 98, 51
TRAIN_DAYS, EVAL_DAYS = 27, 3
_OFF, _ON = {"enabled": False}, {"enabled": True}


@dataclass(frozen=True)
class Variant:
    """What is measured in one store.

    Attributes:
        features: its settings of ``features``.
        trained: name → days after which training knows a label.
        history: days after which the label history knows a label.
    """

    features: Mapping[str, Any]
    trained: Mapping[str, int]
    history: int = 0


NETWORK = Variant({"behaviour": _OFF}, {"network": 0})

VARIANTS = (
    Variant({"network": _OFF, "behaviour": _OFF}, {"join": 0}),
    replace(NETWORK, trained={"network": 0, "ripe7_network": 7, "ripe30_network": 30}),
    Variant({"behaviour": {"outside": False}}, {"behaviour": 0}),
    Variant({}, {"outside": 0}),
    Variant({"behaviour": _OFF, "label_history": _ON}, {"history": 0, "ripe7": 7}, history=7),
    Variant({"behaviour": _OFF, "label_history": _ON}, {"ripe30": 30}, history=30),
)
"""Labels are known at once, except where they ripen after so many days."""

SMALL = (VARIANTS[0], NETWORK, VARIANTS[4])

LANDING = Path(__file__).resolve().parents[2] / "shared" / "data" / "amlgentex"


BURSTS = (42, 53, 62)
"""Evaluation days that hold a third of all positives, each a scheme of one day."""

GAINS = (
    (
        "refit_gain",
        "nightly_without_refit",
        "nightly",
        "nightly: what the refit adds to average precision, paired",
    ),
    (
        "tuning_gain",
        "network",
        "tuned",
        "tuned: what studies add to average precision, paired",
    ),
)
"""A difference's name, the measured without and with, and its line."""

BUDGETS = (5, 10, 20)
"""Alerts a day, in accounts."""


@dataclass(frozen=True)
class Pooled:
    """All scored reports, one element each.

    Attributes:
        labels, scores: of each report.
        days: the number of its day.
        accounts: the paying account.
    """

    labels: np.ndarray
    scores: np.ndarray
    days: np.ndarray
    accounts: np.ndarray

    @property
    def blocks(self) -> np.ndarray:
        """The number of each report's 3-day block."""
        return (self.days - FIRST) // EVAL_DAYS

    def without(self, days: Sequence[int]) -> Pooled:
        """The reports of all other days."""
        import numpy as np

        kept = ~np.isin(self.days, days)
        return Pooled(self.labels[kept], self.scores[kept], self.days[kept], self.accounts[kept])


def main() -> None:
    """Parse the command line, run the protocol and print its figures."""
    parser = argparse.ArgumentParser(description="AUC and average precision on real input.")
    parser.add_argument(
        "--small", action="store_true", help="three stores, four models each: five minutes"
    )
    given = with_landing(parser)
    last = LAST_SMALL if given.small else LAST
    measured: dict[str, Pooled] = {}
    for variant in SMALL if given.small else VARIANTS:
        with tempfile.TemporaryDirectory(prefix="aml-detection-") as store:
            measured |= run(given.landing, store, variant, last)
            if "network" in variant.trained:
                measured |= run_nights(catalog_of(given.landing, store, variant), last)
                if not given.small:
                    measured |= run_tuned(catalog_of(given.landing, store, variant), last)
    report(measured)


def with_landing(parser: argparse.ArgumentParser) -> argparse.Namespace:
    """The command line, with AMLGentex's landing; without it, the program ends with a sentence."""
    parser.add_argument("--landing", type=Path, default=LANDING, help="AMLGentex's five tables")
    given = parser.parse_args()
    if not (given.landing / "trx" / "daily" / str(DAY_0)).is_dir():
        sys.exit(
            f"{given.landing} is not AMLGentex's landing: there is no trx/daily/{DAY_0} in it. "
            "Name it with --landing."
        )
    return given


def catalog_of(landing: Path, store: str, variant: Variant, maturity: int = 0) -> Catalog:
    """A store in which labels are known after so many days; the training window ends earlier.

    The first models of a bank whose labels take long have as little as ten days.
    """
    from aml_assets.io.catalog import Catalog
    from aml_assets.settings.load import load_settings

    return Catalog(
        load_settings(
            landing={"url": str(landing)},
            store={"url": store},
            partitions={"first_day": DAY_0},
            features=variant.features,
            labels={"maturity_days": maturity},
            windows={
                "train_days": TRAIN_DAYS,
                "eval_days": EVAL_DAYS,
                "min_train_days": 10 if maturity else None,
            },
            training={"rounds": 100, "max_depth": 6, "learning_rate": 0.1, "threads": THREADS},
        )
    )


def run(landing: Path, store: str, variant: Variant, last: int) -> dict[str, Pooled]:
    """The rolling protocol up to the evaluation day ``last``, in an empty store."""
    starts = range(FIRST, last + 1, EVAL_DAYS)
    end = starts[-1] + EVAL_DAYS
    names = ", ".join(variant.trained)
    say(f"{names}: preparing {end} days ...")
    prepared = catalog_of(landing, store, variant, variant.history)
    first = FIRST - EVAL_DAYS - TRAIN_DAYS - max(variant.trained.values())
    for number in range(end):
        if number >= first:  # of the first night's model, too
            prepare_day(prepared, _day(number))
        elif prepared.graph.partials:
            prepare_history(prepared, _day(number))
    found: dict[str, Pooled] = {}
    for name, maturity in variant.trained.items():
        trained = catalog_of(landing, store, variant, maturity)
        parts: list[Pooled] = []
        for start in starts:
            say(f"{name}: model of {_day(start + EVAL_DAYS)} ...")
            build_model_of(trained, _day(start + EVAL_DAYS))
            # Measured in hindsight, when all labels are known.
            parts += score(catalog_of(landing, store, variant), _day(start + EVAL_DAYS))
        found[name] = _together(parts).without(range(last + 1, end))
    return found


def run_nights(catalog: Catalog, last: int) -> dict[str, Pooled]:
    """The same days, each by its own night's model, in the protocol's store."""
    import numpy as np
    from _nightly import nights

    numbers = range(FIRST, last + 1)
    names = ("nightly", "nightly_without_refit")
    found = {}
    for name, scored in zip(names, nights(catalog, map(_day, numbers)), strict=True):
        found[name] = _together(
            [
                Pooled(labels, scores, np.full(len(labels), number), accounts)
                for number, (labels, scores, accounts) in zip(numbers, scored, strict=True)
            ]
        )
    return found


def run_tuned(catalog: Catalog, last: int) -> dict[str, Pooled]:
    """The rolling protocol once more with the parameters of studies, in the protocol's store."""
    from _tuned import build_tuned_model, tuned

    catalog, parts, end = tuned(catalog), list[Pooled](), last + EVAL_DAYS
    for start in range(FIRST, last + 1, EVAL_DAYS):
        day = _day(start + EVAL_DAYS)
        say(f"tuned: model of {day} ...")
        build_tuned_model(catalog, day)
        parts += score(catalog, day)
    return {"tuned": _together(parts).without(range(last + 1, end))}


def _together(parts: Sequence[Pooled]) -> Pooled:
    import numpy as np

    names = ("labels", "scores", "days", "accounts")
    return Pooled(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def build_model_of(catalog: Catalog, day: dt.date) -> None:
    """Train the model of a day."""
    from aml_assets.core.graph import FEATURES
    from aml_assets.steps.builders.build_model import build_model

    build_model(catalog, day, catalog.upstream(FEATURES)).publish_to(catalog.models, day)


def score(catalog: Catalog, day: dt.date) -> list[Pooled]:
    """Score each day of the evaluation window of a day's model."""
    import numpy as np

    from aml_assets.core.graph import FEATURES, MODEL
    from aml_assets.steps.inputs.model_selection import read_model
    from aml_assets.steps.inputs.scored_window import score_evaluation_window

    window = score_evaluation_window(
        catalog,
        catalog.upstream(FEATURES),
        read_model(catalog.upstream(MODEL), catalog.models.path(day)),
    )
    scored = []
    for each, labels, scores in zip(
        window.days, window.labels_by_day, window.scores_by_day, strict=True
    ):
        frame, _ = catalog.features.load_with_manifest(each, ["account_id"])
        accounts = np.asarray(frame.column(0).to_pylist(), dtype=object)
        if len(accounts) != len(labels):
            sys.exit(f"{each}: not every report is scored, so that accounts cannot be told")
        scored.append(Pooled(labels, scores, np.full(len(labels), (each - DAY_0).days), accounts))
    return scored


def at_budget(pooled: Pooled, size: int) -> AtBudget:
    """What each day's list of so many accounts finds."""
    import numpy as np

    from aml_assets.core.model import budget

    _, codes = np.unique(pooled.accounts.astype(str), return_inverse=True)
    scored = budget.ScoredReports(pooled.days, pooled.labels, pooled.scores)
    return budget.at_budget(budget.units(scored, codes), size)


def report(measured: Mapping[str, Pooled]) -> None:
    """The tables, and the figures as JSON."""
    import numpy as np
    from _intervals import average_precision, bootstrap_interval, paired_interval, roc_auc

    figures: dict[str, float | list[float] | int] = {}
    lines: list[list[str]] = []

    def measure(name: str, title: str, pooled: Pooled, statistic: Statistic) -> float:
        value = statistic(pooled.labels, pooled.scores, np.ones(len(pooled.labels)))
        if value is None:
            sys.exit("the evaluation days hold no positive: nothing can be measured")
        interval = bootstrap_interval(pooled.labels, pooled.scores, pooled.blocks, statistic)
        figures[name] = round(value, 4)
        figures[f"{name}_ci"] = [round(interval.low, 4), round(interval.high, 4)]
        lines.append([title, f"{value:.4f}", f"[{interval.low:.3f}, {interval.high:.3f}]"])
        return value

    precisions: dict[str, float] = {}
    for name, pooled in measured.items():
        if name in ("join", "network", "nightly", "nightly_without_refit"):
            measure(f"{name}_auc", f"{name}: AUC", pooled, roc_auc)
        title = f"{name}: average precision"
        precisions[name] = measure(f"{name}_ap", title, pooled, average_precision)
    network = measured["network"]
    title = f"network: average precision without days {', '.join(map(str, BURSTS))}"
    measure("network_ap_without_bursts", title, network.without(BURSTS), average_precision)
    for key, without, name, title in GAINS:
        if name not in measured:
            continue
        less, more = measured[without], measured[name]
        gain = paired_interval(
            more.labels, (less.scores, more.scores), more.blocks, average_precision
        )
        added = precisions[name] - precisions[without]
        figures |= {key: round(added, 4), f"{key}_ci": [round(end, 4) for end in gain]}
        lines.append([title, f"{added:+.4f}", f"[{gain.low:+.3f}, {gain.high:+.3f}]"])
    rows, positives = len(network.labels), int(network.labels.sum())
    print_table(
        f"{rows:,} reports, {positives:,} of them laundering, in {len(np.unique(network.blocks))} "
        f"blocks of {EVAL_DAYS} days ({machine()})",
        ["", "pooled", "95 % interval"],
        lines,
    )
    budgets: list[list[str]] = []
    for name, pooled in measured.items():
        for size in BUDGETS:
            of = at_budget(pooled, size)
            recall, precision = of.found / of.positives, of.found / of.listed
            budgets.append([f"{name}: {size}", f"{recall:.3f}", f"{precision:.3f}", f"{of.found}"])
            if name == "network":
                figures |= {
                    f"recall_at_{size}": round(recall, 4),
                    f"precision_at_{size}": round(precision, 4),
                }
    header = ["accounts alerted a day", "recall", "precision", "found"]
    print_table("By alert budget, in accounts and days", header, budgets)
    print_figures({**figures, "rows": rows, "positives": positives})


def _day(number: int) -> dt.date:
    return DAY_0 + dt.timedelta(days=number)


if __name__ == "__main__":
    main()
