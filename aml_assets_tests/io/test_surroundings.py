"""Settings and libraries are kept once under their digest, and manifests name them."""

from pathlib import Path

import pytest

from aml_assets.errors import CorruptFile
from aml_assets.io import surroundings
from aml_assets.io.manifest import Manifest
from aml_assets.io.store import Store
from aml_assets.io.surroundings import Surroundings, SurroundingsStore
from aml_assets.settings.load import Settings
from aml_assets_tests.conftest import Bank, day, flip_byte


def test_they_are_kept_once_and_found_again(tmp_path: Path):
    store = Store(str(tmp_path))
    one, again = (SurroundingsStore(store, Settings()) for _ in range(2))
    digest = one.keep()
    assert again.keep() == one.keep() == digest
    assert [each.name for each in store.list("surroundings")] == [f"{digest}.json"]
    assert one.find(digest) == Surroundings.present(Settings())
    assert one.find("0" * 64) is None
    versions = surroundings.libraries()
    assert {"python", "numpy", "pyarrow", "duckdb", "processor"} <= versions.keys()


def test_altered_ones_are_refused(tmp_path: Path):
    store = Store(str(tmp_path))
    kept = SurroundingsStore(store, Settings())
    path = tmp_path / "surroundings" / f"{kept.keep()}.json"
    flip_byte(path, path.read_bytes().index(b"numpy") + 10)
    with pytest.raises(CorruptFile, match="altered"):
        kept.find(path.stem)


def test_what_is_built_names_its_surroundings_and_its_digest_does_not_depend_on_them(
    bank: Bank, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    bank.prepare(1, 1)
    monkeypatch.setattr(surroundings, "libraries", lambda: {"python": "2.7"})
    other = bank.copy_to(tmp_path / "other")
    (other.store / "features/merged_features/2024-01-01/data.parquet").unlink()
    other.prepare(1, 1)
    before, after = (each.catalog.features.manifest(day(1)) for each in (bank, other))
    assert before.digest == after.digest
    assert before.surroundings != after.surroundings
    found = other.catalog.surroundings.find(after.surroundings)
    assert found is not None
    assert found.libraries == {"python": "2.7"}
    assert found.settings["training"]["rounds"] == 3


def test_a_manifest_of_before_has_the_bytes_of_before():
    old = Manifest("a", "2024-01-01", digest="x")
    assert "surroundings" not in old.to_json()
    named = Manifest("a", "2024-01-01", digest="x", surroundings="s")
    assert Manifest.from_json(named.to_json()) == named
    assert Manifest.from_json(old.to_json()) == old
