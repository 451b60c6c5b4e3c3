"""A stored day is built again in a folder of its own, and is the same; or the first difference is
named with its reason."""

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from aml_assets.cli.reproduce import builders_of
from aml_assets.errors import AmlError, StoreError
from aml_assets.io import surroundings
from aml_assets.steps.checking import overrides
from aml_assets.steps.inputs import exemptions
from aml_assets.steps.promoting import promote
from aml_assets.steps.reproducing import Reproduced, Reproduction
from aml_assets.steps.retaining.applying import apply_retention
from aml_assets.steps.retaining.planning import plan_retention
from aml_assets_tests.conftest import Bank, built_once, day, str_columns, trx_columns

pytestmark = pytest.mark.long  # whole days, built again

LINES = {"customer": {"horizon_days": 1, "windows": [2], "train_every": 1}}
OPTIONS: dict[str, Any] = {
    "lines": LINES,
    "windows": {"train_days": 3, "delay_days": 1, "eval_days": 1},
    "training": {"refit": True},
    "features": {"behaviour": {"enabled": True, "windows": [2]}},
}
DAY = 8


@pytest.fixture(scope="module")
def whole_bank(landed_bank: Bank, tmp_path_factory: pytest.TempPathFactory) -> Bank:
    """A bank with all that a day can have, two days of it. To be copied, not changed."""

    def build(folder: Path) -> None:
        bank = landed_bank.copy_to(folder, **OPTIONS)
        bank.prepare(1, 9)
        for number in (DAY, 9):
            bank.good("daily", number)

    return Bank(built_once(tmp_path_factory, "reproduced", build), OPTIONS)


@pytest.fixture
def whole(whole_bank: Bank, tmp_path: Path) -> Bank:
    return whole_bank.copy_to(tmp_path / "bank")


def begun(bank: Bank, number: int = DAY, folder: str = "again") -> Reproduction:
    catalog = bank.catalog
    return Reproduction(
        catalog, day(number), catalog.store_at(str(bank.root / folder)), builders_of
    )


def reproduced(bank: Bank, number: int = DAY, folder: str = "again") -> list[Reproduced]:
    """All assets of a day; the store keeps every byte."""
    before, times = bank.files(), bank.times()
    found = list(begun(bank, number, folder).run())
    assert bank.files() == before
    assert bank.times() == times
    return found


def refused(bank: Bank, number: int = DAY) -> str:
    with pytest.raises(AmlError) as caught:
        begun(bank, number)
    assert not (bank.root / "again").exists()
    return str(caught.value)


# -- the same ------------------------------------------------------------------------------


def test_every_asset_of_a_day_is_built_again_and_is_the_same(whole_bank: Bank, tmp_path: Path):
    whole = whole_bank.copy_to(tmp_path / "bank")
    found = reproduced(whole)
    stored = [name for name in whole.catalog.graph.names if whole.catalog.of(name).has(day(DAY))]
    assert [each.asset for each in found] == stored
    assert {"models/customer_model", "reports/alert_report", "models/measured_model"} <= {*stored}
    assert all(each.same and each.rebuilt == each.stored for each in found)
    again = Bank(whole.root, whole.options).catalog.store_at(str(whole.root / "again"))
    page = whole.catalog.alert_pages.path(day(DAY))
    assert again.read(page) == whole.catalog.store.read(page)


def test_threads_and_places_change_nothing(whole_bank: Bank, tmp_path: Path):
    moved = whole_bank.copy_to(tmp_path / "elsewhere", training={"refit": True, "threads": 2})
    work = begun(moved)
    assert not work.other_settings
    found = list(work.run())
    assert found[-1].asset == "reports/alert_report"
    assert found[-1].same


def test_settings_are_those_of_then(whole: Bank):
    whole.options = {**OPTIONS, "training": {"refit": True, "rounds": 9}, "lines": {}}
    work = begun(whole)
    assert work.other_settings
    assert work.unrecorded == []
    found = list(work.run())
    assert all(each.same for each in found)
    assert "predictions/customer_scores" in [each.asset for each in found]


