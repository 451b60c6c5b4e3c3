"""The bytes of a store are added up by the last day in each file's path."""

from __future__ import annotations

from aml_assets.io.store import Store
from aml_assets.io.usage import bytes_by_day, files_of


def test_bytes_are_counted_for_the_last_day_in_a_path_hidden_files_included(tmp_path):
    store = Store(str(tmp_path))
    for path, length in {
        "tables/trx/2024-03-01/data.parquet": 5,
        "tables/trx/2024-03-01/.data.parquet.reference.json": 2,
        "decisions/2024-03-01/skips/2024-03-02.json": 3,
        "notes": 7,
    }.items():
        store.publish_bytes(path, b"x" * length)
    assert bytes_by_day(store) == {"2024-03-01": 7, "2024-03-02": 3, "": 7}
    assert {path: status.length for path, status in files_of(store)}["notes"] == 7
    assert bytes_by_day(Store(str(tmp_path / "absent"))) == {}
