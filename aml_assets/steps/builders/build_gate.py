"""The gate of a night: it judges the challenger that is due, and names the first champion.

Belongs here: which challenger is due on a day, and the file with the outcome. Does not belong
here: the comparison (``core.governance.gate``), or naming a champion (``steps.promoting``).

A challenger is judged at most once, in the night in which its first ``promotion.days`` ripe days
are there: judging the same model again would give it another chance to pass by luck. So the
challenger of a night is the model of the first of the last ``promotion.days`` ripe days. If several
days have ripened since the gate before, only the newest of the models that are due is judged. The
night's own day is not among the ripe days, since nothing of a day may decide which model scores it.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from aml_assets.core.days import ONE_DAY
from aml_assets.core.governance.chain import Champion
from aml_assets.errors import CorruptFile, ModelError
from aml_assets.io.manifest import Manifest, settings_hash
from aml_assets.io.paths import beside
from aml_assets.io.upstream import Upstream, inputs_read
from aml_assets.steps.builders.built import Built
from aml_assets.steps.inputs.judged_days import ripe_days, scored_by_both, unseen
from aml_assets.steps.inputs.labelling import rules_of
from aml_assets.steps.inputs.model_selection import (
    StoredModel,
    model_of_digest,
    newest_model,
    read_model,
)
from aml_assets.steps.inputs.run_options import RunOptions, model_id_of
from aml_assets.steps.promoting import FIRST, Judged, current_champion, judge_on, promote_by_rule

if TYPE_CHECKING:
    import pyarrow as pa
    import xgboost

    from aml_assets.io.catalog import Catalog

CODE_VERSION = "1"

Outcome = Literal["first", "promoted", "passed", "no better", "worse", "waits"]
"""``passed``: a person may promote it; ``waits``: no challenger was judged."""


@dataclass(frozen=True)
class _Found:
    """The outcome of a night's gate, with the reason and the two models."""

    outcome: Outcome
    why: str
    champion: Champion | None = None
    challenger: StoredModel | None = None
    judged: Judged | None = None


@dataclass(frozen=True)
class _Night:
    """What a gate reads; see `build_gate`."""

    catalog: Catalog
    day: dt.date
    models: Upstream[xgboost.Booster]
    features: Upstream[pa.Table]
    reports: Upstream[pa.Table] | None


def build_gate(
    catalog: Catalog,
    day: dt.date,
    models: Upstream[xgboost.Booster],
    features: Upstream[pa.Table],
    options: RunOptions | None = None,
    reports: Upstream[pa.Table] | None = None,
) -> Built:
    """Judge the challenger that is due; name the first champion, or, by rule, the next one.

    Args:
        catalog: settings and ledger, as the line has them.
        day: the partition: the first day that a champion named by it scores.
        models: the stored models.
        features: the line's frames.
        options: of this run; in an ad hoc run nothing is judged.
        reports: of a further line, the merged frames by whose reports its rows are labelled.

    Raises:
        LedgerError: the ledger is not what was written.
    """
    options = options or RunOptions()
    night = _Night(catalog, day, models, features, reports)
    found = _Found("waits", "an ad hoc run judges nobody") if options.ad_hoc else _judged(night)
    judgement = found.judged.judgement.to_dict() if found.judged else None
    content: dict[str, Any] = {
        "outcome": found.outcome,
        "why": found.why,
        "champion": _said_champion(found.champion),
        "challenger": _said(found.challenger),
        "judged_days": list(map(str, found.judged.days)) if found.judged else [],
        "judgement": judgement,
    }
    settings = catalog.settings
    path = catalog.gates.path(day)
    if options.ad_hoc:
        path = beside(path, model_id_of(catalog, day, options))
    manifest = Manifest(
        asset=catalog.line.gate,
        partition=str(day),
        inputs=inputs_read(models, features, reports),
        code_version=CODE_VERSION,
        settings=settings_hash(
            settings.promotion.model_dump(mode="json"), settings.reports.budget, rules_of(catalog)
        ),
        facts={"outcome": found.outcome, "ad_hoc": options.ad_hoc},
    )
    return Built(content, manifest, _figures(found), ad_hoc=options.ad_hoc, path=path)


def _judged(night: _Night) -> _Found:
    catalog, day = night.catalog, night.day
    standing = catalog.ledger.champion(catalog.line.name, day)
    # An earlier build of this gate has named it: then the outcome stays the same.
    own = standing if standing and _is_of_gate(standing, day) else None
    champion = catalog.ledger.before(own) if own else standing
    newest = current_champion(catalog)
    if newest and newest.from_day > day:
        why = f"a champion is named from {newest.from_day} on, and no gate goes back before that"
        return _Found("waits", why, champion)
    if champion is None:
        return _first(night, own)
    return _challenged(night, champion, own)


