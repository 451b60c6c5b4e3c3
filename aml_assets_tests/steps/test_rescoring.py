"""A day's stored scores are held against margins that XGBoost had no part in."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from aml_assets.errors import CorruptFile, InputError, ModelError, NotReady, Outdated
from aml_assets.io.catalog import Catalog
from aml_assets.io.formats import ModelFormat, version_path
from aml_assets.steps.rescoring import rescore
from aml_assets_tests.conftest import Bank, day, flip_byte, str_columns, trx_columns

DAY = day(5)


def restored(catalog: Catalog, **columns: np.ndarray) -> None:
    """Store the day's scores again with other columns, under the same manifest."""
    scores = catalog.predictions
    table, manifest = scores.load_with_manifest(DAY)
    for name, values in columns.items():
        place = table.schema.get_field_index(name)
        table = table.set_column(place, name, pa.array(values, table.schema.field(name).type))
    facts = {name: fact for name, fact in manifest.facts.items() if name != "csv"}
    scores.publish(DAY, table, replace(manifest, facts=facts))


def test_the_scores_of_a_day_are_the_models(built: Bank):
    found = rescore(built.catalog, DAY)
    assert (found.asset, found.model_id) == ("predictions/predictions", f"aml_xgboost_{DAY}")
    assert (found.rows, found.differing, found.first) == (8, 0, "")
    assert found.furthest <= 1e-6


def test_the_first_score_that_is_not_the_models_is_named_by_its_rank(built: Bank):
    scores = built.csv(5).column("pred_score").to_numpy().copy()
    scores[2:4] *= 1.001
    restored(built.catalog, pred_score=scores)
    found = rescore(built.catalog, DAY)
    assert (found.rows, found.differing, found.first) == (8, 2, "rank 3")
    assert 1e-6 < found.furthest < 1e-2
    restored(built.catalog, pred_score=np.where(np.arange(8) == 0, np.nan, scores))
    assert rescore(built.catalog, DAY).first == "rank 1"


def test_scores_that_changed_places_are_noticed(built: Bank):
    scores = built.csv(5).column("pred_score").to_numpy()
    assert scores[0] != scores[-1]
    restored(built.catalog, pred_score=scores[::-1])
    assert rescore(built.catalog, DAY).first == "rank 1"


def test_the_style_of_2019_is_compared_row_by_row(bank: Bank):
    bank.options = {"output": {"style": "legacy"}}
    bank.prepare(1, 5)
    bank.good("daily", 5, only=("models", "predictions"))
    assert rescore(bank.catalog, DAY).first == ""
    scores = bank.csv(5).column("pred_score").to_numpy().copy()
    scores[6] = 1 - scores[6]
    restored(bank.catalog, pred_score=scores)
    assert rescore(bank.catalog, DAY).first == "row 7"


def test_scores_of_a_further_line_are_matched_by_whom_they_score(bank: Bank):
    bank.options = {
        "lines": {"customer": {"horizon_days": 1, "windows": [2], "train_every": 1}},
        "windows": {"train_days": 3, "delay_days": 1, "eval_days": 1},
    }
    bank.prepare(1, 7)
    bank.good("daily", 7)
    catalog = bank.catalog
    assert [line.name for line in catalog.graph.lines] == ["", "customer"]
    for line in catalog.graph.lines:
        found = rescore(catalog.of_line(line), day(7))
        assert (found.asset, found.first) == (line.scores, "")
        assert found.rows == 8


def test_the_very_model_is_read_although_another_one_took_its_place(built: Bank):
    digest = built.catalog.models.manifest(DAY).digest
    built.options = {"training": {"max_depth": 1, "rounds": 2}}
    built.good("self_learning", 5)
    assert built.catalog.models.manifest(DAY).digest != digest
    assert rescore(built.catalog, DAY).first == ""
    kept = built.store / version_path(built.catalog.models.path(DAY), digest)
    kept.unlink()
    with pytest.raises(ModelError, match="not in the store any more"):
        rescore(built.catalog, DAY)


def test_a_model_that_was_altered_is_refused(built: Bank):
    path = built.store / built.catalog.models.path(DAY)
    flip_byte(path, path.read_bytes().index(b"split_conditions") + 40)
    with pytest.raises(CorruptFile, match="altered"):
        rescore(built.catalog, DAY)


def test_a_day_without_scores_or_with_other_features_is_refused(built: Bank):
    with pytest.raises(NotReady, match=r"2024-01-06: it has not been materialized yet\..*aml"):
        rescore(built.catalog, day(6))
    built.land("trx", 5, trx_columns(5) | {"amount": [1.0] * 12})
    built.good("batch_prediction", 5, only=("tables", "features"))
    with pytest.raises(Outdated, match=r"neither be explained nor checked.*--remake") as caught:
        rescore(built.catalog, DAY)
    assert "predictions/predictions" in str(caught.value)


def test_a_csv_of_other_rows_is_refused(built: Bank):
    ids = built.csv(5).column("trx_id").to_numpy()
    restored(built.catalog, trx_id=ids + 1)
    with pytest.raises(InputError, match="does not hold the rows of the day's features") as caught:
        rescore(built.catalog, DAY)
    assert str(ids[0] + 1) not in str(caught.value)


def test_a_day_without_reports_has_nothing_to_differ(bank: Bank):
    bank.land("str", 5, {name: values[:0] for name, values in str_columns(5).items()})
    bank.prepare(1, 4)
    bank.good("daily", 5, only=("tables", "features", "models", "predictions"))
    found = rescore(bank.catalog, DAY)
    assert (found.rows, found.furthest, found.first) == (0, 0.0, "")


def test_the_digest_is_that_of_the_content_not_of_what_the_manifest_says(built: Bank):
    catalog = built.catalog
    stored = catalog.models
    assert isinstance(stored.format, ModelFormat)
    content, manifest = stored.format.read_content(stored.store, stored.path(DAY))
    booster = stored.load(DAY)
    assert stored.format.identity(booster, "") == content
    # Another model's trees under this manifest, sealed anew by somebody without a key.
    other = booster[:1]
    other.set_attr(**{n: t for n, t in booster.attributes().items() if "manifest" not in n})
    data = stored.format.encode(other, manifest, "")
    Path(built.store, stored.path(DAY)).write_bytes(catalog.store.seals.seal(data, ""))
    with pytest.raises(CorruptFile, match="its manifest is another model's"):
        rescore(catalog, DAY)
