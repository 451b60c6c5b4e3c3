"""Customers and accounts: keys are unique, references resolve, and nobody banks too young."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from aml_assets.cli.demo.population import NOBODY, Population, populate
from aml_assets_tests.cli.demo.conftest import FIRST_DAY, Frame, Landed


def test_keys_are_unique_and_foreign_keys_resolve_or_lead_outside(bank: Landed) -> None:
    trx, reports, account = (bank.tables[name] for name in ("trx", "str", "account"))
    customers: Frame = pd.concat([bank.tables[t]["cust_id"] for t in ("retail", "corporate")])
    key_columns: list[Frame] = [trx["trx_id"], account["account_id"], customers]
    for keys in key_columns:
        assert keys.notna().all()
        assert keys.is_unique
    assert not reports.duplicated(["landed", "trx_id", "ins_id"]).any()
    assert reports[["trx_id", "ins_id"]].notna().all().all()
    assert account["cust_id"].isin(customers).all()

    owner = account.set_index("account_id")["cust_id"]
    for side in ("", "target_"):
        named, customer = trx[f"{side}account_id"], trx[f"{side}cust_id"]
        inside = named.isin(owner.index)
        assert (named[inside].map(owner) == customer[inside]).all()
        assert customer[~inside].isna().all()
        assert named[~inside & named.notna()].str.startswith("EXT").all()
        assert 0 < named.isna().mean() < customer.isna().mean() < 0.6
    assert (trx["account_id"] != trx["target_account_id"]).all()

    assert (trx["timestamp"].dt.normalize() == pd.Timestamp(FIRST_DAY)
            + pd.to_timedelta(trx["landed"], unit="D")).all()  # fmt: skip
    assert trx["timestamp"].dt.floor("s").dt.time.nunique() > 40_000  # not one stamp per day
    assert (trx["amount"] > 0).all()
    assert bank.tables["retail"]["name"].nunique() > 0.9 * len(bank.tables["retail"])
    shared = {"city", "risk_rating"}
    assert shared <= set(bank.tables["retail"]) & set(bank.tables["corporate"])


@pytest.fixture(scope="module")
def people() -> Population:
    return populate(np.random.default_rng(1), customers=500, corporates=50, first_day=FIRST_DAY)


def test_wages_come_from_companies_here_or_accounts_elsewhere(people: Population) -> None:
    employer = people.employer[people.employer != NOBODY]
    inside = employer < people.account.num_rows
    assert 0.4 < len(employer) / people.private < 0.9
    assert np.isin(people.owner[employer[inside]], np.arange(500, 550)).all()
    assert np.isin(employer[~inside], people.outside).all()
    assert 0.5 < inside.mean() < 0.8


def test_no_account_is_older_than_its_company(people: Population) -> None:
    founded = np.array(people.corporate["founded"].to_pylist())
    opened = np.array(people.account["opened"].to_pylist())
    of_company = people.owner[: len(opened)] >= people.private
    assert (opened[of_company] >= founded[people.owner[: len(opened)][of_company] - 500]).all()
    assert (opened < FIRST_DAY + dt.timedelta(days=1)).all()


def test_mules_are_main_accounts_of_this_bank(people: Population) -> None:
    assert len(people.mules) == 55
    assert np.isin(people.mules, people.main).all()
    assert len(set(people.mules.tolist())) == len(people.mules)
