"""The first of a day's two runs: its tables and features, when it has landed whole.

Belongs here: which days need their tables or features, and what these wait for. Does not belong
here: models (``learning``), settling (``look``, ``readiness``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from aml_assets.core import staleness
from aml_assets.core.days import ONE_DAY, days_between
from aml_assets.core.night import readiness
from aml_assets.core.night.tick import FAILED, Look, unread

_WITH_TABLES = "with tables "
_UNWATCHED = "unwatched"


def request_tables(look: Look) -> None:
    """Ask for the tables of days that landed, or landed anew; with features if they can be."""
    pending = [day for day in look.view.days if _needs_tables(look, day)]
    look.moving |= set(pending)
    for chunk in look.chunks(pending):
        assets = (*look.rules.tables.values(),)
        alone = _look_back_waits_for(look, chunk[0]) is not None
        if not alone:
            assets = (*assets, look.rules.features)

        def remember(days: Sequence[dt.date] = chunk, alone: bool = alone) -> None:
            for day in days:
                look.memory.built[str(day)] = look.settled[day]
                look.asked("statics", day, _word_of_statics(look))
                if alone:
                    look.forget("features", day)
                else:
                    # What the tables' digests will be is not known yet.
                    look.asked("features", day, _WITH_TABLES + look.settled[day])

        look.wish("tables", assets, chunk, [look.settled[d] for d in chunk], remember)


def _needs_tables(look: Look, day: dt.date) -> bool:
    word = look.settled.get(day)
    if word is None or day in look.view.busy:
        return False
    if day in look.view.skipped:
        look.notes[day] = look.view.exempt.get(day, "skipped")
        return False
    known = look.memory.built.get(str(day))
    stored = [look.stored(look.rules.tables[name], day) for name in look.rules.daily]
    lacking = [name for name in look.rules.static if not look.stored(look.rules.tables[name], day)]
    if known != word and all(stored) and not lacking and _is_built(look, day, known):
        look.memory.built[str(day)] = word
        return False
    if known == word and not _statics_are_others(look, day, lacking):
        if lacking or not all(stored):
            look.stuck.add(day)
            look.forget("features", day)
            look.notes[day] = f"tables: {FAILED}"
        elif others := unread(look.view, day):
            look.notes[day] = f"{', '.join(others)} landed anew, but {FAILED}"
        return False
    if lacking and look.statics:
        look.moving.add(day)
        look.notes[day] = f"waits for static tables: {look.statics}"
        return False
    return True


def _is_built(look: Look, day: dt.date, known: str | None) -> bool:
    """Whether a day was built of what lies there by somebody else: by hand, or before we watched.

    Where nothing tells of which files its tables were made, these were, unless they are younger.
    """
    receipts = [look.view.receipts.get(name, {}).get(day) for name in look.rules.daily]
    if any(receipts):
        return all(receipts) and not unread(look.view, day)
    stored = [look.stored(look.rules.tables[name], day) for name in look.rules.daily]
    newest = max(listing.newest for listing in look.view.listings[day].values())
    return known is None and newest < min(each.modified for each in stored if each)


def _statics_are_others(look: Look, day: dt.date, lacking: list[str]) -> bool:
    """Whether a day that lacks static tables may get them now, since others have landed."""
    asked = look.memory.asked.get(f"statics {day}")
    return bool(lacking) and not look.statics and asked != _word_of_statics(look)


def _word_of_statics(look: Look) -> str:
    listings = sorted(look.view.statics.items())
    return staleness.fingerprint(f"{name} {listing.signature}" for name, listing in listings)


def request_features(look: Look) -> None:
    """Ask for features that are missing though their tables are there, or out of date."""
    pending: dict[dt.date, str] = {}
    for day in look.view.days:
        if day in look.moving or day in look.view.skipped:
            continue
        if not all(look.stored(asset, day) for asset in look.rules.tables.values()):
            continue
        features = look.stored(look.rules.features, day)
        if features is not None and not staleness.outdated(features, look.current):
            look.forget("features", day)
            continue
        if reason := look.view.blocked(day):
            look.forget("features", day)
            look.stuck.add(day)
            look.notes[day] = f"features are blocked: {reason}"
            continue
        if (past := _look_back_waits_for(look, day)) is not None:
            look.moving.add(day)
            look.notes[day] = f"features wait for the transactions of {past}"
            continue
        word = _word_of_features(look, day)
        asked = look.memory.asked.get(f"features {day}", "")
        if asked.startswith(_WITH_TABLES):
            look.asked("features", day, word)
            asked = word
        if asked == word:
            look.stuck.add(day)
            look.notes[day] = f"features: {FAILED}"
            continue
        pending[day] = word
    look.moving |= set(pending)
    for chunk in look.chunks(pending):

        def remember(days: Sequence[dt.date] = chunk) -> None:
            for day in days:
                look.asked("features", day, pending[day])

        words = [pending[day] for day in chunk]
        look.wish("features", (look.rules.features,), chunk, words, remember)


def _word_of_features(look: Look, day: dt.date) -> str:
    inputs: dict[str, list[dt.date]] = {asset: [day] for asset in look.rules.tables.values()}
    inputs[look.rules.tables[look.rules.transactions]] += _look_back(look, day)
    skipped = sorted(past for past in _look_back(look, day) if past in look.view.skipped)
    return staleness.fingerprint([staleness.state_of(inputs, look.current), *skipped])


def _look_back(look: Look, day: dt.date) -> list[dt.date]:
    return days_between(day - look.rules.look_back * ONE_DAY, day - ONE_DAY)


def _look_back_waits_for(look: Look, day: dt.date) -> dt.date | None:
    """The first earlier day whose transactions are still to come into the store."""
    table = look.rules.transactions
    for past in _look_back(look, day):
        if past not in look.view.landed.get(table, ()) or past in look.view.skipped:
            continue
        if look.stored(look.rules.tables[table], past):
            continue
        whole = past in look.settled and str(past) in look.memory.built
        if whole and past not in look.moving:
            continue  # tried, and refused: who needs it says so
        if past not in look.view.days:
            if look.memory.asked.get(f"transactions {past}") == _UNWATCHED:
                continue  # tried, too
            _wish_for_transactions(look, past, _UNWATCHED)
            return past
        if past in look.missing and past not in look.view.busy:
            _ask_for_transactions(look, past)
            if _was_asked(look, "transactions", past):
                continue
        return past
    return None


def _ask_for_transactions(look: Look, day: dt.date) -> None:
    """A day that is late in part keeps nobody from its transactions."""
    table = look.rules.transactions
    listing = look.view.listings.get(day, {}).get(table)
    seen = look.memory.seen.get(str(day), {}).get(table)
    if listing is None or seen is None or _was_asked(look, "transactions", day):
        return
    if readiness.unsettled(seen, listing, settle=look.rules.settle):
        return
    _wish_for_transactions(look, day, listing.signature)


def _wish_for_transactions(look: Look, day: dt.date, word: str) -> None:
    if any(wish.stage == "transactions" and day in wish.days for wish in look.wishes):
        return
    assets = (look.rules.tables[look.rules.transactions],)
    look.wish("transactions", assets, [day], [word], lambda: look.asked("transactions", day, word))


def _was_asked(look: Look, stage: str, day: dt.date) -> bool:
    listing = look.view.listings.get(day, {}).get(look.rules.transactions)
    return listing is not None and look.memory.asked.get(f"{stage} {day}") == listing.signature
