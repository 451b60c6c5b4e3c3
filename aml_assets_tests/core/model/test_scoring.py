"""Scores, ranks, the predictions' columns of today and of 2019, and feature importance."""

from unittest import mock

import numpy as np
import pandas as pd
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from aml_assets.core.model import scoring, training
from aml_assets.core.model.batches import Batch
from aml_assets.core.model.encoding import Encoder, Feature, Frame, Matrix
from aml_assets.core.tables.contracts import Column
from aml_assets.settings.load import Settings
from aml_assets.settings.training_settings import TrainingSettings
from aml_assets_tests.core.samples import DAY, accounts, customers, frame, reports, transactions


def matrix(values):
    return Matrix(np.asarray(values, np.float32), {}, {}, ())


def booster(features=3):
    """A model that learnt from its second feature alone."""
    values = np.zeros((200, features), np.float32)
    values[:, 1] = np.arange(200)
    labels = (values[:, 1] > 120).astype(np.float32)
    return training.train([Batch(values, labels)], TrainingSettings(rounds=4, threads=1))


def test_scores_are_probabilities_and_no_row_has_none():
    model = booster()
    scores = scoring.predict(model, matrix([[0, 10, 0], [0, 190, 0], [np.nan] * 3]), threads=1)
    assert scores.dtype == np.float32
    assert 0 < scores[0] < 0.5 < scores[1] < 1
    assert scoring.predict(model, matrix(np.empty((0, 3))), threads=1).shape == (0,)


@given(st.lists(st.sampled_from(["cash", "wire", "?", None]), max_size=9), st.integers(1, 9))
@settings(deadline=None)
def test_rows_that_are_scored_a_few_at_a_time_have_the_scores_of_all(kinds, size):
    model = booster(features=2)
    features = (
        Feature("trx", "kind", "category", ("cash", "wire")),
        Feature("trx", "amount", "number"),
    )
    encoder = Encoder(features, {})
    columns = {
        "kind": Column("trx", "kind", "category"),
        "amount": Column("trx", "amount", "numeric"),
    }
    amounts = pa.array([20.0 * place for place in range(len(kinds))])
    table = pa.table(
        {"kind": pa.array(kinds).cast(pa.string()).dictionary_encode(), "amount": amounts}
    )
    rows = Frame(DAY, table, columns)
    whole = encoder.transform(rows)
    with mock.patch.object(scoring, "_VALUES", 2 * size):
        found = scoring.score(model, encoder, rows, threads=1)
    assert found.scores.tolist() == scoring.predict(model, whole, threads=1).tolist()
    assert (found.nulls, found.unseen, found.absent) == (whole.nulls, whole.unseen, whole.absent)


@given(st.lists(st.sampled_from([0.0, 0.25, 0.5, 0.75]), max_size=12))
@settings(deadline=None)
def test_the_best_score_has_rank_one_and_ties_stand_in_order_of_the_key(scores):
    day = frame(str=reports(*range(len(scores))))
    ranked = scoring.ranked(day, np.array(scores, np.float32), model_id="m")
    rows = ranked.select(["trx_id", "pred_score", "rank", "model_id"]).to_pylist()
    expected = sorted(enumerate(scores), key=lambda pair: (-pair[1], pair[0]))
    assert [(row["trx_id"], row["pred_score"]) for row in rows] == expected
    assert [row["rank"] for row in rows] == list(range(1, len(scores) + 1))
    assert {row["model_id"] for row in rows} <= {"m"}
    assert ranked.column_names == [*day.table.column_names, "pred_score", "rank", "model_id"]


def test_an_empty_day_is_a_header():
    day = frame()
    none = np.array([], np.float32)
    assert scoring.ranked(day, none, model_id="m").num_rows == 0
    legacy = scoring.as_in_2019(day, none, Settings().joins)
    assert legacy.num_rows == 0
    assert legacy.column_names[-1] == "pred_score"


SHARED = ("name", "kind", "segment")


@st.composite
def landed(draw):
    """Five tables, of which any two may share column names (three would not: see below)."""
    owners = {name: draw(st.sets(st.integers(0, 4), max_size=3)) for name in SHARED}
    ids = [1, 2, 3]

    def more(number):
        shared = {name: [f"{name} {number} {row}" for row in ids] for name in SHARED}
        mine = {name: values for name, values in shared.items() if number in owners[name]}
        return {**mine, f"own {number}": [number] * 3}

    return {
        "str": reports(*ids, **more(0)),
        "trx": transactions(*ids, cust_id=[1, 2, 9], account_id=[3, 9, 1], **more(1)),
        "retail": customers(*ids, **more(2)),
        "corporate": customers(*ids, **more(3)),
        "account": accounts(*ids, **more(4)),
    }


@given(landed())
@settings(deadline=None, max_examples=40)
def test_the_style_of_2019_has_the_names_and_rows_of_pandas_merges(tables):
    frames = {name: pa.table(columns).to_pandas() for name, columns in tables.items()}
    chain = (
        ("trx", "trx_id"),
        ("retail", "cust_id"),
        ("corporate", "cust_id"),
        ("account", "account_id"),
    )
    expected = frames["str"]
    for table, key in chain:
        expected = expected.merge(frames[table], on=key, how="left")
    scores = np.array([0.5, 0.25, 0.75], np.float32)
    got = scoring.as_in_2019(frame(**tables), scores, Settings().joins)
    assert got.column_names == [*expected.columns, "pred_score"]
    ours = got.drop_columns(["pred_score"]).to_pandas()
    for position in range(expected.shape[1]):
        left, right = ours.iloc[:, position], expected.iloc[:, position]
        assert [None if pd.isna(v) else v for v in left] == [
            None if pd.isna(v) else v for v in right
        ]
    assert got["pred_score"].to_pylist() == [0.5, 0.25, 0.75]


def test_importance_names_the_features_that_were_split_on_largest_first():
    encoder = Encoder(
        (
            Feature("trx", "a", "number"),
            Feature("trx", "seen", "hour"),
            Feature("str", "c", "number"),
        ),
        {},
    )
    assert list(scoring.importance(booster(), encoder)) == ["trx.seen hour"]
    values = np.random.default_rng(0).integers(0, 20, (500, 3)).astype(np.float32)
    labels = (values[:, 0] * 4 + values[:, 2] > 50).astype(np.float32)
    model = training.train([Batch(values, labels)], TrainingSettings(rounds=10, threads=1))
    gains = scoring.importance(model, encoder)
    assert list(gains)[:2] == ["trx.a", "str.c"]
    assert list(gains.values()) == sorted(gains.values(), reverse=True)