def test_what_was_built_since_is_not_seen(whole: Bank):
    whole.prepare(10, 11)
    whole.good("daily", 10)
    whole.good("self_learning", 7)  # another candidate for the day's predictions and history
    assert all(each.same for each in reproduced(whole))


def test_a_model_that_was_replaced_since_still_scores(whole: Bank):
    scored = whole.catalog.predictions.manifest(day(DAY)).inputs["models/model"]
    whole.options = {**OPTIONS, "training": {"refit": True, "rounds": 9}}
    whole.good("self_learning", DAY, only=("models",))
    assert whole.catalog.models.manifest(day(DAY)).digest not in scored.values()
    found = reproduced(whole)
    assert {each.asset for each in found if each.same} > {"models/model", "predictions/predictions"}


def test_tables_that_have_not_landed_any_more_are_taken_from_the_store(whole: Bank):
    whole.unland(DAY)
    whole.land("retail", None, {"cust_id": [1], "age": [1], "city": ["Bern"]})
    found = {each.asset: each for each in reproduced(whole)}
    assert found["tables/trx"].taken == "it is not in the landing any more"
    assert found["tables/retail"].taken == "other files are in the landing now"
    assert not found["tables/account"].taken
    assert all(each.same for each in found.values())
    assert not (whole.root / "again/tables/trx").exists()


def test_an_older_model_is_the_one_that_scored(bank: Bank):
    bank.prepare(1, 7)
    bank.good("self_learning", 6)
    bank.good("batch_prediction", 7)
    chosen = bank.catalog.predictions.manifest(day(7)).facts["model_chosen"]
    assert chosen == "newest, 1 days old"
    bank.good("self_learning", 7)
    found = reproduced(bank, 7)
    assert found[-1].asset == "reports/alert_report"
    assert all(each.same for each in found)


def test_a_champion_that_was_promoted_is_the_one_that_scored(bank: Bank):
    bank.options = {"scoring": {"model_policy": "promoted"}, "lines": LINES}
    bank.prepare(1, 9)
    for number in (7, 8, 9):
        bank.good("daily", number)
    found = {each.asset: each for each in reproduced(bank, 8)}
    assert [each for each in found.values() if not each.same] == []
    assert found["models/gate"].taken.startswith("it decides")
    assert list(found)[-1] == "reports/alert_report"
    for line in bank.catalog.graph.lines:  # what is decided since changes nothing
        of_line = bank.catalog.of_line(line)
        other = of_line.model_id(day(8))
        promote(of_line, other, "a test", from_day=day(8), against_the_gate=True)
    again = reproduced(bank, 8, "once more")
    assert [each for each in again if not each.same] == []
    assert len(again) == len(found)


def test_a_model_that_a_run_pinned_is_the_one_that_scored(bank: Bank):
    bank.prepare(1, 7)
    for number in (5, 6):
        bank.good("self_learning", number)
    options = {"model": f"aml_xgboost_{day(5)}"}
    bank.good("batch_prediction", 7, config=options)
    found = reproduced(bank, 7)
    assert found[-1].asset == "reports/alert_report"
    assert all(each.same for each in found)


def test_a_model_that_was_pinned_by_its_path_is_found_there(bank: Bank):
    bank.prepare(1, 7)
    bank.good("self_learning", 5)
    place = "kept/for good.ubj"
    (bank.store / "kept").mkdir()
    (bank.store / bank.catalog.models.path(day(5))).rename(bank.store / place)
    bank.good("batch_prediction", 7, config={"model": place})
    found = reproduced(bank, 7)
    assert found[-1].asset == "reports/alert_report"
    assert all(each.same for each in found)


