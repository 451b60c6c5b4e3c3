"""Same inputs, same bytes; and writing the same again touches nothing."""

import random

import pyarrow as pa
import pytest

from aml_assets.core.model import scoring
from aml_assets.core.relations import (
    account_behaviour,
    account_codes,
    history,
    label_history,
    network,
    partials,
    ways,
)
from aml_assets.core.tables import chunks, joins
from aml_assets.io import bounded_parquet, spill
from aml_assets.io.formats import csv_lines
from aml_assets.io.formats.parquet import ParquetFormat
from aml_assets.steps.inputs import histories, stored_table
from aml_assets_tests.conftest import Bank, day, str_columns, trx_columns

pytestmark = pytest.mark.long  # whole stores, several times over

KINDS = (".parquet", ".ubj", ".meta.json", ".csv", ".manifest.json", ".reference.json", ".html")


def _whole_flow(bank: Bank, *, one_by_one: bool) -> None:
    if one_by_one:
        for number in range(1, 5):
            bank.good("daily", number, only=("tables", "features"))
        for number in (5, 6):
            bank.good("daily", number)
    else:
        bank.prepare(1, 6)
        bank.good("daily", days=(5, 6), only=("models", "predictions", "reports"))


@pytest.fixture
def late(bank: Bank) -> Bank:
    """A bank with a late and an unmatched report."""
    columns = str_columns(4)
    bank.land("str", 4, {**columns, "trx_id": [201, 999, *columns["trx_id"][2:]]})
    return bank


def test_two_stores_of_one_landing_are_equal_byte_for_byte(late: Bank, tmp_path):
    one, other = late.copy_to(tmp_path / "one"), late.copy_to(tmp_path / "other")
    _whole_flow(one, one_by_one=True)
    _whole_flow(other, one_by_one=False)
    files = one.files()
    assert {kind for kind in KINDS for path in files if path.endswith(kind)} == set(KINDS)
    assert files == other.files()


def test_a_store_built_piece_by_piece_on_disk_is_equal_byte_for_byte(
    late: Bank, tmp_path, monkeypatch
):
    monkeypatch.setitem(ParquetFormat.__init__.__kwdefaults__, "rows_per_group", 5)
    for number in (2, 4):  # in any order, and in two files
        frame = pa.table(trx_columns(number))
        late.land("trx", number, frame.take([7, 3, 11, 0, 2]), part=1)
        late.land("trx", number, frame.take([1, 4, 5, 6, 8, 9, 10]))
    features = {
        "network": {"windows": [3], "horizon_days": 6},
        "behaviour": {"windows": [1, 3]},
        "label_history": {"enabled": True},
    }
    late = late.copy_to(tmp_path / "whole", features=features)
    other = late.copy_to(tmp_path / "other")
    _whole_flow(late, one_by_one=True)
    for module, name, value in (
        (chunks, "ROWS", 4),
        (partials, "ROWS", 4),
        (network, "ROWS", 4),
        (ways, "ROWS", 4),
        (label_history, "ROWS", 4),
        (account_behaviour, "WIDE_ROWS", 4),
        (account_codes, "_LOOKED_UP", 3),
        (history, "_AT_ONCE", 2),
        (joins, "ROWS", 4),
        (scoring, "_VALUES", 40),
        (csv_lines, "_BLOCK", 400),
        (joins, "WIDE_ROWS", 4),
        (ways, "_WAYS", 1),
        (stored_table, "_VALUES", 4 * 16),
        (histories, "ROWS", 1),
        (stored_table, "_COLUMNS_AT_ONCE", 3),
        (bounded_parquet, "_ROWS_AT_ONCE", 3),
        (spill, "_LARGEST_IN_MEMORY", 0),
    ):
        monkeypatch.setattr(module, name, value)
    copied, groups = [], []
    row_groups = histories.row_groups
    monkeypatch.setattr(
        histories, "row_groups", lambda *given: groups.append(given[0].asset) or row_groups(*given)
    )
    copy = spill.Spill.copy
    monkeypatch.setattr(spill.Spill, "copy", lambda *given: copied.append(1) or copy(*given))
    _whole_flow(other, one_by_one=True)
    assert len(copied) >= 12  # two tables of six days
    partials_read = {"features/pair_day", "features/account_day", "features/report_day"}
    assert partials_read == {*groups}
    assert late.files() == other.files()


