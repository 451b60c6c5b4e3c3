"""Training gives the same bytes for the same input, and refuses labels of one class."""

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aml_assets.core.model.batches import Batch
from aml_assets.core.model.training import refuse_one_class, sampled, train
from aml_assets.errors import NotTrainable
from aml_assets.io.spilled_matrix import spill
from aml_assets.settings.training_settings import TrainingSettings

QUICK = {"rounds": 8, "max_depth": 3, "threads": 1, "min_child_weight": 0.0}


def rows(size=400, seed=1, kinds=40):
    """Features on a grid with some missing, and labels that depend on them."""
    random = np.random.default_rng(seed)
    features = random.integers(0, kinds, (size, 4)).astype(np.float32)
    noisy = features[:, 0] * 3 + features[:, 1] + random.normal(0, kinds / 4, size)
    labels = (noisy > 2.25 * kinds).astype(np.float32)
    features[random.random((size, 4)) < 0.1] = np.nan
    return features, labels


def batches(*cuts, **options):
    features, labels = rows(**options)
    return list(map(Batch, np.split(features, cuts), np.split(labels, cuts)))


def config(booster):
    return json.loads(booster.save_config())["learner"]


@pytest.mark.parametrize(
    ("labels", "what"),
    [
        ([], "no row"),
        ([0, 0, 0], "no positive label among 3"),
        ([1, 1], "no negative label among 2"),
    ],
)
def test_one_class_is_refused_before_xgboost_is_touched(labels, what):
    code = f"""
import sys
import numpy as np
from aml_assets.core.model.batches import Batch
from aml_assets.core.model.training import train
from aml_assets.errors import NotTrainable
from aml_assets.settings.training_settings import TrainingSettings
labels = np.array({labels}, np.float32)
try:
    train([Batch(np.zeros((len(labels), 2), np.float32), labels)], TrainingSettings())
except NotTrainable as error:
    print(error)
assert "xgboost" not in sys.modules
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert what in done.stdout
    assert "table model" in done.stdout


def test_the_classes_are_counted_over_all_days():
    refuse_one_class([np.array([0.0]), np.array([1.0])])
    with pytest.raises(NotTrainable, match="early-stopping days hold no positive"):
        train(
            batches(),
            TrainingSettings(**QUICK, early_stopping_days=1, early_stopping_rounds=2),
            stopping=[Batch(np.zeros((2, 4), np.float32), np.zeros(2, np.float32))],
        )


@pytest.mark.parametrize("sampling", [1.0, 0.75])
def test_the_same_days_give_the_same_bytes(sampling):
    settings = TrainingSettings(**QUICK, subsample=sampling, colsample_bytree=sampling)
    first, second = (train(batches(100, 250), settings) for _ in range(2))
    assert first.save_raw() == second.save_raw()


def test_where_days_are_cut_does_not_matter_while_bins_hold_every_value():
    settings = TrainingSettings(**QUICK)
    whole = train(batches(), settings)
    split = train(batches(1, 100, 100, 399), settings)
    assert whole.save_raw() == split.save_raw()


def test_another_seed_draws_other_rows():
    first, second = (
        train(batches(), TrainingSettings(**QUICK, subsample=0.5, seed=seed)).save_raw()
        for seed in (0, 1)
    )
    assert first != second


def test_base_score_and_the_number_of_bins_are_those_of_the_settings():
    booster = train(batches(), TrainingSettings(**QUICK, base_score=0.25, max_bin=512))
    assert float(config(booster)["learner_model_param"]["base_score"].strip("[]")) == 0.25
    tree = config(booster)["gradient_booster"]["tree_train_param"]
    assert tree["max_bin"] == "512"
    many = {"kinds": 10_000, "size": 2000}
    few, fine = (
        train(batches(**many), TrainingSettings(**QUICK, max_bin=bins)) for bins in (4, 1024)
    )
    cuts = {
        line.split("<")[1].split("]")[0]
        for tree in few.get_dump()
        for line in tree.splitlines()
        if "[f0<" in line
    }
    assert 0 < len(cuts) <= 4
    assert few.save_raw() != fine.save_raw()


def test_the_remaining_parameters_reach_the_booster():
    settings = TrainingSettings(
        **{**QUICK, "min_child_weight": 3.0},
        learning_rate=0.05,
        reg_lambda=7.0,
        subsample=0.5,
        colsample_bytree=0.5,
        scale_pos_weight=2.0,
        seed=5,
    )
    booster = train(batches(), settings)
    tree = config(booster)["gradient_booster"]["tree_train_param"]
    assert {
        name: float(tree[name]) for name in ("eta", "lambda", "subsample", "colsample_bytree")
    } == (pytest.approx({"eta": 0.05, "lambda": 7, "subsample": 0.5, "colsample_bytree": 0.5}))
    assert (tree["max_depth"], float(tree["min_child_weight"])) == ("3", 3.0)
    assert config(booster)["objective"]["reg_loss_param"]["scale_pos_weight"] == "2"
    assert config(booster)["generic_param"]["seed"] == "5"
    assert booster.num_boosted_rounds() == 8


def test_early_stopping_keeps_only_the_rounds_up_to_the_best():
    settings = TrainingSettings(
        **{**QUICK, "rounds": 200}, early_stopping_days=1, early_stopping_rounds=5
    )
    stopping = [Batch(*rows(seed=2))]
    booster = train(batches(200), settings, stopping=stopping)
    assert 0 < booster.num_boosted_rounds() < 200
    again = train(batches(200), settings, stopping=stopping)
    assert booster.save_raw() == again.save_raw()
    exact = train(
        batches(200), TrainingSettings(**{**QUICK, "rounds": booster.num_boosted_rounds()})
    )
    features = rows(seed=3)[0]
    np.testing.assert_array_equal(
        booster.inplace_predict(features), exact.inplace_predict(features)
    )


def test_a_share_of_the_negatives_is_drawn_by_seed_and_every_positive_stays():
    days = batches(200, size=4000)
    kept = sampled(days, 0.25, seed=3)
    for whole, few in zip(days, kept, strict=True):
        assert few.labels.sum() == whole.labels.sum()
        assert len(few.features) == len(few.labels)
        positive = whole.features[whole.labels == 1]
        np.testing.assert_array_equal(few.features[few.labels == 1], positive)
    negatives = [sum((1 - day.labels).sum() for day in each) for each in (days, kept)]
    assert negatives[1] / negatives[0] == pytest.approx(0.25, abs=0.03)
    for first, again in zip(kept, sampled(days, 0.25, seed=3), strict=True):
        np.testing.assert_array_equal(first.features, again.features)
    other = sampled(days, 0.25, seed=4)
    assert [len(each.labels) for each in other] != [len(each.labels) for each in kept]
    with pytest.raises(NotTrainable, match=r"negative_sampling, the training window keeps no neg"):
        sampled(batches(), 1e-9, seed=0)


def test_scores_stay_calibrated_when_negatives_are_left_out():
    settings = {**QUICK, "rounds": 40}
    truth = rows(size=8000, seed=1)[1]
    features = rows(size=8000, seed=1)[0]
    sampling = TrainingSettings(**settings, negative_sampling=0.1)
    scores = train([Batch(features, truth)], sampling).inplace_predict(features)
    assert scores.mean() == pytest.approx(truth.mean(), rel=0.1)
    weighted = TrainingSettings(**settings, scale_pos_weight=10.0)
    raised = train([Batch(features, truth)], weighted).inplace_predict(features)
    assert raised.mean() > 1.25 * truth.mean(), "weights are not corrected"


def test_bagged_fits_differ_by_their_seeds_and_give_the_same_bytes_together():
    settings = {**QUICK, "subsample": 0.5}
    bagged = TrainingSettings(**settings, bagging=3)
    booster = train(batches(100), bagged)
    assert booster.num_boosted_rounds() == 24
    assert booster.save_raw() == train(batches(100), bagged).save_raw()
    fits = [train(batches(100), TrainingSettings(**settings, seed=seed)) for seed in range(3)]
    features = rows(seed=3)[0]
    expected = np.mean([f.inplace_predict(features, predict_type="margin") for f in fits], 0)
    margin = booster.inplace_predict(features, predict_type="margin")
    np.testing.assert_allclose(margin, expected, atol=1e-5)


def test_the_preset_of_2019_is_what_the_flow_ran_with():
    preset = TrainingSettings.model_validate({"preset": "flow_2019"})
    assert preset.model_dump(exclude={"preset", "threads", "external_memory_bytes"}) == {
        "rounds": 1000,
        "max_depth": 4,
        "reg_lambda": 10.0,
        "subsample": 0.75,
        "colsample_bytree": 0.75,
        "min_child_weight": 2.0,
        "learning_rate": 0.025,
        "seed": 0,
        "base_score": 0.5,
        "max_bin": 4096,
        "scale_pos_weight": 1.0,
        "early_stopping_rounds": None,
        "early_stopping_days": 0,
        "negative_sampling": 1.0,
        "bagging": 1,
        "refit": False,
        "tuning": None,
    }


def test_a_row_of_weight_three_counts_like_three_rows():
    features, labels = rows()
    heavy = labels == 1
    weights = np.where(heavy, 3, 1).astype(np.float32)
    settings = TrainingSettings(**QUICK, base_score=0.5, max_bin=2048)
    weighted = train([Batch(features, labels, weights)], settings)
    again = [Batch(features, labels), Batch(features[heavy], labels[heavy])]
    repeated = train([*again, again[1]], settings)
    np.testing.assert_allclose(
        weighted.inplace_predict(features), repeated.inplace_predict(features), atol=1e-5
    )
    # Days without weights may stand beside days with some.
    halves = Batch(features, labels, weights).taken(heavy), Batch(features, labels).taken(~heavy)
    apart = train(halves, settings).inplace_predict(features)
    np.testing.assert_allclose(weighted.inplace_predict(features), apart, atol=1e-5)


@st.composite
def windows(draw: st.DrawFn):
    """Days of any size, some empty, some weighted, with nulls; settings; days to stop on."""
    days = list[Batch]()
    for size in draw(st.lists(st.sampled_from([0, 1, 30, 200]), min_size=1, max_size=5)):
        features, labels = rows(size, seed=len(days) + 1, kinds=draw(st.sampled_from([3, 200])))
        weights = np.full(size, 2, np.float32) if draw(st.booleans()) else None
        days.append(Batch(features, labels, weights))
    days.append(Batch(*rows(seed=0)))
    shares = {name: draw(st.sampled_from([0.5, 1.0])) for name in ("subsample", "colsample_bytree")}
    options = {**shares, "negative_sampling": draw(st.sampled_from([0.6, 1.0]))}
    if min(options.values()) < 1:
        options["bagging"] = draw(st.sampled_from([1, 2]))
    stopping = list[Batch]()
    if draw(st.booleans()):
        options |= {"early_stopping_days": 1, "early_stopping_rounds": 2}
        stopping = [Batch(*rows(100, seed=77)), Batch(*rows(0))]
    threads = draw(st.sampled_from([1, 2]))
    bins = draw(st.sampled_from([8, 1024]))
    quick = {**QUICK, "threads": threads, "max_bin": bins}
    return days, stopping, TrainingSettings.model_validate({**quick, **options})


@settings(max_examples=25, deadline=None)
@given(windows())
def test_from_disk_the_same_days_give_the_same_bytes_as_in_memory(tmp_path_factory, window):
    days, stopping, chosen = window
    folder = tmp_path_factory.mktemp("scratch")
    in_memory = train(days, chosen, stopping=stopping)
    on_disk = [
        [replace(each, values=spill(each.features, folder / f"{what}{n}")) for n, each in enum]
        for what, enum in (("day", enumerate(days)), ("stopping", enumerate(stopping)))
    ]
    ours = {path.name for path in folder.iterdir()}
    from_disk = train(on_disk[0], chosen, stopping=on_disk[1], folder=str(folder))
    assert from_disk.save_raw() == in_memory.save_raw()
    assert {path.name for path in folder.iterdir()} == ours, "what XGBoost wrote is gone"
