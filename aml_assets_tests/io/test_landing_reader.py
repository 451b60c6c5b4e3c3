"""The landing is listed and read as it lies; an unfinished or broken folder is refused."""

import datetime as dt
import hashlib
import os
import tempfile
from pathlib import Path

import pyarrow as pa
import pyarrow.orc
import pyarrow.parquet as pq
import pytest

from aml_assets.errors import DamagedFile, InputError, NotLanded, NotReady
from aml_assets.io.catalog import Catalog
from aml_assets.io.filesystems import LocalFileSystem
from aml_assets.io.landing_reader import Landing
from aml_assets.io.spill import Spill
from aml_assets.io.store import Store
from aml_assets.settings.engine_settings import EngineSettings
from aml_assets.settings.load import Settings
from aml_assets_tests.io.faults import ObservedFileSystem

DAY = dt.date(2024, 3, 5)
CANARY = "Kanarienvogel"
NOBODY = 65534


@pytest.fixture
def root(tmp_path):
    return tmp_path / "landing"


def landing(root, **tables):
    return Landing(Store(str(root)), Settings.model_validate({"tables": tables}).tables)


def land(root, path=f"trx/daily/{DAY}", **files):
    """Write Parquet files, by name without extension."""
    folder = root / path
    folder.mkdir(parents=True, exist_ok=True)
    for name, columns in files.items():
        pq.write_table(pa.table(columns), folder / f"{name}.parquet")
    return folder


def test_a_table_is_read_with_the_digest_of_its_names_and_bytes(root):
    folder = land(root, a={"x": [1, 2]})
    got = landing(root).read("trx", DAY)
    assert got.table is not None
    assert got.table.to_pydict() == {"x": [1, 2]}
    content = (folder / "a.parquet").read_bytes()
    assert (got.files, got.length) == (1, len(content))
    line = f"a.parquet\0{hashlib.sha256(content).hexdigest()}\n"
    assert got.digest == hashlib.sha256(line.encode()).hexdigest()
    assert landing(root).digest("trx", DAY) == (got.digest, got.modified)


def test_a_day_beyond_the_limits_of_the_settings_is_refused_before_it_is_even_read(
    root, monkeypatch
):
    land(root, a={"x": [1, 2]}, b={"x": [3]})
    settings = {"store": {"url": str(root / "store")}, "landing": {"url": str(root)}}
    limited = settings | {"landing": {"url": str(root), "limits": {"rows": 2}}}
    assert Catalog(Settings.model_validate(settings)).landing.read("trx", DAY).files == 2
    with pytest.raises(
        InputError, match=r"b\.parquet makes it 3 rows.* landing\.limits\.rows is 2"
    ):
        Catalog(Settings.model_validate(limited)).landing.read("trx", DAY)
    limited = settings | {"landing": {"url": str(root), "limits": {"bytes": 100}}}
    bank = Catalog(Settings.model_validate(limited)).landing
    monkeypatch.setattr(Store, "read", None)
    for read in (bank.read, bank.digest):
        with pytest.raises(InputError, match=r"its files hold .* landing\.limits\.bytes is 100"):
            read("trx", DAY)


def test_pandas_metadata_is_no_part_of_what_was_landed(root):
    import pandas as pd

    folder = land(root)
    pd.DataFrame({"x": [1.5]}, index=[7]).to_parquet(folder / "a.parquet")
    table = landing(root).read("trx", DAY).table
    assert table is not None
    assert table.schema.metadata is None


def test_a_folder_with_only_success_is_an_empty_day_and_an_absent_one_has_not_landed(root):
    empty = land(root)
    (empty / "_SUCCESS").touch()
    got = landing(root).read("trx", DAY)
    assert (got.table, got.files) == (None, 0)
    assert landing(root).has("trx", DAY)

    tomorrow = DAY + dt.timedelta(days=1)
    assert not landing(root).has("trx", tomorrow)
    with pytest.raises(NotLanded) as caught:
        landing(root).read("trx", tomorrow)
    assert (caught.value.table, caught.value.day) == ("trx", str(tomorrow))
    assert caught.value.retryable


