"""Changes: what the landing and the store hold now, compared with what was built from it.

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

    Two kinds of inputs never make a partition stale and are left out: a pinned model or a champion
    that scored, since a day's own model does not replace it; and earlier days' metrics on the model
    page of a further line, since some of them ripen every night.
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
    """The missing and stale partials of a day; if there are none, the features to build.

    Partials come first, since the features of other days read them. If a history, such as the
    network, is missing or stale, it is built with the merged features, which read it. Merged
    features that did not read all joined assets were built under other settings; they are stale.
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
    """The assets derived from a day's merged features that a further line lacks, upstream first.

    These are the missing and the stale ones, and those that read one of them of the same day.
    """
    needed: list[str] = []
    for asset, reads in line.derived.items():
        stored = view.partition(asset, day)
        if stored is None or changed_inputs(stored, current) or not set(reads).isdisjoint(needed):
            needed.append(asset)
    return tuple(needed)


def is_evidence(view: View, rules: Rules, asset: str, day: dt.date) -> bool:
    """Whether a partition is kept as it was built, even when its inputs change later.

    True for models and scores of past days, and for the pages and queues that describe them, unless
    ``restate`` is ``all``. A page or queue of yesterday may still be built again if it was built
    before the night was over: before a further line had scored the day, or from a page or queue
    that was itself built again since.
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
    """Whether a partition was built this night from a page or queue that was built again since."""
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
    """Whether a daily table is stored, and was built from the very files that have landed.

    In a store without receipts, the landed files must be older than the stored table.
    """
    listing, stored = view.listings[day].get(table), view.partition(rules.tables[table], day)
    if listing is None or stored is None:
        return False
    receipt = view.receipts.get(table, {}).get(day)
    if receipt is None:
        return listing.newest < stored.modified
    return receipt == listing.signature
