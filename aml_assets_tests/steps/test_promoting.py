"""Sixty nights of challengers: which of them scores, who said so, and what a person may decide."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aml_assets.core.graph import FEATURES, MODEL
from aml_assets.errors import AmlError, CorruptFile, ModelError
from aml_assets.steps.builders.build_gate import build_gate
from aml_assets.steps.builders.build_model import build_model
from aml_assets.steps.builders.build_predictions import build_predictions
from aml_assets.steps.builders.build_shadow import build_shadow
from aml_assets.steps.inputs.run_options import RunOptions
from aml_assets.steps.promoting import current_champion, promote, roll_back
from aml_assets_tests.conftest import Bank, built_once, day

REPORTS = 60
KINDS = {
    "usual": {"rounds": 10, "max_depth": 1},
    "better": {"rounds": 60, "max_depth": 2},
    "worse": {"rounds": 1, "max_depth": 1},
    "shuffled": {"rounds": 10, "max_depth": 1},
}
FIRST, LAST = 9, 60
TRAIN_DAYS = 6


def columns(number: int, *, shuffled: bool) -> tuple[dict[str, Any], dict[str, Any]]:
    """A day's transactions and reports, in which five columns tell something of the label."""
    dice = np.random.default_rng(number)
    labels = (dice.random(REPORTS) < 0.25).astype(int)
    seen = dice.normal(0, 1, (5, REPORTS)) + 1.1 * labels
    if shuffled:
        labels = dice.permutation(labels)
    ids = [number * 1000 + row for row in range(REPORTS)]
    trx = {
        "trx_id": ids,
        "cust_id": [1 + row % 8 for row in range(REPORTS)],
        "account_id": [50 + row % 10 for row in range(REPORTS)],
        "target_cust_id": [1 + (row + 3) % 8 for row in range(REPORTS)],
        "target_account_id": [50 + (row + 3) % 10 for row in range(REPORTS)],
        "amount": (100 + 10 * seen[0]).tolist(),
        "timestamp": [dt.datetime(2024, 1, 1, 9)] * REPORTS,  # noqa: DTZ001
        **{f"seen_{n}": seen[n].tolist() for n in range(1, 5)},
    }
    return trx, {"trx_id": ids, "ins_id": [7] * REPORTS, "label": labels.tolist()}


OPTIONS: dict[str, Any] = {
    "partitions": {"last_day": day(LAST)},
    "windows": {"train_days": TRAIN_DAYS, "eval_days": 1},
    "features": {"network": {"enabled": False}},
    "scoring": {"model_policy": "promoted"},
    "promotion": {"automatic": True},
    "reports": {"budget": 20},
}


def fill(folder: Path, *, shuffled: bool) -> None:
    bank = Bank(folder, OPTIONS)
    bank.land_static()
    for number in range(1, LAST + 1):
        trx, reports = columns(number, shuffled=shuffled)
        bank.land("trx", number, trx)
        bank.land("str", number, reports)
    bank.prepare(1, LAST)


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> dict[bool, Bank]:
    """The features of sixty days, with true labels and with shuffled ones."""
    return {
        shuffled: Bank(
            built_once(
                tmp_path_factory,
                f"sixty-{shuffled}",
                lambda folder, shuffled=shuffled: fill(folder, shuffled=shuffled),
            ),
            OPTIONS,
        )
        for shuffled in (False, True)
    }