def test_a_folder_without_a_visible_file_has_not_landed(root):
    (land(root) / ".part-0.parquet.crc").write_bytes(b"x")
    assert not landing(root).has("trx", DAY)
    with pytest.raises(NotLanded):
        landing(root).read("trx", DAY)


def test_hidden_and_marker_files_are_no_data_and_do_not_change_the_digest(root):
    folder = land(root, a={"x": [1]})
    before = landing(root).digest("trx", DAY)[0]
    for name in ("_SUCCESS", "_metadata", ".a.parquet.crc"):
        (folder / name).write_bytes(b"not Parquet")
    got = landing(root).read("trx", DAY)
    assert got.table is not None
    assert (got.table.num_rows, got.files, got.digest) == (1, 1, before)


def cut(data):
    return data[: len(data) // 2]


def without_footer(data):
    return data[:-4] + b"XXXX"


def altered_page(data):
    return data[:4] + bytes(byte ^ 0xFF for byte in data[4:60]) + data[60:]


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (cut, "truncated"),
        (without_footer, "truncated"),
        (altered_page, "damaged"),
        (lambda data: b"", "empty"),
        (lambda data: f"name\n{CANARY}\n".encode(), "a text file"),
    ],
    ids=["truncated", "without its footer", "with an altered page", "empty", "CSV"],
)
def test_a_file_that_is_not_whole_parquet_is_named_without_its_content(root, damage, said):
    folder = land(root, good={"x": [CANARY] * 50}, bad={"x": [CANARY] * 50})
    bad = folder / "bad.parquet"
    bad.write_bytes(damage(bad.read_bytes()))
    with pytest.raises(InputError, match=rf"the file bad.parquet is .*{said}") as caught:
        landing(root).read("trx", DAY)
    assert (caught.value.table, caught.value.day) == ("trx", str(DAY))
    assert CANARY not in str(caught.value)
    assert caught.value.__suppress_context__


def test_several_files_are_one_table_in_order_of_their_names(root):
    land(root, b={"x": [2]}, a={"x": [1]}, c={"x": [3]})
    got = landing(root).read("trx", DAY)
    assert got.table is not None
    assert got.table["x"].to_pylist() == [1, 2, 3]
    assert got.files == 3


def test_files_may_widen_each_other_and_miss_columns(root):
    land(
        root,
        a={"n": pa.array([1], pa.int32()), "d": pa.array(["x"]).dictionary_encode()},
        b={"n": [2.5], "d": ["y"], "more": [True]},
        c={"n": pa.nulls(1), "d": pa.array(["x"]).dictionary_encode()},
    )
    table = landing(root).read("trx", DAY).table
    assert table is not None
    assert table.to_pydict() == {
        "n": [1.0, 2.5, None],
        "d": ["x", "y", "x"],
        "more": [None, True, None],
    }


@pytest.mark.parametrize(
    ("one", "other"),
    [([1], [CANARY]), ([2**60 + 1], [0.5]), ([True], [dt.date(2024, 1, 1)])],
)
def test_files_that_disagree_are_refused_by_column_without_a_value(root, one, other):
    land(root, a={"fine": [1], "odd": one}, b={"fine": [2.5], "odd": other})
    with pytest.raises(InputError, match="column odd: its files disagree") as caught:
        landing(root).read("trx", DAY)
    assert CANARY not in str(caught.value)
    assert str(2**60 + 1) not in str(caught.value)


def test_an_unexpected_folder_is_named_and_a_job_that_still_writes_is_waited_for(root):
    folder = land(root, a={"x": [1]})
    (folder / "hour=3").mkdir()
    with pytest.raises(InputError, match="'hour=3'"):
        landing(root).read("trx", DAY)
    (folder / "hour=3").rmdir()
    (folder / "_temporary").mkdir()
    with pytest.raises(NotReady, match="still writing") as caught:
        landing(root).read("trx", DAY)
    assert caught.value.retryable


def listing(root):
    found = landing(root).listing("trx", DAY)
    assert found is not None
    return found


