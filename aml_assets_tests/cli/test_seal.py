"""``aml seal``: a store that was written without keys is adopted, and keys are exchanged."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from aml_assets.cli.app import app
from aml_assets.core.graph import PREDICTIONS
from aml_assets.io.seals import read_keys
from aml_assets_tests.conftest import Bank, day

SCORE = (PREDICTIONS,)


@pytest.fixture
def keys(built: Bank) -> Path:
    return built.root / "seal.keys"


@pytest.fixture
def aml(built: Bank, keys: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Run the command over the built bank, in whose settings the keys are from now on."""
    config = built.root / "aml.yaml"
    store = {"url": str(built.store), "seal_keys": "seal.keys"}
    config.write_text(yaml.safe_dump({"landing": {"url": str(built.landing)}, "store": store}))
    monkeypatch.setenv("AML_CONFIG", str(config))
    built.options["store"] = {"url": str(built.store), "seal_keys": str(keys)}
    return lambda *words: CliRunner().invoke(app, ["seal", *words])


def test_a_store_is_adopted_and_goes_on_as_if_nothing_had_been(built: Bank, keys: Path, aml):
    made = aml("--new-key")
    assert made.exit_code == 0, made.output
    assert keys.stat().st_mode & 0o777 == 0o600
    assert "carries no keyed seal" in built.bad("batch_prediction", 5, only=SCORE).sentence
    before = {name: data for name, data in built.files().items() if name.endswith(".csv")}
    done = aml()
    assert done.exit_code == 0, done.output
    assert done.output.endswith("files sealed by the first key.\n")
    assert aml().output == "0 files sealed by the first key.\n"
    assert {name: built.files()[name] for name in before} == before
    built.catalog.predictions.manifest(day(5))
    run = built.good("batch_prediction", 6, only=SCORE)
    assert run.figures(PREDICTIONS, 6)["model_chosen"] == "newest, 1 days old"


def test_a_key_is_exchanged_while_the_old_one_is_still_accepted(built: Bank, keys: Path, aml):
    aml("--new-key")
    aml()
    said = aml("--new-key").output
    new, _ = read_keys(str(keys))
    assert f"{new} is the first key now" in said
    built.good("batch_prediction", 6, only=SCORE)
    assert aml().exit_code == 0
    keys.write_text("".join(line for line in keys.read_text().splitlines(True) if new in line))
    assert list(read_keys(str(keys))) == [new]
    built.good("batch_prediction", 5, only=SCORE)
    secrets = [line.split()[1] for line in keys.read_text().splitlines()]
    assert not [secret for secret in secrets if secret in built.event_log() + said]


def test_what_was_altered_is_named_and_not_sealed(built: Bank, aml):
    path = built.store / "model_meta/aml_xgboost_2024-01-05.meta.json"
    path.write_bytes(path.read_bytes().replace(b'"auc"', b'"AUC"', 1))
    aml("--new-key")
    done = aml()
    assert done.exit_code == 1
    assert f"read model_meta/{path.name}: it was altered after it was sealed" in done.output
    assert "1 files were left as they are" in done.output


def test_without_the_setting_there_is_nothing_to_do(built: Bank, aml, monkeypatch):
    config = built.root / "aml.yaml"
    config.write_text(yaml.safe_dump({"store": {"url": str(built.store)}}))
    refused = aml()
    assert refused.exit_code == 1
    assert "store.seal_keys is not set" in refused.output
