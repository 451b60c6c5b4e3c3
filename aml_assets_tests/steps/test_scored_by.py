"""Which model scored a day, a customer's days and a model's days, and who had promoted it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pyarrow as pa
import pytest

from aml_assets.core.graph import Line
from aml_assets.errors import AmlError
from aml_assets.io.catalog import Catalog
from aml_assets.io.decisions import Decision
from aml_assets.io.manifest import Manifest
from aml_assets.steps.scored_by import Lost, Scored, of_customer, of_day, of_model
from aml_assets_tests.conftest import Bank, day

CUSTOMERS = Line("customer")
OF_CUSTOMERS = {"lines": {"customer": {}}}
MODEL = "aml_xgboost_2024-01-05"


def promote(catalog: Catalog, digest: str, from_day: dt.date, line: str = "") -> int:
    """Record that a model was made the champion of a line."""
    about = {
        "line": line,
        "model_id": MODEL,
        "model_digest": digest,
        "model_path": f"model/{MODEL}.ubj",
        "from_day": str(from_day),
    }
    return catalog.ledger.append("promotion", Decision.now("it found more", ""), about).number


def score_customers(catalog: Catalog, when: dt.date, customers: list[Any], digest: str) -> None:
    """Store what the line of customers said of some of them."""
    of = catalog.of_line(CUSTOMERS)
    table = pa.table({"customer": customers, "pred_score": [0.5] * len(customers)})
    facts = {"model_id": "c_1", "model_chosen": "newest, 1 days old"}
    inputs = {CUSTOMERS.model: {"c_1": digest}}
    of.predictions.publish(
        when, table, Manifest(CUSTOMERS.scores, str(when), inputs=inputs, facts=facts)
    )


def digest_of(bank: Bank) -> str:
    return bank.catalog.models.manifest(day(5)).digest


def test_a_day_names_the_model_that_scored_and_what_was_decided_about_the_day(built: Bank):
    catalog, digest = built.catalog, digest_of(built)
    catalog.ledger.append("skip", Decision.now("no", ""), {"day": str(day(4))})
    catalog.ledger.append("skip", Decision.now("yes", ""), {"day": str(day(5))})
    found = of_day(catalog, day(5))
    assert found.lines == [Scored("", day(5), MODEL, digest, "today's", None)]
    assert [each.why for each in found.entries] == ["yes"]


def test_the_promotion_that_counted_on_a_day_is_the_last_one_until_that_day(built: Bank):
    catalog, digest = built.catalog, digest_of(built)
    promote(catalog, "0" * 64, day(1))
    promote(catalog, digest, day(2))
    number = promote(catalog, digest, day(5))
    promote(catalog, digest, day(6))  # it was made the champion of later days
    promote(catalog, digest, day(1), line="customer")
    (scored,) = of_day(catalog, day(5)).lines
    assert isinstance(scored, Scored)
    assert scored.promoted is not None
    assert scored.promoted.number == number


def test_a_day_of_which_nothing_is_known_is_refused(built: Bank):
    with pytest.raises(AmlError, match="2024-01-09: no line has scored it, and the ledger has no"):
        of_day(built.catalog, day(9))


def test_a_line_that_did_not_score_and_one_whose_scores_are_damaged_say_so(built: Bank):
    built.options.update(OF_CUSTOMERS)
    reports, customers = of_day(built.catalog, day(5)).lines
    assert isinstance(reports, Scored)
    assert customers == Lost("customer", day(5), "it was not scored")
    path = built.store / built.catalog.predictions.path(day(5))
    path.write_bytes(path.read_bytes() + b"1")
    reports, _ = of_day(built.catalog, day(5)).lines
    assert isinstance(reports, Lost)
    assert reports.damaged
    assert "it was altered" in reports.why


def test_a_model_names_its_promotions_and_the_days_that_it_scored(built: Bank):
    built.options.update(OF_CUSTOMERS)
    catalog, digest = built.catalog, digest_of(built)
    number = promote(catalog, digest, day(5))
    promote(catalog, "0" * 64, day(6), line="customer")
    score_customers(catalog, day(6), ["7"], "1" * 64)
    for name in (MODEL, digest, digest[:12]):
        found = of_model(catalog, name)
        assert [each.number for each in found.championships][:1] == [number]
        assert [(each.line, each.day) for each in found.days] == [("", day(5))]
    assert len(of_model(catalog, digest).championships) == 1
    with pytest.raises(AmlError, match="no stored scores name this model"):
        of_model(catalog, digest[:11])


def test_a_customer_is_found_as_payer_as_payee_and_by_the_line_that_scores_customers(built: Bank):
    built.options.update(OF_CUSTOMERS)
    catalog = built.catalog
    score_customers(catalog, day(6), ["8", "80"], "1" * 64)
    reported = built.csv(5)
    payers, payees = (
        {str(each) for each in reported.column(name).to_pylist()}
        for name in ("cust_id", "target_cust_id")
    )
    for customer in payers | payees:
        days = [(each.line, each.day) for each in of_customer(catalog, customer).days]
        assert days == [("", day(5))] + [("customer", day(6))] * (customer == "8")
    (found,) = of_customer(catalog, "80").days
    assert (found.model_id, found.because) == ("c_1", "newest, 1 days old")
    assert of_customer(catalog, "nobody").days == []


def test_of_a_customer_only_the_columns_of_ids_are_read(built: Bank, monkeypatch):
    from aml_assets.io.formats import csv

    read = []
    parsed = csv._parse_rows

    def parse(*args):
        table = parsed(*args)
        read.append(table.column_names)
        return table

    monkeypatch.setattr(csv, "_parse_rows", parse)
    assert of_customer(built.catalog, "1").days
    assert read == [["cust_id", "target_cust_id"]]
