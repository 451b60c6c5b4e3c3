"""The queue as settings: what is refused, and where there is none."""

from typing import Any

import pytest

from aml_assets.errors import SettingsError
from aml_assets.settings.load import settings_of

NOBODY = {"roles": {"cust_id": None, "target_cust_id": None}}


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"budget": 0}, "budget"),
        ({"days": 0}, "days"),
        ({"rise": 0.5}, "rise"),
        ({"cool_down_days": -1}, "cool_down_days"),
    ],
)
def test_a_queue_that_makes_no_sense_is_refused(wrong: dict[str, Any], sentence: str):
    with pytest.raises(SettingsError, match=sentence):
        settings_of({"queue": wrong})


def test_lines_that_score_customers_are_in_the_queue_and_others_are_not():
    lines = {"customer": {}, "payer_account": {"unit": "account"}}
    assert settings_of({"lines": lines}).queued_lines == ["customer"]
    assert settings_of({}).queued_lines == []


@pytest.mark.parametrize(
    "given",
    [
        {"queue": {"enabled": False}},
        {"output": {"style": "legacy"}},
        {"tables": {"str": {"roles": {"label": None}}}},
    ],
)
def test_there_is_no_queue_where_it_is_not_wanted_or_cannot_be_had(given: dict[str, Any]):
    assert settings_of(given).queued_lines is None


def test_there_is_no_queue_of_customers_whom_transactions_do_not_name():
    joins = [
        {"table": "trx", "on": {"str.trx_id": "trx_id"}},
        {"table": "account", "on": {"trx.account_id": "account_id"}},
    ]
    tables = {"trx": NOBODY, "retail": None, "corporate": None}
    assert settings_of({"tables": tables, "joins": joins}).queued_lines is None
