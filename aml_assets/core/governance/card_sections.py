"""A model card in words: sections of facts, tables and remarks, for people.

Belongs here: what each section says, in the reader's language. Does not belong here: the card as
data (``core.governance.model_card``), or how a section looks: on a page (``templates/models.html``)
or as Markdown (``core.governance.card_markdown``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from aml_assets.core.governance.card_shapes import (
    CardSection,
    Table,
    estimate,
    held,
    or_dash,
    share,
)
from aml_assets.core.governance.model_card import Library, ModelCard
from aml_assets.core.governance.parts import OTHER, UNKNOWN, Estimate, Part
from aml_assets.core.language import ENGLISH, Language, message
from aml_assets.core.model.budget import ACCOUNT, CUSTOMER, REPORT
from aml_assets.core.pages.drift import Cause
from aml_assets.core.pages.figures import FIGURES
from aml_assets.core.pages.stored_sentences import retold

_MOST_FEATURES = 10
"""Features with a line of their own; the card's JSON has all."""

_TIERS = {"high": message("high"), "medium": message("medium"), "low": message("low")}

_UNITS = {
    REPORT: message("reports"),
    ACCOUNT: message("paying accounts"),
    CUSTOMER: message("paying customers"),
}

_CAUSES: dict[Cause, str] = {
    "larger": message("larger values"),
    "smaller": message("smaller values"),
    "other": message("other shares of its values"),
    "missing": message("missing values"),
    "unseen": message("new values"),
}


def sections(card: ModelCard, language: Language = ENGLISH) -> list[CardSection]:
    """The sections of a card, in their order."""
    parts: tuple[Callable[[ModelCard, Language], CardSection], ...] = (
        _purpose,
        _data,
        _labels,
        _software,
        _features,
        _figures,
        _segments,
        _protected,
        _comparison,
        _drift,
        _robustness,
        _limits,
        _approval,
    )
    return [part(card, language) for part in parts]


def _purpose(card: ModelCard, language: Language) -> CardSection:
    say = language.say
    tier = say(_TIERS[card.tier]) if card.tier in _TIERS else None
    return CardSection(
        "purpose",
        say("Purpose and materiality"),
        facts=[
            (say("purpose"), card.purpose or say("not stated (governance.purpose)")),
            (say("materiality tier"), tier or say("not stated (governance.tier)")),
            (say("model line"), card.line or say("reports")),
            (say("measured model"), f"{card.model_id}, sha256:{card.digest}"),
            (say("model that scores"), f"sha256:{card.scoring}"),
        ],
    )


def _data(card: ModelCard, language: Language) -> CardSection:
    say, whole, of = language.say, language.whole, card.data
    counted = say(
        "{rows} decided rows, {positives} positive",
        rows=whole(of.rows), positives=whole(of.positives),
    )  # fmt: skip
    measured = say(
        "{rows} rows, {decided} decided, {positives} positive",
        rows=whole(of.measured_rows), decided=whole(of.measured_decided),
        positives=whole(of.measured_positives),
    )  # fmt: skip
    between = say(" … ")
    return CardSection(
        "data",
        say("Data"),
        facts=[
            (say("trained on"), f"{of.trained_from}{between}{of.trained_to}"),
            (say("learnt from"), counted),
            (say("measured on"), f"{of.measured_from}{between}{of.measured_to}"),
            (say("evaluation window"), measured),
            (
                say("digest of the data"),
                say(
                    "{digest}, over the digests of {days} days",
                    digest=f"sha256:{of.digest}", days=whole(len(of.frames)),
                ),
            ),
        ],
    )  # fmt: skip


def _labels(card: ModelCard, language: Language) -> CardSection:
    say, rules = language.say, card.labels
    facts = [
        (
            say("a decision is known"),
            say("{days} days after the report", days=language.whole(rules["maturity_days"]))
            if rules.get("maturity_days")
            else say("with the report"),
        ),
        (say("figures count decisions up to"), card.known_by or say("not recorded")),
        (
            say("four eyes"),
            say("a disposition counts once a second person decided the same")
            if rules.get("four_eyes")
            else say("not required"),
        ),
    ]
    if "line" in rules:
        horizon = language.whole(rules["line"]["horizon_days"])
        facts.append(
            (say("positive"), say("a suspicious report within {days} days after", days=horizon))
        )
    notes = [say("What is undecided counts neither as positive nor as negative.")]
    return CardSection("labels", say("Label policy"), facts, notes=notes)


