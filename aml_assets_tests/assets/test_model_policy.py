"""Which model scores a day: today's, the newest, a pinned one; and what a model does with rows."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from aml_assets.core.graph import MODEL
from aml_assets.io.formats import ModelFormat, version_path
from aml_assets.io.store import Store
from aml_assets.steps.inputs.model_selection import read_model
from aml_assets_tests.conftest import Bank, day, flip_byte, str_columns, trx_columns

PREDICTIONS = "predictions/predictions"
SCORE = (PREDICTIONS,)
ALERT_PAGE = "reports/alert_report"
OWN = "aml_xgboost_2024-01-05"


def scored(bank: Bank, number: int, pin: str | None = None) -> dict[str, Any]:
    """Score a day that has features; the metadata of its CSV."""
    config = {"model": pin} if pin else None
    run = bank.good("batch_prediction", number, only=SCORE, config=config)
    return run.figures(PREDICTIONS, number)


def refused(bank: Bank, number: int, pin: str | None = None) -> str:
    """Scoring a day must fail and leave the store as it was; its sentence."""
    before = bank.times()
    config = {"model": pin} if pin else None
    run = bank.bad("batch_prediction", number, only=SCORE, config=config)
    assert bank.times() == before
    return run.sentence


def policy(bank: Bank, **scoring: object) -> None:
    bank.options["scoring"] = scoring


def retrained(bank: Bank) -> tuple[str, str]:
    """Train day 5's model again on restated labels; the old and the new digest."""
    old = bank.catalog.models.manifest(day(5)).digest
    bank.land("str", 2, str_columns(2, [1, 0, 0, 1, 0, 1, 0, None]))
    bank.prepare(2, 2)
    bank.good("self_learning", 5, only=("models",))
    return old, bank.catalog.models.manifest(day(5)).digest


def test_the_newest_model_scores_and_says_so(built: Bank):
    figures = scored(built, 6)
    assert (figures["model_id"], figures["model_chosen"]) == (OWN, "newest, 1 days old")
    assert figures["model_age_days"] == 1
    assert set(built.csv(6)["model_id"].to_pylist()) == {OWN}
    inputs = built.catalog.predictions.manifest(day(6)).inputs["models/model"]
    assert inputs == {OWN: built.catalog.models.manifest(day(5)).digest}


def test_a_model_of_a_later_day_never_scores_an_earlier_one(built: Bank):
    assert refused(built, 4) == (
        "table models/model, day 2024-01-04: no model of 2023-12-28 … 2024-01-04 is in the "
        "store. Train one, pin one (scoring.pinned_model), or raise scoring.max_age_days."
    )


def test_the_newest_model_is_too_old_after_its_days(built: Bank):
    built.prepare(7, 8)
    policy(built, max_age_days=2)
    assert scored(built, 7)["model_age_days"] == 2
    assert refused(built, 8).startswith(
        "table models/model, day 2024-01-08: no model of 2024-01-06 … 2024-01-08 is in the store."
    )


def test_under_the_policy_today_only_todays_model_scores(built: Bank):
    policy(built, model_policy="today")
    assert scored(built, 5)["model_chosen"] == "today's"
    assert refused(built, 6) == (
        "table models/model, day 2024-01-06: today's model is not in the store, and "
        "scoring.model_policy is `today`. Train it, or score with scoring.model_policy: newest."
    )


@pytest.mark.parametrize("by", ["id", "digest", "prefix", "path", "url"])
def test_a_pinned_model_scores_by_id_digest_or_path(built: Bank, by: str):
    built.good("self_learning", 6, only=("models",))
    digest = built.catalog.models.manifest(day(5)).digest
    path = f"model/{OWN}.ubj"
    pin = {
        "id": OWN,
        "digest": digest,
        "prefix": digest[:12],
        "path": path,
        "url": f"{built.settings.store.url}/{path}",
    }[by]
    assert scored(built, 6)["model_id"] == "aml_xgboost_2024-01-06"
    figures = scored(built, 6, pin)
    assert (figures["model_id"], figures["model_chosen"]) == (OWN, "pinned")
    assert figures["model_digest"] == digest
    policy(built, model_policy="pinned", pinned_model=pin)
    assert scored(built, 6)["model_digest"] == digest


