"""The bank's files: the same bytes for the same arguments, landed as an upstream lands them."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from aml_assets.cli.demo.synthetic_bank import Bank, write_bank
from aml_assets.errors import SettingsError
from aml_assets_tests.cli.demo.conftest import FIRST_DAY, Landed

SMALL: dict[str, Any] = {
    "first_day": FIRST_DAY, "days": 5, "customers": 100, "corporates": 10, "trx_per_day": 50,
}  # fmt: skip


def fingerprints(root: Path) -> dict[str, str]:
    files = sorted(path for path in root.rglob("*") if path.is_file())
    return {str(p.relative_to(root)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def test_the_same_arguments_give_the_same_bytes_and_another_seed_other_ones(tmp_path: Path) -> None:
    first = write_bank(tmp_path / "a", **SMALL)
    second = write_bank(tmp_path / "b", **SMALL)
    write_bank(tmp_path / "c", **SMALL, seed=2)
    assert first == second
    assert fingerprints(tmp_path / "a") == fingerprints(tmp_path / "b")
    other = fingerprints(tmp_path / "c")
    assert not [
        name for name, digest in fingerprints(tmp_path / "a").items()
        if "daily" in name and name.endswith("part-00000.parquet") and digest == other.get(name)
        and first.empty_day.isoformat() not in name
    ]  # fmt: skip


def test_days_landed_one_by_one_are_the_whole_bank(tmp_path: Path) -> None:
    write_bank(tmp_path / "whole", **SMALL)
    one_by_one = Bank(**SMALL)
    for day in reversed(one_by_one.summary.days):
        one_by_one.land_day(tmp_path / "steps", day)
    one_by_one.land_static(tmp_path / "steps")
    assert fingerprints(tmp_path / "steps") == fingerprints(tmp_path / "whole")


def test_a_demo_never_writes_over_anything(tmp_path: Path) -> None:
    (tmp_path / "account").mkdir()
    with pytest.raises(SettingsError, match="account exists"):
        write_bank(tmp_path, **SMALL)
    assert fingerprints(tmp_path) == {}
    bank = Bank(**SMALL)
    bank.land_day(tmp_path, FIRST_DAY)
    before = fingerprints(tmp_path)
    with pytest.raises(SettingsError, match="not empty"):
        bank.land_day(tmp_path, FIRST_DAY)
    assert fingerprints(tmp_path) == before


@pytest.mark.parametrize(
    "change", [{"days": 4}, {"customers": 99}, {"trx_per_day": 0}, {"laundering_rate": 0.5}]
)
def test_a_bank_that_cannot_hold_the_patterns_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match=next(iter(change))):
        Bank(**(SMALL | change))


def test_every_folder_is_finished_by_success_and_holds_nothing_else(bank: Landed) -> None:
    expected = {f"{name}/all": 1 for name in ("retail", "corporate", "account")}
    for day in bank.summary.days:
        empty = day == bank.summary.empty_day
        expected[f"trx/daily/{day}"] = 1 if empty else 2
        expected[f"str/daily/{day}"] = 0 if empty else 1
    found = {str(p.parent.relative_to(bank.root)): p for p in bank.root.rglob("_SUCCESS")}
    assert found.keys() == expected.keys()
    for folder, success in found.items():
        parts = [f"part-{n:05d}.parquet" for n in range(expected[folder])]
        assert sorted(p.name for p in success.parent.iterdir()) == ["_SUCCESS", *parts]
        written = success.stat().st_mtime_ns
        assert all((success.parent / part).stat().st_mtime_ns <= written for part in parts)


def test_exactly_one_day_in_the_middle_is_empty(bank: Landed) -> None:
    for name in ("trx", "str"):
        landed = set(bank.tables[name]["landed"])
        empty = [day for n, day in enumerate(bank.summary.days) if n not in landed]
        assert empty == [bank.summary.empty_day]
    assert bank.summary.days.index(bank.summary.empty_day) == len(bank.summary.days) // 2
    empty_trx = bank.root / "trx" / "daily" / f"{bank.summary.empty_day}" / "part-00000.parquet"
    full_trx = bank.root / "trx" / "daily" / f"{FIRST_DAY}" / "part-00000.parquet"
    assert pq.read_schema(empty_trx).equals(pq.read_schema(full_trx))
