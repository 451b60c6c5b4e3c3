"""The search for training parameters: each trial is fitted on some days and scored on later ones.

Belongs here: the search space, the value of one set of parameters, and the search by Optuna. Does
not belong here: which days these are, storing a study (``steps.builders.build_tuning``), or finding
the study that a model takes over (``steps.inputs.studies``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from pydantic import ValidationError

from aml_assets.core.model import evaluation, scoring, training
from aml_assets.core.model.batches import Batch
from aml_assets.core.model.encoding import Matrix
from aml_assets.errors import SettingsError
from aml_assets.settings.training_settings import TrainingSettings

Parameters = Mapping[str, float]
"""Name of a training setting → its value."""


@dataclass(frozen=True)
class Distribution:
    """The values of one parameter that a study may try, as Optuna's distributions say it.

    Attributes:
        low, high: the ends, both included; of a whole number, two whole numbers.
        step: the distance of two values; ``None``: any value between the ends.
        log: whether small values are tried as often as large ones, by order of magnitude.
    """

    low: float
    high: float
    step: float | None = None
    log: bool = False


SEARCH_SPACE: Mapping[str, Distribution] = {
    "rounds": Distribution(50, 300, step=10),
    "max_depth": Distribution(3, 10, step=1),
    "learning_rate": Distribution(0.03, 0.3, log=True),
    "reg_lambda": Distribution(0.1, 30.0, log=True),
    "subsample": Distribution(0.5, 1.0, step=0.05),
    "colsample_bytree": Distribution(0.3, 1.0, step=0.05),
    "min_child_weight": Distribution(0.5, 20.0, log=True),
}
"""The training settings that a study chooses."""

_NEVER_TUNED = {"preset", "seed", "threads", "external_memory_bytes", "refit", "tuning"}


def load_optuna() -> Any:
    """Import Optuna, and turn off its log lines about single trials.

    Raises:
        SettingsError: it is not installed.
    """
    try:
        import optuna
    except ImportError:
        raise SettingsError(
            "training.tuning needs Optuna, which is not installed",
            remedy="pip install 'aml_assets[tuning]', or leave training.tuning out.",
        ) from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna


def applied(settings: TrainingSettings, parameters: object) -> TrainingSettings:
    """The settings with a study's parameters in place of their own.

    Args:
        settings: the bank's.
        parameters: of a study, maybe one of another version with another search space.

    Raises:
        ValueError: they are not valid, or are no parameters that a study may choose.
    """
    allowed = TrainingSettings.model_fields.keys() - _NEVER_TUNED
    if not isinstance(parameters, Mapping) or not parameters.keys() <= allowed:
        raise ValueError("it names what is no training parameter")
    try:
        return TrainingSettings.model_validate({**settings.model_dump(), **parameters})
    except ValidationError as error:
        # A problem of several settings together names them itself.
        said = (": ".join([*map(str, each["loc"]), each["msg"]]) for each in error.errors())
        raise ValueError("; ".join(dict.fromkeys(said))) from None


def precision_on(
    scored_on: Sequence[Batch],
    fitted_on: Sequence[Batch],
    settings: TrainingSettings,
    *,
    folder: str | None = None,
) -> float:
    """The average precision of a model on days that it does not know.

    Args:
        scored_on: these days; they hold both classes.
        fitted_on: the days that it is trained on, which do, too.
        settings: its parameters. Early stopping has no part in it.
        folder: as in ``training.train``.
    """
    booster = training.train(fitted_on, settings, folder=folder)
    matrices = (Matrix(each.features, {}, {}, ()) for each in scored_on)
    scores = [scoring.predict(booster, each, threads=settings.threads) for each in matrices]
    labels = np.concatenate([each.labels for each in scored_on])
    return evaluation.evaluate(labels, np.concatenate(scores))["average_precision"]


def search(
    value: Callable[[TrainingSettings], float], settings: TrainingSettings, *, trials: int
) -> dict[str, Any]:
    """Try sets of parameters, one after the other, and choose the best.

    Args:
        value: the value of some settings; the largest is the best.
        settings: the bank's. They are tried first, as trial 0; their seed is the sampler's.
        trials: how many others are tried.

    Returns:
        What JSON can hold; the same input gives the same: the ``parameters`` of the best trial,
        its ``value`` and number (``trial``; of equals the first), all ``trials`` with
        ``parameters``, ``value`` and ``state`` (``PRUNED``: the settings refuse them), the
        ``search_space``, the ``sampler`` and the version of ``optuna``.

    Raises:
        SettingsError: Optuna is not installed.
    """
    optuna = load_optuna()
    seed = settings.seed % 2**32
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=seed))
    own = {name: getattr(settings, name) for name in SEARCH_SPACE}
    tried = [_trial(0, own, value(settings))]
    space = {name: _distribution(optuna, of) for name, of in SEARCH_SPACE.items()}
    for number in range(1, trials + 1):
        trial = study.ask(space)
        parameters = {name: _short(trial.params[name]) for name in SEARCH_SPACE}
        try:
            candidate = applied(settings, parameters)
        except ValueError:
            study.tell(trial, state=optuna.trial.TrialState.PRUNED)
            tried.append(_trial(number, parameters, None))
            continue
        tried.append(_trial(number, parameters, value(candidate)))
        study.tell(trial, tried[-1]["value"])
    best = max((each for each in tried if each["value"] is not None), key=lambda t: t["value"])
    return {
        "parameters": best["parameters"],
        "value": best["value"],
        "trial": best["number"],
        "trials": tried,
        "search_space": {name: asdict(of) for name, of in SEARCH_SPACE.items()},
        "sampler": {"name": type(study.sampler).__name__, "seed": seed},
        "optuna": optuna.__version__,
    }


def _trial(number: int, parameters: Parameters, value: float | None) -> dict[str, Any]:
    state = "PRUNED" if value is None else "COMPLETE"
    return {"number": number, "parameters": dict(parameters), "value": value, "state": state}


def _distribution(optuna: Any, of: Distribution) -> Any:
    kinds = optuna.distributions
    if isinstance(of.low, int):
        return kinds.IntDistribution(of.low, of.high, step=of.step or 1, log=of.log)
    return kinds.FloatDistribution(of.low, of.high, step=of.step, log=of.log)


def _short(value: float) -> float:
    """Four significant digits of a fraction, for people who read a study."""
    return value if isinstance(value, int) else float(f"{value:.4g}")
