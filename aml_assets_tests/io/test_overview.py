"""The overview of the store: all manifests, each read once, and damaged ones named."""

from __future__ import annotations

import datetime as dt

from aml_assets.core.graph import FEATURES, MODEL, PREDICTIONS
from aml_assets.errors import DamagedFile
from aml_assets.io.overview import StoreOverview
from aml_assets_tests.conftest import day, flip_byte


def test_a_refresh_returns_the_manifests_of_every_asset(built):
    overview = StoreOverview(built.catalog)
    assert list(overview.refresh(FEATURES)) == [day(number) for number in range(1, 7)]
    for asset, partitions in (
        (MODEL, built.catalog.models),
        (PREDICTIONS, built.catalog.predictions),
    ):
        (found,) = overview.refresh(asset).items()
        assert found[0] == day(5)
        manifest = partitions.manifest(day(5))
        assert (found[1].digest, found[1].inputs) == (manifest.digest, manifest.inputs)


def test_only_what_changed_is_read_again(built, monkeypatch):
    overview = StoreOverview(built.catalog)
    read: list[dt.date] = []
    partitions = type(built.catalog.features)
    original = partitions.manifest

    def counted(self, when):
        read.append(when)
        return original(self, when)

    monkeypatch.setattr(partitions, "manifest", counted)
    overview.refresh(FEATURES)
    assert len(read) == 6
    read.clear()
    overview.refresh(FEATURES)
    assert read == []
    path = built.store / built.catalog.features.path(day(3))
    copy = path.with_name(".copy")
    copy.write_bytes(path.read_bytes())
    copy.replace(path)
    overview.refresh(FEATURES)
    assert read == [day(3)]


def test_a_damaged_partition_is_there_named_and_hides_no_other(built):
    overview = StoreOverview(built.catalog)
    path = built.store / built.catalog.features.path(day(3))
    whole = path.read_bytes()
    flip_byte(path, len(whole) - 20)
    found = overview.refresh(FEATURES)
    assert len(found) == 6
    assert found[day(3)].digest == ""
    assert list(overview.damaged) == [(FEATURES, day(3))]
    mended = path.with_name(".mended")
    mended.write_bytes(whole)
    mended.replace(path)
    assert overview.refresh(FEATURES)[day(3)].digest
    assert overview.damaged == {}


def test_a_partition_whose_blocks_come_back_is_read_again(built, monkeypatch):
    overview, partitions = StoreOverview(built.catalog), type(built.catalog.features)
    original, lost = partitions.manifest, {day(3)}

    def manifest(self, when):
        if when in lost:
            raise DamagedFile("its blocks are lost", path="x", operation="read")
        return original(self, when)

    monkeypatch.setattr(partitions, "manifest", manifest)
    assert overview.refresh(FEATURES)[day(3)].digest == ""
    assert list(overview.damaged) == [(FEATURES, day(3))]
    lost.clear()
    assert overview.refresh(FEATURES)[day(3)].digest
    assert not overview.damaged
