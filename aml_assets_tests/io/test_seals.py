"""A seal shows every changed byte; with keys, only what the pipeline wrote for a place is read."""

from __future__ import annotations

import hashlib
import json
import random
import struct
import zlib
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from aml_assets.errors import CorruptFile, SettingsError, UnprovenFile
from aml_assets.io.decisions import Decision, Decisions
from aml_assets.io.formats import Format, ParquetFormat, version_path
from aml_assets.io.formats.footer import footer_of
from aml_assets.io.manifest import UNSEALED, Manifest
from aml_assets.io.partition_store import SnapshotStore
from aml_assets.io.paths import Template
from aml_assets.io.resealing import reseal
from aml_assets.io.seals import Seals, add_key, checksum, read_keys
from aml_assets.io.store import Store
from aml_assets_tests.conftest import day
from aml_assets_tests.io.values import FORMATS, KINDS, PATH, content, manifest, small_table, value

OLD, NEW, OTHER = b"o" * 32, b"n" * 32, b"x" * 32
KEYED = Seals({"2026-11": NEW, "2025": OLD})
BODY = b"before " + Manifest("a", "b", "c").to_sealable_json().encode() + b" after"


@pytest.fixture
def plain(tmp_path: Path) -> Store:
    return Store(str(tmp_path))


@pytest.fixture
def keyed(tmp_path: Path) -> Store:
    """The same folder, where only keyed seals count."""
    return Store(str(tmp_path), seals=KEYED)


def forged(data: bytes) -> bytes:
    """What somebody without a key makes of altered bytes: their seal computed again, in place."""
    at = data.index(b'"seal":') + len(b'"seal":')
    at = data.index(b'"', at) + 1
    bare = data[:at] + UNSEALED.encode() + data[at + len(UNSEALED) :]
    return Seals().seal(bare, "anywhere")


# -- plain seals ---------------------------------------------------------------------------


def test_the_seal_is_the_sha256_of_the_bytes_with_zeros_in_its_place():
    filled = Seals().seal(BODY, "p")
    assert len(filled) == len(BODY)
    assert hashlib.sha256(BODY).hexdigest() == checksum(filled) == checksum(BODY)
    assert json.loads(filled[7:-6])["seal"] == f"sha256:{checksum(BODY)}"
    assert Seals().verify(filled, "p")
    assert Seals().verify(filled, "elsewhere")


@pytest.mark.parametrize("seals", [Seals(), KEYED], ids=["plain", "keyed"])
def test_one_changed_byte_anywhere_breaks_the_seal(seals: Seals):
    filled = seals.seal(BODY, "p")
    for at in range(len(filled)):
        for flip in (1, 0x80, 0xFF):
            broken = bytearray(filled)
            broken[at] ^= flip
            try:
                assert not seals.verify(bytes(broken), "p"), at
            except UnprovenFile:
                assert seals.keyed
    for data in (filled + b"x", filled[:-1], b""):
        assert not seals.verify(data, "p")


def test_nothing_is_sealed_twice_or_without_a_place_for_the_seal():
    place = Manifest("a", "b", "c").to_sealable_json().encode()
    for seals in (Seals(), KEYED):
        for data in (b"", b"{}", place + place, seals.seal(place, "p")):
            with pytest.raises(ValueError, match="seal"):
                seals.seal(data, "p")
        assert not seals.verify(place, "p")


# -- keyed seals ---------------------------------------------------------------------------


def test_a_keyed_seal_has_the_length_of_a_plain_one_and_names_its_key():
    filled = KEYED.seal(BODY, "p")
    assert len(filled) == len(BODY)
    assert json.loads(filled[7:-6])["seal"].startswith("2026-11...:")
    assert NEW not in filled
    assert Seals({"2025": OLD, "2026-11": NEW}).verify(filled, "p")
    assert Seals().verify(filled, "p"), "who has no key can still tell damage"


def test_what_another_key_sealed_or_none_is_refused_with_what_to_do():
    for seals, sentence in (
        (Seals(), "read p: it carries no keyed seal. If it was written before store.seal_keys"),
        (Seals({"2024": OTHER}), "it is sealed by the key 2024, which is not in the file of"),
        (Seals({"2025": OTHER}), "its keyed seal is wrong: it was forged, or belongs to another"),
    ):
        with pytest.raises(UnprovenFile, match=sentence):
            KEYED.verify(seals.seal(BODY, "p"), "p")


