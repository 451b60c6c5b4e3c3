"""One rule says what lies in a landed folder: data, bookkeeping, or a write that has not ended."""

import pytest

from aml_assets.io.filesystems import FileStatus
from aml_assets.io.landing_entries import as_bytes, as_text, contents_of


def file(name, modified=100.0, **more):
    return FileStatus(name, 10, modified, False, **more)


def folder(name, modified=100.0):
    return FileStatus(name, 0, modified, True)


def seen(*entries):
    """What lies in the folder of these entries; a name alone stands for a file."""
    found = contents_of(file(each) if isinstance(each, str) else each for each in entries)
    assert found is not None
    return found


def names(contents):
    return [each.name for each in contents.data]


@pytest.mark.parametrize(
    "hidden",
    [
        folder("_impala_insert_staging"),  # Impala leaves it for good
        folder(".hive-staging_hive_2024-01-01_00-00-00_1-1"),
        folder(".spark-staging-1"),
        folder("_SCRATCH0.4711"),  # Hive's, as are the next three
        folder("_tmp.-ext-10000"),
        folder("_task_tmp.-ext-10000"),
        file("_tmp.000000_0"),
        folder("_spark_metadata"),
        folder("__magic_job-1"),
        folder("_delta_log"),
        folder(".hoodie"),
        file(".hoodie_partition_metadata"),
        file("_metadata"),
        file("_common_metadata"),
        file(".part-0.parquet.crc"),
        file("part-0.parquet.crc"),
        file("_SUCCESS.crc"),
        file(".hidden", unreachable="a link to what is not there"),
    ],
    ids=lambda each: each.name,
)
def test_what_is_hidden_beside_data_says_nothing(hidden):
    found = seen("part-0.parquet", hidden)
    assert names(found) == ["part-0.parquet"]
    assert (found.unfinished, found.misplaced) == ("", "")


@pytest.mark.parametrize(
    "sign",
    [
        folder("_temporary"),
        file("part-1.parquet._COPYING_"),
        file("part-1.parquet.tmp"),
        file("part-1.parquet.filepart"),
        file(".part-0-0.inprogress.9c2b1d"),
        file("_part-0-0.in-progress"),
        file("_started_4242"),
    ],
    ids=lambda each: each.name,
)
def test_a_sign_of_an_unfinished_write_is_one_beside_data_and_alone(sign):
    assert seen(sign).unfinished == sign.name
    assert seen("part-0.parquet", sign).unfinished == sign.name
    assert seen("part-0.parquet", sign, file("_SUCCESS", 90.0)).unfinished == sign.name


def test_a_hidden_sign_is_what_a_dead_job_left_if_success_came_later():
    for name in ("_started_4242", ".part-0-0.inprogress.9c2b1d"):
        assert not seen("part-0.parquet", name, file("_SUCCESS", 110.0)).unfinished
    late = seen("part-0.parquet", folder("_temporary"), file("_SUCCESS", 110.0))
    assert late.unfinished == "_temporary"


@pytest.mark.parametrize(
    "bookkeeping",
    ["_metadata", "_SUCCESS.tmp", "_started_4242", ".hoodie_partition_metadata"],
)
def test_bookkeeping_alone_is_no_empty_day(bookkeeping):
    assert seen(bookkeeping).unfinished == bookkeeping


def test_a_folder_is_an_empty_day_if_its_writer_has_ended_and_nothing_if_nobody_wrote():
    for end in (["_SUCCESS"], ["_started_7", "_committed_7"]):
        found = seen(*end)
        assert (names(found), found.unfinished) == ([], "")
    assert contents_of([]) is None
    assert contents_of([file(".DS_Store"), file(".part-0.parquet.crc")]) is None
    dangling = file("_SUCCESS", unreachable="a link to what is not there")
    assert seen(dangling).unfinished == "_SUCCESS"


def test_files_of_a_job_of_databricks_that_never_committed_are_no_data():
    found = seen(
        "_started_7",
        file("_started_8", 101.0),
        file("_committed_8", 102.0),
        "part-0-tid-7-aa.parquet",
        "part-0-tid-8-bb.parquet",
    )
    assert names(found) == ["part-0-tid-8-bb.parquet"]
    assert [each.name for each in found.commits] == ["_committed_8"]
    assert not found.unfinished