def test_a_skip_holds_as_it_held(bank: Bank):
    bank.unland(3)
    bank.prepare(1, 2)
    exemptions.skip(bank.catalog, day(3), "lost")
    bank.prepare(4, 6)
    bank.good("daily", 6, only=("models", "predictions"))
    bank.land_day(3)  # it was found after all
    exemptions.take_skip_back(bank.catalog, day(3), "found")
    bank.prepare(3, 3)
    assert all(each.same for each in reproduced(bank, 6))


def test_an_override_holds_as_it_held(bank: Bank):
    bank.prepare(1, 5)
    bank.land("trx", 6, {name: values[:1] for name, values in trx_columns(6).items()})
    bank.run("daily", 6, only=("tables",))
    blocked = bank.bad("daily", 6, only=("features",))
    assert "check volume failed" in blocked.sentence
    overrides.override(bank.catalog, "trx", day(6), "volume", "a quiet day")
    bank.good("daily", 6)
    overrides.take_override_back(bank.catalog, "trx", day(6), "volume", "it was not")
    assert all(each.same for each in reproduced(bank, 6))


def test_labels_are_known_as_they_were_known(bank: Bank):
    bank.options = {"labels": {"maturity_days": 2}}
    bank.prepare(1, 11)
    bank.good("daily", 9)
    bank.land_day(13)
    bank.prepare(12, 13)
    assert all(each.same for each in reproduced(bank, 9))
    metrics = bank.catalog.metrics
    again = bank.catalog.store_at(str(bank.root / "again"))
    rebuilt = metrics.format.read_manifest(again, metrics.path(day(9)))
    assert rebuilt.facts == metrics.manifest(day(9)).facts
    assert rebuilt.facts["known_by"] == str(day(11))


# -- the first difference ------------------------------------------------------------------


def differing(found: list[Reproduced]) -> Reproduced:
    assert all(each.same for each in found[:-1])
    assert not found[-1].same
    return found[-1]


def test_an_input_that_was_restated_since_is_named(whole: Bank):
    was = whole.catalog.features.manifest(day(4)).digest
    whole.land("str", 4, str_columns(4, [1] * 8))
    whole.prepare(4, 4)
    last = differing(reproduced(whole))
    assert last.asset == "models/measured_model"
    assert last.rebuilt is None
    assert last.why == (
        f"its input features/merged_features 2024-01-04 ({was[:12]}) is not stored any more"
    )


def test_other_code_is_named(whole: Bank, monkeypatch: pytest.MonkeyPatch):
    from aml_assets.steps.builders import build_model

    monkeypatch.setattr(build_model, "CODE_VERSION", "next")
    seeded = build_model._train

    def otherwise(catalog: Any, data: Any, parameters: Any, windows: Any, of: dt.date):
        return seeded(catalog, data, parameters.model_copy(update={"rounds": 2}), windows, of)

    monkeypatch.setattr(build_model, "_train", otherwise)
    last = differing(reproduced(whole))
    assert last.asset == "models/measured_model"
    assert last.why.startswith("code version ")
    assert " then, next now" in last.why


@pytest.fixture
def unlike(monkeypatch: pytest.MonkeyPatch) -> None:
    """Training gives something else, and nothing that is recorded says why."""
    from aml_assets.core.model import training

    real = training._fit

    def fit(batches: Any, settings: Any, stopping: Any, **options: Any):
        return real(batches, settings.model_copy(update={"rounds": 1}), stopping, **options)

    monkeypatch.setattr(training, "_fit", fit)


@pytest.mark.usefixtures("unlike")
def test_other_libraries_are_named_and_else_it_is_not_explained(
    whole: Bank, monkeypatch: pytest.MonkeyPatch
):
    assert differing(reproduced(whole)).why == "not explained"
    now = {**surroundings.libraries(), "xgboost-cpu": "9.9"}
    monkeypatch.setattr("aml_assets.steps.differing.libraries", lambda: now)
    last = differing(reproduced(whole, folder="once more"))
    assert last.asset == "models/measured_model"
    assert last.why.endswith("then, 9.9 now")
    assert last.why.startswith("xgboost-cpu ")