def test_a_seal_is_of_one_place_and_of_the_versions_that_were_replaced_there():
    digest = "ab" * 32
    for path in ("model/m_2024-01-05.ubj", "m", "a/.x.csv.manifest.json"):
        filled = KEYED.seal(BODY, path)
        assert KEYED.verify(filled, path)
        assert KEYED.verify(filled, version_path(path, digest))
        for other in (f"x/{path}", f"{path}2", f"a/.versions/{digest}.ubj"):
            with pytest.raises(UnprovenFile, match="belongs to another place"):
                KEYED.verify(filled, other)


def test_a_seal_is_renewed_by_the_first_key_and_by_nobody_elses():
    first = KEYED.seal(BODY, "p")
    assert KEYED.renew(first, "p") is None
    for seals in (Seals(), Seals({"2025": OLD})):
        assert KEYED.renew(seals.seal(BODY, "p"), "p") == first
    assert Seals({"2025": OLD}).renew(Seals().seal(BODY, "p"), "p") != first
    with pytest.raises(UnprovenFile):
        KEYED.renew(Seals({"2025": OTHER}).seal(BODY, "p"), "p")
    with pytest.raises(ValueError, match="broken"):
        KEYED.renew(first[:-1], "p")


# -- every format --------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_a_format_reads_what_was_sealed_by_any_key_and_refuses_what_was_not(
    kind: str, plain: Store, keyed: Store
):
    format_: Format[Any] = FORMATS[kind]
    written = value(kind, "old")
    format_.write(plain, PATH, written, manifest("old"))
    for call in (format_.read, format_.read_manifest):
        with pytest.raises(UnprovenFile, match=r"carries no keyed seal.*aml seal"):
            call(keyed, PATH)
    before = format_.read_manifest(plain, PATH)
    assert format_.write(keyed, PATH, written, manifest("old")).changed
    assert format_.read_manifest(keyed, PATH) == before, "no digest changes"
    assert content(kind, format_.read(keyed, PATH)) == content(kind, written)
    assert content(kind, format_.read(plain, PATH)) == content(kind, written)
    rotated = Store(keyed.url, seals=Seals({"2027": OTHER, "2026-11": NEW}))
    assert content(kind, format_.read(rotated, PATH)) == content(kind, written)
    with pytest.raises(UnprovenFile, match="sealed by the key 2026-11"):
        format_.read(Store(keyed.url, seals=Seals({"2027": OTHER})), PATH)


@pytest.mark.parametrize("kind", KINDS)
def test_without_keys_not_a_byte_is_other_than_it_was(kind: str, plain: Store):
    FORMATS[kind].write(plain, PATH, value(kind, "old"), manifest("old"))
    sealed = [plain.read(f"out/{each.name}") for each in plain.list("out", hidden=True)]
    assert sum(data.count(b'"seal":"sha256:') + data.count(b'"seal": "sha256:') for data in sealed)


def test_a_model_of_another_day_put_in_a_days_place_is_refused(keyed: Store):
    FORMATS["model"].write(keyed, "model/m_2024-01-05.ubj", value("model", "old"), manifest("x"))
    keyed.publish_bytes("model/m_2024-01-06.ubj", keyed.read("model/m_2024-01-05.ubj"))
    with pytest.raises(UnprovenFile, match="belongs to another place"):
        FORMATS["model"].read(keyed, "model/m_2024-01-06.ubj")


def test_a_reference_to_a_snapshot_is_proven_too(keyed: Store, plain: Store):
    template = Template("tables/retail/{date}/data.parquet")

    def snapshots(store: Store) -> SnapshotStore:
        return SnapshotStore(store, "tables/retail", template)

    made = Manifest("tables/retail", str(day(1)))
    snapshots(keyed).publish(day(1), small_table(), made)
    snapshots(keyed).refer(day(2), day(1), made)
    assert snapshots(keyed).load(day(2)).equals(small_table())
    path = "tables/retail/2024-01-02/.data.parquet.reference.json"
    keyed.publish_bytes(path, forged(keyed.read(path).replace(b"2024-01-01", b"2024-01-03")))
    with pytest.raises(UnprovenFile, match="carries no keyed seal"):
        snapshots(keyed).load(day(2))
    assert snapshots(plain).manifest(day(1)).rows == 40


@pytest.mark.parametrize("kind", KINDS)
def test_a_genuine_version_in_another_versions_place_is_refused(kind: str, keyed: Store):
    format_ = ParquetFormat(keep_replaced=True) if kind == "parquet" else FORMATS[kind]
    old = format_.write(keyed, PATH, value(kind, "old"), manifest("x")).manifest.digest
    format_.write(keyed, PATH, value(kind, "new"), manifest("x"))
    kept = version_path(PATH, old)
    assert content(kind, format_.read(keyed, kept)) == content(kind, value(kind, "old"))
    keyed.publish_bytes(kept, keyed.read(PATH))
    for call in (format_.read, format_.read_manifest):
        with pytest.raises(CorruptFile, match=r"another version|was altered"):
            call(keyed, kept)


