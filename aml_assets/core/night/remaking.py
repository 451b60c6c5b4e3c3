"""Remaking: stale models, metrics, scores and pages, of all lines.

Belongs here: which of them are rebuilt now, and which wait until their inputs are rebuilt. Does not
belong here: what is missing (``core.night.learning``, ``core.night.page_runs``), or stale features
(``core.night.preparing``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from aml_assets.core import staleness
from aml_assets.core.night.candidate import DayWork
from aml_assets.core.night.changes import is_evidence, stale_inputs
from aml_assets.core.night.cursor import RequestKey, Stage
from aml_assets.core.night.finding import CURRENT, NOTHING, Finding, Outcome, failed
from aml_assets.core.night.tick import Tick
from aml_assets.core.night.view import Rules


def request_remakes(tick: Tick) -> None:
    """Propose stale models, metrics, scores and pages, oldest day first."""
    work: dict[dt.date, DayWork] = {}
    for day in tick.view.days:
        if day in tick.changing:
            continue
        remember = _models_first(tick.rules, _stale(tick, day))
        assets = {key.asset for key in remember}
        remember = {
            key: of
            for key, of in remember.items()
            if not _describes_remade(tick, key, assets, work)
        }
        if remember:
            work[day] = DayWork(tuple(key.asset for key in remember), remember)
    tick.propose_days(Stage.REMAKE, work)


def _models_first(
    rules: Rules, remember: Mapping[RequestKey, staleness.Fingerprint]
) -> dict[RequestKey, staleness.Fingerprint]:
    """The requests of a day; for a line whose models are stale, only those for its models.

    What depends on these models is compared with their new digests by a later tick.
    """
    assets = {key.asset for key in remember}
    models = {line.name: line.models for line in rules.lines if not assets.isdisjoint(line.models)}
    return {
        key: of
        for key, of in remember.items()
        if (line := rules.line_of(key.asset).name) not in models or key.asset in models[line]
    }


def _stale(tick: Tick, day: dt.date) -> dict[RequestKey, staleness.Fingerprint]:
    """A day's partitions to rebuild, upstream first, with the fingerprints of their inputs."""
    rules = tick.rules
    stale: dict[RequestKey, staleness.Fingerprint] = {}
    for asset in (*(each for line in rules.lines for each in line.learnt), *rules.pages):
        key = RequestKey(Stage.REMAKE, day, asset)
        finding = _remake(tick, asset, day)
        tick.record(key, finding)
        if finding.outcome is Outcome.BUILD:
            stale[key] = finding.fingerprint
    return stale


def _remake(tick: Tick, asset: str, day: dt.date) -> Finding:
    """The finding about a partition: whether it is stored, stale, and can be rebuilt now."""
    stored = tick.view.partition(asset, day)
    if stored is None or is_evidence(tick.view, tick.rules, asset, day):
        return NOTHING
    ripened = staleness.has_ripened(stored, tick.view.stored.get(tick.rules.features, ()))
    if not ripened and not stale_inputs(tick.rules, asset, day, stored, tick.current):
        return CURRENT
    inputs = staleness.inputs_fingerprint(stored.inputs, tick.current)
    if ripened:
        inputs = staleness.fingerprint([inputs, stored.facts[staleness.RIPENS_ON]])
    if tick.requested(Stage.REMAKE, day, asset) == inputs:
        return failed(asset, inputs, is_minor=True)
    for frames in {tick.rules.features, tick.rules.line_of(asset).features}:
        days = map(dt.date.fromisoformat, stored.inputs.get(frames, ()))
        if not tick.coming(frames).isdisjoint(days):
            return Finding(Outcome.WAIT)
    return Finding(Outcome.BUILD, fingerprint=inputs)


def _describes_remade(
    tick: Tick, page: RequestKey, assets: set[str], work: Mapping[dt.date, DayWork]
) -> bool:
    """Whether a page describes a partition, of its day or an earlier one, that is rebuilt itself.

    Args:
        tick: the tick.
        page: the request for the page; if its asset is no page, the answer is false.
        assets: the assets that are rebuilt for the page's day.
        work: what is rebuilt for earlier days.
    """
    described = tick.rules.pages.get(page.asset)
    stored = tick.view.partition(page.asset, page.day)
    if described is None or stored is None:
        return False
    remade = {str(day) for day, of_day in work.items() if described in of_day.assets}
    return described in assets or not remade.isdisjoint(stored.inputs.get(described, ()))
