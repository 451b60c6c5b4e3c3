"""The first of a day's two runs: its tables and features, once the day has landed whole.

Belongs here: which days need their tables or features, and what these wait for. Does not belong
here: what further lines derive of features (``core.night.deriving``), models
(``core.night.learning``), or when a day has settled (``core.night.readiness``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from aml_assets.core import staleness
from aml_assets.core.days import ONE_DAY, days_before
from aml_assets.core.night import readiness
from aml_assets.core.night.candidate import Candidate, DayWork
from aml_assets.core.night.changes import landed_anew, to_prepare
from aml_assets.core.night.cursor import WITH_TABLES, RequestKey, Stage
from aml_assets.core.night.deriving import with_derived
from aml_assets.core.night.finding import CURRENT, NOTHING, RUN_FAILED, Finding, Outcome, failed
from aml_assets.core.night.lookups import look_back_days, unstored_transactions
from aml_assets.core.night.tick import Tick
from aml_assets.core.staleness import Fingerprint

# -- tables --------------------------------------------------------------------------------


def request_tables(tick: Tick) -> None:
    """Propose the tables of days that landed, or landed anew; with features if possible."""
    pending: list[dt.date] = []
    for day in tick.view.days:
        finding = _tables(tick, day)
        if finding.note:
            tick.notes[day] = finding.note
        if finding.outcome is Outcome.CURRENT:
            tick.cursor.requested[RequestKey(Stage.TABLES, day)] = tick.settled[day]
        elif finding.outcome is Outcome.FAILED:
            tick.unbuildable.add(day)
            tick.forget(Stage.FEATURES, day)
        elif finding.outcome is Outcome.WAIT:
            tick.changing.add(day)
        elif finding.outcome is Outcome.BUILD:
            pending.append(day)
    tick.changing |= set(pending)
    for days in tick.chunks(pending):
        _propose_tables(tick, days)


def _tables(tick: Tick, day: dt.date) -> Finding:
    """The finding about a day's tables; ``CURRENT`` if the landed files are those stored."""
    landing, view = tick.settled.get(day), tick.view
    if landing is None or day in view.busy:
        return NOTHING
    if day in view.skipped:
        return Finding(Outcome.NOTHING, view.exempt.get(day, "skipped"))
    lacking = [name for name in tick.rules.static if not _is_stored(tick, name, day)]
    stored = not lacking and all(_is_stored(tick, name, day) for name in tick.rules.daily)
    requested = tick.requested(Stage.TABLES, day)
    if requested != landing and stored and _is_built_of_landing(tick, day, requested):
        return CURRENT
    if requested == landing and not (lacking and _statics_changed(tick, day)):
        if not stored:
            return failed("tables", landing)
        anew = landed_anew(view, day)
        note = f"{', '.join(anew)} landed anew, but {RUN_FAILED}" if anew else ""
        return Finding(Outcome.NOTHING, note)
    if lacking and tick.statics:
        return Finding(Outcome.WAIT, f"waits for static tables: {tick.statics}")
    return Finding(Outcome.BUILD, fingerprint=landing)


def _propose_tables(tick: Tick, days: list[dt.date]) -> None:
    """Propose the tables of consecutive days, and their features unless these have to wait."""
    wait = _look_back_wait(tick, days[0])
    if wait is not None and wait.run is not None:
        tick.propose(wait.run)
    statics = _statics_fingerprint(tick)
    remember = {RequestKey(Stage.TABLES, day): tick.settled[day] for day in days}
    remember |= {RequestKey(Stage.STATICS, day): statics for day in days}
    features = {RequestKey(Stage.FEATURES, day): WITH_TABLES for day in days}
    tables = (*tick.rules.tables.values(), *tick.rules.partials)
    if wait is None:
        assets = (*tables, *tick.rules.prepared)
        run = Candidate(Stage.TABLES, assets, tuple(days), remember | features)
        tick.propose(with_derived(tick, run))
    else:
        tick.propose(Candidate(Stage.TABLES, tables, tuple(days), remember, tuple(features)))


def _is_stored(tick: Tick, table: str, day: dt.date) -> bool:
    return tick.view.partition(tick.rules.tables[table], day) is not None