def test_an_earlier_day_does_not_get_the_present_frame_of_a_static_table(keyed: Store):
    template = Template("tables/retail/{date}/data.parquet")
    snapshots = SnapshotStore(keyed, "tables/retail", template)
    made = Manifest("tables/retail", str(day(1)))
    old = snapshots.publish(day(1), pa.table({"x": [1]}), made).manifest.digest
    snapshots.refer(day(2), day(1), made)
    snapshots.publish(day(1), pa.table({"x": [3]}), made)
    assert snapshots.load(day(2)).to_pydict() == {"x": [1]}
    path = template.fill(str(day(1)))
    keyed.publish_bytes(version_path(path, old), keyed.read(path))
    for call in (snapshots.load, snapshots.open_dataset, snapshots.load_with_manifest):
        with pytest.raises(CorruptFile, match="another version of the file than its name says"):
            call(day(2))


def test_a_forged_decision_decides_nothing(keyed: Store, caplog: pytest.LogCaptureFixture):
    decision = Decision.now("checked", "digest", by="Ada")
    Decisions(keyed, "overrides").record("trx.rows.2024-03-01", decision)
    path = "decisions/overrides/trx.rows.2024-03-01.json"
    true = keyed.read(path)
    for forgery in (forged(true), forged(true.replace(b"digest", b"d1gest"))):
        keyed.publish_bytes(path, forgery)
        assert Decisions(keyed, "overrides").find("trx.rows.2024-03-01") is None
        assert "it carries no keyed seal" in caplog.text
        caplog.clear()
    # Nor is a true one of another check or day, or one that was carried over from the skips.
    keyed.publish_bytes("decisions/overrides/trx.rows.2024-03-02.json", true)
    assert Decisions(keyed, "overrides").find("trx.rows.2024-03-02") is None
    keyed.publish_bytes(path, true)
    assert Decisions(keyed, "overrides").find("trx.rows.2024-03-01") == decision


def test_a_decision_with_other_fields_than_ours_is_none(
    plain: Store, caplog: pytest.LogCaptureFixture
):
    FORMATS["json"].write(plain, "decisions/skips/x.json", {"by": "Eve"}, manifest("x"))
    assert Decisions(plain, "skips").find("x") is None
    assert "it holds no decision" in caplog.text


def test_a_forged_file_that_is_replaced_is_kept_under_its_own_sha256(keyed: Store, plain: Store):
    FORMATS["json"].write(plain, "m.json", {"auc": 1}, manifest("x"))
    forgery = plain.read("m.json")
    FORMATS["json"].write(keyed, "m.json", {"auc": 0.5}, manifest("x"))
    (kept,) = (each.name for each in keyed.list(".versions"))
    assert kept == f"m.{hashlib.sha256(forgery).hexdigest()}.json"
    with pytest.raises(CorruptFile, match="no keyed seal"):
        FORMATS["json"].read(keyed, f".versions/{kept}")


