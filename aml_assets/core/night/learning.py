"""The second of a day's two runs: what learns, scores and reports, and what is remade.

Belongs here: which models, metrics and predictions are missing or out of date, and what they wait
for. Does not belong here: tables and features (``preparing``), training itself (``training``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence

from aml_assets.core import staleness
from aml_assets.core.days import ONE_DAY, ranges
from aml_assets.core.model.windows import Windows
from aml_assets.core.night.tick import FAILED, Look, compared, is_evidence


def request_learning(look: Look) -> None:
    """Ask for models, metrics and predictions that are missing and can be made."""
    wanted: dict[dt.date, tuple[tuple[str, ...], dict[str, str]]] = {}
    for day in look.view.days:
        has_features = look.stored(look.rules.features, day) is not None
        if day in look.moving or not (has_features or day in look.stuck):
            continue
        learn = _learnable(look, day)
        if learn is None:
            continue
        assets, words = list(learn), {}
        if learn:
            words["learn"] = _word_of_learning(look, day)
        if has_features and (word := _scorable(look, day, bool(learn))) is not None:
            assets.append(look.rules.predictions)
            words["score"] = word
        if assets:
            pages = [page for page, of in look.rules.reports.items() if of in assets]
            wanted[day] = ((*assets, *pages), words)
    for assets in dict.fromkeys(assets for assets, _ in wanted.values()):
        days = [day for day, (each, _) in wanted.items() if each == assets]
        for chunk in look.chunks(days):

            def remember(days: Sequence[dt.date] = chunk) -> None:
                for day in days:
                    for stage, word in wanted[day][1].items():
                        look.asked(stage, day, word)

            words = ["".join(wanted[day][1].values()) for day in chunk]
            look.wish("learn", assets, chunk, words, remember)


def _learnable(look: Look, day: dt.date) -> list[str] | None:
    """Model and metrics, as far as missing and possible; ``None``: wait with all of the day."""
    missing = [
        asset for asset in (look.rules.model, look.rules.metrics) if not look.stored(asset, day)
    ]
    windows = look.rules.windows(day)
    if isinstance(windows, str):
        if missing and not look.stored(look.rules.predictions, day):
            look.notes.setdefault(day, windows)
        return []
    if not missing:
        look.forget("learn", day)
        return []
    holes = {past: _hole(look, past) for past in _days_of(windows)}
    coming = [past for past, why in holes.items() if why == "coming"]
    if coming:
        look.notes[day] = f"waits for the features of {_listed(coming)}"
        return None
    absent = [past for past, why in holes.items() if why == "absent"]
    failed = [past for past, why in holes.items() if why == "failed"]
    if absent or failed:
        look.notes[day] = "no model, for want of " + " and ".join(
            f"{_listed(days)} ({why})"
            for days, why in ((absent, "not landed"), (failed, "landed, no features"))
            if days
        )
        # Whoever is not late yet may still come tonight.
        early = [past for past in absent if look.view.now <= look.rules.deadline(past)]
        return None if early else []
    if look.memory.asked.get(f"learn {day}") == _word_of_learning(look, day):
        look.notes[day] = f"model and metrics: {FAILED}"
        return []
    return missing


def _hole(look: Look, day: dt.date) -> str | None:
    """Why a day of a window cannot be read: ``coming``, ``failed`` or ``absent``."""
    if day in look.moving:
        return "coming"
    if look.stored(look.rules.features, day) or day in look.view.exempt:
        return None
    whole = all(day in look.view.landed.get(name, ()) for name in look.rules.daily)
    if day in look.missing or not whole:
        return "absent"
    tried = day in look.stuck or (str(day) in look.memory.built and day not in look.missing)
    return "failed" if tried else "coming"


def _scorable(look: Look, day: dt.date, with_model: bool) -> str | None:
    """The word for what predictions would be made of; ``None`` if they are not to be asked."""
    if look.stored(look.rules.predictions, day):
        look.forget("score", day)
        return None
    models = look.view.stored.get(look.rules.model, {})
    oldest = day if look.rules.policy == "today" else day - look.rules.max_age * ONE_DAY
    # What cannot be read, or is of another program, has no digest and scores nothing.
    usable = [
        (each, of.digest) for each, of in models.items() if of.digest and oldest <= each <= day
    ]
    if look.rules.policy == "pinned":
        if not look.view.pinned:
            look.notes[day] = "predictions wait for the pinned model, which is not there yet"
            return None
    elif not usable and not with_model:
        look.notes.setdefault(day, "no model to score with")
        return None
    # Asked last, since it reads the store.
    if reason := look.view.blocked_frame(day):
        look.forget("score", day)
        look.notes[day] = f"predictions are blocked: {reason}"
        return None
    features = look.current(look.rules.features, str(day))
    word = staleness.fingerprint([features, look.rules.policy, *usable])
    if not with_model and look.memory.asked.get(f"score {day}") == word:
        look.notes[day] = f"predictions: {FAILED}"
        return None
    return word


def _word_of_learning(look: Look, day: dt.date) -> str:
    windows = look.rules.windows(day)
    days = [] if isinstance(windows, str) else _days_of(windows)
    return staleness.state_of({look.rules.features: days}, look.current)


def request_remakes(look: Look) -> None:
    """Ask for models, metrics, predictions and pages whose inputs are others by now."""
    rules = look.rules
    wanted: dict[dt.date, tuple[str, ...]] = {}
    words: dict[tuple[str, dt.date], str] = {}
    for day in look.view.days:
        if day in look.moving:
            continue
        stale = []
        for asset in (rules.model, rules.metrics, rules.predictions, *rules.reports):
            stored = look.stored(asset, day)
            if stored is None or is_evidence(look.view, rules, asset, day):
                continue
            if not staleness.outdated(compared(rules, asset, stored), look.current):
                look.forget(f"remake {asset}", day)
                continue
            word = staleness.state_of(stored.inputs, look.current)
            if look.memory.asked.get(f"remake {asset} {day}") == word:
                look.notes.setdefault(day, f"{asset}: {FAILED}")
            elif not _moves(look, stored.inputs.get(rules.features, ())):
                stale.append(asset)
                words[asset, day] = word
        # What is made of it: by the digest it will have.
        if rules.model in stale:
            stale = [rules.model]
        stale = [asset for asset in stale if not _waits(look, asset, day, wanted, stale)]
        if stale:
            wanted[day] = tuple(stale)
    for assets in dict.fromkeys(wanted.values()):
        for chunk in look.chunks([day for day, each in wanted.items() if each == assets]):

            def remember(days: Sequence[dt.date] = chunk, assets: tuple[str, ...] = assets) -> None:
                for day in days:
                    for asset in assets:
                        look.asked(f"remake {asset}", day, words[asset, day])

            of = [words[asset, day] for day in chunk for asset in assets]
            look.wish("remake", assets, chunk, of, remember)


def _waits(
    look: Look,
    asset: str,
    day: dt.date,
    wanted: Mapping[dt.date, Sequence[str]],
    stale: Sequence[str],
) -> bool:
    """Whether a page tells of what is remade itself: of this day, or of those before it."""
    of, stored = look.rules.reports.get(asset), look.stored(asset, day)
    if of is None or stored is None:
        return False
    remade = {str(past) for past, assets in wanted.items() if of in assets}
    return of in stale or bool(remade & set(stored.inputs.get(of, ())))


def _moves(look: Look, days: Iterable[str]) -> bool:
    return any(dt.date.fromisoformat(day) in look.moving for day in days)


def _days_of(windows: Windows) -> list[dt.date]:
    return [*windows.train_days, *windows.delay_days, *windows.eval_days]


def _listed(days: Sequence[dt.date]) -> str:
    spans = [str(a) if a == b else f"{a} … {b}" for a, b in ranges(list(days))]
    return ", ".join(spans[:3]) + (f" and {len(spans) - 3} more" if len(spans) > 3 else "")
