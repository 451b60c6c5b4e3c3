"""The second of a day's two runs: the models, metrics and scores of all lines, with their pages.

Belongs here: which of them are missing and can be built, and what they wait for. Does not belong
here: tables and features (``core.night.preparing``), frames of further lines
(``core.night.deriving``), what is stale (``core.night.remaking``), or training itself
(``core.model.training``).

Each line has windows of its own, and no line waits for another one's frames, models or scores.

With gates or a queue, the results of a day depend on those of the days before it. Runs side by side
would then give other results than runs one after another, so a run waits for those of earlier days.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from enum import Enum, auto

from aml_assets.core import staleness
from aml_assets.core.days import ranges
from aml_assets.core.graph import QUEUE
from aml_assets.core.model.windows import Windows
from aml_assets.core.night.candidate import Candidate, DayWork
from aml_assets.core.night.cursor import RequestKey, Stage
from aml_assets.core.night.finding import CURRENT, Finding, Outcome, failed, of_line
from aml_assets.core.night.lookups import missing_learnt, usable_models
from aml_assets.core.night.tick import Tick
from aml_assets.core.night.view import LineRules, Untrainable
from aml_assets.core.staleness import Fingerprint


def request_learning(tick: Tick) -> None:
    """Propose models, metrics and scores that are missing and can be built."""
    work: dict[dt.date, DayWork] = {}
    for day in tick.view.days:
        if day in tick.changing:
            continue
        has_features = tick.view.partition(tick.rules.features, day) is not None
        if has_features or day in tick.unbuildable:
            needed = _day_work(tick, day)
            if needed.assets:
                work[day] = needed
    for run in _in_order(tick, work):
        tick.propose(run)


def _in_order(tick: Tick, work: Mapping[dt.date, DayWork]) -> Iterator[Candidate]:
    """Yield the runs that need not wait for runs of earlier days; note the days that have to."""
    runs = sorted(tick.runs(Stage.LEARNING, work), key=lambda run: run.days)
    if not any(line.judging for line in tick.rules.lines) and QUEUE not in tick.rules.pages:
        yield from runs
        return
    coming = (day for day in tick.view.days if day not in work and _will_be_scored(tick, day))
    before = next(coming, None)
    for run in runs:
        if before is None or run.days[0] < before:
            yield run
            before = run.days[0]
        else:
            note = f"waits for the runs of days from {before} on"
            tick.notes.update(dict.fromkeys(run.days, note))


def _will_be_scored(tick: Tick, day: dt.date) -> bool:
    """Whether a line's scores of a day, or what follows from them, only wait for a run to end.

    Days of the first weeks, which can have no model of their own, hold nothing up.
    """
    return any(_waits_for_a_run(tick, line, day) for line in tick.rules.lines)


def _waits_for_a_run(tick: Tick, line: LineRules, day: dt.date) -> bool:
    view, windows = tick.view, line.windows(day)
    if not view.partition(line.features, day) or isinstance(windows, Untrainable):
        return False
    if view.partition(line.scores, day):
        return day in view.busy  # its queue and pages come after its scores
    coming = tick.coming(line.features)
    return day in coming or not coming.isdisjoint(_days_of(windows))


def _day_work(tick: Tick, day: dt.date) -> DayWork:
    """What to build of all lines for one day; also adds notes on what it waits for."""
    lines = [_line_work(tick, line, day) for line in tick.rules.lines]
    assets = [asset for work in lines for asset in work.assets]
    pages = [page for page, of in tick.rules.pages.items() if of in assets]
    remember = {key: of for work in lines for key, of in work.remember.items()}
    return DayWork((*assets, *pages), remember)


def _line_work(tick: Tick, line: LineRules, day: dt.date) -> DayWork:
    """What to build of a line for one day; nothing while its frame of the day is about to change.

    Without a frame of the day, the day can have a model, but no scores.
    """
    if day in tick.coming(line.features):
        return DayWork(())
    assets: list[str] = []
    remember: dict[RequestKey, Fingerprint] = {}
    learning, key = _learning(tick, line, day), RequestKey(Stage.LEARNING, day, line.name)
    tick.record(key, of_line(line.name, learning))
    if learning.outcome is Outcome.WAIT:
        return DayWork(())
    if learning.outcome is Outcome.BUILD:
        assets += missing_learnt(tick.view, line, day)
        remember[key] = learning.fingerprint
    if tick.view.partition(line.features, day):
        scoring = _scoring(tick, line, day, trains_too=learning.outcome is Outcome.BUILD)
        key = RequestKey(Stage.SCORING, day, line.name)
        tick.record(key, of_line(line.name, scoring))
        if scoring.outcome is Outcome.BUILD:
            judging = [each for each in line.judging if not tick.view.partition(each, day)]
            assets += [*judging, line.scores]
            remember[key] = scoring.fingerprint
    return DayWork(tuple(assets), remember)


# -- model and metrics -----------------------------------------------------------------------


def _learning(tick: Tick, line: LineRules, day: dt.date) -> Finding:
    """The finding about a day's model and metrics; with ``WAIT``, its scores wait, too."""
    missing = missing_learnt(tick.view, line, day)
    windows = line.windows(day)
    if isinstance(windows, Untrainable):
        is_noted = missing and not tick.view.partition(line.scores, day)
        return Finding(Outcome.NOTHING, windows.reason if is_noted else "", is_minor=True)
    if not missing:
        return CURRENT
    if incomplete := _incomplete(tick, line, windows):
        return incomplete
    read = dict.fromkeys(_frames(tick, line), _days_of(windows))
    inputs = staleness.inputs_fingerprint(read, tick.current)
    if tick.requested(Stage.LEARNING, day, line.name) == inputs:
        return failed("model and metrics", inputs)
    return Finding(Outcome.BUILD, fingerprint=inputs)


