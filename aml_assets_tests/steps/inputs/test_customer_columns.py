"""Columns that may hold customers' ids are found in every frame that names customers."""

from __future__ import annotations

from aml_assets.settings.load import load_settings
from aml_assets.steps.inputs.customer_columns import customer_columns
from aml_assets_tests.conftest import Bank, day


def test_payers_payees_and_units_are_found_under_every_name(built: Bank):
    settings = built.catalog.settings
    merged = built.catalog.features.load(day(5)).column_names
    assert customer_columns(settings, merged) == [name for name in merged if "cust" in name]
    names = ["amount", "customer", "target_cust_id_y", "trx_cust_id", "customer_since", "ins_id"]
    assert customer_columns(settings, names) == ["customer", "target_cust_id_y", "trx_cust_id"]


def test_a_column_is_found_by_its_role_and_not_by_our_name_for_it():
    settings = load_settings(
        tables={"trx": {"roles": {"cust_id": "payer", "target_cust_id": None}}}
    )
    names = ["payer", "trx_payer", "target_cust_id"]
    assert customer_columns(settings, names) == ["payer", "trx_payer"]