def _software(card: ModelCard, language: Language) -> CardSection:
    say = language.say
    heads = [say("library"), say("version"), say("digest of its files"), say("digest of its wheel")]
    rows = [[each.name, each.version, *_digests(each, language)] for each in card.libraries]
    parameters = [
        [name, say("none") if value is None else str(value)]
        for name, value in card.parameters.items()
    ]
    return CardSection(
        "software",
        say("Code, parameters and libraries"),
        facts=[
            (say("code version"), card.code_version),
            (say("settings"), card.settings),
            (say("seed"), str(card.parameters.get("seed", say("not recorded")))),
        ],
        tables=held(
            Table(say("Libraries that made the model"), heads, rows),
            Table(
                say("Training parameters"),
                [say("parameter"), say("value")],
                parameters,
                is_on_page=False,
            ),
        ),
        notes=[
            say(
                "Digests are SHA-256. That of the files is of pip’s list of them, less what "
                "differs between machines. pip keeps a wheel’s own digest only where it came from "
                "a URL of its own."
            )
        ],
    )


def _digests(each: Library, language: Language) -> tuple[str, str]:
    say = language.say
    if each.installed is not None and each.installed != each.version:
        return say("not known: {version} is installed now", version=each.installed), "–"
    return each.files or say("not known"), each.wheel or say("not known")


def _features(card: ModelCard, language: Language) -> CardSection:
    say = language.say
    families = [
        [say(f.name), language.whole(f.features), share(f.gain, language), or_dash(
            f.contribution, language)]
        for f in card.families
    ]  # fmt: skip
    features = [
        [each.name, say(each.family), share(each.gain, language)]
        for each in card.features[:_MOST_FEATURES]
    ]
    left_out = [[name, retold(reason, language)] for name, reason in card.left_out.items()]
    family, gain = say("family"), say("gain")
    return CardSection(
        "features",
        say("Features"),
        tables=held(
            Table(
                say("Families of features"),
                [family, say("features"), gain, say("contribution")],
                families,
            ),
            Table(say("The most important features"), [say("feature"), family, gain], features),
            Table(say("Columns that are no features"), [say("column"), say("reason")], left_out),
        ),
        is_on_page=False,
    )


def _figures(card: ModelCard, language: Language) -> CardSection:
    say, whole = language.say, language.whole
    figures = [
        [name, estimate(card.figures[key], language)]
        for key, name in ((key, say(name)) for key, name, _ in FIGURES)
        if card.figures.get(key) is not None
    ]
    precision, recall = say("precision"), say("recall")
    alerts = [
        [whole(at.alerts), estimate(at.precision, language), estimate(at.recall, language)]
        for at in card.alerts
    ]
    budgets = [
        [
            say("{budget} a day of {units}", budget=whole(at.budget), units=say(_UNITS[at.unit])),
            say("{found} of {positives}", found=whole(at.found), positives=whole(at.positives)),
            estimate(at.precision, language),
            estimate(at.recall, language),
        ]
        for at in card.budgets
    ]
    return CardSection(
        "figures",
        say("How it does"),
        tables=held(
            Table(say("Figures of the evaluation window"), [say("figure"), say("value")], figures),
            Table(
                say("At a number of alerts of the window"),
                [say("alerts"), precision, recall],
                alerts,
            ),
            Table(
                say("Within the alert budget"),
                [say("lists"), say("found"), precision, recall],
                budgets,
            ),
        ),
        notes=[
            say(
                "Intervals hold at 95 % and draw whole accounts or customers with all of their "
                "rows (block bootstrap), so that repeated reports do not make them too narrow."
            )
        ],
    )


def _segments(card: ModelCard, language: Language) -> CardSection:
    say = language.say
    return CardSection(
        "parts",
        say("By segment"),
        tables=_by_column(card.segments, language, with_ratio=False),
        notes=[_few(card, language)] if card.segments else [say("There is no such column.")],
    )


