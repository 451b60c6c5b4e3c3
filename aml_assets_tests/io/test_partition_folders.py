"""Columns in the names of folders are read as Hive means them, or the folder is named."""

import datetime as dt
import re

import pyarrow as pa
import pyarrow.orc
import pyarrow.parquet as pq
import pytest

from aml_assets.core.tables import contracts
from aml_assets.errors import InputError, NotReady
from aml_assets.io import partition_folders
from aml_assets.io.landing_reader import Landing
from aml_assets.io.spill import Spill
from aml_assets.io.store import Store
from aml_assets.settings.engine_settings import EngineSettings
from aml_assets.settings.load import Settings
from aml_assets.settings.table_settings import TableSettings

DAY = dt.date(2024, 1, 6)
FOLDER = f"trx/dt={DAY}"
COUNTRY = {"path": "trx/dt={date}", "partition_columns": ["country"]}
NULL = "__HIVE_DEFAULT_PARTITION__"
CANARY = "Kanarienvogel"


@pytest.fixture
def root(tmp_path):
    return tmp_path / "landing"


def bank(root, **trx):
    tables = {"trx": {**COUNTRY, **trx}}
    return Landing(Store(str(root)), Settings.model_validate({"tables": tables}).tables)


def land(root, path, columns, format_="parquet"):
    """Write a file as Hive does: under a name without an ending."""
    place = root / FOLDER / path
    place.parent.mkdir(parents=True, exist_ok=True)
    write = pq.write_table if format_ == "parquet" else pyarrow.orc.write_table
    write(pa.table(columns), place)
    return place


def rows(root, **trx):
    table = bank(root, **trx).read("trx", DAY).table
    assert table is not None
    return {name: table.column(name).to_pylist() for name in table.column_names}


@pytest.mark.parametrize("format_", ["parquet", "orc"])
def test_files_two_levels_deep_are_one_table_with_the_folders_columns_in_a_fixed_order(
    root, format_
):
    land(root, "country=SE/channel=web/000000_0", {"x": [4]}, format_)
    land(root, "country=NO/channel=web/000001_0", {"x": [3]}, format_)
    land(root, "country=NO/channel=web/000000_0", {"x": [2]}, format_)
    land(root, "country=NO/channel=atm/000000_0", {"x": [1]}, format_)
    assert rows(root, format=format_, partition_columns=["dt", "country", "channel"]) == {
        "x": [1, 2, 3, 4],
        "dt": [str(DAY)] * 4,
        "country": ["NO", "NO", "NO", "SE"],
        "channel": ["atm", "web", "web", "web"],
    }


def test_a_null_has_a_name_and_signs_of_paths_are_numbers(root):
    land(root, f"country={NULL}/a", {"x": [1]})
    land(root, "country=a%2Fb %3D%25 %C3%A5/a", {"x": [2]})
    land(root, "country=Ål/a", {"x": [3]})
    values = dict(zip(rows(root)["x"], rows(root)["country"], strict=True))
    assert values == {1: None, 2: "a/b =% å", 3: "Ål"}


def test_the_values_have_the_types_of_the_contract(root):
    for number, x in ((7, 1), (12, 2)):
        land(root, f"branch={number}/a", {"x": [x]})
    spec = TableSettings(
        path="trx/dt={date}",
        key=["x"],
        partition_columns=["dt", "branch"],
        kinds={"branch": "numeric", "dt": "time"},
    )
    read = Landing(Store(str(root)), {"trx": spec}).read("trx", DAY).table
    assert read is not None
    got = contracts.check(read, spec, name="trx", day=DAY).table
    assert got.column("branch").to_pylist() == [7, 12]
    assert {each.date() for each in got.column("dt").to_pylist()} == {DAY}


def test_a_static_table_has_such_folders_too(root):
    place = root / "retail/all/country=NO/a"
    place.parent.mkdir(parents=True)
    pq.write_table(pa.table({"x": [1]}), place)
    tables = {"retail": {"partition_columns": ["country"]}}
    landing = Landing(Store(str(root)), Settings.model_validate({"tables": tables}).tables)
    table = landing.read("retail", DAY).table
    assert table is not None
    assert table.to_pydict() == {"x": [1], "country": ["NO"]}


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("land=SE/a", "a folder, 'land=SE', where folders country=… are expected"),
        ("SE/a", "a folder, 'SE', where folders country=… are expected"),
        ("a", "a file, 'a', where folders country=… are expected"),
        ("country=NO/channel=web/a", "a folder, 'country=NO/channel=web', where data files"),
    ],
)
def test_what_lies_in_the_place_of_a_partition_folder_is_named(root, entry, said):
    land(root, "country=NO/a", {"x": [1]})
    land(root, entry, {"x": [2]})
    with pytest.raises(InputError, match="table trx, day 2024-01-06") as caught:
        bank(root).read("trx", DAY)
    assert said in caught.value.what
    assert "partition_columns" in str(caught.value)
    listed = bank(root).listing("trx", DAY)
    assert listed is not None
    assert said in listed.unreadable


def test_a_link_to_what_is_away_in_the_place_of_a_partition_folder_is_named(root):
    land(root, "country=NO/a", {"x": [1]})
    (root / FOLDER / "country=SE").symlink_to(root / "unmounted")
    with pytest.raises(InputError, match="country=SE: a link to what is not there"):
        bank(root).read("trx", DAY)


def test_folders_that_no_setting_names_are_refused_by_the_setting(root):
    land(root, "country=NO/a", {"x": [1]})
    with pytest.raises(InputError, match=r"'country=NO'.*partition_columns"):
        bank(root, partition_columns=[]).read("trx", DAY)


