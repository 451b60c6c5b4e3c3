"""The second of a day's two runs: its model, metrics and predictions, with their pages.

Belongs here: which of them are missing and can be built, and what they wait for. Does not belong
here: tables and features (``core.night.preparing``), what is stale (``core.night.remaking``), or
training itself (``core.model.training``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from enum import Enum, auto

from aml_assets.core import staleness
from aml_assets.core.days import ranges
from aml_assets.core.model.windows import Windows
from aml_assets.core.night.candidate import DayWork
from aml_assets.core.night.cursor import RequestKey, Stage
from aml_assets.core.night.finding import CURRENT, Finding, Outcome, failed
from aml_assets.core.night.lookups import missing_learnt, usable_models
from aml_assets.core.night.tick import Tick
from aml_assets.core.night.view import Untrainable
from aml_assets.core.staleness import Fingerprint


def request_learning(tick: Tick) -> None:
    """Propose models, metrics and predictions that are missing and can be built."""
    work: dict[dt.date, DayWork] = {}
    for day in tick.view.days:
        if day in tick.changing:
            continue
        has_features = tick.view.partition(tick.rules.features, day) is not None
        if has_features or day in tick.unbuildable:
            needed = _day_work(tick, day, has_features=has_features)
            if needed.assets:
                work[day] = needed
    tick.propose_days(Stage.LEARNING, work)


def _day_work(tick: Tick, day: dt.date, *, has_features: bool) -> DayWork:
    """What one day needs; notes what it waits for."""
    rules = tick.rules
    assets: list[str] = []
    remember: dict[RequestKey, Fingerprint] = {}
    learning, key = _learning(tick, day), RequestKey(Stage.LEARNING, day)
    tick.record(key, learning)
    if learning.outcome is Outcome.WAIT:
        return DayWork(())
    if learning.outcome is Outcome.BUILD:
        assets += missing_learnt(tick.view, rules, day)
        remember[key] = learning.fingerprint
    if has_features:
        scoring = _scoring(tick, day, trains_too=learning.outcome is Outcome.BUILD)
        key = RequestKey(Stage.SCORING, day)
        tick.record(key, scoring)
        if scoring.outcome is Outcome.BUILD:
            assets.append(rules.predictions)
            remember[key] = scoring.fingerprint
    pages = [page for page, of in rules.pages.items() if of in assets]
    return DayWork((*assets, *pages), remember)


# -- model and metrics -----------------------------------------------------------------------


def _learning(tick: Tick, day: dt.date) -> Finding:
    """What a day's model and metrics need; ``WAIT``: its predictions have to wait, too."""
    missing = missing_learnt(tick.view, tick.rules, day)
    windows = tick.rules.windows(day)
    if isinstance(windows, Untrainable):
        is_noted = missing and not tick.view.partition(tick.rules.predictions, day)
        return Finding(Outcome.NOTHING, windows.reason if is_noted else "", is_minor=True)
    if not missing:
        return CURRENT
    if incomplete := _incomplete(tick, windows):
        return incomplete
    inputs = staleness.inputs_fingerprint({tick.rules.features: _days_of(windows)}, tick.current)
    if tick.requested(Stage.LEARNING, day) == inputs:
        return failed("model and metrics", inputs)
    return Finding(Outcome.BUILD, fingerprint=inputs)


class _Gap(Enum):
    """Why a window's day has no features to read."""

    COMING = auto()
    FAILED = auto()
    UNSETTLED = auto()
    ABSENT = auto()


def _incomplete(tick: Tick, windows: Windows) -> Finding | None:
    """The finding about windows in which a day's features are missing; ``None`` if none are."""
    gaps = {day: _gap(tick, day) for day in _days_of(windows)}
    coming, absent, unsettled, without = (
        [day for day, each in gaps.items() if each is kind]
        for kind in (_Gap.COMING, _Gap.ABSENT, _Gap.UNSETTLED, _Gap.FAILED)
    )
    if coming:
        return Finding(Outcome.WAIT, f"waits for the features of {_listed(coming)}")
    if not absent and not unsettled and not without:
        return None
    first = tick.view.first_landed
    if first and not unsettled and not without and all(day < first for day in absent):
        # The same sentence for all the days of a new landing's first weeks.
        note = f"no model: its windows begin before {first}, the first day that landed"
        return Finding(Outcome.NOTHING, note, is_minor=True)
    reasons = (
        (absent, "not landed"),
        (unsettled, "landed, not complete"),
        (without, "landed, no features"),
    )
    said = " and ".join(f"{_listed(days)} ({reason})" for days, reason in reasons if days)
    # A day that is not past its deadline may still land tonight.
    may_land = any(tick.view.now <= tick.rules.deadline(day) for day in (*absent, *unsettled))
    return Finding(Outcome.WAIT if may_land else Outcome.NOTHING, f"no model, for want of {said}")


def _gap(tick: Tick, day: dt.date) -> _Gap | None:
    """Why a day's features cannot be read now; ``None`` if they can, or if the day is exempt."""
    view = tick.view
    if day in tick.changing:
        return _Gap.COMING
    if view.partition(tick.rules.features, day) or day in view.exempt:
        return None
    if not view.has_landed(day, tick.rules.daily):
        return _Gap.ABSENT
    if day in tick.missing:
        return _Gap.UNSETTLED
    was_tried = tick.requested(Stage.TABLES, day) is not None
    return _Gap.FAILED if day in tick.unbuildable or was_tried else _Gap.COMING


def _days_of(windows: Windows) -> list[dt.date]:
    return [*windows.train_days, *windows.delay_days, *windows.eval_days]


def _listed(days: Sequence[dt.date]) -> str:
    spans = [str(a) if a == b else f"{a} … {b}" for a, b in ranges(list(days))]
    return ", ".join(spans[:3]) + (f" and {len(spans) - 3} more" if len(spans) > 3 else "")


# -- predictions -----------------------------------------------------------------------------


def _scoring(tick: Tick, day: dt.date, *, trains_too: bool) -> Finding:
    """What the predictions of a day with features need.

    Args:
        tick: the tick.
        day: the day.
        trains_too: whether the same run trains the day's model.
    """
    view, rules = tick.view, tick.rules
    if view.partition(rules.predictions, day):
        return CURRENT
    models = usable_models(view, rules, day)
    if rules.policy == "pinned" and not view.pinned:
        note = "predictions wait for the pinned model, which is not there yet"
        return Finding(Outcome.NOTHING, note)
    if rules.policy != "pinned" and not models and not trains_too:
        return Finding(Outcome.NOTHING, "no model to score with", is_minor=True)
    if reason := view.blocked_features.get(day):
        return Finding(Outcome.BLOCKED, f"predictions are blocked: {reason}")
    features = tick.current(rules.features, str(day))
    inputs = staleness.fingerprint([features, rules.policy, *models])
    if not trains_too and tick.requested(Stage.SCORING, day) == inputs:
        return failed("predictions", inputs)
    return Finding(Outcome.BUILD, fingerprint=inputs)
