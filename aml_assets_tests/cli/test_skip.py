"""``aml skip``, with its words as a person types them."""

from collections.abc import Callable

import pytest
import yaml
from typer.testing import CliRunner, Result

from aml_assets.cli.app import app
from aml_assets.io.decisions import this_user
from aml_assets.steps.inputs.exemptions import skip_of
from aml_assets_tests.conftest import Bank, day


@pytest.fixture
def aml(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Run the command over the bank's files."""
    config = bank.root / "aml.yaml"
    urls = {"landing": {"url": str(bank.landing)}, "store": {"url": str(bank.store)}}
    config.write_text(yaml.safe_dump(urls))
    monkeypatch.setenv("AML_CONFIG", str(config))
    return lambda *words: CliRunner().invoke(app, ["skip", *words])


def test_a_skip_says_who_and_why_and_can_be_undone(bank: Bank, aml: Callable[..., Result]):
    done = aml("2024-01-07", "--why", "lost by the bank", "--by", "Ada")
    assert done.exit_code == 0, done.output
    assert done.output == (
        f"2024-01-07 is skipped by Ada (claimed by {this_user()}): lost by the bank\n"
        "It holds until something else lands for the day.\n"
    )
    assert skip_of(bank.catalog, day(7)) is not None
    undone = aml("2024-01-07", "--why", "it comes tomorrow", "--undo")
    assert undone.output == "2024-01-07 is waited for again.\n"
    assert skip_of(bank.catalog, day(7)) is None
    told = [(each.kind, each.why, each.about["holds"]) for each in bank.catalog.ledger.entries()]
    assert told == [("skip", "lost by the bank", True), ("skip", "it comes tomorrow", False)]


def test_a_reason_has_to_be_given(aml: Callable[..., Result]):
    assert aml("2024-01-07").exit_code == 2
    refused = aml("2024-01-07", "--why", " ")
    assert (refused.exit_code, "a skip needs its reason" in refused.output) == (1, True)


def test_a_text_that_is_not_a_date_is_refused(aml: Callable[..., Result]):
    assert aml("tomorrow", "--why", "x").exit_code == 2
