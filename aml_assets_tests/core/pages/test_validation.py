"""A validator's tables: alerts, segments, and limits."""

import numpy as np

from aml_assets.core.model.encoding import Encoder, Feature
from aml_assets.core.pages import validation

ENCODER = Encoder(
    (
        Feature("trx", "channel", "category", ("atm", "branch", "rare")),
        Feature("trx", "amount", "number"),
        Feature("trx", "country", "category", ("NL",)),
    ),
    {},
)
CODES = np.repeat([0, 1, 2, np.nan], [40, 30, 5, 25])
ROWS = np.column_stack([CODES, np.zeros(100), np.zeros(100)]).astype(np.float32)
TRUTH = np.tile([0.0, 1.0], 50)
SCORES = np.linspace(0, 1, 100)
DAYS = [("2024-03-01", 60), ("2024-03-02", 0), ("2024-03-03", 40)]


def parts(**changed) -> dict[str, int]:
    given = {"categories": [], "gains": {"trx.channel": 2.0}} | changed
    found = validation.segments(TRUTH, SCORES, DAYS, ENCODER, ROWS, **given)
    return {f"{each.group} {each.name}": each.rows for each in found}


def test_segments_are_days_and_categories_and_a_rare_value_is_not_named():
    assert parts() == {
        "day 2024-03-01": 60, "day 2024-03-03": 40,
        "channel atm": 40, "channel branch": 30, "channel all others": 30,
    }  # fmt: skip


def test_the_settings_name_the_categories():
    assert "country NL" not in parts()
    assert parts(categories=["trx.country"], gains={}) == {
        "day 2024-03-01": 60, "day 2024-03-03": 40, "country NL": 100,
    }  # fmt: skip


def lines(truth=TRUTH, threshold=0.5) -> dict[str, validation.AlertLine]:
    found = validation.alert_lines(truth, SCORES, threshold=threshold)
    return {each.name: each for each in found}


def test_a_threshold_above_all_scores_is_called_one_at_which_nothing_is_flagged():
    assert lines(threshold=1.0)["the threshold, 1"].note == "nothing is flagged"
    open_ = np.where(SCORES > 0.9, np.nan, TRUTH)
    assert lines(open_, 0.9)["the threshold, 0.9"].note == "10 flagged, none of them decided"


def test_more_alerts_than_decided_reports_and_no_positive_are_said_and_are_no_zero():
    found = lines()
    assert found["200 alerts"].note == "the window has 100 decided reports"
    assert lines(np.zeros(100))["20 alerts"].note == "no decided report is suspicious"
    assert found["the threshold, 0.5"].lift == 1.0


def test_limits_name_what_is_missing():
    metrics = {"decided": 10, "positives": 3, "rows": 40, "restated_train_days": ["2024-01-01"]}
    said = " ".join(
        validation.limits(metrics, with_reference=False, shifted="amount", without_auc=2)
    )
    for part in ("30 of 40", "3 suspicious", "2 segments", "restated", "drift", "amount"):
        assert part in said