def _first(night: _Night, own: Champion | None) -> _Found:
    if own is not None:
        model = model_of_digest(night.models, own.model_id, own.digest, own.path)
        return _Found("first", FIRST, None, model)
    scored = night.catalog.predictions.days()
    if scored and scored[-1] > night.day:
        return _Found("waits", f"days up to {scored[-1]} are scored, and no gate goes back")
    try:
        max_age = night.catalog.settings.scoring.max_age_days
        model = newest_model(night.models, night.day, max_age)
    except ModelError as error:
        return _Found("waits", error.what)
    if promote_by_rule(night.catalog, model, night.day, None, None) is None:
        return _Found("waits", "another champion was named meanwhile")
    return _Found("first", FIRST, None, model)


def _challenged(night: _Night, champion: Champion, own: Champion | None) -> _Found:
    catalog, known_by = night.catalog, night.day - ONE_DAY
    needed = catalog.settings.promotion.days
    days = ripe_days(catalog, night.features, known_by, needed)
    if len(days) < needed:
        return _Found("waits", f"only {len(days)} ripe days, of {needed}, are stored", champion)
    if days == ripe_days(catalog, night.features, _known_before(night), needed):
        return _Found("waits", "no day has ripened since the gate before", champion)
    if not night.models.has(days[0]):
        return _Found("waits", f"there is no model of {days[0]}", champion)
    try:
        challenger = read_model(night.models, night.models.partitions.path(days[0]))
    except (ModelError, CorruptFile) as error:
        return _Found("waits", f"the model of {days[0]} cannot be read: {error.what}", champion)
    if challenger.manifest.digest == champion.digest:
        return _Found("waits", "the model that is due is the champion", champion)
    of_champion = model_of_digest(night.models, champion.model_id, champion.digest, champion.path)
    if len(unseen(days, of_champion, challenger)) < needed:
        why = "the champion has learnt from days on which the challenger would be judged"
        return _Found("waits", why, champion, challenger)
    scored = scored_by_both(
        catalog,
        night.features,
        days,
        of_champion,
        challenger,
        known_by=known_by,
        reports=night.reports,
    )
    judged = judge_on(catalog, days, scored)
    return _concluded(night, champion, own, challenger, judged)


def _known_before(night: _Night) -> dt.date:
    """The last day whose decisions counted for the previous gate, that of the last stored day."""
    before = [day for day in night.features.partitions.days() if day < night.day]
    return (before[-1] if before else night.day) - ONE_DAY


def _concluded(
    night: _Night,
    champion: Champion,
    own: Champion | None,
    challenger: StoredModel,
    judged: Judged,
) -> _Found:
    judgement, why = judged.judgement, judged.judgement.why
    if not judgement.passed:
        outcome: Outcome = "worse" if judgement.worse else "no better"
        return _Found(outcome, why, champion, challenger, judged)
    if own is not None:
        return _Found("promoted", why, champion, challenger, judged)
    if not night.catalog.settings.promotion.automatic:
        return _Found("passed", why, champion, challenger, judged)
    newest = current_champion(night.catalog)
    if promote_by_rule(night.catalog, challenger, night.day, newest, judged) is None:
        why = "another champion was named meanwhile"
        return _Found("passed", why, champion, challenger, judged)
    return _Found("promoted", why, champion, challenger, judged)


def _is_of_gate(champion: Champion, day: dt.date) -> bool:
    """Whether the gate of a day named a champion."""
    return champion.entry.known == "rule" and champion.from_day == day


def _said_champion(champion: Champion | None) -> dict[str, Any] | None:
    if champion is None:
        return None
    since = str(champion.from_day)
    return {"model_id": champion.model_id, "digest": champion.digest, "since": since}


def _said(model: StoredModel | None) -> dict[str, Any] | None:
    if model is None:
        return None
    return {"model_id": model.model_id, "digest": model.manifest.digest}


def _figures(found: _Found) -> dict[str, Any]:
    """Plain figures for the UI."""
    figures: dict[str, Any] = {"outcome": found.outcome, "why": found.why}
    if found.champion:
        figures["champion"] = found.champion.model_id
    if found.challenger:
        figures["challenger"] = found.challenger.model_id
    judgement = found.judged.judgement if found.judged else None
    for name in ("average_precision", "recall_at_budget"):
        if judgement and (of := getattr(judgement, name)):
            figures[f"{name}_champion"] = of.champion
            figures[f"{name}_challenger"] = of.challenger
            figures[f"{name}_difference_low"] = of.low
            figures[f"{name}_difference_high"] = of.high
    return figures
