"""A window that is too large for memory is read twice, and gives what it gives in memory."""

import stat
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest

from aml_assets.core.graph import FEATURES
from aml_assets.errors import AmlError, InputError, NotReady, NotTrainable
from aml_assets.io.catalog import Catalog
from aml_assets.steps.builders.build_features import build_features
from aml_assets.steps.builders.build_model import build_model
from aml_assets.steps.builders.build_table import build_table
from aml_assets.steps.inputs import training_data as assembling
from aml_assets.steps.inputs.training_data import training_data
from aml_assets.steps.inputs.training_window import read_training_window
from aml_assets.steps.inputs.window_frames import windows_of
from aml_assets_tests.conftest import Bank, day

ASKED = 6
ON_DISK = {"external_memory_bytes": 0}


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Bank:
    """Days 1 to 5 with merged features; day 3 has landed without a row."""
    off = {"enabled": False}
    bank = Bank(
        tmp_path_factory.mktemp("prepared"), {"features": {"network": off, "behaviour": off}}
    )
    bank.land_static()
    catalog = bank.catalog
    for number in range(1, ASKED):
        bank.land_day(number)
        if number == 3:
            bank.land_empty(number)
        for name in catalog.settings.tables:
            build_table(catalog, name, day(number)).publish_to(catalog.table(name), day(number))
        build_features(catalog, day(number), catalog.inputs(FEATURES)).publish_to(
            catalog.features, day(number)
        )
    return bank


@pytest.fixture
def scratch_files(tmp_path, monkeypatch) -> Path:
    """Where this machine's temporary files are, alone in their place."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


def model(catalog: Catalog) -> bytes:
    return build_model(catalog, day(ASKED), catalog.upstream(FEATURES)).value.save_raw()


def assembled(catalog: Catalog, folder: Path):
    windows = windows_of(catalog, day(ASKED))
    return training_data(catalog, catalog.upstream(FEATURES), windows, scratch=lambda: str(folder))


@pytest.mark.parametrize(
    "training",
    [
        {},
        {"early_stopping_rounds": 2, "early_stopping_days": 1},
        {"negative_sampling": 0.7, "subsample": 0.8, "bagging": 2},
    ],
)
def test_a_model_from_disk_is_that_of_memory_and_leaves_nothing(
    prepared: Bank, tmp_path, scratch_files, training
):
    written = list[str]()
    real = assembling.spill

    def spilled(values: Any, path: Path):
        written.append(path.name)
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        return real(values, path)

    in_memory = prepared.copy_to(tmp_path / "memory", training=training).catalog
    on_disk = prepared.copy_to(tmp_path / "disk", training={**training, **ON_DISK}).catalog
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(assembling, "spill", spilled)
        assert model(on_disk) == model(in_memory)
    assert written == [str(day(number)) for number in (2, 3, 4)]
    (root,) = scratch_files.iterdir()
    assert list(root.iterdir()) == []


def test_of_a_large_window_only_what_labels_rows_stays_between_the_two_reads(prepared: Bank):
    catalog = prepared.catalog
    days = windows_of(catalog, day(ASKED)).train_days
    whole, large = (
        read_training_window(catalog, catalog.upstream(FEATURES), days, most_bytes=most)
        for most in (None, 0)
    )
    assert whole.in_memory
    assert [each.table.column_names for each in large.window.frames] == [list(large.needed)] * 3
    assert large.window.digests == whole.window.digests
    assert [each.seen.keys() for each in large.seen] == [each.seen.keys() for each in whole.seen]


def test_a_window_within_the_setting_needs_no_scratch_folder(prepared: Bank, tmp_path):
    folder = tmp_path / "never made"
    data = assembled(prepared.catalog, folder)
    assert data.folder is None
    assert not folder.exists()


def test_a_day_that_is_replaced_between_its_two_reads_is_an_error_to_retry(
    prepared: Bank, tmp_path, monkeypatch
):
    catalog = prepared.copy_to(tmp_path / "disk", training=ON_DISK).catalog
    fit = assembling.fitting.fit

    def restate_meanwhile(*arguments: Any, **options: Any):
        frame, manifest = catalog.features.load_with_manifest(day(4))
        place, amounts = frame.column_names.index("amount"), pa.array([1.0] * len(frame))
        changed = frame.set_column(place, "amount", amounts)
        catalog.features.publish(day(4), changed, replace(manifest, digest=""))
        return fit(*arguments, **options)

    monkeypatch.setattr(assembling.fitting, "fit", restate_meanwhile)
    with pytest.raises(NotReady, match="replaced while the window was read") as caught:
        assembled(catalog, tmp_path)
    assert caught.value.day == str(day(4))


@pytest.mark.parametrize(
    "options",
    [
        {"governance": {"protected": ["retail.aeg"]}},
        {"labels": {"maturity_days": 90}},
    ],
)
def test_what_cannot_be_trained_on_is_refused_in_the_same_words(prepared: Bank, tmp_path, options):
    said = set[str]()
    for name, training in (("memory", {}), ("disk", ON_DISK)):
        catalog = prepared.copy_to(tmp_path / name, **options, training=training).catalog
        with pytest.raises((InputError, NotTrainable)) as caught:
            assembled(catalog, tmp_path)
        said.add(str(caught.value))
    assert len(said) == 1


def test_a_disk_without_room_is_seen_before_anything_is_written(
    prepared: Bank, tmp_path, monkeypatch
):
    catalog = prepared.copy_to(tmp_path / "disk", training=ON_DISK).catalog
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr("shutil.disk_usage", lambda _path: SimpleNamespace(free=100))
    with pytest.raises(
        AmlError, match=r"0 MB of space left, and .* may be needed.*engine\.spill_folder"
    ):
        assembled(catalog, folder)
    assert list(folder.iterdir()) == []
