"""Changes: what the landing and the store hold now, compared with what was built of it.

Belongs here: pure comparisons within one view. Does not belong here: what follows from a change
(``core.night.preparing``, ``core.night.remaking``), or comparing manifests in general
(``core.staleness``).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from aml_assets.core.days import ONE_DAY
from aml_assets.core.night.view import LineRules, Rules, View
from aml_assets.core.staleness import ABSENT, CurrentDigest, StoredPartition, changed_inputs


def current_digests(view: View, rules: Rules) -> CurrentDigest:
    """A lookup of the digests that are stored now, by asset and partition key."""
    day_of = {asset: line.model_day for line in rules.lines for asset in line.models}

    def current(asset: str, key: str) -> str | None:
        if asset in day_of:
            day = day_of[asset](key)
        elif asset in view.stored:
            day = dt.date.fromisoformat(key)
        else:
            return None  # the landing has signatures, no digests
        stored = view.partition(asset, day) if day else None
        return stored.digest or None if stored else None

    return current


def stale_inputs(
    rules: Rules, asset: str, day: dt.date, stored: StoredPartition, current: CurrentDigest
) -> list[tuple[str, str]]:
    """The inputs that make a stored partition stale, as (asset, partition key).

    A pinned model and a champion are left out: a day's own model never replaces them. So are, of a
    further line's page, the metrics of days before: some of them ripen every night.
    """
    line = rules.line_of(asset)
    if line.name and rules.pages.get(asset) == line.metrics:
        measured = stored.inputs.get(line.metrics, {})
        own = {key: digest for key, digest in measured.items() if key == str(day)}
        stored = replace(stored, inputs={**stored.inputs, line.metrics: own})
    if line.policy in ("pinned", "promoted") and rules.pages.get(asset, asset) == line.scores:
        inputs = {name: keys for name, keys in stored.inputs.items() if name != line.model}
        stored = replace(stored, inputs=inputs)
    return changed_inputs(stored, current)


def to_prepare(view: View, rules: Rules, day: dt.date, current: CurrentDigest) -> tuple[str, ...]:
    """What of a day's partials is missing or stale; where none is, of its features.

    Partials come first, since the features of other days read them. What leads to the features is
    built again where it is missing or stale, and then they are. Features that did not read all that
    is prepared were built under other settings; they are stale.
    """

    def is_stale(asset: str) -> bool:
        stored = view.partition(asset, day)
        if stored is None or changed_inputs(stored, current):
            return True
        reads = rules.joined if asset == rules.features else ()
        return bool(stored.digest) and not set(reads) <= stored.inputs.keys()

    if partials := tuple(filter(is_stale, rules.partials)):
        return partials
    *histories, features = rules.prepared
    stale = tuple(filter(is_stale, histories))
    return (*stale, features) if stale or is_stale(features) else ()


def to_derive(view: View, line: LineRules, day: dt.date, current: CurrentDigest) -> tuple[str, ...]:
    """What of a day's merged features has to be built for a further line, upstream first.

    That is what is missing or stale, and what reads such a thing of the same day.
    """
    needed: list[str] = []
    for asset, reads in line.derived.items():
        stored = view.partition(asset, day)
        if stored is None or changed_inputs(stored, current) or not set(reads).isdisjoint(needed):
            needed.append(asset)
    return tuple(needed)


def is_evidence(view: View, rules: Rules, asset: str, day: dt.date) -> bool:
    """Whether a partition is kept as it was built, even when its inputs change later.

    True for models, scores and what is kept with them of past days, unless ``restate`` is ``all``.
    What is kept with the scores of yesterday may still be built again, if it lacked the scores of a
    line that has scored the day since, or read what is kept with them and was built again for that:
    the night was not over.
    """
    line = rules.line_of(asset)
    kept = rules.pages.get(asset, asset) in (*line.models, line.scores)
    is_past = day < view.today and rules.restate != "all"
    is_open = _lacked_scores(view, rules, asset, day) or _read_another(view, rules, asset, day)
    return kept and is_past and not is_open


def _lacked_scores(view: View, rules: Rules, asset: str, day: dt.date) -> bool:
    """Whether a partition was built this night before a further line had scored its day."""
    stored = view.partition(asset, day) if day >= view.today - ONE_DAY else None
    read = stored.inputs if stored else {}
    return any(
        read.get(line.scores, {}).get(str(day)) == ABSENT and view.partition(line.scores, day)
        for line in rules.further
    )


def _read_another(view: View, rules: Rules, asset: str, day: dt.date) -> bool:
    """Whether a partition was built this night of something kept that was built again since."""
    stored = view.partition(asset, day) if day >= view.today - ONE_DAY else None
    read = {of: keys.get(str(day)) for of, keys in stored.inputs.items()} if stored else {}
    return any(
        (now := view.partition(of, day)) and read[of] not in (None, now.digest)
        for of in rules.pages
        if of in read
    )


def landed_anew(view: View, day: dt.date) -> list[str]:
    """The daily tables of a day whose landed files are not those that are stored."""
    listings = view.listings.get(day, {})
    receipts = {name: view.receipts.get(name, {}).get(day) for name in listings}
    return [name for name, of in receipts.items() if of and of != listings[name].signature]


def is_built_of(view: View, rules: Rules, table: str, day: dt.date) -> bool:
    """Whether a daily table is stored and holds the very files that have landed.

    In a store without receipts, they must be older than what is stored.
    """
    listing, stored = view.listings[day].get(table), view.partition(rules.tables[table], day)
    if listing is None or stored is None:
        return False
    receipt = view.receipts.get(table, {}).get(day)
    if receipt is None:
        return listing.newest < stored.modified
    return receipt == listing.signature
