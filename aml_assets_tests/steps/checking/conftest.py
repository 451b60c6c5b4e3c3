"""Fixtures of the checks: a bank with a day that was cut short."""

import pytest

from aml_assets_tests.conftest import Bank
from aml_assets_tests.steps.checking.checked_days import build, truncate


@pytest.fixture
def short(bank: Bank) -> Bank:
    """Six whole days, and a seventh that was cut short."""
    truncate(bank, 7)
    build(bank, *range(1, 8))
    return bank