def patched(data: bytes, at: int) -> bytes:
    """Other bytes with the same CRC-32: one bit changed at a place, and four bytes after it."""
    wanted = zlib.crc32(data)
    body = bytearray(data)
    body[at] ^= 1
    # The CRC is linear over bits: solve for the 32 bits that follow.
    columns = []
    for bit in range(32):
        probe = bytearray(len(body))
        probe[at + 8 + bit // 8] = 1 << bit % 8
        columns.append(zlib.crc32(bytes(probe)) ^ zlib.crc32(bytes(len(body))))
    rest, chosen = zlib.crc32(bytes(body)) ^ wanted, 0
    basis: dict[int, tuple[int, int]] = {}
    for number, column in enumerate(columns):
        combined = 1 << number
        while column and column.bit_length() in basis:
            other, of = basis[column.bit_length()]
            column, combined = column ^ other, combined ^ of
        if column:
            basis[column.bit_length()] = (column, combined)
    while rest:
        other, of = basis[rest.bit_length()]
        rest, chosen = rest ^ other, chosen ^ of
    for bit in range(32):
        if chosen >> bit & 1:
            body[at + 8 + bit // 8] ^= 1 << bit % 8
    assert zlib.crc32(bytes(body)) == wanted
    return bytes(body)


def test_a_column_whose_checksum_was_kept_right_by_an_artist_is_refused(
    tmp_path: Path, plain: Store, keyed: Store
):
    amounts = [random.Random(n).random() for n in range(3000)]  # nothing to be compressed
    table = pa.table({"amount": amounts})
    parquet = ParquetFormat()
    for store in (plain, keyed):
        parquet.write(store, "f", table, manifest("x"))
        data = store.read("f")
        block = footer_of(data).start  # type: ignore[union-attr]  # fewer than 64 KiB
        assert block < 65536
        at = data.index(struct.pack("<d", amounts[1500]))
        (tmp_path / "f").write_bytes(patched(data[:block], at) + data[block:])
        if store is plain:
            assert not parquet.read(store, "f", ["amount"]).equals(table), "nobody is told"
            continue
        for call in (parquet.read, parquet.open_dataset):
            with pytest.raises(CorruptFile, match="the data was altered"):
                call(store, "f", ["amount"])


def test_a_frame_of_before_there_were_keys_is_checked_whole(
    tmp_path: Path, plain: Store, keyed: Store
):
    parquet, table = ParquetFormat(), small_table()
    parquet.write(plain, "f", table, manifest("x"))
    assert [each.path for each in reseal(keyed)] == ["f"]
    assert parquet.read(keyed, "f", ["amount"]).equals(table.select(["amount"]))
    assert parquet.open_dataset(keyed, "f", ["id"]).to_table().equals(table.select(["id"]))
    data = bytearray(keyed.read("f"))
    data[40] ^= 1  # of another column's pages
    (tmp_path / "f").write_bytes(data)
    with pytest.raises(CorruptFile, match="the data was altered"):
        parquet.read(keyed, "f", ["amount"])


# -- the file of keys ----------------------------------------------------------------------


def key_file(folder: Path, text: str, mode: int = 0o600) -> str:
    path = folder / "seal.keys"
    path.write_text(text)
    path.chmod(mode)
    return str(path)


def test_the_file_of_keys_holds_a_key_a_line_the_first_one_seals(tmp_path: Path):
    path = key_file(
        tmp_path, f"# ours\n\nb {NEW.hex()}  # since May\na {OLD.hex().upper()}\n", 0o640
    )
    assert list(read_keys(path).items()) == [("b", NEW), ("a", OLD)]


@pytest.mark.parametrize(
    ("text", "mode", "sentence"),
    [
        (f"a {OLD.hex()}", 0o644, "has mode 644: others may read it, or its group write.*chmod"),
        (f"a {OLD.hex()}", 0o620, "has mode 620"),
        ("# none\n", 0o600, "holds no key"),
        (f"a {OLD.hex()}\n{NEW.hex()}", 0o600, "line 2 is no id and secret"),
        (f"too-long-an-id {OLD.hex()}", 0o600, "line 1 is no id and secret"),
        (f"a {OLD.hex()[:-2]}zz", 0o600, "line 1 has a secret that is not of hex digits"),
        (f"a {OLD.hex()[:-2]}", 0o600, "line 1 has a secret of fewer than 64 hex digits"),
        (f"a {OLD.hex()}\na {NEW.hex()}", 0o600, "line 2 repeats an id"),
    ],
)
def test_a_file_that_is_no_file_of_keys_is_refused_and_never_quoted(
    tmp_path: Path, text: str, mode: int, sentence: str
):
    with pytest.raises(SettingsError, match=f"store.seal_keys: .*{sentence}") as caught:
        read_keys(key_file(tmp_path, text, mode))
    assert OLD.hex()[:8] not in str(caught.value)
    assert NEW.hex()[:8] not in str(caught.value)


def test_a_missing_file_of_keys_is_named(tmp_path: Path):
    with pytest.raises(SettingsError, match=r"none.keys cannot be read \(FileNotFoundError\)"):
        read_keys(str(tmp_path / "none.keys"))


def test_a_new_key_comes_first_and_the_old_ones_stay(tmp_path: Path):
    path = str(tmp_path / "seal.keys")
    first = add_key(path)
    (secret,) = read_keys(path).values()
    second = add_key(path)
    assert list(read_keys(path)) == [second, first]
    assert read_keys(path)[first] == secret != read_keys(path)[second]
    assert [each.name for each in tmp_path.iterdir()] == ["seal.keys"]
    with pytest.raises(SettingsError, match="cannot be written"):
        add_key(str(tmp_path / "no-folder/seal.keys"))


def test_what_a_killed_making_of_a_key_left_is_named_with_what_to_do(tmp_path: Path):
    path, left = str(tmp_path / "seal.keys"), tmp_path / ".seal.keys.new"
    add_key(path)
    left.write_text(f"20261129 {OTHER.hex()}")
    with pytest.raises(SettingsError, match=r"\.seal\.keys\.new is there: .* remove it") as caught:
        add_key(path)
    assert OTHER.hex()[:8] not in str(caught.value)
    left.unlink()
    assert len(read_keys(path)) == 1
    add_key(path)
    assert len(read_keys(path)) == 2