def test_a_file_on_its_way_by_put_is_waited_for_and_told_by_a_glance(root):
    folder = land(root, a={"x": [1]})
    assert not listing(root).writing
    (folder / "b.parquet._COPYING_").write_bytes(b"PAR1")
    assert listing(root).writing
    with pytest.raises(NotReady, match="still writing") as caught:
        landing(root).read("trx", DAY)
    assert caught.value.retryable


def test_a_glance_changes_with_the_files_and_with_nothing_else(root):
    folder = land(root, a={"x": [1]})
    first = listing(root)
    (folder / "_SUCCESS").touch()
    second = listing(root)
    assert first.signature == second.signature
    assert second.success is not None
    land(root, a={"x": [1, 2]})
    assert listing(root).signature != first.signature
    assert landing(root).listing("trx", DAY + dt.timedelta(days=1)) is None


def test_an_excluded_column_is_not_even_decoded(root):
    land(root, a={"x": [1], "blob": [b"?"]}, b={"x": [2], "blob": ["text"]})
    table = landing(root, trx={"exclude": ["blob"]}).read("trx", DAY).table
    assert table is not None
    assert table.to_pydict() == {"x": [1, 2]}


@pytest.mark.parametrize("change", ["content", "one more", "one less", "touched"])
def test_a_folder_that_changes_while_it_is_read_is_read_again_later(root, monkeypatch, change):
    folder = land(root, a={"x": [1]}, b={"x": [2]})
    original = Store.read

    def read(store, path):
        data = original(store, path)
        if path.endswith("a.parquet"):
            if change == "content":
                pq.write_table(pa.table({"x": [1, 2, 3]}), folder / "a.parquet")
            elif change == "one more":
                pq.write_table(pa.table({"x": [3]}), folder / "c.parquet")
            elif change == "one less":
                (folder / "a.parquet").unlink()
            else:
                os.utime(folder / "a.parquet", (1, 1))
        return data

    monkeypatch.setattr(Store, "read", read)
    with pytest.raises(NotReady, match="changed while it was read") as caught:
        landing(root).read("trx", DAY)
    assert caught.value.retryable


def test_the_landed_days_are_one_listing_of_folders(root, monkeypatch):
    tables = {"trx": {"path": "in/trx/dt={date}"}}
    for number in (3, 1, 2):
        land(root, f"in/trx/dt=2024-01-0{number}", a={"x": [number]})
    for name in ("dt=tomorrow", "2024-01-08", "_SUCCESS", ".dt=2024-01-07"):
        (root / "in/trx" / name).mkdir()
    listed = []
    original = Store.list
    monkeypatch.setattr(
        Store,
        "list",
        lambda store, folder, **more: listed.append(folder) or original(store, folder, **more),
    )
    bank = landing(root, **tables)
    assert bank.days("trx") == [dt.date(2024, 1, day) for day in (1, 2, 3)]
    assert listed == ["in/trx"]
    table = bank.read("trx", dt.date(2024, 1, 2)).table
    assert table is not None
    assert table["x"].to_pylist() == [2]


def test_no_day_has_landed_where_there_is_no_folder(root):
    assert landing(root).days("trx") == []


def test_a_file_without_a_value_has_no_type_to_disagree_with(root):
    land(
        root,
        a={"id": [7], "word": ["x"], "odd": pa.nulls(1)},
        b={"id": pa.array([], pa.string()), "word": pa.array([], pa.date32()), "odd": pa.nulls(0)},
        c={"id": pa.nulls(1), "word": pa.nulls(1, pa.int8()), "odd": pa.array([True])},
    )
    table = landing(root).read("trx", DAY).table
    assert table is not None
    assert table.to_pydict() == {"id": [7, None], "word": ["x", None], "odd": [None, True]}


def test_ids_of_one_file_that_pandas_made_doubles_do_not_blur_those_of_another(root):
    land(root, a={"id": [2**53 + 1]}, b={"id": [7.0, None]})
    table = landing(root).read("trx", DAY).table
    assert table is not None
    assert table["id"].to_pylist() == [2**53 + 1, 7, None]


def test_the_index_that_pandas_saved_is_told_though_its_metadata_go(root):
    import pandas as pd

    folder = land(root, b={"x": [1.5]})
    pd.DataFrame({"x": [1.5]}, index=pd.Index([7], name="row")).to_parquet(folder / "a.parquet")
    landed = landing(root).read("trx", DAY)
    assert landed.index_columns == {"row"}
    assert landed.table is not None
    assert landed.table.to_pydict() == {"x": [1.5, 1.5], "row": [7, None]}