def test_what_was_built_before_settings_were_recorded_is_built_under_the_present_ones(
    bank: Bank, monkeypatch: pytest.MonkeyPatch
):
    with monkeypatch.context() as before:
        before.setattr("aml_assets.io.catalog.Catalog.surroundings", None)
        bank.prepare(1, 5)
        bank.good("daily", 5, only=("models", "predictions"))
    assert "surroundings" not in bank.catalog.features.manifest(day(5)).to_json()
    work = begun(bank, 5)
    found = list(work.run())
    assert all(each.same for each in found)
    assert work.unrecorded == [each.asset for each in found]
    assert not work.other_settings
    bank.options = {"training": {"rounds": 2}}
    last = differing(reproduced(bank, 5, "once more"))
    assert last.asset == "models/model"
    assert last.why.startswith("settings ")
    assert last.why.endswith("the versions of libraries of then are not recorded")


def test_what_cannot_be_built_any_more_says_why(whole: Bank, monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: Any, **__: Any):
        raise AmlError("there are no labels any more")

    monkeypatch.setattr("aml_assets.core.model.training.refuse_one_class", refuse)
    last = differing(reproduced(whole))
    assert (last.asset, last.rebuilt) == ("models/measured_model", None)
    assert last.why == "it cannot be built again: there are no labels any more"


# -- what is refused -----------------------------------------------------------------------


def test_a_day_of_which_nothing_is_stored_is_refused(whole: Bank):
    sentence = refused(whole, 12)
    assert sentence.startswith("day 2024-01-12: nothing of the day is stored")
    assert "aml backfill --from 2024-01-12" in sentence


def test_a_day_that_a_rule_deleted_is_said_to_be_deleted(whole: Bank):
    years = dict.fromkeys(("tables", "features", "models", "metrics", "predictions", "reports"), 1)
    whole.options = {**whole.options, "retention": {"years": years}}
    catalog = whole.catalog
    apply_retention(catalog, plan_retention(catalog, dt.date(2027, 1, 1)))
    sentence = refused(whole)
    assert "it was deleted under retention.years.predictions: 1 on" in sentence


def test_a_table_that_is_gone_is_refused_with_its_remedy(whole: Bank):
    whole.unland(DAY)
    (whole.store / f"tables/trx/{day(DAY)}/data.parquet").unlink()
    sentence = refused(whole)
    assert sentence.startswith("table tables/trx, day 2024-01-08: it is gone")
    assert "Restore it" in sentence
    whole.land_day(DAY)  # landed again, it is as good
    assert all(each.same for each in reproduced(whole))


def test_a_folder_that_is_not_empty_is_refused(whole: Bank):
    (whole.root / "full").mkdir()
    (whole.root / "full" / ".hidden").touch()
    with pytest.raises(AmlError, match=r"full is not empty\. Name a new folder"):
        begun(whole, folder="full")
    assert [each.name for each in (whole.root / "full").iterdir()] == [".hidden"]


@pytest.mark.parametrize("place", ["store", "landing"])
def test_a_folder_in_store_or_landing_is_refused(whole: Bank, place: str):
    with pytest.raises(AmlError, match=f"lies in the {place}, which is only read"):
        begun(whole, folder=f"{place}/again")
    assert not (whole.root / place / "again").exists()


def test_a_store_that_cannot_be_written_to_is_no_difference(
    whole: Bank, monkeypatch: pytest.MonkeyPatch
):
    def full(*_: Any, **__: Any):
        raise StoreError("no space left on device", path="x", operation="write")

    work = begun(whole)
    monkeypatch.setattr("aml_assets.io.store.Store.publish", full)
    with pytest.raises(StoreError, match="no space left"):
        list(work.run())


def test_a_day_that_was_altered_is_refused(whole: Bank):
    page = whole.store / whole.catalog.alert_pages.path(day(DAY))
    page.write_bytes(page.read_bytes().replace(b"<body", b"<body ", 1))
    assert "alert_report_2024-01-08.html" in refused(whole)
