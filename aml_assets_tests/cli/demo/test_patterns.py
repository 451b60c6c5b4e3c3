"""Laundering has the shapes of its textbooks, as drawn and as landed."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.random import default_rng

from aml_assets.cli.demo.patterns import TYPOLOGIES, draw_pattern
from aml_assets_tests.cli.demo.conftest import Landed

Payment = tuple[str, str, float]
"""Payer, payee, time."""


def assert_shape(typology: str, payments: list[Payment]) -> None:
    """``payments`` have the shape of the typology, and money is not passed on before it came."""
    payments = sorted(payments, key=lambda payment: payment[2])
    out_degree = Counter(payer for payer, _, _ in payments)
    in_degree = Counter(payee for _, payee, _ in payments)
    payers, payees = set(out_degree), set(in_degree)
    middle = payers & payees
    path = all(a[1] == b[0] for a, b in pairwise(payments))
    match typology:
        case "fan_out":
            assert len(payers) == 1
            assert len(payees) == len(payments) >= 5
            assert not middle
        case "fan_in":
            assert len(payees) == 1
            assert len(payers) == len(payments) >= 5
            assert not middle
        case "cycle":
            assert path
            assert payments[-1][1] == payments[0][0]
            assert payers == payees
            assert len(payers) == len(payments) >= 4
        case "random":
            assert path
            assert len(payers | payees) == len(payments) + 1 >= 5
        case "scatter_gather":
            assert len(payers - payees) == len(payees - payers) == 1
            assert len(middle) >= 4
            assert len(payments) == 2 * len(middle)
            assert all(out_degree[m] == in_degree[m] == 1 for m in middle)
        case "gather_scatter":
            (hub,) = middle
            assert min(in_degree[hub], out_degree[hub]) >= 3
            assert len(payments) == in_degree[hub] + out_degree[hub]
            assert len(payers | payees) == len(payments) + 1
        case "bipartite":
            assert not middle
            assert min(len(payers), len(payees)) >= 4
        case "stack":
            assert min(len(payers - payees), len(middle), len(payees - payers)) >= 3
            assert all((payer in middle) != (payee in middle) for payer, payee, _ in payments)
        case _:
            pytest.fail(f"no shape is known for {typology}")
    origin = {payments[0][0]} if typology == "cycle" else set()
    assert_passed_on_after_it_came(payments, middle - origin)


def assert_passed_on_after_it_came(payments: list[Payment], accounts: set[str]) -> None:
    for account in accounts:
        came = max(when for _, payee, when in payments if payee == account)
        left = min(when for payer, _, when in payments if payer == account)
        assert came < left


def test_every_typology_is_planted_a_dozen_times_or_so_in_its_true_shape(bank: Landed) -> None:
    trx = bank.tables["trx"].set_index("trx_id")
    planted = [trx_id for pattern in bank.summary.patterns for trx_id in pattern.trx_ids]
    assert len(planted) == len(set(planted))
    assert set(bank.summary.patterns_per_typology) == set(TYPOLOGIES)
    assert min(bank.summary.patterns_per_typology.values()) >= 8
    spans = []
    for pattern in bank.summary.patterns:
        rows = trx.loc[list(pattern.trx_ids)]
        ends = zip(rows["account_id"], rows["target_account_id"], rows["timestamp"], strict=True)
        assert_shape(pattern.typology, [(a, b, when.timestamp()) for a, b, when in ends])
        spans.append(rows["landed"].nunique())
    assert pd.Series(spans).median() >= 3


@settings(max_examples=100, deadline=None)
@given(typology=st.sampled_from(TYPOLOGIES), seed=st.integers(0, 2**32))
def test_a_drawn_pattern_has_its_shape_and_makes_no_money(typology: str, seed: int) -> None:
    pattern = draw_pattern(typology, default_rng(seed))
    assert_shape(
        typology,
        [
            (str(payer), str(payee), float(moment))
            for (payer, payee, _), moment in zip(pattern.edges, pattern.moments, strict=True)
        ],
    )
    assert pattern.amounts.min() > 0
    assert pattern.moments.min() >= 0
    assert pattern.moments.max() < 1
    came, left = Counter[int](), Counter[int]()
    for (payer, payee, step), amount in zip(pattern.edges, pattern.amounts, strict=True):
        came[payee] += amount
        if step > 0:
            left[payer] += amount
    for account, passed_on in left.items():
        assert 0.9 * came[account] < passed_on < came[account]


def test_an_unknown_typology_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown typology 'loop'"):
        draw_pattern("loop", default_rng(0))