def refused(root, *parts):
    """The sentence on the day, which a listing tells as much as a read, and no other day's."""
    bank, other = landing(root), DAY + dt.timedelta(days=1)
    land(root, f"trx/daily/{other}", a={"x": [1]})
    assert bank.days("trx") == [DAY, other]
    assert bank.has("trx", DAY)
    listed = bank.listing("trx", DAY)
    with pytest.raises(InputError) as caught:
        bank.read("trx", DAY)
    assert (caught.value.table, caught.value.day) == ("trx", str(DAY))
    assert listed is not None
    for part in parts:
        assert part in caught.value.what
        assert part in listed.unreadable
    assert bank.read("trx", other).files == 1
    return caught.value


def test_a_link_to_what_is_away_is_named_and_stops_no_other_day(root):
    folder = land(root, a={"x": [1]})
    (folder / "b.parquet").symlink_to(root / "unmounted/b.parquet")
    refused(root, "b.parquet", "a link to what is not there")


def test_a_pipe_is_not_waited_for(root):
    os.mkfifo(land(root, a={"x": [1]}) / "b.parquet")
    refused(root, "b.parquet", "a pipe")


def test_a_link_or_a_file_in_place_of_the_days_folder_is_named(root):
    place = root / f"trx/daily/{DAY}"
    place.parent.mkdir(parents=True)
    place.symlink_to(root / "unmounted")
    refused(root, "a link to what is not there")
    place.unlink()
    place.write_text("12 files")
    assert refused(root, "cannot be listed").remedy
    place.unlink()
    place.symlink_to(place)
    refused(root, "cannot be listed")


@pytest.fixture
def no_superuser():
    """For root, who may read every file: another effective user, until the test ends."""
    user = os.geteuid()
    os.seteuid(user or NOBODY)
    yield
    os.seteuid(user)


def test_a_file_that_we_may_not_read_names_the_table(no_superuser):
    # The folder of this test is of its user, and within one that everybody may enter.
    with tempfile.TemporaryDirectory(dir="/tmp") as place:
        folder = land(Path(place), a={"x": [1]})
        (folder / "a.parquet").chmod(0)
        with pytest.raises(InputError, match=r"table trx.*permission denied"):
            landing(Path(place)).read("trx", DAY)


def test_a_name_in_another_encoding_is_a_name_of_bytes(root):
    folder = land(root, a={"x": [1]})
    name = b"b\xfcro.parquet"
    os.rename(folder / "a.parquet", os.path.join(os.fsencode(folder), name))
    got = landing(root).read("trx", DAY)
    with open(os.path.join(os.fsencode(folder), name), "rb") as file:
        line = name + b"\0" + hashlib.sha256(file.read()).hexdigest().encode() + b"\n"
    assert (got.files, got.digest) == (1, hashlib.sha256(line).hexdigest())
    assert listing(root).signature == got.signature
    with open(os.path.join(os.fsencode(folder), name), "wb"):
        pass
    with pytest.raises(InputError, match=r"the file b\\xfcro.parquet is empty"):
        landing(root).read("trx", DAY)


def test_a_day_of_which_only_the_beginning_is_there_is_waited_for(root):
    (land(root) / "_started_4242").write_text("{}")
    assert listing(root).writing
    with pytest.raises(NotReady, match="_started_4242"):
        landing(root).read("trx", DAY)


def test_files_that_a_writers_log_has_removed_are_not_read(root):
    folder = land(root, a={"x": [1]}, b={"x": [2]})
    (folder / "_committed_7").write_text('{"added": ["b.parquet"], "removed": ["a.parquet"]}')
    got = landing(root).read("trx", DAY)
    assert (got.files, got.digest) == (1, landing(root).digest("trx", DAY)[0])
    (folder / "_committed_7").write_text("?")
    with pytest.raises(InputError, match=r"table trx.*_committed_7"):
        landing(root).read("trx", DAY)


