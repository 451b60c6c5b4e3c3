"""Promoting: naming the champion of a model line, by a rule or by a person, in the ledger.

Belongs here: which model may become champion, from which day, and going back. Does not belong here:
the comparison (``core.governance.gate``), its days (``steps.inputs.judged_days``), or scoring with
the champion (``steps.inputs.model_selection``).
"""

from __future__ import annotations

import datetime as dt
import zoneinfo
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aml_assets.core.days import ONE_DAY
from aml_assets.core.governance.chain import PROMOTION, ROLLBACK, Champion, Entry
from aml_assets.core.governance.gate import JudgedDay, Judgement, judge, undecided
from aml_assets.core.graph import FEATURES, REPORTS
from aml_assets.errors import AmlError, CorruptFile, ModelError, StoreError
from aml_assets.io.decisions import Decision
from aml_assets.steps.inputs.judged_days import ripe_days, scored_by_both, unseen
from aml_assets.steps.inputs.labelling import budget_of
from aml_assets.steps.inputs.model_selection import (
    StoredModel,
    model_of_digest,
    pinned_path,
    read_model,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aml_assets.io.catalog import Catalog

MOST_DAYS = 31
"""The most ripe days on which a model that a person promotes is judged, if fewer are enough."""

RULE = "promotion.automatic"
FIRST = "the first model of the store"
"""Why the first champion is promoted, by rule and without a gate: there is none to compare with."""


@dataclass(frozen=True)
class Judged:
    """A challenger's judgement, and the days on which it was judged.

    Attributes:
        days: the days, oldest first.
        judgement: what the gate says.
    """

    days: Sequence[dt.date]
    judgement: Judgement


def judge_on(catalog: Catalog, days: Sequence[dt.date], scored: Sequence[JudgedDay]) -> Judged:
    """Judge a challenger on some days, scored by both models: `scored_by_both` gives them."""
    budget = budget_of(catalog, sum(len(each.labels) for each in scored) / len(scored))
    confidence = catalog.settings.promotion.confidence
    return Judged(days, judge(scored, budget=budget, confidence=confidence))


def current_champion(catalog: Catalog) -> Champion | None:
    """The champion that was named last, whether or not its first day has come."""
    return catalog.ledger.champion(catalog.line.name, dt.date.max)


def next_day(catalog: Catalog) -> dt.date:
    """The first day that a new champion scores, unless another one is asked for.

    That is the day after the newest one that is scored; without any, today by the bank's clock.
    """
    scored = catalog.predictions.days()
    zone = zoneinfo.ZoneInfo(catalog.settings.partitions.time_zone)
    return scored[-1] + ONE_DAY if scored else dt.datetime.now(zone).date()


def about_model(
    catalog: Catalog,
    model: StoredModel,
    from_day: dt.date,
    judged: Judged | None = None,
    **further: Any,
) -> dict[str, Any]:
    """The facts of the ledger's entry that makes a model champion, as JSON values."""
    gate = (
        {**judged.judgement.to_dict(), "judged_days": list(map(str, judged.days))}
        if judged
        else None
    )
    return {
        "line": catalog.line.name,
        "model_id": model.model_id,
        "model_digest": model.manifest.digest,
        "model_path": model.path,
        "from_day": str(from_day),
        "gate": gate,
        **further,
    }


def promote(
    catalog: Catalog,
    name: str,
    why: str,
    *,
    by: str | None = None,
    from_day: dt.date | None = None,
    against_the_gate: bool = False,
) -> Entry:
    """Make a model the champion of the catalog's line, as a person decides.

    Args:
        catalog: the store, as the line has it.
        name: a model_id, a digest (at least 12 hex digits) or a path.
        why: the reason.
        by: who claims to decide; the login or user of this process by default.
        from_day: the first day that it scores; see `next_day`.
        against_the_gate: although the gate does not let it pass.

    Raises:
        AmlError: no reason is given, the model is the champion already, it has learnt from the
            first day or later ones, or the gate does not let it pass.
        ModelError: there is no such model, or it is ad hoc.
        CorruptFile: it was altered.
    """
    _refuse_silence(why, "a promotion")
    model = _named(catalog, name)
    current = current_champion(catalog)
    if current and current.digest == model.manifest.digest:
        raise AmlError(f"{model.model_id} is the champion already", remedy="See aml models.")
    first = _first_day(catalog, model, from_day)
    judged = _judged_by_hand(catalog, model, current) if current else None
    if judged and not judged.judgement.passed and not against_the_gate:
        raise AmlError(
            f"the gate does not let {model.model_id} pass: {judged.judgement.why}",
            remedy="Wait for more ripe days; or promote it all the same: --against-the-gate, with "
            "the reason as --why.",
        )
    passed = judged is None or judged.judgement.passed
    about = about_model(catalog, model, first, judged, against_the_gate=not passed)
    decision = Decision.now(why.strip(), model.manifest.digest, by=by, login=catalog.login)
    return catalog.ledger.append(PROMOTION, decision, about)


def roll_back(
    catalog: Catalog, why: str, *, by: str | None = None, from_day: dt.date | None = None
) -> Entry:
    """Make the champion before the present one champion again, at once and without a gate.

    The arguments are those of `promote`.

    Raises:
        AmlError: no reason is given, or there was no champion before.
        ModelError: the model of then is not in the store any more.
        CorruptFile: it was altered.
    """
    _refuse_silence(why, "a rollback")
    current = current_champion(catalog)
    before = catalog.ledger.before(current) if current else None
    if before is None:
        raise AmlError(
            "there was no champion before the present one" if current else "there is no champion",
            remedy="Promote another model: aml promote.",
        )
    models = catalog.upstream(catalog.line.model)
    model = model_of_digest(models, before.model_id, before.digest, before.path)
    first = _first_day(catalog, model, from_day)
    about = about_model(catalog, model, first, back_to=before.entry.number)
    decision = Decision.now(why.strip(), model.manifest.digest, by=by, login=catalog.login)
    return catalog.ledger.append(ROLLBACK, decision, about)


def promote_by_rule(
    catalog: Catalog,
    model: StoredModel,
    day: dt.date,
    current: Champion | None,
    judged: Judged | None,
) -> Entry | None:
    """Make a model champion from a day on, as the rule says.

    Args:
        catalog: the store, as the line has it.
        model: the challenger, or the first model.
        day: the first day that it scores.
        current: the champion that it takes the place of; ``None`` if there is none.
        judged: what the gate said; ``None`` for the first champion.

    Returns:
        ``None`` if another champion was named meanwhile.
    """
    line, number = catalog.line.name, current.entry.number if current else None
    why = judged.judgement.why if judged else FIRST
    rule = RULE if judged else "scoring.model_policy: promoted"
    return catalog.ledger.append_while(
        lambda last: (last.champions_after.get(line) if last else None) == number,
        PROMOTION,
        Decision.by_rule(rule, why, model.manifest.digest),
        about_model(catalog, model, day, judged),
    )


def _judged_by_hand(catalog: Catalog, model: StoredModel, current: Champion) -> Judged:
    """The judgement of a model that a person promotes.

    It is judged on the latest ripe days that neither it nor the champion has learnt from.
    """
    features, models = catalog.upstream(catalog.line.features), catalog.upstream(catalog.line.model)
    needed = catalog.settings.promotion.days
    try:
        champion = model_of_digest(models, current.model_id, current.digest, current.path)
    except (ModelError, CorruptFile) as error:
        return Judged([], undecided(f"the champion cannot be read ({error.what})", 0))
    known_by = max(features.partitions.days(), default=dt.date.min)
    most = max(MOST_DAYS, needed)
    days = unseen(ripe_days(catalog, features, known_by, most), champion, model)
    if len(days) < needed:
        why = f"only {len(days)} ripe days, of {needed}, are such that neither model learnt of them"
        return Judged(days, undecided(why, len(days)))
    reports = None if catalog.line == REPORTS else catalog.upstream(FEATURES)
    scored = scored_by_both(
        catalog, features, days, champion, model, known_by=known_by, reports=reports
    )
    return judge_on(catalog, days, scored)


def _named(catalog: Catalog, name: str) -> StoredModel:
    models = catalog.upstream(catalog.line.model)
    try:
        model = read_model(models, pinned_path(models.partitions, name))
    except StoreError:
        raise
    except ModelError as error:
        raise ModelError(
            error.what.replace("the pinned model", "the model"),
            table=error.table,
            remedy="See which there are: aml models.",
        ) from None
    if model.manifest.facts.get("ad_hoc"):
        raise ModelError(
            f"{model.model_id} is the model of an ad hoc run, and stands for no day",
            table=models.asset,
            remedy="Train it for its day (replace: true of the run), then promote that one.",
        )
    return model


def _first_day(catalog: Catalog, model: StoredModel, from_day: dt.date | None) -> dt.date:
    first = from_day or next_day(catalog)
    if (last := model.looks_ahead(first)) is not None:
        raise AmlError(
            f"{model.model_id} has learnt from days up to {last}: its scores of {first} would look "
            "ahead",
            remedy=f"Let it score from {last + ONE_DAY} on: --from {last + ONE_DAY}.",
        )
    return first


def _refuse_silence(why: str, what: str) -> None:
    if not why.strip():
        raise AmlError(f"{what} needs its reason", remedy="Give one: --why '…'.")
