"""Lookups: the days for which a decision needs more than listings and manifests.

Belongs here: naming those days from a view, so that the watcher fills in the rest before anything
is decided, and reads little. Does not belong here: reading (``steps.watching.watcher``).
"""

from __future__ import annotations

import datetime as dt

from aml_assets.core.days import ONE_DAY, days_before
from aml_assets.core.night.changes import current_digests, to_prepare
from aml_assets.core.night.view import LineRules, Rules, Untrainable, View


def look_back_days(day: dt.date, rules: Rules) -> list[dt.date]:
    """The earlier days whose transactions a day's features need, oldest first.

    Late reports are looked up in them, and their partials are the day's history.
    """
    return days_before(day, max(rules.look_back, rules.history))


def unstored_transactions(view: View, rules: Rules, day: dt.date) -> list[str]:
    """Which assets of a day's transactions, their table and its partials, are not stored."""
    kept = (rules.tables[rules.transactions], *rules.partials)
    return [asset for asset in kept if not view.partition(asset, day)]


def unwatched_days(view: View, rules: Rules) -> list[dt.date]:
    """Days before the watched ones whose landed transactions are needed, and are not stored."""
    needed = {past for day in view.days for past in look_back_days(day, rules)}
    landed = view.landed.get(rules.transactions, frozenset())
    unwatched = (needed & landed) - set(view.days) - view.skipped
    return sorted(past for past in unwatched if unstored_transactions(view, rules, past))


def tables_to_check(view: View, rules: Rules) -> list[dt.date]:
    """Days whose features may be requested now, if no check of their tables forbids it."""
    current = current_digests(view, rules)
    return [
        day
        for day in view.days
        if day not in view.busy | view.skipped
        and all(view.partition(table, day) for table in rules.tables.values())
        and to_prepare(view, rules, day, current)
    ]


def features_to_check(view: View, rules: Rules) -> list[dt.date]:
    """Days whose predictions may be requested now, if no check of their features forbids it."""
    return [
        day
        for day in view.days
        if day not in view.busy
        and view.partition(rules.features, day)
        and not view.partition(rules.reports.scores, day)
        and _may_have_a_model(view, rules.reports, day)
    ]


def usable_models(view: View, line: LineRules, day: dt.date) -> list[tuple[dt.date, str]]:
    """A line's models that may score a day, as (day, digest), unless one is pinned.

    If the day has a champion, it is the only one, and the day given with it is the day it scores.
    """
    if champion := view.champions.get(line.name, {}).get(day):
        return [(day, champion)]
    oldest = day if line.policy == "today" else day - line.max_age * ONE_DAY
    # A model that cannot be read, or that another program wrote, has no digest.
    models = view.stored.get(line.model, {}).items()
    return [(each, of.digest) for each, of in models if of.digest and oldest <= each <= day]


def missing_learnt(view: View, line: LineRules, day: dt.date) -> list[str]:
    """A line's models and metrics of the day that are missing, upstream first.

    Metrics that were built under settings without a separate measured model do not need one.
    """
    metrics = view.partition(line.metrics, day)
    is_exempt = metrics is not None and line.measured not in metrics.inputs
    needed = (line.model,) if is_exempt else line.models
    return [asset for asset in (*needed, line.metrics) if not view.partition(asset, day)]


def _may_have_a_model(view: View, line: LineRules, day: dt.date) -> bool:
    """Whether a model can score the day now, or can be trained by the run that scores."""
    if line.policy == "pinned":
        return view.pinned
    return bool(usable_models(view, line, day)) or not isinstance(line.windows(day), Untrainable)
