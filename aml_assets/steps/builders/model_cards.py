"""The model card of a day, from what the model page has read.

Belongs here: putting the card together. Does not belong here: the card as data
(``core.governance.model_card``), its words (``core.governance.card_sections``), or reading the
model and its window (``steps.builders.build_model_page``).
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from aml_assets.core.governance.entry_words import gate_in_words
from aml_assets.core.governance.model_card import (
    Alerts,
    Approval,
    Budget,
    ComparedModel,
    Data,
    Family,
    ModelCard,
    ShiftedFeature,
    Used,
    card_of,
)
from aml_assets.core.governance.parts import Estimate, Part, listed, parts_of
from aml_assets.core.model import bootstrap, budget, carried, scoring
from aml_assets.core.model.budget import ACCOUNT, CUSTOMER, REPORT, ScoredReports
from aml_assets.core.model.intervals import Interval
from aml_assets.core.pages.figures import FIGURES, figure_of
from aml_assets.core.pages.model_page import ModelPage
from aml_assets.core.pages.validation import ALERTS
from aml_assets.core.relations.families import family_of
from aml_assets.errors import AmlError, NotReady
from aml_assets.io.formats import Published
from aml_assets.io.manifest import canonical_json
from aml_assets.steps.builders.built import Built
from aml_assets.steps.inputs.installed import library
from aml_assets.steps.inputs.labelling import budget_of
from aml_assets.steps.inputs.model_selection import StoredModel
from aml_assets.steps.inputs.scored_window import ScoredWindow

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from aml_assets.io.catalog import Catalog


def model_card(
    catalog: Catalog,
    day: dt.date,
    model: StoredModel,
    measured: ScoredWindow,
    page: ModelPage,
) -> ModelCard:
    """The card of the model that a page describes.

    Args:
        catalog: the settings, as the line has them.
        day: the partition.
        model: the measured one.
        measured: its evaluation window, with the groups of each row.
        page: the page, which has figures, features and drift.
    """
    of, manifest = catalog.settings.governance, model.manifest
    facts: Any = manifest.facts
    scored = ScoredReports(measured.day_numbers, measured.truth, measured.scores)
    size = budget_of(catalog, len(measured.truth) / max(1, len(measured.days)))
    blocks = _blocks(measured)
    ranked = bootstrap.ranking(measured.truth, measured.scores, blocks, ALERTS)
    parts = _parts(measured, scored, size, of.fewest)
    return ModelCard(
        day=str(day),
        line=catalog.line.name,
        model_id=model.model_id,
        digest=manifest.digest,
        scoring=page.metrics.get("scoring_model", {}).get("digest", manifest.digest),
        trees=page.trees,
        code_version=manifest.code_version,
        settings=manifest.settings,
        purpose=of.purpose,
        tier=of.tier,
        data=_data(model, page.metrics),
        labels=facts.get("labels", {}),
        known_by=str(measured.known_by),
        parameters=page.parameters,
        libraries=[library(name, version) for name, version in facts.get("libraries", {}).items()],
        families=[Family(f.name, f.features, f.gain, f.magnitude) for f in page.families],
        features=_features(model),
        left_out=model.encoder.left_out,
        figures={key: _figure(key, page.metrics, ranked) for key, _, _ in FIGURES},
        alerts=_alerts(ranked),
        budgets=_budgets(measured, scored, size, blocks),
        segments=[each for each in parts if each.column not in of.protected],
        protected=[each for each in parts if each.column in of.protected],
        fewest=of.fewest,
        comparisons=_comparisons(page),
        false_alarms=catalog.settings.drift.false_alarms_per_quarter,
        score_psi=page.score_drift.psi if page.score_drift else None,
        shifts=_shifts(page),
        robustness=of.robustness,
        limits=[*page.limits, *of.limits],
    )


def with_card(
    catalog: Catalog, day: dt.date, built: Built, card: ModelCard
) -> Callable[[], Published]:
    """A function that publishes the card beside the model, and then the page.

    After an interrupt between the two, the page is still to be built, and the card with it.
    """

    def publish() -> Published:
        cards = catalog.model_cards
        manifest = replace(built.manifest, asset=cards.asset)
        cards.publish(day, card.to_dict(), manifest, path=str(built.figures["card"]))
        return replace(built, publish=None).publish_to(catalog.model_pages, day)

    return publish


def stored_card(catalog: Catalog, line: str, day: dt.date) -> ModelCard:
    """The card of a day's model as it is stored, with who approved the model by now.

    Args:
        catalog: all that is stored.
        line: a further model line; "" for the reports'.
        day: the partition.

    Raises:
        AmlError: there is no such line.
        NotReady: there is no card yet.
        CorruptFile: it was altered.
        LedgerError: the ledger is not what was written.
    """
    known = {each.name: each for each in catalog.graph.lines}
    if line not in known:
        further = ", ".join(filter(None, known)) or "none"
        raise AmlError(f"there is no further model line {line!r}", remedy=f"There are: {further}.")
    cards = catalog.of_line(known[line]).model_cards
    try:
        value = cards.load(day)
    except NotReady:
        page = known[line].page
        raise NotReady(
            "it has not been made yet",
            table=cards.asset,
            day=day,
            remedy="It is made with the model page: "
            f"aml backfill --from {day} --to {day} --select {page} --remake",
        ) from None
    try:
        card = card_of(value)
    except ValueError as error:
        raise AmlError(
            str(error),
            table=cards.asset,
            day=day,
            remedy="Use the version that made it, or a later one.",
        ) from None
    return replace(card, approval=_approval(catalog, card))


def _approval(catalog: Catalog, card: ModelCard) -> Approval | None:
    """The newest entry of the ledger that made the card's model a champion of its line."""
    found = None
    for entry in catalog.ledger.entries():
        digest = entry.about.get("model_digest")
        if entry.line == card.line and digest in (card.digest, card.scoring):
            found = entry
    if found is None:
        return None
    review = gate_in_words(found) if found.about.get("gate") else None
    return Approval(found.number, found.kind, found.who, found.at, found.why, review)