def test_running_everything_again_changes_no_file(late: Bank):
    _whole_flow(late, one_by_one=False)
    before = late.times()
    run = late.good("daily", days=(5, 6))
    assert late.times() == before
    assert {
        metadata["changed"]
        for (asset, _), metadata in run.metadata.items()
        if not asset.startswith("landing/")
    } == {False}


def test_the_landings_order_of_rows_leaves_no_trace_in_a_frame(bank: Bank, tmp_path):
    shuffled = bank.copy_to(tmp_path / "shuffled")
    for number in (1, 2, 3, 4):
        for table, columns in (("trx", trx_columns(number)), ("str", str_columns(number))):
            frame = pa.table(columns)
            order = random.Random(number).sample(range(frame.num_rows), frame.num_rows)
            shuffled.land(table, number, frame.take(order))
    for each in (bank, shuffled):
        each.prepare(1, 4)
        each.good("self_learning", 5, only=("models/model",))
    for number in (1, 2, 3, 4):
        assert bank.features(number) == shuffled.features(number)
    boosters = [each.catalog.models.load(day(5)) for each in (bank, shuffled)]
    assert boosters[0].get_dump() == boosters[1].get_dump()


def test_the_same_data_from_new_files_renews_the_manifest_and_nothing_downstream(built: Bank):
    tables, features = built.catalog.table("trx"), built.catalog.features
    before, files = tables.manifest(day(6)), built.files()
    frame = pa.table(trx_columns(6))
    built.land("trx", 6, frame.slice(0, 5), part=0)
    built.land("trx", 6, frame.slice(5), part=1)
    run = built.good("daily", 6)
    after = tables.manifest(day(6))
    assert after.digest == before.digest
    assert after.inputs != before.inputs
    assert run.figures("tables/trx", 6)["changed"] is True
    assert run.figures("features/merged_features", 6)["changed"] is False
    path = features.path(day(6))
    assert built.files()[path] == files[path]


def test_an_unchanged_static_table_is_stored_once(bank: Bank):
    wide = {"cust_id": list(range(1, 3001))}
    wide |= {f"c{n}": [float(row * n) for row in range(3000)] for n in range(30)}
    bank.land("retail", None, wide)
    bank.prepare(1, 6)
    sizes = {p: len(d) for p, d in bank.files().items() if p.startswith("tables/retail/")}
    frame = sizes.pop("tables/retail/2024-01-01/data.parquet")
    assert set(sizes) == {
        f"tables/retail/{day(number)}/.data.parquet.reference.json" for number in range(2, 7)
    }
    # A reference tells what is known of each column, and holds nothing of the rows.
    assert max(sizes.values()) * 50 < frame
    first, last = (bank.catalog.table("retail").manifest(day(number)) for number in (1, 6))
    assert first.digest == last.digest
    assert bank.frame("tables/retail", 6) == bank.frame("tables/retail", 1)


def test_a_changed_static_table_leaves_the_days_that_are_stored_as_they_were(bank: Bank):
    bank.prepare(1, 3)
    retail = bank.catalog.table("retail")
    old = retail.manifest(day(3)).digest
    bank.land("retail", None, {"cust_id": [1], "age": [99], "city": ["Chur"]})
    bank.good("daily", 3, only=("tables/retail",))
    assert retail.manifest(day(3)).digest == old
    restate = {"restate": ["retail"]}
    bank.good("daily", 1, only=("tables/retail",), config=restate)
    assert bank.frame("tables/retail", 1)["age"].to_pylist() == [99]
    # Days 2 and 3 stood for day 1's frame; it is replaced, and they still have it.
    assert retail.manifest(day(3)).digest == old
    assert bank.frame("tables/retail", 3)["age"].to_pylist() == [31, 45, 28, 60, 52, 39]