def _protected(card: ModelCard, language: Language) -> CardSection:
    say = language.say
    notes = [say("No column is named as protected (governance.protected).")]
    if card.protected:
        notes = [
            say(
                "Ratio: alerts per row of the group over those of all other rows, with Katz’ "
                "interval. One that does not hold 1 is a difference that chance does not explain; "
                "whether it is justified is for people to say."
            ),
            _few(card, language),
        ]
    tables = _by_column(card.protected, language, with_ratio=True)
    return CardSection("protected", say("Protected groups"), tables=tables, notes=notes)


def _few(card: ModelCard, language: Language) -> str:
    return language.say(
        "Groups of fewer than {fewest} rows stand together.", fewest=language.whole(card.fewest)
    )


def _by_column(parts: Sequence[Part], language: Language, *, with_ratio: bool) -> list[Table]:
    say, whole = language.say, language.whole
    heads = [say("group"), say("rows"), say("alerts"), say("alert rate")]
    heads += [say("ratio")] if with_ratio else []
    heads += [say("precision"), say("recall")]
    tables = []
    for column in dict.fromkeys(each.column for each in parts):
        rows = [
            [
                say(each.name) if each.name in (OTHER, UNKNOWN) else each.name,
                whole(each.rows),
                whole(each.alerts),
                share(each.rate, language),
                *([estimate(each.ratio, language, digits=2)] if with_ratio else []),
                estimate(each.precision, language),
                estimate(each.recall, language),
            ]
            for each in parts
            if each.column == column
        ]
        tables.append(Table(column, heads, rows))
    return tables


def _comparison(card: ModelCard, language: Language) -> CardSection:
    say = language.say
    heads = [say("figure"), say("this model"), *(each.name for each in card.comparisons)]
    rows = [
        [
            say(name),
            or_dash(_value(card.figures.get(key)), language),
            *(or_dash(each.figures.get(key), language) for each in card.comparisons),
        ]
        for key, name, _ in FIGURES
    ]
    notes = [f"{each.name}: {each.note}" for each in card.comparisons if each.note]
    notes.append(say("Each model on its own evaluation window: part of a change is the window’s."))
    table = Table(say("Figures of other models beside this one’s"), heads, rows)
    tables = [table] if card.comparisons else []
    return CardSection("comparison", say("Change"), tables=tables, notes=notes, is_on_page=False)


def _drift(card: ModelCard, language: Language) -> CardSection:
    say = language.say
    rows = [
        [each.feature, say(_CAUSES.get(each.cause, each.cause)), language.fixed(each.psi)]  # type: ignore[call-overload]
        for each in card.shifts
    ]
    heads = [say("feature"), say("what moved"), "PSI"]
    alarms = language.localized(f"{card.false_alarms:g}")
    return CardSection(
        "drift",
        say("Drift since training"),
        facts=[
            (say("PSI of the score"), or_dash(card.score_psi, language)),
            (say("false alarms allowed per quarter"), alarms),
        ],
        tables=held(Table(say("Features that have shifted"), heads, rows)),
        notes=[] if rows else [say("No feature has shifted.")],
        is_on_page=False,
    )


def _robustness(card: ModelCard, language: Language) -> CardSection:
    say = language.say
    rows = [[name, language.fixed(value)] for name, value in card.robustness.items()]
    heads = [say("figure"), say("value")]
    return CardSection(
        "robustness",
        say("Robustness"),
        tables=held(Table(say("Figures that were measured outside of the nights"), heads, rows)),
        notes=[] if rows else [say("not run")],
    )


def _limits(card: ModelCard, language: Language) -> CardSection:
    return CardSection("limits", language.say("Limits"), notes=card.limits, is_on_page=False)


def _approval(card: ModelCard, language: Language) -> CardSection:
    say, found = language.say, card.approval
    if found is None:
        notes = [say("The ledger does not say that anybody approved this model.")]
        return CardSection("approval", say("Review and approval"), notes=notes, is_on_page=False)
    return CardSection(
        "approval",
        say("Review and approval"),
        facts=[
            (say("approved by"), found.approver),
            (say("the gate said"), found.review or say("it was not asked")),
            (say("at"), found.at),
            (say("reason"), found.why),
            (say("entry of the ledger"), f"{found.entry} ({found.kind})"),
        ],
        is_on_page=False,
    )


def _value(found: Estimate | None) -> float | None:
    return found.value if found else None