def _data(model: StoredModel, metrics: Mapping[str, Any]) -> Data:
    facts: Any = model.manifest.facts
    frames = dict(carried.frames_of(model.manifest.inputs))
    first, last = model.trained_on
    return Data(
        trained_from=first,
        trained_to=last,
        measured_from=facts["windows"]["eval_start"],
        measured_to=facts["windows"]["eval_end"],
        rows=facts["rows"],
        positives=facts["positives"],
        measured_rows=metrics["rows"],
        measured_decided=metrics["decided"],
        measured_positives=metrics["positives"],
        frames=frames,
        digest=hashlib.sha256(canonical_json(frames).encode()).hexdigest(),
    )


def _features(model: StoredModel) -> list[Used]:
    """The features by gain, the largest first."""
    gains = scoring.importance(model.booster, model.encoder)
    total = sum(gains.values()) or 1.0
    used = [
        Used(each.name, family_of(each.table, each.column), gains.get(each.name, 0.0) / total)
        for each in model.encoder.features
    ]
    return sorted(used, key=lambda each: (-each.gain, each.name))


def _alerts(ranked: Mapping[str, Interval | None]) -> list[Alerts]:
    return [
        Alerts(each, _known(ranked[f"precision_at_{each}"]), _known(ranked[f"recall_at_{each}"]))
        for each in ALERTS
    ]


def _comparisons(page: ModelPage) -> list[ComparedModel]:
    return [
        ComparedModel(
            each.name, each.note, {key: figure_of(each.metrics, key) for key, _, _ in FIGURES}
        )
        for each in page.changes
    ]


def _shifts(page: ModelPage) -> list[ShiftedFeature]:
    return [
        ShiftedFeature(each.source, each.shift.cause, each.shift.psi)
        for each in page.features
        if each.shift
    ]


def _figure(
    key: str, metrics: Mapping[str, Any], ranked: Mapping[str, Interval | None]
) -> Estimate | None:
    value = figure_of(metrics, key)
    if value is None:
        return None
    found = ranked.get(key)
    # The value is the metrics' own: two ways to compute it differ in the last digits.
    return Estimate(value, found.low, found.high) if found else Estimate(value)


def _blocks(measured: ScoredWindow) -> NDArray[Any]:
    """The block of each row: its paying account, else its paying customer, else itself."""
    rows = np.arange(len(measured.truth))
    for unit in (ACCOUNT, CUSTOMER):
        codes = budget.sorted_codes(measured.texts.get(unit))
        if codes is not None:
            return np.where(codes < 0, codes.max(initial=-1) + 1 + rows, codes)
    return rows


def _budgets(
    measured: ScoredWindow, scored: ScoredReports, size: int, blocks: NDArray[Any]
) -> list[Budget]:
    """Recall and precision of the days' lists, for each unit that is known."""
    found: list[Budget] = []
    for unit in (REPORT, ACCOUNT, CUSTOMER):
        codes = None if unit == REPORT else budget.sorted_codes(measured.texts.get(unit))
        if unit != REPORT and codes is None:
            continue
        units = budget.units(scored, codes)
        of_unit = blocks[units.ids] if unit == REPORT else units.ids
        precision, recall = bootstrap.lists(units, of_unit, size)
        at = budget.at_budget(units, size)
        found.append(
            Budget(unit, size, at.listed, at.found, at.positives, _known(precision), _known(recall))
        )
    return found


def _parts(measured: ScoredWindow, scored: ScoredReports, size: int, fewest: int) -> list[Part]:
    """The groups' figures, split by split; a split that no frame knows has none."""
    alerts = listed(scored, size)
    return [
        part
        for name, groups in measured.groups.items()
        if isinstance(groups, pa.Array)
        for part in parts_of(name, groups, scored.labels, alerts, fewest=fewest)
    ]


def _known(found: Interval | None) -> Estimate | None:
    return Estimate(*found) if found else None