def test_a_model_that_is_pinned_outside_the_folder_of_models_scores_and_is_explained(built: Bank):
    approved = built.store / "approved" / "of_spring.ubj"
    approved.parent.mkdir()
    shutil.move(built.store / f"model/{OWN}.ubj", approved)
    policy(built, model_policy="pinned", pinned_model="approved/of_spring.ubj")
    run = built.good("daily", 6, only=("predictions", "reports/queue", ALERT_PAGE))
    assert run.figures(ALERT_PAGE, 6)["model_id"] == OWN


def test_a_pinned_model_that_knows_the_day_is_refused_unless_somebody_says_why(built: Bank):
    sentence = refused(built, 3, OWN)
    assert sentence.startswith(
        f"table models/model, day 2024-01-03: the pinned model {OWN} has learnt from days up to "
        "2024-01-03: its scores of 2024-01-03 would look ahead."
    )
    run = built.good(
        "batch_prediction", 3, only=SCORE, config={"model": OWN, "look_ahead": "a back test"}
    )
    chosen = run.figures(PREDICTIONS, 3)["model_chosen"]
    assert "looks ahead: it has learnt from days up to 2024-01-03; a back test" in chosen
    facts = built.catalog.predictions.manifest(day(3)).facts
    assert facts["model_chosen"] == chosen
    assert "2024-01-03" in str(facts["look_ahead"])
    policy(built, model_policy="pinned", pinned_model=OWN, look_ahead="by the settings")
    assert "by the settings" in scored(built, 2)["model_chosen"]
    assert scored(built, 4)["model_chosen"] == "pinned"  # day 5 has learnt up to day 3
    assert "look_ahead" not in built.catalog.predictions.manifest(day(4)).facts


@pytest.mark.parametrize("pin", ["aml_xgboost_2023-01-01", "0123456789abcdef", "model/none.ubj"])
def test_a_pinned_model_that_is_not_there_is_an_error_not_another_model(built: Bank, pin: str):
    reason = {
        "aml_xgboost_2023-01-01": "no model has that id",
        "0123456789abcdef": "no model has it",
        "model/none.ubj": "no file lies there",
    }[pin]
    assert refused(built, 5, pin) == (
        f"table models/model: the pinned model cannot be found: {reason}. Correct "
        "scoring.pinned_model, or model of the run: a model_id, a digest, or a path in the store."
    )


def test_a_pinned_file_that_is_no_model_of_ours_is_refused(built: Bank):
    built.store.joinpath("model/old.model").write_bytes(b"binf\x00 a model of 2019")
    assert refused(built, 5, "model/old.model") == (
        "table model/old.model: this file is not one of our models. Retrain: other programs' "
        "models, and old binary .model files, cannot be read"
    )


def test_a_retrained_day_leaves_the_old_model_readable_by_digest_and_path(built: Bank):
    old_scores = built.csv(5).sort_by("trx_id")["pred_score"].to_pylist()
    old, new = retrained(built)
    assert old != new
    assert scored(built, 5)["model_digest"] == new
    assert built.csv(5).sort_by("trx_id")["pred_score"].to_pylist() != old_scores
    for pin in (old, old[:16], version_path(f"model/{OWN}.ubj", old)):
        assert scored(built, 5, pin)["model_digest"] == old
        assert built.csv(5).sort_by("trx_id")["pred_score"].to_pylist() == old_scores


def test_a_model_found_by_digest_may_lie_among_files_that_are_not_ours(built: Bank):
    digest = built.catalog.models.manifest(day(5)).digest
    folder = built.store / "model"
    (folder / "aml_xgboost_2019-01-01.ubj").write_bytes(b"binf\x00 a model of 2019")
    (folder / "aml_xgboost_2019-01-01.model").write_bytes(b"binf\x00 a model of 2019")
    (folder / "aml_xgboost_2019-01-01.meta.json").write_text('{"auc": 0.5}')
    # Our own metrics, too, if the settings put them there: sealed, and no model.
    ours = built.store / f"model_meta/{OWN}.meta.json"
    (folder / ours.name).write_bytes(ours.read_bytes())
    assert scored(built, 6, digest)["model_digest"] == digest
    assert "no model has it" in refused(built, 6, "0" * 64)


