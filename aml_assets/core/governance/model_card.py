"""The model card: what a model is, what it is for, how well it does, for whom, and who approved it.

Belongs here: the card as data, and its JSON. Does not belong here: its words for people
(``core.governance.card_sections``), or putting it together (``steps.builders.model_cards``).

The card has the parts that Mitchell et al. (Model Cards for Model Reporting, 2019) name and that
supervisors ask of model documentation (SR 11-7). It holds figures of groups, digests and names of
columns, never a customer's row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from aml_assets.core.governance.parts import Estimate, Part

if TYPE_CHECKING:
    from pydantic import TypeAdapter

VERSION = 1
"""The version of the card's form; a reader refuses a newer one."""


@dataclass(frozen=True)
class Library:
    """A library that made the model.

    Attributes:
        name: as pip names it.
        version: with which the model was made.
        installed: the version that is installed where the card was made; ``None`` if none is.
        files: the sha256 of the list of its files with their digests; ``None`` if that is not known
            of the version that made the model.
        wheel: the sha256 of its wheel; ``None`` if that is not known.
    """

    name: str
    version: str
    installed: str | None
    files: str | None
    wheel: str | None


@dataclass(frozen=True)
class Data:
    """What the model has learnt from, and what it is measured on.

    Attributes:
        trained_from, trained_to, measured_from, measured_to: ISO days.
        rows, positives: decided rows that it has learnt from.
        measured_rows, measured_decided, measured_positives: rows of the evaluation window.
        frames: day → digest of the frame that it has learnt from.
        digest: the sha256 of all these together.
    """

    trained_from: str
    trained_to: str
    measured_from: str
    measured_to: str
    rows: int
    positives: int
    measured_rows: int
    measured_decided: int
    measured_positives: int
    frames: Mapping[str, str]
    digest: str


@dataclass(frozen=True)
class Family:
    """The features of one family: their number, share of the gain, and mean contribution."""

    name: str
    features: int
    gain: float
    contribution: float | None


@dataclass(frozen=True)
class Used:
    """A feature: ``table.column``, its family, and its share of the gain."""

    name: str
    family: str
    gain: float


@dataclass(frozen=True)
class Alerts:
    """Precision and recall at a number of alerts of the window; ``None`` where there is none."""

    alerts: int
    precision: Estimate | None
    recall: Estimate | None


@dataclass(frozen=True)
class Budget:
    """What the days' lists find at the configured budget, by unit.

    Attributes:
        unit: report, account or customer.
        budget: units a day.
        listed, found, positives: numbers of units.
        precision, recall: ``None`` where there is none.
    """

    unit: str
    budget: int
    listed: int
    found: int
    positives: int
    precision: Estimate | None
    recall: Estimate | None


@dataclass(frozen=True)
class ComparedModel:
    """Another model's figures: its name, a remark, and the figures by key."""

    name: str
    note: str
    figures: Mapping[str, float | None]


@dataclass(frozen=True)
class ShiftedFeature:
    """A feature that has shifted since training, and what moved most."""

    feature: str
    cause: str
    psi: float


@dataclass(frozen=True)
class Approval:
    """Who approved that the model scores.

    Attributes:
        entry: the number of the ledger's entry.
        kind: promotion or rollback.
        approver: who decided, as the ledger knows it.
        at: the time, as an ISO time in UTC.
        why: the reason.
        review: what the gate said of it; ``None`` where it was not asked.
    """

    entry: int
    kind: str
    approver: str
    at: str
    why: str
    review: str | None = None


@dataclass(frozen=True)
class ModelCard:
    """The card of one model.

    Attributes:
        day, line: the partition, and the model line; "" for the reports.
        model_id, digest, trees: the model that was measured.
        scoring: the digest of the model that scores; with a refit it is another one.
        code_version, settings: what built it, as its manifest says.
        purpose, tier: as the bank says; ``None`` where it says nothing.
        data: windows and digests.
        labels: the rules by which labels are known.
        known_by: the last day whose decisions the figures count; ``None``: they do not say.
        parameters: of training, with the seed.
        libraries: what it was made with.
        families, features: by gain, largest first.
        left_out: ``table.column`` → why it is no feature.
        figures: figure → its value, with its interval where it has one.
        alerts, budgets: at numbers of alerts, and in the days' lists.
        segments, protected: figures of groups.
        fewest: the fewest rows of such a group.
        comparisons: champion, predecessor and pinned model, as far as there are such.
        false_alarms: the budget of drift.
        score_psi: drift of the score; ``None`` where it is not measured.
        shifts: the features that have shifted.
        robustness: figures measured outside of the nights; none where nobody ran that.
        limits: of all this, in sentences.
        approval: ``None`` in a stored card: the approval comes later, and the ledger has it.
        version: of the card's form.
    """

    day: str
    line: str
    model_id: str
    digest: str
    scoring: str
    trees: int
    code_version: str
    settings: str
    purpose: str | None
    tier: str | None
    data: Data
    labels: Mapping[str, Any]
    known_by: str | None
    parameters: Mapping[str, Any]
    libraries: Sequence[Library]
    families: Sequence[Family]
    features: Sequence[Used]
    left_out: Mapping[str, str]
    figures: Mapping[str, Estimate | None]
    alerts: Sequence[Alerts]
    budgets: Sequence[Budget]
    segments: Sequence[Part]
    protected: Sequence[Part]
    fewest: int
    comparisons: Sequence[ComparedModel]
    false_alarms: float
    score_psi: float | None
    shifts: Sequence[ShiftedFeature]
    robustness: Mapping[str, float]
    limits: Sequence[str]
    approval: Approval | None = None
    version: int = field(default=VERSION)

    def to_dict(self) -> dict[str, Any]:
        """The card as JSON values; `card_of` reads them back."""
        return asdict(self)


def card_of(value: Any) -> ModelCard:
    """Read the mapping that `ModelCard.to_dict` returns.

    Raises:
        ValueError: it is none, or one of a newer form; the error quotes nothing of it.
    """
    if not isinstance(value, Mapping) or value.get("version") != VERSION:
        raise ValueError("it is no card of this version")
    try:
        return _adapter().validate_python(value)
    except ValueError:
        raise ValueError("it is no card of this version") from None


def _adapter() -> TypeAdapter[ModelCard]:
    from pydantic import TypeAdapter

    return TypeAdapter(ModelCard)
