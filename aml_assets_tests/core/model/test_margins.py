"""Margins by numpy alone are XGBoost's own; a score stands for those that round to it."""

import json
import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import xgboost as xgb
from hypothesis import given, settings
from hypothesis import strategies as st

from aml_assets.core.days import ONE_DAY
from aml_assets.core.model import fitting, margins
from aml_assets.core.model.training import Batch, train
from aml_assets.settings.training_settings import TrainingSettings
from aml_assets_tests.core.model.test_trees import trained
from aml_assets_tests.core.samples import DAY, frame, reports, transactions

DOC = Path(__file__).resolve().parents[3] / "docs" / "model-format.md"


def reported(draws: np.random.Generator, day, kinds: int, size: int = 150):
    """A day of reports with a number, a text and a truth value, each missing here and there."""

    def some(values):
        return [None if draws.random() < 0.2 else value for value in values]

    columns = {
        "reason": some([f"rule {n}" for n in draws.integers(0, kinds, size)]),
        "score": pa.array(some(draws.normal(size=size).tolist()), pa.float64()),
        "urgent": some((draws.random(size) < 0.3).tolist()),
    }
    ids = range(size)
    return frame(day, str=reports(*ids, **columns), trx=transactions(*ids))


@given(
    seed=st.integers(0, 2**16),
    depth=st.integers(1, 9),
    rounds=st.integers(1, 40),
    bagging=st.integers(1, 3),
    sampling=st.sampled_from([1.0, 0.5]),
    base=st.floats(0.01, 0.99),
    rate=st.sampled_from([0.05, 0.3, 1.0]),
)
@settings(max_examples=60)
def test_margins_are_those_of_xgboost(seed, depth, rounds, bagging, sampling, base, rate):
    draws = np.random.default_rng(seed)
    older = reported(draws, DAY - ONE_DAY, kinds=5)
    encoder = fitting.fit([fitting.seen(older)], max_text_distinct_share=1.0, min_category_rows=1)
    learnt = encoder.transform(older).values
    noisy = np.nan_to_num(learnt).sum(1) + draws.normal(size=len(learnt))
    labels = (noisy > np.median(noisy)).astype(np.float32)
    options = TrainingSettings(
        rounds=rounds, max_depth=depth, learning_rate=rate, bagging=bagging, seed=seed, threads=1,
        negative_sampling=sampling, base_score=base, subsample=0.9, min_child_weight=0.0,
    )  # fmt: skip
    booster = train([Batch(learnt, labels)], options)

    scored = encoder.transform(reported(draws, DAY, kinds=9))  # some kinds are unseen
    assert scored.unseen["str.reason"]
    trees = margins.read_trees(bytes(booster.save_raw("ubj")))
    found = trees.margins(scored.values)
    theirs = booster.inplace_predict(scored.values, predict_type="margin")
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, theirs, rtol=0, atol=margins.TOLERANCE)
    scores = booster.inplace_predict(scored.values)
    assert margins.apart(found, scores).max() <= margins.TOLERANCE


def test_many_rows_are_walked_in_parts_with_the_same_result(monkeypatch):
    booster = xgb.Booster(model_file=bytearray(trained(30, 4)))
    trees = margins.read_trees(bytes(booster.save_raw("ubj")))
    rows = np.random.default_rng(1).normal(size=(101, 4)).astype(np.float32)
    whole = trees.margins(rows)
    monkeypatch.setattr(margins, "_ROWS", 10)
    assert np.array_equal(trees.margins(rows), whole)


def test_the_worked_example_of_the_documentation_is_right():
    text = DOC.read_text("utf-8")
    (block,) = re.findall(r"```json\n(.+?)```", text, re.DOTALL)
    booster = xgb.Booster(model_file=bytearray(block.encode()))
    trees = margins.read_trees(bytes(booster.save_raw("ubj")))
    lines = re.findall(r"^\| (\S+) \| (\S+) \| .+ \| (\S+) \| (\S+) \|$", text, re.MULTILINE)
    assert len(lines) == 4
    rows = np.array([line[:2] for line in lines]).astype(np.float32)
    np.testing.assert_allclose(trees.margins(rows), [float(m) for *_, m, _ in lines], atol=1e-6)
    scores = booster.inplace_predict(rows)
    np.testing.assert_allclose(scores, [float(p) for *_, p in lines], atol=1e-6)


# -- a stored score ------------------------------------------------------------------------


def scores_of(found: np.ndarray) -> np.ndarray:
    """What a float32 sigmoid makes of margins, as XGBoost computes it.

    The exponential is rounded once, as by the C library: numpy's of a float32 is up to three steps
    beside it.
    """
    power = np.exp(np.minimum(-found.astype(np.float64), 88.7)).astype(np.float32)
    return np.float32(1) / (np.float32(1) + power)


@given(st.lists(st.floats(-200, 200, width=32), min_size=1))
def test_a_score_stands_for_its_margin_wherever_it_lies(found):
    exact = np.array(found, np.float32)
    assert margins.apart(exact, scores_of(exact)).max() < margins.TOLERANCE


@given(st.floats(-12, 4), st.sampled_from([-1, 1]), st.floats(1e-4, 10))
def test_a_margin_that_was_moved_is_seen_where_a_float32_can_show_it(margin, side, by):
    moved = np.array([margin + side * by], np.float32)
    apart = margins.apart(moved, scores_of(np.array([margin], np.float32)))
    assert apart[0] > margins.TOLERANCE
    assert apart[0] <= by + 1e-5


def test_what_is_no_score_agrees_with_nothing():
    for score in (np.nan, -0.1, 1.1, np.inf):
        assert np.isnan(margins.apart(np.zeros(1, np.float32), np.array([score], np.float32)))


# -- what is refused -----------------------------------------------------------------------


def text(value: str) -> bytes:
    return b"L" + len(value).to_bytes(8, "big") + value.encode()


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"Z", "its learner is not"),
        (b"{}", "its learner is not"),
        (b"{" + text("learner") + b"{}}", "its learner is not"),
        (
            b"{" + text("learner") + b"{" + text("attributes") + b"{" + text("a") + b"i\x01}}}",
            "its attributes are no texts",
        ),
        (
            b"{" + text("learner") + b"{" + text("attributes") + b"{}}}",
            "is not as our training writes it",
        ),
    ],
)
def test_what_is_no_model_is_refused(data: bytes, why: str):
    with pytest.raises(ValueError, match=why):
        margins.read_trees(data)


def test_trees_that_training_could_not_have_made_are_refused_before_they_are_walked():
    document = json.loads(trained())
    document["learner"]["gradient_booster"]["model"]["trees"][1]["split_type"][0] = 1
    document["learner"]["gradient_booster"]["model"]["trees"][1]["left_children"][0] = 0
    categorical = _as_ubjson(document)
    with pytest.raises(ValueError, match=r"trees\.1\."):
        margins.read_trees(categorical)


def _as_ubjson(value: object) -> bytes:
    if isinstance(value, dict):
        inside = (text(name) + _as_ubjson(each) for name, each in value.items())
        return b"{" + b"".join(inside) + b"}"
    if isinstance(value, list):
        return b"[#L" + len(value).to_bytes(8, "big") + b"".join(map(_as_ubjson, value))
    if isinstance(value, str):
        return b"S" + text(value)
    if isinstance(value, int):
        return b"L" + value.to_bytes(8, "big", signed=True)
    return b"D" + np.array(value, ">f8").tobytes()