def test_a_file_may_have_the_column_too_if_it_says_the_same(root):
    place = land(root, "country=NO/a", {"x": [1, 2], "country": ["NO", "NO"]})
    assert rows(root)["country"] == ["NO", "NO"]
    for other in (["NO", CANARY], ["NO", None], [CANARY, CANARY]):
        pq.write_table(pa.table({"x": [1, 2], "country": other}), place)
        with pytest.raises(InputError, match="column country: the file country=NO/a holds another"):
            bank(root).read("trx", DAY)
    numbers = pa.table({"x": [1, 2], "country": [1, 2]})
    pq.write_table(numbers, place)
    with pytest.raises(InputError, match="column country"):
        bank(root).read("trx", DAY)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        (pa.array([1, 1], pa.int32()), "01"),
        (pa.array([DAY, DAY]), str(DAY)),
        (pa.array(["a", "a"]).dictionary_encode(), "a"),
        (pa.nulls(2, pa.string()), NULL),
        (pa.array([True, True]), "true"),
    ],
)
def test_the_same_value_may_have_another_type_in_the_file(root, column, value):
    land(root, f"country={value}/a", {"x": [1, 2], "country": column})
    assert rows(root)["country"] == column.to_pylist()


def test_files_that_disagree_on_a_type_are_refused_across_folders(root):
    land(root, "country=NO/a", {"x": [1]})
    land(root, "country=SE/a", {"x": [CANARY]})
    with pytest.raises(InputError, match="column x: its files disagree"):
        bank(root).read("trx", DAY)


def test_the_success_of_the_days_folder_counts_and_that_of_a_partition_does_not(root):
    land(root, "country=NO/a", {"x": [1]})
    (root / FOLDER / "country=NO/_SUCCESS").touch()
    listed = bank(root).listing("trx", DAY)
    assert listed is not None
    assert (listed.parts, listed.success, listed.writing) == (1, None, False)
    (root / FOLDER / "_SUCCESS").touch()
    again = bank(root).listing("trx", DAY)
    assert again is not None
    assert again.success is not None
    assert again.signature == listed.signature
    land(root, "country=SE/a", {"x": [2]})
    grown = bank(root).listing("trx", DAY)
    assert grown is not None
    assert grown.signature != listed.signature


def test_a_write_within_a_partition_is_waited_for(root):
    land(root, "country=NO/a", {"x": [1]})
    (root / FOLDER / "country=NO/_temporary").mkdir()
    with pytest.raises(NotReady, match="country=NO/_temporary"):
        bank(root).read("trx", DAY)


@pytest.mark.parametrize("name", ["country=SE.tmp", "country=DK._COPYING_", "new.tmp"])
def test_a_folder_that_is_being_written_is_no_partition_and_is_waited_for(root, name):
    land(root, "country=NO/a", {"x": [1]})
    land(root, f"{name}/a", {"x": [2]})
    with pytest.raises(NotReady, match=re.escape(name)):
        bank(root).read("trx", DAY)


def test_staging_folders_at_every_level_are_no_data(root):
    land(root, "country=NO/a", {"x": [1]})
    for name in (".hive-staging_hive_2024-01-06_1-1/-ext-10000", "_impala_insert_staging"):
        land(root, f"{name}/000000_0", {"x": [2]})
        land(root, f"country=NO/{name}/000000_0", {"x": [3]})
    assert rows(root) == {"x": [1], "country": ["NO"]}


def test_a_day_whose_partitions_are_empty_is_empty_only_if_its_writer_has_ended(root):
    (root / FOLDER / "country=NO").mkdir(parents=True)
    assert not bank(root).has("trx", DAY)
    (root / FOLDER / "country=NO/000000_0").touch()
    with pytest.raises(NotReady, match="country=NO/000000_0"):
        bank(root).read("trx", DAY)
    (root / FOLDER / "_SUCCESS").touch()
    got = bank(root).read("trx", DAY)
    assert (got.table, got.files) == (None, 0)


@pytest.mark.parametrize("format_", ["parquet", "orc"])
def test_a_table_that_is_too_large_for_memory_gets_its_folders_columns_on_disk(
    root, format_, tmp_path, monkeypatch
):
    monkeypatch.setattr(partition_folders, "ROWS", 1000)
    xs = [*range(2500)]
    land(root, "country=NO/a", {"x": xs}, format_)
    land(root, f"country={NULL}/a", {"x": xs}, format_)
    with Spill(EngineSettings(spill_folder=str(tmp_path), memory=1_000_000, spill=None)) as spill:
        monkeypatch.setattr(spill, "fits", lambda length: length < 1000)
        got = bank(root, format=format_).read("trx", DAY, spill)
        frame = got.table
        assert frame is not None
        assert not isinstance(frame, pa.Table)
        assert frame.column_names == ["x", "country"]
        assert frame.column("x").to_pylist() == [*xs, *xs]
        assert frame.column("country").to_pylist() == ["NO"] * 2500 + [None] * 2500
        assert spill.written > 2 * 8 * 2500


def test_a_column_that_stands_twice_in_a_file_is_left_to_the_contract(root):
    doubled = pa.table([pa.array(["a"]), pa.array(["b"])], names=["t", "t"])
    place = root / FOLDER / "country=NO/a"
    place.parent.mkdir(parents=True)
    pq.write_table(doubled, place)
    table = bank(root).read("trx", DAY).table
    assert table is not None
    assert table.column_names == ["t", "t"]
