"""The bank with a canary, built once for all tests of this folder.

Belongs here: its fixtures. Does not belong here: building it (``old_bank``).
"""

from __future__ import annotations

from pathlib import Path

import pytest

from aml_assets_tests.conftest import Bank, built_once
from aml_assets_tests.steps.retaining.old_bank import TERMS, build


@pytest.fixture(scope="session")
def canary_bank(tmp_path_factory: pytest.TempPathFactory) -> Bank:
    """A bank whose first days name a canary. To be copied, not changed."""
    folder = built_once(tmp_path_factory, "canary", lambda path: (build(path), None)[1])
    return Bank(folder, {"retention": {"years": TERMS}})


@pytest.fixture
def old(canary_bank: Bank, tmp_path: Path) -> Bank:
    """Such a bank of the test's own."""
    return canary_bank.copy_to(tmp_path / "bank")
