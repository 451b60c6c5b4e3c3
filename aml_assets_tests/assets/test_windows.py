"""Windows: what a model of day D sees, what it refuses, and runs with dates of their own."""

import json

import pytest

from aml_assets.errors import SettingsError
from aml_assets_tests.conftest import Bank, day

MODEL = "models/model"
METRICS = "models/metrics"
LEARN = ("models",)
SCORE = ("models", "predictions")


def read_days(bank: Bank, number: int) -> dict[str, list[str]]:
    """Which days a model and its metrics read, from their manifests."""
    of = {"model": bank.catalog.models, "metrics": bank.catalog.metrics}
    return {
        name: sorted(partitions.manifest(day(number)).inputs["features/merged_features"])
        for name, partitions in of.items()
    }


def days(first: int, last: int) -> list[str]:
    return [str(day(number)) for number in range(first, last + 1)]


def by_hand(**more: object) -> dict[str, object]:
    """A run's own windows: train on days 1 and 2, evaluate on day 4."""
    dates = zip(("train_start", "train_end", "eval_start", "eval_end"), (1, 2, 4, 4), strict=True)
    config = {name: str(day(number)) for name, number in dates}
    return {**config, **more}


def test_model_and_metrics_need_nothing_of_their_own_day(bank: Bank):
    bank.prepare(1, 4)
    bank.unland(5)
    run = bank.good("self_learning", 5, only=LEARN)
    assert run.materialized == {(MODEL, str(day(5))), (METRICS, str(day(5)))}
    assert run.figures(MODEL, 5)["windows"] == {
        "train_start": str(day(1)),
        "train_end": str(day(3)),
        "eval_start": str(day(4)),
        "eval_end": str(day(4)),
    }
    assert read_days(bank, 5) == {"model": days(1, 3), "metrics": days(1, 4)}
    content = bank.catalog.metrics.load(day(5))
    assert content["train_days_read"] == days(1, 3)
    assert content["eval_days_read"] == days(4, 4)


def test_the_label_delay_lies_between_training_and_evaluation(bank: Bank):
    bank.options["windows"] = {"train_days": 2, "delay_days": 2, "eval_days": 2}
    bank.prepare(1, 6)
    run = bank.good("self_learning", 7, only=LEARN)
    assert run.figures(MODEL, 7)["windows"] == {
        "train_start": str(day(1)),
        "train_end": str(day(2)),
        "eval_start": str(day(5)),
        "eval_end": str(day(6)),
    }
    # The delay's days are read for decisions on what was trained on, and for nothing else.
    assert run.figures(MODEL, 7)["rows"] == 14
    # The metrics read them to know which reports the model learnt from.
    assert read_days(bank, 7) == {"model": days(1, 4), "metrics": days(1, 6)}


def test_metrics_wait_for_ripe_labels_and_say_how_many_there_are(bank: Bank):
    bank.options["labels"] = {"maturity_days": 1}
    bank.prepare(1, 5)
    run = bank.good("self_learning", 6, only=("models", "reports"))
    assert run.figures(MODEL, 6)["windows"]["train_end"] == str(day(3))
    assert run.figures(MODEL, 6)["left_out"]["str.reason"].startswith("it may be written after")
    young = bank.catalog.metrics.load(day(6))
    assert (young["rows"], young["decided"], young["auc"]) == (8, 0, None)
    assert (young["ripe_rows"], young["ripe_share"], young["ripens_on"]) == (0, 0.0, str(day(6)))
    bank.prepare(6, 7)
    bank.good("self_learning", 6, only=(METRICS, "reports"))
    bank.prepare(8, 8)
    bank.good("self_learning", 6, only=("reports",))  # what is known since changes no page alone
    ripe = bank.catalog.metrics.load(day(6))
    assert (ripe["rows"], ripe["decided"], ripe["ripe_rows"]) == (8, 7, 8)
    assert (ripe["ripe_share"], ripe["ripens_on"]) == (1.0, None)


def test_a_day_is_not_trainable_before_its_window_fits(built: Bank):
    run = built.bad("self_learning", 4, only=LEARN)
    assert run.sentence == (
        "table models/model, day 2024-01-04: not trainable before 2024-01-05: the training window "
        "needs 3 days and the partitions start on 2024-01-01. Request a later day, or lower "
        "windows.min_train_days."
    )
    assert not built.catalog.models.has(day(4))