class Nights:
    """A bank's nights: a model of some kind is trained, and the gate is asked."""

    def __init__(self, prepared: dict[bool, Bank], folder: Path) -> None:
        self.bank = prepared[False].copy_to(folder / "true")
        self.shuffled = prepared[True].copy_to(folder / "shuffled")
        self.outcomes: dict[int, dict[str, Any]] = {}
        self.read: Mapping[str, Mapping[str, str]] = {}

    def train(self, number: int, kind: str = "usual") -> None:
        bank = self.shuffled if kind == "shuffled" else self.bank
        options = RunOptions(training=KINDS[kind], replace=True)
        catalog = bank.catalog
        built = build_model(catalog, day(number), catalog.upstream(FEATURES), options)
        built.publish_to(catalog.models, day(number))
        if bank is self.shuffled:
            path = catalog.models.path(day(number))
            (self.bank.store / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(bank.store / path, self.bank.store / path)

    def gate(self, number: int) -> dict[str, Any]:
        catalog = self.bank.catalog
        models, features = catalog.upstream(MODEL), catalog.upstream(FEATURES)
        built = build_gate(catalog, day(number), models, features)
        built.publish_to(catalog.gates, day(number))
        self.read = built.manifest.inputs
        self.outcomes[number] = built.value
        return built.value

    def score(self, number: int) -> str:
        """The model_id that scores a day, published."""
        catalog = self.bank.catalog
        features, models = catalog.upstream(FEATURES), catalog.upstream(MODEL)
        built = build_predictions(catalog, day(number), features, models)
        built.publish_to(catalog.predictions, day(number))
        return str(built.manifest.facts["model_id"])

    def promoted(self) -> dict[int, int]:
        """Night → day of the model that was promoted in it."""
        entries = self.bank.catalog.ledger.entries()
        return {
            (dt.date.fromisoformat(each.about["from_day"]) - day(0)).days: (
                dt.date.fromisoformat(each.about["model_id"][-10:]) - day(0)
            ).days
            for each in entries
            if each.kind == "promotion"
        }


@pytest.fixture
def nights(prepared: dict[bool, Bank], tmp_path: Path) -> Nights:
    return Nights(prepared, tmp_path)


def test_of_sixty_nights_the_better_model_is_promoted_within_five_and_no_worse_one_ever(nights):
    kinds = dict.fromkeys(range(FIRST, LAST + 1), "usual")
    kinds |= dict.fromkeys(range(FIRST + 2, 40, 3), "shuffled")
    kinds |= dict.fromkeys(range(FIRST + 3, 40, 3), "worse")
    kinds |= {40: "better"} | dict.fromkeys(range(47, LAST, 2), "worse")
    for number, kind in kinds.items():
        nights.train(number, kind)
        nights.gate(number)
    promoted = nights.promoted()
    assert promoted[FIRST] == FIRST
    assert nights.outcomes[FIRST]["outcome"] == "first"
    assert not {kinds[model] for model in promoted.values()} & {"shuffled", "worse"}
    assert promoted[45] == 40
    said = {each["outcome"] for number, each in nights.outcomes.items() if number > FIRST + 6}
    assert {"worse", "no better", "promoted"} <= said
    told = nights.bank.catalog.ledger.champion("", day(LAST))
    assert told is not None
    assert (told.entry.who, told.entry.known) == ("the rule promotion.automatic", "rule")
    assert told.entry.about["gate"]["average_precision"]["low"] > 0
    assert nights.bank.catalog.ledger.verify() is None


def test_without_the_rule_a_challenger_that_passes_waits_for_a_person(nights):
    nights.bank.options = {**OPTIONS, "promotion": {"automatic": False}}
    for number in range(FIRST, 16):
        nights.train(number, "better" if number == 10 else "worse")
        nights.gate(number)
        nights.score(number)
    assert nights.outcomes[15]["outcome"] == "passed"
    assert nights.outcomes[15]["judged_days"] == [str(day(number)) for number in range(10, 15)]
    both = {nights.bank.catalog.model_id(day(number)) for number in (FIRST, 10)}
    assert nights.read[MODEL].keys() == both
    # Before the judged days, those of which a model has learnt: their reports are left out.
    assert nights.read[FEATURES].keys() == {str(day(number)) for number in range(2, 15)}
    assert nights.promoted() == {FIRST: FIRST}
    catalog = nights.bank.catalog
    entry = promote(catalog, catalog.model_id(day(10)), "it finds more", by="Ada")
    assert (entry.by, entry.about["from_day"]) == ("Ada", str(day(16)))
    assert entry.about["against_the_gate"] is False
    assert nights.score(15) == catalog.model_id(day(FIRST))
    assert nights.score(16) == catalog.model_id(day(10))


def nights_until(nights: Nights, last: int) -> Any:
    for number in range(FIRST, last + 1):
        nights.train(number)
    nights.gate(FIRST)
    nights.score(FIRST)
    return nights.bank.catalog


def test_what_the_gate_refuses_is_promoted_only_with_a_reason_against_it(nights):
    catalog = nights_until(nights, 16)
    nights.train(10, "worse")
    worse = catalog.model_id(day(10))
    with pytest.raises(AmlError, match=r"does not let .* pass: its .* is surely lower"):
        promote(catalog, worse, "a test")
    with pytest.raises(AmlError, match="a promotion needs its reason"):
        promote(catalog, worse, " ", against_the_gate=True)
    young = catalog.model_id(day(16))
    nights.bank.options = {**OPTIONS, "promotion": {"days": 60}}
    with pytest.raises(AmlError, match=r"only \d+ ripe days, of 60"):
        promote(nights.bank.catalog, young, "a test", from_day=day(17))
    assert len(list(catalog.ledger.entries())) == 1
    entry = promote(catalog, worse, "the board wants it", against_the_gate=True, from_day=day(17))
    assert entry.about["against_the_gate"] is True
    assert entry.about["gate"]["worse"] is True
    assert nights.score(17) == worse


def test_a_rollback_brings_the_champion_before_back_at_once(nights):
    catalog = nights_until(nights, 12)
    with pytest.raises(AmlError, match="there was no champion before"):
        roll_back(catalog, "a test")
    second = catalog.model_id(day(10))
    promote(catalog, second, "a test", against_the_gate=True)
    assert nights.score(10) == second
    nights.train(FIRST, "worse")  # the first champion was replaced since: its version is kept
    entry = roll_back(catalog, "false alerts", by="Eve")
    assert (entry.kind, entry.by, entry.about["from_day"]) == ("rollback", "Eve", str(day(11)))
    assert nights.score(11) == catalog.model_id(day(FIRST))
    told = current_champion(catalog)
    assert told is not None
    manifest = catalog.models.manifest(day(FIRST))
    assert told.digest != manifest.digest
    assert nights.score(10) == second
    with pytest.raises(AmlError, match="there was no champion before"):
        roll_back(catalog, "again")


def test_a_model_that_is_not_there_ad_hoc_altered_or_too_young_is_no_champion(nights):
    catalog = nights_until(nights, 12)
    with pytest.raises(ModelError, match=r"the model cannot be found: .* aml models"):
        promote(catalog, "aml_xgboost_2031-01-01", "a test")
    with pytest.raises(AmlError, match="is the champion already"):
        promote(catalog, catalog.model_id(day(FIRST)), "a test")
    with pytest.raises(AmlError, match=r"would look ahead. Let it score from"):
        promote(catalog, catalog.model_id(day(12)), "a test", from_day=day(5))
    built = build_model(
        catalog, day(12), catalog.upstream(FEATURES), RunOptions(training={"rounds": 2})
    )
    built.publish_to(catalog.models, day(12))
    assert built.path is not None
    with pytest.raises(ModelError, match="is the model of an ad hoc run"):
        promote(catalog, built.path, "a test")
    path = nights.bank.store / catalog.models.path(day(11))
    path.write_bytes(path.read_bytes().replace(b"2024", b"2025", 1))
    with pytest.raises(CorruptFile):
        promote(catalog, catalog.model_id(day(11)), "a test")
    assert len(list(catalog.ledger.entries())) == 1


def test_a_champion_that_is_gone_is_named_and_another_one_can_take_its_place(nights):
    catalog = nights_until(nights, 12)
    (nights.bank.store / catalog.models.path(day(FIRST))).unlink()
    with pytest.raises(ModelError, match=r"is not in the store any more.* aml promote MODEL"):
        nights.score(10)
    second = catalog.model_id(day(10))
    with pytest.raises(AmlError, match=r"does not let .* pass: the champion cannot be read"):
        promote(catalog, second, "a test")
    promote(catalog, second, "the champion's file is lost", against_the_gate=True)
    assert nights.score(10) == second


def test_by_hand_a_model_is_judged_on_as_many_days_as_the_settings_ask_for(nights):
    nights.bank.options = {**OPTIONS, "promotion": {"days": 40}}
    for number in (FIRST, 10):
        nights.train(number, "worse" if number == FIRST else "better")
    nights.gate(FIRST)
    catalog = nights.bank.catalog
    entry = promote(catalog, catalog.model_id(day(10)), "it finds more", from_day=day(LAST))
    assert entry.about["gate"]["days"] == 40


def test_no_gate_names_the_first_champion_of_days_before_those_that_are_scored(nights):
    for number in range(FIRST, 13):
        nights.train(number)
    nights.bank.options = {**OPTIONS, "scoring": {"model_policy": "newest"}}
    nights.score(11)
    nights.bank.options = OPTIONS
    assert nights.gate(10)["why"] == f"days up to {day(11)} are scored, and no gate goes back"
    assert nights.bank.catalog.ledger.last() is None
    assert nights.gate(12)["outcome"] == "first"


def test_after_days_without_frames_the_challenger_that_is_due_is_judged(nights):
    for number in range(FIRST, 18):
        nights.train(number, "worse")
    nights.gate(FIRST)
    for number in (15, 16):  # a weekend
        shutil.rmtree(nights.bank.store / "features/merged_features" / str(day(number)))
    for number, due in ((14, None), (17, 10)):
        found = nights.gate(number)
        challenger = found["challenger"] and found["challenger"]["model_id"]
        assert challenger == (due and nights.bank.catalog.model_id(day(due)))
    assert found["judged_days"] == [str(day(number)) for number in range(10, 15)]


def test_a_challenger_that_cannot_be_read_holds_nothing_up(nights):
    catalog = nights_until(nights, 15)
    path = nights.bank.store / catalog.models.path(day(10))
    path.write_bytes(b"{" + path.read_bytes()[1:].replace(b"2024", b"2025", 1))
    found = nights.gate(15)
    assert found["outcome"] == "waits"
    assert found["why"].startswith(f"the model of {day(10)} cannot be read")
    features, models = catalog.upstream(FEATURES), catalog.upstream(MODEL)
    built = build_shadow(catalog, day(12), features, models)
    assert built.figures["unreadable"] == [catalog.model_id(day(10))]
    assert built.manifest.facts["challengers"] == [catalog.model_id(day(n)) for n in (12, 11)]


def test_a_gate_that_is_built_again_says_the_same_and_promotes_nobody_twice(nights):
    for number in range(FIRST, 16):
        nights.train(number, "better" if number == 10 else "worse")
    for number in range(FIRST, 16):
        first = nights.gate(number)
        assert nights.gate(number) == first
    assert nights.promoted() == {FIRST: FIRST, 15: 10}
    before = len(list(nights.bank.catalog.ledger.entries()))
    assert nights.gate(12)["outcome"] == "waits"  # no gate goes back before the newest champion
    assert len(list(nights.bank.catalog.ledger.entries())) == before


def test_days_before_the_first_champion_are_scored_by_the_newest_model(nights):
    catalog = nights_until(nights, 12)
    shutil.rmtree(nights.bank.store / "ledger")
    nights.gate(12)
    assert nights.score(11) == catalog.model_id(day(11))
    assert nights.score(14) == catalog.model_id(day(12))


def test_the_shadow_holds_what_challengers_say_and_no_label(nights):
    catalog = nights_until(nights, 12)
    features, models = catalog.upstream(FEATURES), catalog.upstream(MODEL)
    built = build_shadow(catalog, day(12), features, models)
    table = built.value
    assert table.column_names == ["trx_id", "ins_id", "pred_score", "rank", "model_id"]
    challengers = [catalog.model_id(day(number)) for number in (12, 11, 10)]
    assert built.manifest.facts["challengers"] == challengers
    assert table.column("model_id").to_pylist() == [
        name for name in challengers for _ in range(REPORTS)
    ]
    of_eleven = RunOptions(model=challengers[1])
    scored = build_predictions(catalog, day(12), features, models, of_eleven).value
    mine = table.slice(REPORTS, REPORTS)
    for name in ("trx_id", "pred_score", "rank"):
        assert mine.column(name).to_pylist() == scored.column(name).to_pylist()


def test_a_champion_is_no_challenger_and_without_any_the_shadow_is_empty(nights):
    catalog = nights_until(nights, FIRST)
    features, models = catalog.upstream(FEATURES), catalog.upstream(MODEL)
    built = build_shadow(catalog, day(FIRST), features, models)
    assert built.value.num_rows == 0
    assert built.value.column_names == ["trx_id", "ins_id", "pred_score", "rank", "model_id"]
