"""Model lines beside the reports': what is refused, and what a line's models have of the rest."""

from typing import Any

import pytest

from aml_assets.errors import SettingsError
from aml_assets.settings.load import settings_of
from aml_assets.settings.of_line import of_line


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"Customer": {}}, "lines"),
        ({"account": {"unit": "account"}}, "an asset of the bank is called account_… already"),
        ({"customer_measured": {}}, "take another name"),
        ({"customer": {"unit": "household"}}, "unit"),
        ({"customer": {"horizon_days": 0}}, "horizon_days"),
        ({"customer": {"windows": []}}, "at least one window"),
        ({"customer": {"budget": 0}}, "budget"),
        ({"customer": {"training": {"max_depth": 0}}}, "max_depth"),
        ({"customer": {"training": {"depth": 4}}}, "training of a line: depth"),
        ({"customer": {"training": {"refit": False}}}, "training.refit is one for all lines"),
    ],
)
def test_a_line_that_makes_no_sense_is_refused(wrong: dict[str, Any], sentence: str):
    with pytest.raises(SettingsError, match=sentence):
        settings_of({"lines": wrong})


@pytest.mark.parametrize(
    ("roles", "needed"),
    [
        ({"trx": {"roles": {"target_cust_id": None}}}, None),
        ({"str": {"roles": {"label": None}}}, "tables.str.roles.label"),
    ],
)
def test_a_line_needs_a_column_of_units_and_a_label(roles: dict[str, Any], needed: str | None):
    given = {"tables": roles, "lines": {"customer": {}}}
    if needed is None:
        assert settings_of(given).lines
        return
    with pytest.raises(SettingsError, match=f"lines.customer needs {needed}"):
        settings_of(given)


def test_a_lines_labels_are_known_later_by_its_horizon():
    whole = settings_of({"labels": {"maturity_days": 7}, "lines": {"customer": {}}})
    line = of_line(whole, "customer")
    assert (whole.labels.maturity_days, whole.delay_days) == (7, 7)
    assert (line.labels.maturity_days, line.delay_days) == (21, 21)


def test_a_line_has_training_parameters_of_its_own_and_lies_in_a_folder_of_its_own():
    whole = settings_of(
        {
            "training": {"seed": 5, "tuning": {}},
            "scoring": {"model_policy": "pinned", "pinned_model": "some_model"},
            "lines": {"customer": {"training": {"rounds": 7}}},
        }
    )
    line = of_line(whole, "customer")
    assert (line.training.rounds, line.training.seed, line.training.tuning) == (7, 5, None)
    assert line.scoring.model_policy == "newest", "a model of reports scores no customer"
    assert line.store.model == "lines/customer/model/{model_id}.ubj"
    assert line.store.model_prefix != whole.store.model_prefix


def test_a_preset_of_a_line_replaces_all_parameters():
    given = {"training": {"rounds": 7}, "lines": {"customer": {"training": {"preset": "default"}}}}
    assert of_line(settings_of(given), "customer").training.rounds == 100
