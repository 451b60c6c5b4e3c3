"""``aml promote``, ``aml rollback`` and ``aml models``, with their words as a person types them."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable

import pytest
from typer.testing import CliRunner, Result

from aml_assets.cli.app import app
from aml_assets.core.night.cursor import Cursor
from aml_assets.io.decisions import this_user
from aml_assets.steps.watching.watcher import Watcher
from aml_assets_tests.conftest import Bank, day

FIRST, SECOND = f"aml_xgboost_{day(5)}", f"aml_xgboost_{day(6)}"


@pytest.fixture
def bank(built_bank: Bank, tmp_path) -> Bank:
    """A champion of day 5, which scores days 5 and 6, and a model of day 6."""
    bank = built_bank.copy_to(tmp_path, scoring={"model_policy": "promoted"})
    bank.good("daily", 5, only=("models/gate", "predictions"))
    bank.good("daily", 6, only=("models", "predictions"))
    return bank


@pytest.fixture
def aml(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    for name, value in {**bank.variables, "AML_SCORING__MODEL_POLICY": "promoted"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("DAGSTER_HOME", str(bank.root / "home"))
    return lambda *words: CliRunner().invoke(app, [*words])


def test_a_run_names_the_first_champion_and_scores_with_it_whatever_is_trained(bank: Bank):
    champion = bank.catalog.ledger.champion("", day(6))
    assert champion is not None
    assert (champion.model_id, champion.entry.known) == (FIRST, "rule")
    facts = bank.catalog.predictions.manifest(day(6)).facts
    assert (facts["model_id"], facts["model_chosen"]) == (FIRST, f"the champion since {day(5)}")
    assert bank.catalog.shadows.manifest(day(6)).facts["challengers"] == [SECOND]


def test_models_shows_the_champion_its_challengers_and_what_the_gate_says(aml):
    shown = aml("models")
    assert shown.exit_code == 0, shown.output
    words = " ".join(shown.output.split())
    assert f"reports: {FIRST} scores from {day(5)} on (2 days old; " in words
    assert "promotion by the rule scoring.model_policy: promoted" in words
    assert "because: the first model of the store" in words
    assert f"challengers that wait for 5 ripe days: {SECOND}" in words
    assert f"gate of {day(6)}: waits (only 5 ripe days" not in words
    assert f"gate of {day(6)}: " in words
    status = " ".join(aml("status").output.split())
    assert f"Champion of reports: {FIRST} scores from {day(5)} on" in status
    assert f"The gate of {day(6)}: " in status


def test_a_model_is_promoted_and_rolled_back_with_names_and_reasons(bank: Bank, aml):
    refused = aml("promote", SECOND, "--why", "newer")
    assert refused.exit_code == 1
    assert f"the gate does not let {SECOND} pass" in refused.output
    done = aml("promote", SECOND, "--why", "newer", "--by", "Ada", "--against-the-gate")
    assert done.exit_code == 0, done.output
    claimed = f"(claimed by {this_user()})"
    assert f"{SECOND} scores from {day(7)} on, says Ada {claimed}." in done.output
    assert "The gate, on " in done.output
    assert "Entry 2 of the ledger says so" in done.output
    back = aml("rollback", "--why", "too many alerts", "--by", "Eve")
    assert back.exit_code == 0, back.output
    assert f"{FIRST} scores from {day(7)} on, says Eve {claimed}." in back.output
    assert aml("rollback", "--why", "again").exit_code == 1
    shown = " ".join(aml("models").output.split())
    assert "because: too many alerts" in shown
    kinds = [(each.kind, each.why) for each in bank.catalog.ledger.entries()][1:]
    assert kinds == [("promotion", "newer"), ("rollback", "too many alerts")]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("promote", "absent", "--why", "x"), "the model cannot be found"),
        (("promote", FIRST, "--why", " "), "a promotion needs its reason"),
        (("rollback", "--why", "x"), "there was no champion before"),
        (("rollback", "--why", "x", "--line", "card"), "there is no model line 'card'"),
    ],
)
def test_what_cannot_be_promoted_is_one_sentence_and_changes_nothing(bank: Bank, aml, words, said):
    refused = aml(*words)
    assert refused.exit_code == 1
    assert said in refused.output
    assert len(list(bank.catalog.ledger.entries())) == 1


def test_where_no_champion_scores_the_setting_is_named(aml, monkeypatch):
    monkeypatch.setenv("AML_SCORING__MODEL_POLICY", "newest")
    refused = aml("promote", FIRST, "--why", "x")
    assert "Set scoring.model_policy: promoted" in refused.output
    assert "no champion, since scoring.model_policy is `newest`" in aml("models").output


def test_a_ledger_that_was_edited_stops_the_scoring_alone_and_says_where(bank: Bank, aml):
    path = bank.store / "ledger/00000001.json"
    path.write_bytes(path.read_bytes().replace(b"the first model", b"THE first model"))
    run = bank.run("daily", 6, only=("predictions/predictions",))
    assert not run.success
    assert any("ledger/00000001.json" in each for each in run.sentences), run.sentences
    status = " ".join(aml("status").output.split())
    assert "Champion of reports: the ledger cannot be read: read ledger/00000001.json" in status
    shutil.rmtree(bank.store / "predict_res")
    view = Watcher(bank.catalog).view(Cursor(), now=time.time())
    assert "ledger/00000001.json" in view.unscorable[""]
