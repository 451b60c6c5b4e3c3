"""What settings against imbalance and chance are worth: each against none, on real input.

The rolling protocol of ``detection``, with the network: the same windows, features and encoders,
and only the fit differs. The intervals of differences are paired: both sides are resampled by the
same 3-day blocks.

Run it alone: ``.venv/bin/python benchmarks/training.py [--small] [--landing FOLDER]``.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from _common import machine, print_figures, print_table, say
from _intervals import average_precision, paired_interval, roc_auc
from detection import (
    EVAL_DAYS,
    FIRST,
    LAST,
    LAST_SMALL,
    NETWORK,
    Pooled,
    _day,
    catalog_of,
    run,
    with_landing,
)

from aml_assets.core.graph import FEATURES, MODEL
from aml_assets.core.model import scoring, training
from aml_assets.settings.training_settings import TrainingSettings
from aml_assets.steps.inputs.model_selection import read_model
from aml_assets.steps.inputs.scored_window import score_evaluation_window
from aml_assets.steps.inputs.training_data import training_data
from aml_assets.steps.inputs.window_frames import windows_of

if TYPE_CHECKING:
    from aml_assets.io.catalog import Catalog

_DRAWN = {"subsample": 0.8, "colsample_bytree": 0.7}
SETTINGS: Mapping[str, Mapping[str, Any]] = {
    "none": {},
    "negative_sampling_30": {"negative_sampling": 0.3},
    "negative_sampling_10": {"negative_sampling": 0.1},
    "weights_10": {"scale_pos_weight": 10.0},
    "drawn": _DRAWN,
    "bagging_3": {**_DRAWN, "bagging": 3},
    "bagging_5": {**_DRAWN, "bagging": 5},
}
"""What is measured → the training settings that differ from the protocol's."""


def main() -> None:
    """Parse the command line, run the protocol under each setting and print the figures."""
    parser = argparse.ArgumentParser(description="Training settings, each against none.")
    parser.add_argument("--small", action="store_true", help="four models each, two minutes")
    given = with_landing(parser)
    last = LAST_SMALL if given.small else LAST
    with tempfile.TemporaryDirectory(prefix="aml-training-") as store:
        pooled = run(given.landing, store, NETWORK, last)["network"]
        catalog = catalog_of(given.landing, store, NETWORK)
        scores: dict[str, list[np.ndarray]] = {name: [] for name in SETTINGS}
        seconds = dict.fromkeys(SETTINGS, 0.0)
        for start in range(FIRST, last + 1, EVAL_DAYS):
            for name, spent, days in _scored(catalog, start):
                scores[name] += days[: last + 1 - start]
                seconds[name] += spent
    report(pooled, {name: np.concatenate(parts) for name, parts in scores.items()}, seconds)


def _scored(catalog: Catalog, start: int) -> Iterator[tuple[str, float, list[np.ndarray]]]:
    """Each setting's name, its processor seconds, and the scores of each evaluation day."""
    day = _day(start + EVAL_DAYS)
    features, models = catalog.upstream(FEATURES), catalog.upstream(MODEL)
    data = training_data(catalog, features, windows_of(catalog, day))
    model = read_model(models, catalog.models.path(day))
    window = score_evaluation_window(catalog, features, model)
    base = catalog.settings.training.model_dump()
    for name, more in SETTINGS.items():
        say(f"model of {day}, {name} ...")
        settings = TrainingSettings.model_validate({**base, **more})
        before = time.process_time()
        booster = training.train(data.batches, settings)
        spent = time.process_time() - before
        yield (
            name,
            spent,
            [scoring.predict(booster, each, threads=settings.threads) for each in window.matrices],
        )


def report(pooled: Pooled, scores: Mapping[str, np.ndarray], seconds: Mapping[str, float]) -> None:
    """The table, and the figures as JSON."""
    labels, ones = pooled.labels, np.ones(len(pooled.labels))
    figures: dict[str, Any] = {}
    lines: list[list[str]] = []
    for name, of in scores.items():
        value, auc = average_precision(labels, of, ones), roc_auc(labels, of, ones)
        if value is None or auc is None:
            sys.exit("the evaluation days hold no positive: nothing can be measured")
        ratio = float(of.mean() / labels.mean())
        figures |= {f"{name}_ap": round(value, 4), f"{name}_calibration": round(ratio, 3)}
        gain = ""
        if name != "none":
            apart = paired_interval(labels, (scores["none"], of), pooled.blocks, average_precision)
            figures[f"{name}_gain_ci"] = [round(end, 4) for end in apart]
            gain = f"[{apart.low:+.3f}, {apart.high:+.3f}]"
        cost = seconds[name] / seconds["none"]
        lines.append([name, f"{value:.4f}", gain, f"{auc:.4f}", f"{ratio:.2f}", f"{cost:.1f}"])
    print_table(
        f"{len(labels):,} reports, {int(labels.sum()):,} of them laundering ({machine()})",
        ["", "average precision", "gain, 95 %", "AUC", "mean score / base rate", "cost of a fit"],
        lines,
    )
    print_figures({**figures, "rows": len(labels), "positives": int(labels.sum())})


if __name__ == "__main__":
    main()