def test_a_shorter_first_window_is_accepted_down_to_the_minimum(built: Bank):
    built.options["windows"] = {"min_train_days": 2}
    run = built.good("self_learning", 4, only=LEARN)
    assert run.figures(MODEL, 4)["windows"]["train_start"] == str(day(1))
    assert read_days(built, 4)["model"] == days(1, 2)
    run = built.bad("self_learning", 3, only=LEARN)
    assert "not trainable before 2024-01-04: the training window needs 2 days" in run.sentence


def test_every_day_missing_in_the_window_is_named_by_what_has_to_be_done(bank: Bank):
    bank.options["windows"] = {"train_days": 5, "eval_days": 1}
    bank.prepare(2, 2)
    bank.prepare(5, 6)
    # Days 1, 3 and 4 have landed and are not built.
    run = bank.bad("self_learning", 7, only=LEARN)
    assert run.sentence == (
        "table features/merged_features, day 2024-01-01, 2024-01-03, 2024-01-04: the window "
        "needs these days, which have landed but have no features yet. Materialize what is "
        "missing: aml backfill --from 2024-01-01 --to 2024-01-04 --select features/merged_features"
    )
    bank.prepare(1, 1)
    for number in (3, 4):
        bank.unland(number)
    run = bank.bad("self_learning", 7, only=LEARN)
    assert run.sentence == (
        "table features/merged_features, day 2024-01-03, 2024-01-04: the window needs these "
        "days, which have not landed. Have them delivered; or go on without them (aml skip DAY "
        "--why REASON), or, if they are empty by design, list them under partitions.empty_days."
    )
    assert "model" not in {path.partition("/")[0] for path in bank.files()}


def test_a_hole_in_the_evaluation_window_stops_the_metrics_not_the_model(built: Bank):
    built.prepare(7, 7)
    run = built.bad("self_learning", 9, only=LEARN)
    assert "day 2024-01-08: the window needs this day, which has landed" in run.sentence
    assert run.materialized == {(MODEL, str(day(9)))}


def test_days_empty_by_design_are_not_waited_for(bank: Bank):
    bank.unland(2)
    bank.prepare(1, 1)
    bank.prepare(3, 4)
    assert "which has not landed" in bank.bad("self_learning", 5, only=LEARN).sentence
    bank.options["partitions"] = {"empty_days": [day(2)]}
    run = bank.good("self_learning", 5, only=LEARN)
    assert run.figures(MODEL, 5)["days_read"] == 2
    assert run.figures(MODEL, 5)["empty_days"] == [str(day(2))]
    inputs = bank.catalog.models.manifest(day(5)).inputs["features/merged_features"]
    assert inputs[str(day(2))] == "absent"
    assert bank.catalog.metrics.load(day(5))["train_days_read"] == [*days(1, 1), *days(3, 3)]


def test_an_empty_evaluation_window_gives_null_figures_with_their_reason(bank: Bank):
    bank.land_empty(4)
    bank.prepare(1, 4)
    run = bank.good("self_learning", 5, only=LEARN)
    text = (bank.store / "model_meta/aml_xgboost_2024-01-05.meta.json").read_text()
    content = json.loads(text)
    assert content["rows"] == 0
    for figure in ("auc", "average_precision", "brier", "log_loss", "precision"):
        assert content[figure] is None
        assert content["reasons"][figure]
        assert figure not in run.figures(METRICS, 5)
    assert "NaN" not in text


def test_fixed_windows_in_the_settings_hold_for_every_day_after_them(built: Bank):
    built.options["windows"] = {
        "fixed": {
            "train_start": day(1),
            "train_end": day(3),
            "eval_start": day(4),
            "eval_end": day(5),
        }
    }
    run = built.good("self_learning", 9, only=LEARN)
    # They are the configuration: such a model stands for its day.
    assert run.materialized == {(MODEL, str(day(9))), (METRICS, str(day(9)))}
    assert built.catalog.metrics.load(day(9))["eval_days_read"] == days(4, 5)
    run = built.bad("self_learning", 5, only=LEARN)
    assert "the windows reach 2024-01-05" in run.sentence


