"""The model of a day: its training window, encoder, parameters and early stopping."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from aml_assets.core.graph import FEATURES
from aml_assets.core.model import fitting
from aml_assets.core.model.constants import CONSTANT, Variation, without_constants
from aml_assets.errors import NotReady
from aml_assets.io.catalog import Catalog
from aml_assets.steps.builders.build_features import build_features
from aml_assets.steps.builders.build_table import build_table
from aml_assets.steps.inputs import training_window
from aml_assets.steps.inputs.training_data import training_data
from aml_assets.steps.inputs.training_window import read_training_window
from aml_assets.steps.inputs.window_frames import read_window, windows_of
from aml_assets_tests.conftest import Bank, day

ASKED = 6


@pytest.fixture
def catalog(tmp_path) -> Catalog:
    """Days 1 to 5, the accounts with a name of their own each."""
    off = {"enabled": False}
    bank = Bank(tmp_path, {"features": {"network": off, "behaviour": off}})
    bank.land_static()
    names = [f"Name {n}" for n in range(10)]
    bank.land("account", None, {"account_id": list(range(50, 60)), "owner": names})
    catalog = bank.catalog
    for number in range(1, ASKED):
        bank.land_day(number)
        for name in catalog.settings.tables:
            build_table(catalog, name, day(number)).publish_to(catalog.table(name), day(number))
        build_features(catalog, day(number), catalog.inputs(FEATURES)).publish_to(
            catalog.features, day(number)
        )
    return catalog


def test_ids_and_names_of_a_training_window_stay_in_the_store(catalog):
    days = windows_of(catalog, day(ASKED)).train_days
    window = read_training_window(catalog, catalog.upstream(FEATURES), days).window
    for frame in window.frames:
        stored = catalog.features.load(frame.day).column_names
        held = frame.table.column_names
        assert set(stored) - set(held) == {
            "cust_id", "account_id", "target_cust_id", "target_account_id", "owner",
        }  # fmt: skip
        assert held == [name for name in stored if name in held], "in the frame's own order"
        assert list(frame.columns) == stored


def test_what_is_not_read_changes_nothing_of_what_is_learnt_from(catalog):
    windows = windows_of(catalog, day(ASKED))
    upstream = catalog.upstream(FEATURES)
    data = training_data(catalog, upstream, windows)
    whole = read_window(catalog, catalog.upstream(FEATURES), windows.train_days)
    features = catalog.settings.features
    encoder = fitting.fit(
        list(map(fitting.seen, whole.frames)),
        max_text_distinct_share=features.max_text_distinct_share,
        min_category_rows=features.min_category_rows,
    )
    rows = [np.flatnonzero(f.table.column("label").is_valid()) for f in whole.frames]
    matrices = [encoder.transform(f, r).values for f, r in zip(whole.frames, rows, strict=True)]
    variation = Variation(len(encoder.features))
    for values in matrices:
        variation.add(values)
    encoder, _ = without_constants(encoder, variation)
    assert data.encoder == encoder
    assert data.encoder.left_out["account.owner"].startswith("100% of its values")
    assert CONSTANT in data.encoder.left_out.values()
    assert upstream.read == whole.digests
    for frame, batch in zip(whole.frames, data.batches, strict=True):
        decided = np.flatnonzero(frame.table.column("label").is_valid())
        np.testing.assert_array_equal(batch.features, encoder.transform(frame, decided).values)
        assert len(batch.labels) == len(decided)
        assert batch.weights is None


def test_a_day_that_is_replaced_while_the_window_is_read_is_an_error_to_retry(catalog, monkeypatch):
    days = windows_of(catalog, day(ASKED)).train_days
    frame, manifest = catalog.features.load_with_manifest(days[-1])
    place, amounts = frame.column_names.index("amount"), pa.array([1.0] * len(frame))
    decide = training_window.ruled_out

    def restate_meanwhile(*arguments):
        catalog.features.publish(
            days[-1], frame.set_column(place, "amount", amounts), replace(manifest, digest="")
        )
        return decide(*arguments)

    monkeypatch.setattr(training_window, "ruled_out", restate_meanwhile)
    with pytest.raises(NotReady, match="replaced while the window was read"):
        read_training_window(catalog, catalog.upstream(FEATURES), days)
