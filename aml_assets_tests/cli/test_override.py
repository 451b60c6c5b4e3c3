"""``aml override``, with its words as a person types them."""

from collections.abc import Callable

import pytest
import yaml
from typer.testing import CliRunner, Result

from aml_assets.cli.app import app
from aml_assets.io.decisions import this_user
from aml_assets.steps.builders.build_table import build_table
from aml_assets.steps.checking.verdicts import blocked
from aml_assets_tests.conftest import Bank, day, trx_columns


@pytest.fixture
def short(bank: Bank) -> Bank:
    """Transactions of six whole days, and of a seventh that was cut short."""
    bank.land("trx", 7, {name: cells[:1] for name, cells in trx_columns(7).items()})
    for number in range(1, 8):
        build_table(bank.catalog, "trx", day(number)).publish_to(
            bank.catalog.table("trx"), day(number)
        )
    return bank


@pytest.fixture
def aml(short: Bank, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Run the command over the short bank's files."""
    config = short.root / "aml.yaml"
    urls = {"landing": {"url": str(short.landing)}, "store": {"url": str(short.store)}}
    config.write_text(yaml.safe_dump(urls))
    monkeypatch.setenv("AML_CONFIG", str(config))
    return lambda *words: CliRunner().invoke(app, ["override", *words])


def test_an_override_says_who_and_why_and_can_be_undone(short: Bank, aml):
    done = aml("trx", "2024-01-07", "--check", "volume", "--why", "a strike", "--by", "Ada")
    assert done.exit_code == 0, done.output
    ada = f"Ada (claimed by {this_user()})"
    assert done.output.startswith(f"trx 2024-01-07: volume is overridden by {ada}: a strike\n")
    assert blocked(short.catalog, day(7)) is None
    undone = aml("trx", "2024-01-07", "--check", "volume", "--why", "no strike", "--undo")
    assert undone.output == "trx 2024-01-07: volume blocks again.\n"
    assert blocked(short.catalog, day(7)) is not None


def test_a_reason_has_to_be_given(aml):
    assert aml("trx", "2024-01-07", "--check", "volume").exit_code == 2
    refused = aml("trx", "2024-01-07", "--check", "volume", "--why", "")
    assert (refused.exit_code, "an override needs its reason" in refused.output) == (1, True)


def test_what_is_no_day_is_refused(aml):
    assert aml("trx", "yesterday", "--check", "volume", "--why", "x").exit_code == 2
