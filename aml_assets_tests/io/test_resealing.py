"""A store is adopted, or changes its key, by new seals alone; what was altered keeps its own."""

from __future__ import annotations

from pathlib import Path

from aml_assets.io.resealing import reseal
from aml_assets.io.seals import Seals
from aml_assets.io.store import Store
from aml_assets_tests.io.values import FORMATS, KINDS, content, manifest, value

FIRST, SECOND = Seals({"1": b"1" * 32}), Seals({"2": b"2" * 32, "1": b"1" * 32})


def filled(folder: Path) -> Store:
    """A store with a file of each format, replaced once, and files of others."""
    store = Store(str(folder))
    for kind in KINDS:
        for version in ("old", "new"):
            FORMATS[kind].write(store, f"{kind}/file.x", value(kind, version), manifest(version))
    (folder / "notes.txt").write_text("no seal")
    return store


def lengths(folder: Path) -> dict[str, int]:
    found = (each for each in folder.rglob("*") if each.is_file())
    return {str(each.relative_to(folder)): each.stat().st_size for each in found}


def test_every_file_and_every_kept_version_gets_the_first_key_and_the_same_digest(tmp_path: Path):
    plain = filled(tmp_path)
    before = lengths(tmp_path)
    manifests = {kind: FORMATS[kind].read_manifest(plain, f"{kind}/file.x") for kind in KINDS}
    for seals in (FIRST, SECOND):
        store = Store(str(tmp_path), seals=seals)
        done = list(reseal(store))
        assert len(done) == 9  # five files, and the versions of four formats
        assert not [each for each in done if each.refused]
        assert list(reseal(store)) == []
        assert lengths(tmp_path) == before
        for kind in KINDS:
            assert FORMATS[kind].read_manifest(store, f"{kind}/file.x") == manifests[kind]
            assert content(kind, FORMATS[kind].read(store, f"{kind}/file.x")) == content(
                kind, value(kind, "new")
            )
    alone = Store(str(tmp_path), seals=Seals({"2": b"2" * 32}))
    for each in alone.list("model/.versions"):
        FORMATS["model"].read(alone, f"model/.versions/{each.name}")


def test_what_was_altered_or_is_sealed_by_a_stranger_is_named_and_left(tmp_path: Path):
    filled(tmp_path)
    altered = tmp_path / "json/file.x"
    altered.write_bytes(altered.read_bytes().replace(b"new", b"nEw", 1))
    stranger = Store(str(tmp_path), seals=Seals({"9": b"9" * 32}))
    FORMATS["html"].write(stranger, "html/file.x", value("html", "new"), manifest("new"))
    before = {path: path.read_bytes() for path in (altered, tmp_path / "html/file.x")}
    store = Store(str(tmp_path), seals=FIRST)
    refused = {each.path: each.refused for each in reseal(store) if each.refused}
    assert set(refused) == {
        "json/file.x",
        "html/file.x",
    }
    assert "it was altered after it was sealed" in str(refused["json/file.x"])
    assert "sealed by the key 9" in str(refused["html/file.x"])
    assert {path: path.read_bytes() for path in before} == before
