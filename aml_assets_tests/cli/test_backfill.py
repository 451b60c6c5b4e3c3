"""``aml backfill`` prints its plan before it builds; building is tested in ``test_app``."""

from collections.abc import Callable

import pytest
import yaml
from typer.testing import CliRunner, Result

from aml_assets.cli.app import app
from aml_assets_tests.conftest import Bank, day


@pytest.fixture
def aml(built: Bank, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Run the command over the built bank, whose days 1 to 6 are prepared."""
    config = built.root / "aml.yaml"
    config.write_text(
        yaml.safe_dump({
            "landing": {"url": str(built.landing)},
            "store": {"url": str(built.store)},
            "partitions": {"first_day": day(1), "last_day": day(20)},
            "windows": {"train_days": 3, "eval_days": 1},
        })
    )  # fmt: skip
    monkeypatch.setenv("AML_CONFIG", str(config))
    return lambda *words: CliRunner().invoke(app, ["backfill", *words])


def test_a_plan_lists_stored_and_missing_days_by_asset_and_range(aml: Callable[..., Result]):
    done = aml(
        "--from", str(day(4)), "--to", str(day(8)), "--select", "merged_features", "--dry-run"
    )
    assert done.exit_code == 0, done.output
    lines = [" ".join(line.split()) for line in done.output.splitlines()]
    assert lines[:2] == [
        "There already, left as they are:",
        "features/merged_features 3 days 2024-01-04 … 2024-01-06",
    ]
    assert "To build:" in lines
    assert "features/merged_features 2 days 2024-01-07 … 2024-01-08" in lines
    assert "Added, since these need them and they are missing:" in lines
    assert "tables/trx 2 days 2024-01-07 … 2024-01-08" in lines


def test_days_that_cannot_be_built_are_left_out_with_a_reason(aml: Callable[..., Result]):
    done = aml("--from", str(day(1)), "--to", str(day(2)), "--select", "model")
    assert done.exit_code == 0, done.output
    assert done.output.count("Left out") == 1
    assert "Left out: models/model 2024-01-01 … 2024-01-02: not trainable" in done.output
    assert done.output.endswith("Nothing to do.\n")


def test_everything_is_built_again_when_that_is_asked(built: Bank, aml: Callable[..., Result]):
    before = built.times()
    words = ("--from", str(day(5)), "--to", str(day(5)), "--select", "trx")
    assert "There already" in aml(*words).output
    again = aml(*words, "--remake", "--dry-run")
    assert "There already" not in again.output
    assert "To build:" in again.output
    assert built.times() == before


def test_restate_alone_means_nothing_and_is_refused(aml: Callable[..., Result]):
    refused = aml("--from", str(day(5)), "--to", str(day(5)), "--restate")
    assert refused.exit_code == 2
    assert "--restate goes with --remake" in refused.output
