"""Partitions of an asset: published, read back whole or not at all, and listed by day."""

import datetime as dt

import pyarrow as pa
import pytest

from aml_assets.core.days import ONE_DAY
from aml_assets.errors import AmlError, CorruptFile, NotFound, NotReady
from aml_assets.io.formats import JsonFormat, ParquetFormat
from aml_assets.io.manifest import Manifest
from aml_assets.io.partition_store import PartitionStore, SnapshotStore
from aml_assets.io.paths import Template
from aml_assets.io.store import Store

DAY = dt.date(2024, 3, 5)
ASSET = "tables/retail"


def manifest(day=DAY, **facts):
    return Manifest(asset=ASSET, partition=str(day), facts=facts)


def frame(*values):
    return pa.table({"x": list(values)})


@pytest.fixture
def partitions(tmp_path):
    template = Template(f"{ASSET}/{{date}}/data.parquet")
    return PartitionStore(Store(str(tmp_path)), ASSET, template, ParquetFormat())


@pytest.fixture
def snapshots(tmp_path):
    return SnapshotStore(Store(str(tmp_path)), ASSET, Template(f"{ASSET}/{{date}}/data.parquet"))


def test_a_published_day_is_there_with_its_content_and_manifest(partitions):
    assert not partitions.has(DAY)
    published = partitions.publish(DAY, frame(1, 2), manifest(note="a"))
    assert published.changed
    assert partitions.has(DAY)
    assert partitions.load(DAY).equals(frame(1, 2))
    value, read = partitions.load_with_manifest(DAY, ["x"])
    assert value.num_rows == 2
    assert read == published.manifest
    assert (read.rows, read.facts) == (2, {"note": "a"})
    assert not partitions.publish(DAY, frame(1, 2), manifest(note="a")).changed


def test_a_day_that_is_not_stored_is_named_with_the_command_that_makes_it(partitions):
    for read in (partitions.load, partitions.manifest, partitions.open_dataset):
        with pytest.raises(NotReady) as caught:
            read(DAY)
        assert (caught.value.table, caught.value.day) == (ASSET, str(DAY))
        assert caught.value.retryable
        assert f"aml backfill --from {DAY} --to {DAY} --select {ASSET}" in str(caught.value)


def test_the_stored_days_come_from_one_listing(partitions, monkeypatch):
    for number in (2, 0, 1):
        partitions.publish(DAY + number * ONE_DAY, frame(number), manifest())
    listed = []
    original = Store.list
    monkeypatch.setattr(
        Store, "list", lambda store, folder: listed.append(folder) or original(store, folder)
    )
    assert partitions.days() == [DAY, DAY + ONE_DAY, DAY + 2 * ONE_DAY]
    assert listed == [ASSET]


def test_only_files_named_for_a_day_are_days(tmp_path):
    metrics = PartitionStore(
        Store(str(tmp_path)),
        "models/metrics",
        Template("meta/{model_id}.json", "model_id"),
        JsonFormat(),
        lambda day: f"aml_{day}",
    )
    metrics.publish(DAY, {"auc": 0.5}, manifest())
    assert metrics.path(DAY) == f"meta/aml_{DAY}.json"
    for name in (f"other_{DAY}.json", f"aml_{DAY}_adhoc_1234.json", "aml_2024-03-99.json"):
        (tmp_path / "meta" / name).write_text("{}")
    assert metrics.days() == [DAY]
    assert metrics.load(DAY) == {"auc": 0.5}
    with pytest.raises(AmlError, match="only frames can be opened lazily"):
        metrics.open_dataset(DAY)


def test_content_and_manifest_are_of_one_version_though_the_day_is_replaced_between(partitions):
    partitions.publish(DAY, frame(1), manifest())
    original = partitions.load
    replacements = [frame(2), frame(3)]

    def load(day, columns=None):
        if replacements:
            partitions.publish(DAY, replacements.pop(), manifest())
        return original(day, columns)

    partitions.load = load
    value, read = partitions.load_with_manifest(DAY)
    assert value.equals(frame(2))
    assert partitions.manifest(DAY) == read

    replacements += [frame(n) for n in range(10, 20)]
    with pytest.raises(NotReady, match="replaced while it was read"):
        partitions.load_with_manifest(DAY)


def test_an_altered_day_is_an_error_and_not_a_day_to_wait_for(partitions, tmp_path):
    partitions.publish(DAY, frame(1, 2), manifest())
    path = tmp_path / partitions.path(DAY)
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(CorruptFile):
        partitions.load(DAY)


# -- static tables: content once, and references ---------------------------------------------