# -- runs with dates or parameters of their own --------------------------------------------


def test_an_ad_hoc_run_is_observed_under_names_of_its_own_and_leaves_the_day_alone(built: Bank):
    before = built.times()
    run = built.good("daily", 5, only=SCORE, config=by_hand())
    assert run.materialized == set()
    assert run.observed == {
        (asset, str(day(5))) for asset in (MODEL, METRICS, "predictions/predictions")
    }
    model_id = run.figures(MODEL, 5)["model_id"]
    assert model_id.startswith("aml_xgboost_2024-01-05_adhoc_")
    assert run.figures(MODEL, 5)["ad_hoc"] is True
    assert run.figures(METRICS, 5)["model_id"] == model_id
    assert run.figures("predictions/predictions", 5)["model_id"] == model_id
    after = built.times()
    assert {path: after[path] for path in before} == before
    assert {path for path in set(after) - set(before) if "/." not in path} == {
        f"model/{model_id}.ubj",
        f"model_meta/{model_id}.meta.json",
        f"predict_res/pred_full_table2024-01-05.{model_id}.csv",
    }
    # And the newest model of later days is still the day's own.
    run = built.good("batch_prediction", 6, only=("predictions",))
    assert run.figures("predictions/predictions", 6)["model_id"] == "aml_xgboost_2024-01-05"


def test_an_ad_hoc_run_asked_to_replace_stands_for_the_day(built: Bank):
    own = built.catalog.models.manifest(day(5)).digest
    run = built.good("daily", 5, only=SCORE, config=by_hand(replace=True))
    assert len(run.materialized) == 3
    assert run.figures(MODEL, 5)["model_id"] == "aml_xgboost_2024-01-05"
    assert run.figures(MODEL, 5)["windows"]["train_end"] == str(day(2))
    assert built.catalog.models.manifest(day(5)).digest != own
    # The day's metrics measure the window its model was given.
    assert built.catalog.metrics.load(day(5))["windows"]["train_end"] == str(day(2))


def test_training_parameters_of_a_run_make_it_ad_hoc_too(built: Bank):
    config = {"training": {"rounds": 5}}
    run = built.good("self_learning", 5, only=LEARN, config=config)
    assert run.figures(MODEL, 5)["trees"] == 5
    assert run.observed == {(MODEL, str(day(5))), (METRICS, str(day(5)))}
    again = built.good("self_learning", 5, only=LEARN, config=config)
    assert again.figures(MODEL, 5)["model_id"] == run.figures(MODEL, 5)["model_id"]
    assert again.figures(MODEL, 5)["changed"] is False


def test_a_preset_named_by_a_run_brings_all_its_values(built: Bank):
    config = {"training": {"preset": "flow_2019", "rounds": 2, "threads": 1}}
    run = built.good("self_learning", 5, only=(MODEL,), config=config)
    assert run.figures(MODEL, 5)["trees"] == 2


def test_early_stopping_uses_the_last_days_of_the_training_window(built: Bank):
    built.options["training"] = {"early_stopping_rounds": 1, "early_stopping_days": 1}
    run = built.good("self_learning", 5, only=LEARN)
    assert read_days(built, 5)["model"] == days(1, 3)
    assert run.figures(MODEL, 5)["trees"] <= 3


def test_early_stopping_is_never_switched_off_by_days_without_reports(bank: Bank):
    bank.unland(3)
    bank.options["partitions"] = {"empty_days": [day(3)]}
    bank.options["training"] = {"early_stopping_rounds": 1, "early_stopping_days": 1}
    bank.prepare(1, 2)
    bank.prepare(4, 4)
    assert bank.bad("self_learning", 5, only=(MODEL,)).sentence == (
        "table models/model, day 2024-01-05: the early-stopping days 2024-01-03 … 2024-01-03 are "
        "empty by design. Raise training.early_stopping_days, or switch early stopping off."
    )
    bank.options["training"]["early_stopping_days"] = 2
    assert bank.good("self_learning", 5, only=(MODEL,)).figures(MODEL, 5)["days_read"] == 2


def test_settings_that_contradict_each_other_are_refused_before_any_run(new_bank):
    with pytest.raises(SettingsError, match="min_train_days is larger"):
        _ = new_bank(windows={"min_train_days": 4}).settings
