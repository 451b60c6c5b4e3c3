"""Of the files in a folder only those count that a log beside them has added and not removed."""

import json
from dataclasses import replace

import pytest

from aml_assets.io.landing_entries import contents_of
from aml_assets.io.store import Store
from aml_assets.io.table_logs import LogError, counted

DATA = ("a.parquet", "b c.parquet")
METADATA = {"metaData": {"id": "1"}}


def add(name, **more):
    return {"add": {"path": name, **more}}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "day").mkdir()
    for name in DATA:
        (tmp_path / "day" / name).touch()
    return tmp_path / "day"


def write(folder, log, name, *records, first=()):
    (folder / log).mkdir(exist_ok=True)
    (folder / log / name).write_text("\n".join([*first, *map(json.dumps, records)]))


def names(folder):
    store = Store(str(folder.parent))
    contents = contents_of(store.list("day", hidden=True))
    assert contents is not None
    return [each.name for each in counted(store, "day", contents)]


@pytest.mark.parametrize("log", ["_delta_log", "_spark_metadata", "_other_log"])
def test_without_an_entry_in_a_log_every_file_counts(folder, log):
    (folder / log).mkdir()
    assert names(folder) == list(DATA)


def test_a_file_that_delta_removed_or_never_added_does_not_count(folder):
    write(folder, "_delta_log", "00000000000000000000.json", METADATA, add("a.parquet"))
    assert names(folder) == ["a.parquet"]
    removed = {"remove": {"path": "a.parquet"}}
    write(folder, "_delta_log", "00000000000000000001.json", add("b%20c.parquet"), removed)
    assert names(folder) == ["b c.parquet"]


def test_a_stream_counts_what_its_log_lists_in_the_order_of_numbers(folder):
    one = {"path": "file:///x/day/a.parquet", "action": "add"}
    write(folder, "_spark_metadata", "9.compact", one, first=["v1"])
    gone = {"path": "file:///x/day/a.parquet", "action": "delete"}
    other = {"path": "file:///x/day/b%20c.parquet", "action": "add"}
    write(folder, "_spark_metadata", "10", gone, other, first=["v1"])
    assert names(folder) == ["b c.parquet"]


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (add("gone.parquet"), "not there"),
        (add("a.parquet", deletionVector={"storageType": "u"}), "deletes single rows"),
        ([1], "cannot be read"),
        ({"add": {"name": "a.parquet"}}, "cannot be read"),
        (METADATA, "names none of its files"),
    ],
)
def test_a_log_that_cannot_be_followed_is_refused(folder, record, said):
    write(folder, "_delta_log", "00000000000000000000.json", record)
    with pytest.raises(LogError, match=said):
        names(folder)


def test_a_text_in_a_log_may_hold_any_end_of_line_but_its_own(folder):
    (folder / "_delta_log").mkdir()
    statistics = '{"minValues": {"name": "a\u2028b\u0085c"}}'
    record = json.dumps(add("a.parquet", stats=statistics), ensure_ascii=False)
    (folder / "_delta_log" / "0.json").write_bytes(f"\ufeff{record}\r\n\n".encode())
    assert names(folder) == ["a.parquet"]


@pytest.mark.parametrize("log", ["_delta_log/0.json", "_committed_1"])
def test_a_log_that_is_nested_without_an_end_is_refused(folder, log):
    (folder / log).parent.mkdir(exist_ok=True)
    (folder / log).write_text("[" * 100_000)
    with pytest.raises(LogError, match="cannot be read"):
        names(folder)


def test_a_log_without_its_files_is_no_empty_day(folder):
    for name in DATA:
        (folder / name).unlink()
    (folder / "_SUCCESS").touch()
    write(folder, "_delta_log", "0.json", METADATA)
    assert names(folder) == []
    write(folder, "_delta_log", "1.json", add("a.parquet"))
    with pytest.raises(LogError, match="not there"):
        names(folder)


def test_a_log_with_checkpoints_is_refused(folder):
    write(folder, "_delta_log", "00000000000000000010.checkpoint.parquet")
    with pytest.raises(LogError, match="checkpoints"):
        names(folder)


def test_logs_beside_and_above_partition_folders_are_about_the_files_below_them(folder):
    for inner in ("c=1", "c=2"):
        (folder / inner).mkdir()
        (folder / inner / f"{inner}.parquet").touch()
    committed = {"added": [], "removed": ["c=1.parquet"]}
    (folder / "c=1" / "_committed_7").write_text(json.dumps(committed))
    store = Store(str(folder.parent))

    def live():
        entries = [
            replace(each, name=f"{inner}/{each.name}")
            for inner in ("c=1", "c=2")
            for each in store.list(f"day/{inner}", hidden=True)
        ]
        contents = contents_of([*store.list("day", hidden=True), *entries])
        assert contents is not None
        return [each.name for each in counted(store, "day", contents)]

    assert live() == [*DATA, "c=2/c=2.parquet"]
    write(folder / "c=2", "_delta_log", "00000000000000000000.json", add("other.parquet"))
    with pytest.raises(LogError, match="c=2/_delta_log, that names files that are not there"):
        live()
    write(folder / "c=2", "_delta_log", "00000000000000000000.json", add("c=2.parquet"))
    assert live() == [*DATA, "c=2/c=2.parquet"]
    write(folder, "_delta_log", "00000000000000000000.json", add("c=2/c%3D2.parquet"))
    assert live() == ["c=2/c=2.parquet"]
