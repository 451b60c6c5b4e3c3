"""A landed table of a day becomes a checked one; static tables as of the day."""

import datetime as dt
import os

import pyarrow as pa
import pyarrow.orc
import pyarrow.parquet as pq
import pytest

from aml_assets.errors import CorruptFile, InputError, NotLanded
from aml_assets.io import spill
from aml_assets.io.catalog import Catalog
from aml_assets.io.manifest import settings_hash
from aml_assets.settings.load import load_settings
from aml_assets.steps.builders.build_table import build_table
from aml_assets.steps.inputs.stored_frames import load_table

REFERENCE = ".data.parquet.reference.json"


def day(number):
    return dt.date(2024, 3, number)


class Bank:
    """A landing and a store; static tables land with a date of their own."""

    def __init__(self, root):
        self.root = root
        self.options = {}

    @property
    def catalog(self):
        return Catalog(
            load_settings(
                landing={"url": str(self.root / "landing")},
                store={"url": str(self.root / "store")},
                partitions={"first_day": day(1), "time_zone": "UTC"},
                **self.options,
            )
        )

    def land(self, number, **columns):
        """Replace what lies in ``retail``; it was written on the n-th."""
        folder = self.root / "landing" / "retail" / "all"
        folder.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.table({"cust_id": [1], **columns}), folder / "a.parquet")
        noon = dt.datetime.combine(day(number), dt.time(12), dt.UTC).timestamp()
        os.utime(folder / "a.parquet", (noon, noon))

    def build(self, number, **options):
        """Build and publish ``retail`` of the n-th; its figures."""
        built = build_table(self.catalog, "retail", day(number), **options)
        built.publish_to(self.catalog.snapshots("retail"), day(number))
        return built.figures

    def age(self, number):
        """What the n-th's stored table says."""
        return (
            load_table(self.catalog.upstream("tables/retail"), day(number))[0]
            .table["age"]
            .to_pylist()
        )

    def stored(self, number):
        """The names of the n-th's files."""
        folder = self.root / "store" / "tables" / "retail" / str(day(number))
        return sorted(path.name for path in folder.iterdir() if path.is_file())


@pytest.fixture
def bank(tmp_path):
    return Bank(tmp_path)


def test_a_day_gets_the_snapshot_that_was_known_by_then(bank):
    bank.land(3, age=[30])
    figures = bank.build(5)
    assert (figures["known_on"], figures["static_known_later"]) == ("2024-03-03", False)
    bank.land(8, age=[80])
    assert bank.build(8)["known_on"] == "2024-03-08"
    figures = bank.build(6)
    assert (figures["known_on"], figures["static_known_later"]) == ("2024-03-03", False)
    assert figures["same_as"] == "2024-03-05"
    assert [bank.age(number) for number in (5, 6, 8)] == [[30], [30], [80]]


def test_a_snapshot_is_known_from_the_day_it_was_written_in_the_banks_own_zone(bank):
    bank.options = {"partitions": {"first_day": day(1), "time_zone": "Pacific/Auckland"}}
    options = bank.options.pop("partitions")
    bank.land(5, age=[1])
    settings = load_settings(
        landing={"url": str(bank.root / "landing")},
        store={"url": str(bank.root / "store")},
        partitions=options,
    )
    built = build_table(Catalog(settings), "retail", day(5))
    # Noon in UTC is one o'clock of the next day in Auckland.
    assert built.figures["known_on"] == "2024-03-06"
    assert built.figures["static_known_later"]


def test_a_day_before_every_snapshot_gets_the_earliest_and_says_so(bank):
    bank.land(8, age=[80])
    figures = bank.build(5)
    assert (figures["known_on"], figures["static_known_later"]) == ("2024-03-08", True)
    bank.land(9, age=[90])
    figures = bank.build(4)
    assert (figures["known_on"], figures["static_known_later"]) == ("2024-03-08", True)
    assert bank.age(4) == [80]


def test_unchanged_content_is_stored_once(bank):
    bank.land(1, age=[10])
    for number in (2, 3, 4):
        bank.build(number)
    assert [bank.stored(number) for number in (2, 3, 4)] == [
        ["data.parquet"],
        [REFERENCE],
        [REFERENCE],
    ]
    assert bank.age(4) == [10]
    manifest = bank.catalog.table("retail").manifest(day(4))
    assert manifest.partition == "2024-03-04"
    assert manifest.facts["known_on"] == "2024-03-01"


def test_what_is_stored_for_a_day_stays_though_the_landing_changes(bank):
    bank.land(1, age=[10])
    bank.build(2)
    bank.build(3)
    before = bank.catalog.table("retail").manifest(day(3))
    bank.land(2, age=[99])
    for number in (2, 3):
        assert bank.build(number)["kept"]
    assert bank.catalog.table("retail").manifest(day(3)) == before
    assert [bank.age(2), bank.age(3)] == [[10], [10]]


def test_a_day_restated_by_hand_takes_what_lies_in_the_landing_and_leaves_the_others(bank):
    bank.land(1, age=[10])
    for number in (2, 3, 4):
        bank.build(number)
    bank.land(9, age=[99])
    figures = bank.build(2, restate=True)
    assert (figures["known_on"], figures["static_known_later"]) == ("2024-03-09", True)
    assert bank.build(3, restate=True)["rows"] == 1
    assert [bank.age(number) for number in (2, 3, 4)] == [[99], [99], [10]]


def test_days_made_under_other_settings_are_not_reused(bank):
    bank.land(1, age=[10], city=["Bern"])
    bank.build(2)
    bank.options = {"tables": {"retail": {"exclude": ["city"]}}}
    assert "same_as" not in bank.build(3)
    columns = load_table(bank.catalog.upstream("tables/retail"), day(3))[0].columns
    assert list(columns) == ["cust_id", "age"]