def _is_built_of_landing(tick: Tick, day: dt.date, requested: Fingerprint | None) -> bool:
    """Whether the stored tables hold what has landed, although this cursor did not request it.

    Then somebody built them by hand, or an earlier cursor was lost. In a store without receipts,
    tables count as built from the landed files unless these are newer.
    """
    view, daily = tick.view, tick.rules.daily
    receipts = [view.receipts.get(name, {}).get(day) for name in daily]
    if any(receipts):
        return all(receipts) and not landed_anew(view, day)
    stored = [view.partition(tick.rules.tables[name], day) for name in daily]
    newest = max(listing.newest for listing in view.listings[day].values())
    return requested is None and newest < min(each.modified for each in stored if each)


def _statics_changed(tick: Tick, day: dt.date) -> bool:
    """Whether all static tables are complete, and changed since the day's tables were requested."""
    return not tick.statics and tick.requested(Stage.STATICS, day) != _statics_fingerprint(tick)


def _statics_fingerprint(tick: Tick) -> Fingerprint:
    listings = sorted(tick.view.statics.items())
    return staleness.fingerprint(f"{name} {listing.signature}" for name, listing in listings)


# -- features ------------------------------------------------------------------------------


def request_features(tick: Tick) -> None:
    """Propose features that are missing or stale, of days whose tables are stored."""
    pending: dict[dt.date, DayWork] = {}
    for day in tick.view.days:
        if day in tick.changing:
            continue
        needed = to_prepare(tick.view, tick.rules, day, tick.current)
        finding, key = _features(tick, day, needed), RequestKey(Stage.FEATURES, day)
        tick.record(key, finding)
        if finding.outcome is Outcome.WAIT:
            tick.changing.add(day)
        elif finding.outcome is Outcome.FAILED:
            tick.unbuildable.add(day)
            tick.cursor.requested[key] = finding.fingerprint
        elif finding.outcome is Outcome.BLOCKED:
            tick.unbuildable.add(day)
        elif finding.outcome is Outcome.BUILD:
            pending[day] = DayWork(needed, {key: finding.fingerprint})
    tick.changing |= pending.keys()
    for run in tick.runs(Stage.FEATURES, dict(_in_order(tick, pending))):
        tick.propose(with_derived(tick, run))


def _in_order(tick: Tick, pending: Mapping[dt.date, DayWork]) -> Iterator[tuple[dt.date, DayWork]]:
    """Yield the days that need not wait until another run has prepared a day of their look-back."""
    end = min(pending, default=dt.date.min) + tick.rules.days_per_run * ONE_DAY

    def is_coming(past: dt.date, day: dt.date) -> bool:
        apart = past in tick.view.busy or (past in pending and day >= end)
        kept = tick.rules.prepared[:-1]
        return apart and not all(tick.view.partition(asset, past) for asset in kept)

    for day, work in pending.items():
        past = days_before(day, tick.rules.look_back)
        if _only_partials(tick, work.assets) or not any(is_coming(each, day) for each in past):
            yield day, work


def _only_partials(tick: Tick, assets: tuple[str, ...]) -> bool:
    return set(assets) <= set(tick.rules.partials)


def _features(tick: Tick, day: dt.date, needed: tuple[str, ...]) -> Finding:
    """The finding about a day's features.

    Args:
        tick: the tick.
        day: the day.
        needed: what is missing or stale of the day.
    """
    view, rules = tick.view, tick.rules
    tables_stored = all(view.partition(asset, day) for asset in rules.tables.values())
    if day in view.skipped or not tables_stored:
        return NOTHING
    if not needed:
        return CURRENT
    if reason := view.blocked.get(day):
        return Finding(Outcome.BLOCKED, f"features are blocked: {reason}")
    if not _only_partials(tick, needed) and (wait := _look_back_wait(tick, day)):
        note = f"features wait for the transactions of {wait.day}"
        return Finding(Outcome.WAIT, note, needs=wait.run)
    inputs = _features_fingerprint(tick, day)
    # Features that were requested with their tables read those that are stored now: if something is
    # missing, the run failed. If something is stale, another run may have renewed a history since.
    requested = tick.requested(Stage.FEATURES, day)
    is_lacking = any(view.partition(asset, day) is None for asset in needed)
    if requested == inputs or (requested == WITH_TABLES and is_lacking):
        return failed("features", inputs)
    return Finding(Outcome.BUILD, fingerprint=inputs)


def _features_fingerprint(tick: Tick, day: dt.date) -> Fingerprint:
    past = look_back_days(day, tick.rules)
    inputs = {asset: [day] for asset in tick.rules.tables.values()}
    inputs[tick.rules.tables[tick.rules.transactions]] += past
    inputs |= dict.fromkeys((*tick.rules.partials, *tick.rules.prepared[:-1]), past)
    skipped = [each for each in past if each in tick.view.skipped]
    return staleness.fingerprint([staleness.inputs_fingerprint(inputs, tick.current), *skipped])