def test_a_day_that_refers_to_another_has_its_content_and_a_manifest_of_its_own(
    snapshots, tmp_path
):
    original = snapshots.publish(DAY, frame(1, 2), manifest()).manifest
    later = DAY + ONE_DAY
    published = snapshots.refer(later, DAY, manifest(later, known_on="then"))
    assert published.changed
    assert snapshots.has(later)
    assert snapshots.days() == [DAY, later]
    assert snapshots.load(later).equals(frame(1, 2))
    assert snapshots.load(later, ["x"]).equals(frame(1, 2))
    assert snapshots.open_dataset(later).to_table().equals(frame(1, 2))
    own = snapshots.manifest(later)
    assert (own.partition, own.facts) == (str(later), {"known_on": "then"})
    assert (own.digest, own.rows) == (original.digest, 2)
    files = [path for path in (tmp_path / ASSET / str(later)).iterdir() if path.is_file()]
    assert [path.name for path in files] == [".data.parquet.reference.json"]
    assert files[0].stat().st_size < 1000
    assert not snapshots.refer(later, DAY, manifest(later, known_on="then")).changed


def test_a_reference_to_a_reference_stands_for_the_frame_itself(snapshots, tmp_path):
    snapshots.publish(DAY, frame(1), manifest())
    days = [DAY + n * ONE_DAY for n in range(1, 4)]
    for day in days:
        snapshots.refer(day, day - ONE_DAY, manifest(day))
    (tmp_path / ASSET / str(days[0]) / ".data.parquet.reference.json").unlink()
    for day in days[1:]:
        assert snapshots.load(day).equals(frame(1))


def test_a_replaced_frame_stays_readable_for_the_days_that_refer_to_it(snapshots):
    snapshots.publish(DAY, frame(1), manifest())
    later = DAY + ONE_DAY
    snapshots.refer(later, DAY, manifest(later))
    for value in (2, 3):
        snapshots.publish(DAY, frame(value), manifest())
        assert snapshots.load(DAY).equals(frame(value))
        value_then, its_manifest = snapshots.load_with_manifest(later)
        assert value_then.equals(frame(1))
        assert its_manifest.partition == str(later)
    snapshots.publish(DAY, frame(1), manifest())
    assert snapshots.load(later).equals(frame(1))


def test_restating_unchanged_content_keeps_no_copy_of_it(snapshots, tmp_path):
    original = snapshots.publish(DAY, frame(1), manifest(known_on="then")).manifest
    later = DAY + ONE_DAY
    snapshots.refer(later, DAY, manifest(later))
    versions = tmp_path / ASSET / str(DAY) / ".versions"
    restated = snapshots.publish(DAY, frame(1), manifest(known_on="now"))
    assert restated.changed
    assert restated.manifest.digest == original.digest
    assert not versions.exists()
    assert snapshots.load(later).equals(frame(1))
    snapshots.publish(DAY, frame(2), manifest(known_on="now"))
    assert [path.name for path in versions.iterdir()] == [f"data.{original.digest}.parquet"]
    assert snapshots.load(later).equals(frame(1))


def test_a_frame_of_its_own_takes_the_place_of_a_reference(snapshots, tmp_path):
    snapshots.publish(DAY, frame(1), manifest())
    later = DAY + ONE_DAY
    snapshots.refer(later, DAY, manifest(later))
    snapshots.publish(later, frame(9), manifest(later))
    assert snapshots.load(later).equals(frame(9))
    assert not (tmp_path / ASSET / str(later) / ".data.parquet.reference.json").exists()
    assert snapshots.load(DAY).equals(frame(1))


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data.replace(b"2024-03-05", b"2024-03-04", 1),
        lambda data: data[:-20],
        lambda data: b"",
        lambda data: b"{}",
        lambda data: data[:-5] + bytes([data[-5] ^ 1]) + data[-4:],
    ],
    ids=["another day", "cut", "empty", "foreign", "one bit"],
)
def test_a_tampered_reference_is_refused_by_name_and_can_be_replaced(snapshots, tmp_path, damage):
    snapshots.publish(DAY, frame(1), manifest())
    later = DAY + ONE_DAY
    snapshots.refer(later, DAY, manifest(later))
    path = tmp_path / ASSET / str(later) / ".data.parquet.reference.json"
    path.write_bytes(damage(path.read_bytes()))
    for read in (snapshots.load, snapshots.manifest):
        with pytest.raises(CorruptFile, match="the reference was altered") as caught:
            read(later)
        assert str(later) in caught.value.path
    snapshots.publish(later, frame(2), manifest(later))
    assert snapshots.load(later).equals(frame(2))


def test_an_altered_frame_can_be_replaced(snapshots, tmp_path):
    snapshots.publish(DAY, frame(1), manifest())
    path = tmp_path / snapshots.path(DAY)
    path.write_bytes(b"not a frame any more")
    with pytest.raises(CorruptFile):
        snapshots.load(DAY)
    snapshots.publish(DAY, frame(2), manifest())
    assert snapshots.load(DAY).equals(frame(2))


def test_a_reference_whose_frame_is_gone_is_an_error_and_not_a_day_to_wait_for(snapshots, tmp_path):
    snapshots.publish(DAY, frame(1), manifest())
    later = DAY + ONE_DAY
    snapshots.refer(later, DAY, manifest(later))
    (tmp_path / snapshots.path(DAY)).unlink()
    with pytest.raises(NotFound, match="nothing is stored there"):
        snapshots.load(later)
