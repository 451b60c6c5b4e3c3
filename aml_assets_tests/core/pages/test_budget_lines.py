"""What lists find, in the words of the page; its tables are tested in ``test_model_page``."""

import numpy as np
import pyarrow as pa

from aml_assets.core.model import budget
from aml_assets.core.pages.budget_lines import ByBudget

TEXTS = pa.array([None, "a", "a", "b"])


def measured(labels: list[float], accounts: pa.Array | None = TEXTS) -> ByBudget:
    reports = budget.ScoredReports(
        np.array([0, 0, 1, 1]), np.array(labels), np.array([0.9, 0.8, 0.7, 0.1])
    )
    found = budget.by_budget(reports, {"account": accounts, "customer": None}, TEXTS, 1)
    return ByBudget({**found, "days": 2, "types_column": "str.kind", "types_are_a_feature": False})


def test_accounts_are_drawn_where_they_are_known_and_reports_elsewhere():
    assert measured([1, 0, 1, 0]).unit_name == "paying accounts"
    without = measured([1, 0, 1, 0], accounts=None)
    assert without.unit_name == "reports"
    assert without.cards is None
    notes = {each.name: each.note for each in without.lines}
    assert notes["paying accounts"] == "no column has the role account_id"
    assert notes["reports"] == ""


def test_a_line_holds_numerators_and_denominators():
    line = measured([1, 0, 1, 0]).lines[1]
    assert (line.found, line.decided, line.positives, line.without_id) == (2, 2, 2, 1)
    assert line.recall is not None
    assert line.recall.value == 1.0
    assert line.threshold == (0.7, 0.9)


def test_nothing_decided_or_nothing_suspicious_has_no_chart():
    nothing = measured([float("nan")] * 4)
    assert nothing.chart() is None
    assert {each.note for each in nothing.lines[:2]} == {"nothing is decided yet"}
    cleared = measured([0, 0, 0, 0])
    assert cleared.chart() is None
    assert cleared.types == []
    assert cleared.lines[0].recall is None
    assert measured([1, 0, 0, 0]).chart() is not None
