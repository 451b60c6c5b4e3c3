"""The built bank, as a notebook opens it."""

import pytest

from aml_assets.notebook import Bank
from aml_assets_tests.conftest import Bank as TinyBank


@pytest.fixture(scope="module")
def bank(built_bank: TinyBank) -> Bank:
    return Bank(built_bank.catalog)
