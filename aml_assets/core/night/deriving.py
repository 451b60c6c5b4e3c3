"""Deriving: the frames of further lines, which are built from the merged features of days.

Belongs here: which of them are built in the run of the merged features, which in a run of their
own, and what they wait for. Does not belong here: the merged features (``core.night.preparing``),
or what is learnt from the frames (``core.night.learning``).

If a further line's frames of a day cannot be built, only this line's models are held up, and only
those whose windows contain the day.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from aml_assets.core import staleness
from aml_assets.core.days import days_before
from aml_assets.core.night.candidate import Candidate, DayWork
from aml_assets.core.night.changes import to_derive
from aml_assets.core.night.cursor import WITH_TABLES, RequestKey, Stage
from aml_assets.core.night.finding import CURRENT, NOTHING, Finding, Outcome, failed, of_line
from aml_assets.core.night.tick import Tick
from aml_assets.core.night.view import LineRules


def with_derived(tick: Tick, run: Candidate) -> Candidate:
    """The run, extended by the frames that further lines derive from the features that it builds.

    A line's frames are left out if another run has to build a partial for them first; they are
    built later, in a run of their own.
    """
    if tick.rules.features not in run.assets:
        return run
    for line in tick.rules.further:
        keys = [RequestKey(Stage.FEATURES, day, line.name) for day in run.days]
        if _is_in_order(tick, line, run.days[0]):
            remember = {**run.remember, **dict.fromkeys(keys, WITH_TABLES)}
            run = replace(run, assets=(*run.assets, *line.derived), remember=remember)
        else:
            run = replace(run, forget=(*run.forget, *keys))
    return run


def request_derived(tick: Tick) -> None:
    """Propose missing and stale frames of further lines, on days whose merged features stay.

    The merged features are not built again for them.
    """
    for line in tick.rules.further:
        work: dict[dt.date, DayWork] = {}
        for day in tick.view.days:
            if day in tick.changing:
                continue
            needed = to_derive(tick.view, line, day, tick.current)
            key = RequestKey(Stage.FEATURES, day, line.name)
            finding = _derived(tick, line, day, needed)
            tick.record(key, of_line(line.name, finding))
            if finding.outcome is Outcome.FAILED:
                tick.cursor.requested[key] = finding.fingerprint
            elif finding.outcome is Outcome.BUILD:
                work[day] = DayWork(needed, {key: finding.fingerprint})
        tick.deriving[line.features] = set(work)
        for run in tick.runs(Stage.FEATURES, work):
            if _is_in_order(tick, line, run.days[0]):
                tick.propose(run)


def _derived(tick: Tick, line: LineRules, day: dt.date, needed: tuple[str, ...]) -> Finding:
    """The finding about a further line's frames of a day.

    Args:
        tick: the tick.
        line: the line.
        day: a day whose merged features are not about to change.
        needed: what is missing or stale of the day.
    """
    view, rules = tick.view, tick.rules
    if not needed or not view.partition(rules.features, day):
        # Without merged features nothing can have been tried; CURRENT forgets an earlier request.
        return CURRENT
    inputs = {asset: [day] for asset in _read_of_the_day(line)}
    if day in view.skipped or not all(view.partition(asset, day) for asset in inputs):
        return NOTHING
    inputs |= dict.fromkeys(line.partials, days_before(day, line.history))
    fingerprint = staleness.inputs_fingerprint(inputs, tick.current)
    # Frames that were requested with the merged features read those that are stored now: if one is
    # missing, the run failed. If one is stale, another run may have renewed a partial since.
    requested = tick.requested(Stage.FEATURES, day, line.name)
    is_lacking = any(view.partition(asset, day) is None for asset in needed)
    if requested == fingerprint or (requested == WITH_TABLES and is_lacking):
        return failed("features", fingerprint)
    return Finding(Outcome.BUILD, fingerprint=fingerprint)


def _read_of_the_day(line: LineRules) -> list[str]:
    """The assets outside of what a line derives that its frames read of the same day."""
    reads = dict.fromkeys(asset for of in line.derived.values() for asset in of)
    return [asset for asset in reads if asset not in line.derived]


def _is_in_order(tick: Tick, line: LineRules, first: dt.date) -> bool:
    """Whether frames of consecutive days can be built without waiting for another run's partials.

    Args:
        tick: the tick.
        line: the line.
        first: the first of the days; the days after it read no other earlier days than it does.
    """
    coming = tick.coming(line.features)
    return not any(
        past in coming and not all(tick.view.partition(asset, past) for asset in line.partials)
        for past in days_before(first, line.history)
    )