def test_an_altered_reference_is_replaced_by_restating_as_its_error_says(bank):
    bank.land(1, age=[10])
    bank.build(2)
    bank.build(3)
    path = bank.root / "store" / "tables" / "retail" / str(day(3)) / REFERENCE
    path.write_bytes(path.read_bytes().replace(b"2024-03-02", b"2024-03-01", 1))
    with pytest.raises(CorruptFile, match="restate: true"):
        bank.build(3)
    bank.build(3, restate=True)
    assert bank.age(3) == [10]


@pytest.mark.parametrize("number", [2, 3], ids=["its own", "referred to"])
def test_a_damaged_snapshot_is_not_kept_but_restated_as_its_error_says(bank, number):
    bank.land(1, age=[10])
    bank.build(2)
    bank.build(3)
    path = bank.root / "store" / "tables" / "retail" / str(day(2)) / "data.parquet"
    data = bytearray(path.read_bytes())
    data[10] ^= 1  # in the frame itself: its footer, and so its manifest, are as they were
    path.write_bytes(data)
    with pytest.raises(CorruptFile, match=f"stored for {day(number)}.*restate: true"):
        bank.build(number)
    bank.build(number, restate=True)
    assert bank.age(number) == [10]


def test_a_static_table_that_never_landed_or_breaks_its_contract_is_named_by_day(bank):
    with pytest.raises(NotLanded, match="table retail, day 2024-03-05"):
        bank.build(5)
    bank.land(1, cust_id=[None], age=["Kanarienvogel"])
    with pytest.raises(InputError, match="table retail, day 2024-03-05, column cust_id") as caught:
        bank.build(5)
    assert "Kanarienvogel" not in str(caught.value)
    assert not bank.catalog.snapshots("retail").has(day(5))


def test_a_stored_table_is_read_back_as_it_was_checked(bank):
    bank.land(1, age=[10], city=["Bern"], born=[dt.date(2000, 1, 1)])
    bank.build(2)
    checked, manifest = load_table(bank.catalog.upstream("tables/retail"), day(2))
    assert checked.columns["city"].distinct == 1
    assert {c: checked.columns[c].kind for c in ("cust_id", "age", "city", "born")} == {
        "cust_id": "id",
        "age": "numeric",
        "city": "category",
        "born": "time",
    }
    assert manifest.inputs == {
        "landing/retail": {str(day(2)): bank.catalog.landing.digest("retail", day(2))[0]}
    }
    part, _ = load_table(bank.catalog.upstream("tables/retail"), day(2), ["age"])
    assert list(part.columns) == ["age"]


def test_columns_that_are_not_as_they_seem_are_said_in_figures_and_manifest(bank):
    bank.land(1, age=[1])
    assert not {"padded_ids", "index_columns"} & set(bank.build(1))
    bank.land(1, cust_id=["C1  "], **{"Unnamed: 0": [0]})
    figures = bank.build(1, restate=True)
    noticed = {"padded_ids": ["cust_id"], "index_columns": ["Unnamed: 0"]}
    assert {name: figures[name] for name in noticed} == noticed
    facts = bank.catalog.snapshots("retail").manifest(day(1)).facts
    assert {name: facts[name] for name in noticed} == noticed


def test_settings_that_came_after_the_first_release_change_no_hash_until_they_are_given(bank):
    bank.land(1)
    built = build_table(bank.catalog, "retail", day(1))
    spec = bank.catalog.settings.tables["retail"]
    later = {"format", "partition_columns", "columns", "binary_as_text", "int96"}
    first = spec.model_dump(exclude={"path", *later})
    settings = bank.catalog.settings
    zone, number = settings.partitions.time_zone, settings.features.max_abs_number
    expected = settings_hash(first, settings.join_columns("retail"), number, zone)
    assert built.manifest.settings == expected
    bank.options = {"tables": {"retail": {"int96": "utc"}}}
    assert build_table(bank.catalog, "retail", day(1)).manifest.settings != expected


@pytest.mark.parametrize("largest", [0, 10**9], ids=["on disk", "in memory"])
def test_a_table_is_stored_alike_whether_it_landed_as_parquet_or_in_folders_of_orc(
    bank, largest, monkeypatch
):
    monkeypatch.setattr(spill, "_LARGEST_IN_MEMORY", largest)
    rows, countries = 3000, ("NO", None, "a/b")
    columns = {
        "cust_id": [*range(rows)],
        "age": [k % 90 for k in range(rows)],
        "country": [countries[k % 3] for k in range(rows)],
    }
    bank.land(1, **columns)
    bank.build(1)
    expected = load_table(bank.catalog.upstream("tables/retail"), day(1))[0].table
    folder = bank.root / "landing/retail/all"
    (folder / "a.parquet").unlink()
    table = pa.table(columns)
    for first, name in enumerate(("NO", "__HIVE_DEFAULT_PARTITION__", "a%2Fb")):
        place = folder / f"country={name}"
        place.mkdir()
        mine = table.take([*range(first, rows, 3)]).drop_columns("country")
        pyarrow.orc.write_table(mine, place / "000000_0", compression="zlib")
        (place / "000001_0").touch()
    bank.options = {"tables": {"retail": {"format": "orc", "partition_columns": ["country"]}}}
    assert bank.build(1, restate=True)["rows"] == rows
    got = load_table(bank.catalog.upstream("tables/retail"), day(1))[0].table
    assert got.equals(expected)