def test_a_model_that_is_replaced_while_it_is_read_is_one_version_whole(
    built: Bank, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    other = built.copy_to(tmp_path / "retrained")
    old, new = retrained(other)
    path = f"model/{OWN}.ubj"
    read = ModelFormat.read

    def replaced_meanwhile(format_: ModelFormat, store: Store, path: str) -> Any:
        booster = read(format_, store, path)
        built.store.joinpath(path).write_bytes(other.store.joinpath(path).read_bytes())
        return booster

    monkeypatch.setattr(ModelFormat, "read", replaced_meanwhile)
    before, after = (read_model(built.catalog.upstream(MODEL), path) for _ in range(2))
    assert [model.manifest.digest for model in (before, after)] == [old, new]
    assert before.booster.save_raw() != after.booster.save_raw()


def test_a_failed_training_does_not_stop_the_newest_model_from_scoring(built: Bank):
    # Day 7's training window has lost its labels.
    for number in (3, 4, 5):
        built.land("str", number, str_columns(number, [None] * 8))
    built.prepare(3, 5)
    run = built.bad("daily", 7)
    assert run.sentence == (
        "table models/model, day 2024-01-07: the training window holds no row with a decided "
        "label. Wait until labels are decided, restate the days, or widen windows.train_days."
    )
    assert (PREDICTIONS, str(day(7))) in run.materialized
    assert not any(asset.startswith("models/") for asset, _ in run.materialized)
    assert run.figures(PREDICTIONS, 7)["model_chosen"] == "newest, 2 days old"
    assert built.csv(7)["model_id"].to_pylist() == [OWN] * 8


def test_a_day_too_early_to_train_still_scores_by_a_pinned_model(built: Bank):
    policy(built, model_policy="pinned", pinned_model=OWN, look_ahead="the first days")
    run = built.bad("daily", 3)
    assert "not trainable before 2024-01-05" in run.sentence
    assert built.csv(3).num_rows == 8


def test_files_of_2019_under_models_names_are_no_newest_model(built: Bank):
    foreign = built.store / "model/aml_xgboost_2024-01-06.ubj"
    foreign.write_bytes(b"binf\x00 a model of 2019")
    assert scored(built, 6)["model_chosen"] == "newest, 1 days old"
    foreign.with_name(f"{OWN}.ubj").write_bytes(foreign.read_bytes())
    assert (
        "no model of 2023-12-30 … 2024-01-06 is in the store, and what lies there under a "
        "model's name is none of ours. Train one" in refused(built, 6)
    )


def test_a_corrupt_newest_model_is_an_error_not_passed_over(built: Bank):
    built.good("self_learning", 6, only=("models",))
    flip_byte(built.store / "model/aml_xgboost_2024-01-06.ubj", 200)
    assert refused(built, 6).startswith("read model/aml_xgboost_2024-01-06.ubj: ")


# -- what a model does with rows it does not know ------------------------------------------


def test_unseen_null_and_undecided_rows_are_scored_and_counted(built: Bank):
    columns = trx_columns(7)
    channels = ["wire", None, *columns["channel"][2:]]
    built.land("trx", 7, {**columns, "channel": channels})
    run = built.good("daily", 7, only=("tables", "features", PREDICTIONS))
    figures = run.figures(PREDICTIONS, 7)
    assert figures["unseen"] == {"trx.channel": 1}
    assert figures["nulls"]["trx.channel"] == 1
    assert figures["nulls"]["retail.city"] == 2  # two reports are of corporate customers
    csv = built.csv(7)
    assert csv["pred_score"].null_count == 0
    assert csv["label"].null_count == 1
    assert csv["rank"].to_pylist() == list(range(1, 9))
    scores = csv["pred_score"].to_pylist()
    assert scores == sorted(scores, reverse=True)


def test_a_column_the_day_does_not_have_is_missing_not_an_error(built: Bank):
    columns = trx_columns(7)
    del columns["channel"]
    built.land("trx", 7, columns)
    run = built.good("daily", 7, only=("tables", "features", PREDICTIONS))
    assert run.figures(PREDICTIONS, 7)["absent"] == ["trx.channel"]
    assert built.csv(7)["pred_score"].null_count == 0
