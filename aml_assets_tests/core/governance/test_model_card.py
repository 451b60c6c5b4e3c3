"""The model card as data: it comes back as it was, and anything else is refused."""

import json
from typing import Any

import pytest

from aml_assets.core.governance.model_card import (
    Alerts,
    Approval,
    Budget,
    ComparedModel,
    Data,
    Family,
    Library,
    ModelCard,
    ShiftedFeature,
    Used,
    card_of,
)
from aml_assets.core.governance.parts import OTHER, Estimate, Part

PART = Part("retail.city", "Bern|<b>", 40, 30, 4, 8, 0.2, Estimate(1.5, 0.8, 2.8), None, None)

CARD = ModelCard(
    day="2024-03-10",
    line="",
    model_id="m_2024-03-10",
    digest="cd" * 32,
    scoring="ef" * 32,
    trees=100,
    code_version="3",
    settings="0123456789abcdef",
    purpose="Ranks reports\nfor *investigators*.",
    tier="high",
    data=Data(
        "2024-02-01", "2024-03-06", "2024-03-07", "2024-03-09", 2000, 40, 600, 500, 9,
        {"2024-02-01": "ab" * 32}, "ef" * 32,
    ),
    labels={"maturity_days": 0, "decided_at": None, "four_eyes": False},
    known_by="2024-03-10",
    parameters={"seed": 0, "max_bin": None},
    libraries=[
        Library("xgboost", "3.2.0", "3.2.0", "12" * 32, None),
        Library("numpy", "2.4.0", "2.4.6", None, None),
    ],
    families=[Family("the transaction", 3, 0.75, 0.5)],
    features=[Used("trx.amount", "the transaction", 0.75)],
    left_out={"retail.name": "an id"},
    figures={"auc": Estimate(0.8, 0.7, 0.9), "brier": Estimate(0.1), "recall": None},
    alerts=[Alerts(20, Estimate(0.3, 0.1, 0.5), None)],
    budgets=[Budget("account", 20, 60, 5, 9, Estimate(0.2, 0.1, 0.3), Estimate(0.6, 0.4, 0.8))],
    segments=[PART],
    protected=[PART, Part("retail.city", OTHER, 12, 12, 0, 0, 0.0, None, None, None)],
    fewest=10,
    comparisons=[ComparedModel("last, 2024-03-09", "", {"auc": 0.79})],
    false_alarms=0.1,
    score_psi=0.02,
    shifts=[ShiftedFeature("trx.channel", "unseen", 0.6)],
    robustness={},
    limits=["Figures are rough."],
)  # fmt: skip

APPROVED = Approval(
    4, "promotion", "Ada", "2024-03-10T08:00:00+00:00", "It finds more.", "recall 0.4"
)


@pytest.mark.parametrize("approval", [None, APPROVED])
def test_a_card_comes_back_from_json_as_it_was(approval: Approval | None):
    value = {**CARD.to_dict(), "approval": approval and vars(approval)}
    again = card_of(json.loads(json.dumps(value)))
    assert again.to_dict() == value
    assert again.approval == approval


@pytest.mark.parametrize(
    "wrong", [[], {}, {"version": 2}, {"data": {}}, {"figures": {"auc": "high"}}, {"day": None}]
)
def test_what_is_no_card_is_refused_and_not_quoted(wrong: Any):
    value = {**CARD.to_dict(), **wrong} if isinstance(wrong, dict) and wrong else wrong
    with pytest.raises(ValueError, match=r"^it is no card of this version$"):
        card_of(value)