class _Gap(Enum):
    """Why a window's day has no features to read."""

    COMING = auto()
    FAILED = auto()
    UNSETTLED = auto()
    ABSENT = auto()


def _incomplete(tick: Tick, line: LineRules, windows: Windows) -> Finding | None:
    """The finding about windows in which a day's features are missing; ``None`` if none are."""
    gaps = {day: _gap(tick, line, day) for day in _days_of(windows)}
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


def _frames(tick: Tick, line: LineRules) -> list[str]:
    """What a line learns from: its frames, and the merged features, whose reports label them."""
    return list(dict.fromkeys((line.features, tick.rules.features)))


def _gap(tick: Tick, line: LineRules, day: dt.date) -> _Gap | None:
    """Why a day's frames cannot be read now; ``None`` if they can, or if the day is exempt."""
    view = tick.view
    if day in tick.coming(line.features):
        return _Gap.COMING
    if all(view.partition(each, day) for each in _frames(tick, line)) or day in view.exempt:
        return None
    if view.partition(tick.rules.features, day):
        was_tried = tick.requested(Stage.FEATURES, day, line.name) is not None
        return _Gap.FAILED if was_tried or day in view.days else _Gap.COMING
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


# -- scores ----------------------------------------------------------------------------------


def _scoring(tick: Tick, line: LineRules, day: dt.date, *, trains_too: bool) -> Finding:
    """The finding about the scores of a day with features.

    Args:
        tick: the tick.
        line: the line.
        day: the day.
        trains_too: whether the same run trains the day's model.
    """
    view, what = tick.view, line.scores.rpartition("/")[2].removeprefix(f"{line.name}_")
    if view.partition(line.scores, day):
        return CURRENT
    if reason := view.unscorable.get(line.name):
        return Finding(Outcome.BLOCKED, f"{what} wait: {reason}")
    models = usable_models(view, line, day)
    if line.policy == "pinned" and not view.pinned:
        return Finding(Outcome.NOTHING, f"{what} wait for the pinned model, which is not there yet")
    if line.policy != "pinned" and not models and not trains_too:
        return Finding(Outcome.NOTHING, "no model to score with", is_minor=True)
    # The checks are those of the merged features; a further line's frames have none.
    if line is tick.rules.reports and (reason := view.blocked_features.get(day)):
        return Finding(Outcome.BLOCKED, f"{what} are blocked: {reason}")
    features = tick.current(line.features, str(day))
    inputs = staleness.fingerprint([features, line.policy, *models])
    if not trains_too and tick.requested(Stage.SCORING, day, line.name) == inputs:
        return failed(what, inputs)
    return Finding(Outcome.BUILD, fingerprint=inputs)