def test_a_landed_file_that_is_damaged_is_called_that_with_its_place(root):
    land(root, a={"x": [1]})

    def observe(operation, path):
        if operation == "open":
            raise DamagedFile("its blocks are lost: hdfs fsck /x", path=path, operation="read")

    damaged = ObservedFileSystem(LocalFileSystem(), observe)
    store = Store(str(root), name="landing", filesystem=damaged)
    with pytest.raises(
        InputError,
        match=rf"^table trx, day {DAY}: the file trx/daily/{DAY}/a\.parquet cannot be read: its "
        rf"blocks are lost: hdfs fsck /x \(landing {root}\)\. Have it put right",
    ):
        Landing(store, Settings.model_validate({"tables": {}}).tables).read("trx", DAY)


def land_orc(root, **files):
    folder = land(root)
    for name, columns in files.items():
        pyarrow.orc.write_table(pa.table(columns), folder / name, compression="zlib")
    return folder


def test_orc_files_are_read_as_parquet_files_are(root):
    columns = {"n": [1, None], "d": ["x", "y"]}
    wider = {"n": [2.5], "d": ["z"], "more": [True]}
    land_orc(root, **{"000000_0": columns, "000001_0": wider})
    got = landing(root, trx={"format": "orc"}).read("trx", DAY)
    assert got.table is not None
    assert got.table.to_pydict() == {
        "n": [1.0, None, 2.5],
        "d": ["x", "y", "z"],
        "more": [None, None, True],
    }
    assert got.files == 2
    assert landing(root, trx={"format": "orc"}).digest("trx", DAY)[0] == got.digest


def test_a_file_of_the_other_format_is_named_with_the_setting(root):
    folder = land_orc(root, **{"000000_0": {"x": [1]}})
    with pytest.raises(InputError, match=r"000000_0 is not Parquet, but an ORC file.*format: orc"):
        landing(root).read("trx", DAY)
    (folder / "000000_0").unlink()
    land(root, a={"x": [1]})
    with pytest.raises(InputError, match=r"a\.parquet is not ORC, but a Parquet.*format: parquet"):
        landing(root, trx={"format": "orc"}).read("trx", DAY)


@pytest.mark.parametrize("format_", ["orc", "parquet"])
def test_files_that_are_too_large_for_memory_are_one_table_on_disk(root, format_, tmp_path):
    xs = [*range(40_000)]
    parts = {"000000_0": {"x": xs, "t": [f"text {x}" for x in xs]}, "000001_0": {"x": xs}}
    for name, columns in parts.items():
        if format_ == "orc":
            land_orc(root, **{name: columns})
        else:
            pq.write_table(pa.table(columns), land(root) / name)
    with Spill(EngineSettings(spill_folder=str(tmp_path), memory=1_000_000)) as spill:
        got = landing(root, trx={"format": format_}).read("trx", DAY, spill)
        frame = got.table
        assert frame is not None
        assert not isinstance(frame, pa.Table)
        assert frame.column_names == ["x", "t"]
        assert frame.column("x").to_pylist() == [*xs, *xs]
        assert frame.column("t").to_pylist() == [f"text {x}" for x in xs] + [None] * len(xs)
        assert spill.written > 3 * 8 * len(xs)


def test_buckets_without_rows_that_hive_left_change_nothing_and_other_empty_files_are_named(root):
    folder = land_orc(root, **{"000000_0": {"x": [1]}})
    bank = landing(root, trx={"format": "orc"})
    before = bank.digest("trx", DAY)[0]
    (folder / "000001_0").touch()
    (folder / ".hive-staging_hive_1/-ext-10000").mkdir(parents=True)
    got = bank.read("trx", DAY)
    assert (got.files, got.digest) == (1, before)
    (folder / "part-0.orc").touch()
    with pytest.raises(InputError, match=r"the file part-0\.orc is empty"):
        bank.read("trx", DAY)


def test_the_rows_of_a_transactional_table_are_not_guessed(root):
    (land(root) / "delta_0000001_0000001_0000").mkdir()
    with pytest.raises(InputError, match=r"transactional \(ACID\) table of Hive's"):
        landing(root).read("trx", DAY)