# -- transactions of earlier days ----------------------------------------------------------


@dataclass(frozen=True)
class Wait:
    """An earlier day whose transactions are needed first.

    Attributes:
        day: the earlier day.
        run: the run that would store them; ``None`` while they have not settled, or if a run that
            is requested anyway stores them.
    """

    day: dt.date
    run: Candidate | None = None


def _look_back_wait(tick: Tick, day: dt.date) -> Wait | None:
    """What a day's look-back waits for: the first earlier day that may still be stored."""
    waits = (_wait_for_transactions(tick, past) for past in look_back_days(day, tick.rules))
    return next((wait for wait in waits if wait is not None), None)


def _wait_for_transactions(tick: Tick, past: dt.date) -> Wait | None:
    """The wait for one day's transactions; ``None`` if they are stored, or cannot be stored now."""
    view, table = tick.view, tick.rules.transactions
    landed = past in view.landed.get(table, ())
    lacking = unstored_transactions(view, tick.rules, past)
    if not landed or past in view.skipped or not lacking:
        return None
    if past in view.busy:
        return Wait(past)
    if past not in view.days:
        return _unwatched_wait(tick, past)
    if past in tick.missing:
        return _partial_wait(tick, past)
    was_requested = tick.requested(Stage.TABLES, past) is not None
    return Wait(past) if past in tick.changing or not was_requested else None


def _partial_wait(tick: Tick, past: dt.date) -> Wait | None:
    """The wait for a watched day of which a part has landed.

    If a day's trx has landed but another daily table has not, request its trx table alone, because
    later days look transactions up in it.
    """
    listing = tick.view.listings.get(past, {}).get(tick.rules.transactions)
    if listing is None:
        return Wait(past)
    if tick.requested(Stage.TRANSACTIONS, past) == listing.signature:
        return None
    run = _transactions_run(tick, {past: listing})
    return Wait(past, run if _transactions_settled(tick, past, listing) else None)


def _unwatched_wait(tick: Tick, past: dt.date) -> Wait | None:
    """The wait for a day before the watched ones: its transactions are requested once per landing.

    The first request does not ask whether they have settled, since an old day may have no
    ``_SUCCESS``. After a failed run, the day holds nothing up until its next landing has settled.
    """
    listing = tick.view.transactions.get(past)
    if listing is None:
        return None
    requested = tick.requested(Stage.TRANSACTIONS, past)
    if requested == listing.signature:
        return None
    if requested is not None:
        settled = _transactions_settled(tick, past, listing)
        return Wait(past, _transactions_run(tick, {past: listing})) if settled else None
    return Wait(past, _first_transactions(tick, past))


def _first_transactions(tick: Tick, past: dt.date) -> Candidate:
    """One run for an unwatched day and those next to it that were not requested yet either.

    Whichever of them is waited for, the run is the same; it begins with the oldest.
    """
    listings, assets = tick.view.transactions, unstored_transactions(tick.view, tick.rules, past)

    def is_alike(day: dt.date) -> bool:
        return (
            day in listings
            and day not in tick.view.busy
            and tick.requested(Stage.TRANSACTIONS, day) is None
            and unstored_transactions(tick.view, tick.rules, day) == assets
        )

    first = past
    while is_alike(first - ONE_DAY):
        first -= ONE_DAY
    days = [first]
    while len(days) < tick.rules.days_per_run and is_alike(days[-1] + ONE_DAY):
        days.append(days[-1] + ONE_DAY)
    return _transactions_run(tick, {day: listings[day] for day in days})


def _transactions_settled(tick: Tick, day: dt.date, listing: readiness.FileListing) -> bool:
    state = tick.cursor.settling[day][tick.rules.transactions]
    return readiness.unsettled(state, listing, settle=tick.rules.settle) is None


def _transactions_run(tick: Tick, listings: Mapping[dt.date, readiness.FileListing]) -> Candidate:
    """The run for the transactions of consecutive days that lack the same assets, oldest first."""
    days = tuple(listings)
    assets = tuple(unstored_transactions(tick.view, tick.rules, days[0]))
    remember = {RequestKey(Stage.TRANSACTIONS, day): of.signature for day, of in listings.items()}
    return Candidate(Stage.TRANSACTIONS, assets, days, remember)
