"""Training of the gradient-boosted classifier on encoded days.

Belongs here: the checks before training, XGBoost's parameters, the negatives that are kept, and the
iterator that hands XGBoost one day after another. Does not belong here: selecting the days
(``core.model.windows``, ``core.model.labels``), averaging fits (``core.model.averaging``), the type
of an encoded day (``core.model.batches``), or storing the booster (``io.formats.booster``).
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from aml_assets.core.graph import MODEL
from aml_assets.core.model.averaging import averaged
from aml_assets.core.model.batches import Batch
from aml_assets.errors import NotTrainable
from aml_assets.settings.training_settings import TrainingSettings

if TYPE_CHECKING:
    import xgboost


def load_xgboost() -> Any:
    """Import XGBoost, with threads that sleep while they wait.

    The import is late because it takes a second. OpenMP reads the variable when it loads; threads
    that spin while they wait make a busy machine many times slower.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    import xgboost

    return xgboost


def train(
    batches: Sequence[Batch],
    settings: TrainingSettings,
    *,
    stopping: Sequence[Batch] = (),
    folder: str | None = None,
) -> xgboost.Booster:
    """Train a gradient-boosted classifier.

    Args:
        batches: the days to learn from.
        settings: XGBoost's parameters; seed and thread count are among them.
        stopping: later days of the training window, for early stopping.
        folder: a private one, into which XGBoost writes the days in its own form, and from which it
            reads them day by day; by default it holds all of them in memory.

    Returns:
        The booster; the same input gives the same bytes, with a folder or without. With early
        stopping, it is cut to the best iteration. With bagging, its margin is the mean of the fits'
        margins.

    Raises:
        NotTrainable: no row, no positive or no negative.
    """
    refuse_one_class([each.labels for each in batches])
    if stopping:
        refuse_one_class([each.labels for each in stopping], "the early-stopping days hold")
    share, fits = settings.negative_sampling, []
    for number in range(settings.bagging):
        seed = settings.seed + number
        kept = batches if share == 1 else sampled(batches, share, seed=seed)
        cache = folder and f"{folder}/fit-{number}"
        fits.append(_fit(kept, settings, stopping, seed=seed, cache=cache))
    # Among the rows that are kept, the odds of a positive are 1 / share times as high.
    return averaged(fits, odds=share)


def sampled(batches: Sequence[Batch], share: float, *, seed: int) -> list[Batch]:
    """All positives of some days, and a share of their negatives, drawn in the rows' order.

    Args:
        batches: the days.
        share: of the negatives, in (0, 1).
        seed: of the draws.

    Raises:
        NotTrainable: no negative is left.
    """
    draws = np.random.default_rng(seed % 2**32)
    kept: list[Batch] = []
    for each in batches:
        kept.append(each.taken((each.labels == 1) | (draws.random(len(each.labels)) < share)))
    refuse_one_class(
        [each.labels for each in kept],
        "with this training.negative_sampling, the training window keeps",
    )
    return kept


def _fit(
    batches: Sequence[Batch],
    settings: TrainingSettings,
    stopping: Sequence[Batch],
    *,
    seed: int,
    cache: str | None,
) -> xgboost.Booster:
    xgb = load_xgboost()
    parameters = {
        "booster": "gbtree",
        "objective": "binary:logistic",
        "tree_method": "hist",
        "eval_metric": "auc",
        "max_depth": settings.max_depth,
        "eta": settings.learning_rate,
        "lambda": settings.reg_lambda,
        "subsample": settings.subsample,
        "colsample_bytree": settings.colsample_bytree,
        "min_child_weight": settings.min_child_weight,
        "scale_pos_weight": settings.scale_pos_weight,
        "base_score": settings.base_score,
        "max_bin": settings.max_bin,
        "seed": seed,
        "nthread": settings.threads,
        "verbosity": 0,
    }
    matrix = _matrix(xgb, batches, settings, cache)
    evaluated = []
    if stopping:
        held_out = _matrix(xgb, stopping, settings, cache and f"{cache}-stopping", reference=matrix)
        evaluated = [(held_out, "stopping")]
    booster = xgb.train(
        parameters,
        matrix,
        num_boost_round=settings.rounds,
        evals=evaluated,
        early_stopping_rounds=settings.early_stopping_rounds if stopping else None,
        verbose_eval=False,
    )
    return booster[: booster.best_iteration + 1] if stopping else booster


def refuse_one_class(
    labels: Sequence[NDArray[Any]],
    where: str = "the training window holds",
    *,
    table: str = MODEL,
) -> None:
    """Refuse to train without rows, positives or negatives.

    Args:
        labels: per day the decided labels, 0 or 1, of shape (rows,).
        where: the beginning of the sentence.
        table: the asset that is built.

    Raises:
        NotTrainable: there are none; the message names what is missing.
    """
    rows = sum(len(each) for each in labels)
    positives = int(sum(float(each.sum()) for each in labels))
    remedy = "Wait until labels are decided, restate the days, or widen windows.train_days."
    if not rows:
        raise NotTrainable(f"{where} no row with a decided label", table=table, remedy=remedy)
    if positives in (0, rows):
        missing = "positive" if positives == 0 else "negative"
        raise NotTrainable(
            f"{where} no {missing} label among {rows} decided ones", table=table, remedy=remedy
        )


def _matrix(
    xgb: Any,
    batches: Sequence[Batch],
    settings: TrainingSettings,
    cache: str | None,
    *,
    reference: Any = None,
) -> Any:
    """The days as XGBoost's own matrix: in memory, or in files whose names begin with ``cache``."""

    class Days(xgb.DataIter):
        """The days for XGBoost, which iterates over them several times; no copy is made."""

        def __init__(self) -> None:
            super().__init__(cache_prefix=cache, on_host=False)
            self._position = 0

        def next(self, input_data: Any) -> bool:
            if self._position == len(filled):
                return False
            each = filled[self._position]
            weights = each.weights
            if is_weighted and weights is None:
                weights = np.ones_like(each.labels)
            input_data(data=each.features, label=each.labels, weight=weights)
            self._position += 1
            return True

        def reset(self) -> None:
            self._position = 0

    # An empty batch has no shape XGBoost could learn from.
    filled = [each for each in batches if len(each.labels)]
    # Some days with weights and some without would be refused.
    is_weighted = any(each.weights is not None for each in filled)
    kind = xgb.ExtMemQuantileDMatrix if cache else xgb.QuantileDMatrix
    return kind(
        Days(),
        missing=np.nan,
        max_bin=settings.max_bin,
        nthread=settings.threads,
        ref=reference,
    )