def test_files_that_nobody_committed_make_no_empty_day_of_a_success():
    alone = ("_started_7", "part-0-tid-7-aa.parquet")
    found = seen(*alone, file("_SUCCESS", 110.0))
    assert (names(found), found.unfinished) == ([], "part-0-tid-7-aa.parquet")
    empty = seen(*alone, "_started_8", file("_committed_8", 110.0))
    assert (names(empty), empty.unfinished) == ([], "")


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (folder("hour=3"), "'hour=3'"),
        (folder("_hour=3"), "'_hour=3'"),  # as Spark has it, a partition of a column `_hour`
        (folder("HIVE_UNION_SUBDIR_1"), "'HIVE_UNION_SUBDIR_1'"),
        (folder("base_0000005"), "transactional (ACID) table of Hive's, 'base_0000005'"),
        (folder("delta_0000006_0000006_0000"), "transactional"),
        (folder("delete_delta_0000006_0000006"), "transactional"),
        (folder("base_currencies"), "a folder, 'base_currencies', where data files"),
        (file("b.parquet", unreachable="a link to what is not there"), "b.parquet: a link"),
    ],
)
def test_what_is_neither_data_nor_hidden_is_named(entry, said):
    assert said in seen("a.parquet", entry).misplaced
    assert said in seen(entry).misplaced
    assert not seen(entry).unfinished


def bucket(name, length=0):
    return FileStatus(name, length, 100.0, False)


@pytest.mark.parametrize("name", ["000001_0", "000012_1000", "000000_0_copy_1", "000003_0.snappy"])
def test_hives_files_of_buckets_without_rows_are_no_data(name):
    found = seen("000000_0", bucket(name))
    assert names(found) == ["000000_0"]
    assert (found.unfinished, found.misplaced) == ("", "")
    assert names(seen("000000_0", bucket(name, 10))) == ["000000_0", name]


def test_an_empty_file_of_another_name_is_data_that_its_reader_refuses():
    for name in ("part-00000.parquet", "0001_0", "000001", "data_000001_0"):
        assert names(seen("000000_0", bucket(name))) == ["000000_0", name]


def test_nothing_but_empty_buckets_is_an_empty_day_only_if_the_writer_says_that_it_has_ended():
    found = seen(bucket("000000_0"), bucket("000001_0"))
    assert (names(found), found.unfinished) == ([], "000000_0")
    ended = seen(bucket("000000_0"), "_SUCCESS")
    assert (names(ended), ended.unfinished) == ([], "")


def test_an_entry_of_a_partition_folder_is_known_by_its_own_name():
    found = seen(
        file("country=NO/_SUCCESS"),
        file("country=NO/.part-0.parquet.crc"),
        folder("country=NO/_impala_insert_staging"),
        bucket("country=SE/000000_0"),
        file("country=SE/000001_0"),
    )
    assert names(found) == ["country=SE/000001_0"]
    assert (found.success, found.unfinished, found.misplaced) == (None, "", "")


def test_a_job_of_databricks_commits_each_partition_folder_by_itself():
    found = seen(
        "a=1/_started_7",
        "a=1/_committed_7",
        "a=1/part-0-tid-7-aa.parquet",
        "a=2/_started_7",
        "a=2/part-0-tid-7-bb.parquet",
    )
    assert names(found) == ["a=1/part-0-tid-7-aa.parquet"]
    assert [each.name for each in found.commits] == ["a=1/_committed_7"]


def test_the_commit_of_one_partition_folder_does_not_end_a_job_in_another():
    found = seen("a=1/part-0.parquet", file("a=1/_committed_7", 120.0), "a=2/_started_7")
    assert found.unfinished == "a=2/_started_7"
    ended = seen("a=2/part-0.parquet", "a=2/_started_7", file("a=2/_committed_8", 120.0))
    assert not ended.unfinished


def test_what_lies_in_the_place_of_a_partition_folder_makes_the_folder_unreadable():
    found = contents_of([], "a file, 'a', where …")
    assert found is not None
    assert (found.data, found.misplaced, found.unfinished) == ((), "a file, 'a', where …", "")


def test_versions_and_logs_that_only_hudi_understands_are_not_read_as_rows():
    one, other = "f1_0-1-1_20240101.parquet", "f1_0-2-2_20240102.parquet"
    assert not seen(".hoodie_partition_metadata", one).misplaced
    assert "Hudi" in seen(".hoodie_partition_metadata", one, other).misplaced
    assert "Hudi" in seen(".hoodie_partition_metadata", one, ".f1_2024.log.1_0-1-1").misplaced
    assert not seen(one, other).misplaced


def test_a_name_in_another_encoding_keeps_its_bytes_and_can_be_printed():
    name = b"\xfcberweisung\n.parquet".decode("utf-8", "surrogateescape")
    assert as_bytes(name) == b"\xfcberweisung\n.parquet"
    assert as_text(name) == r"\xfcberweisung\n.parquet"
    assert as_text("Überweisung.parquet") == "Überweisung.parquet"
