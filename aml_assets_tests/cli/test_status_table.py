"""The table of `aml status`: equal days share a row and a note, and 80 columns hold all of it."""

from __future__ import annotations

import datetime as dt
import os

import pytest

from aml_assets.cli.status_table import as_bytes, print_days
from aml_assets.core.night.cursor import Cursor
from aml_assets.core.night.day_failure import DayFailure
from aml_assets.steps.watching.status_board import StatusBoard
from aml_assets_tests.conftest import Bank, day

NOON = dt.datetime.combine(day(6), dt.time(12), dt.UTC).timestamp()


@pytest.fixture
def table(built: Bank, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """What is printed of the six days, on a terminal of 80 columns, and the board behind it."""
    monkeypatch.setenv("COLUMNS", "80")

    def show(**failures: DayFailure) -> tuple[list[str], StatusBoard]:
        of = {day(int(number[1:])): failure for number, failure in failures.items()}
        board = StatusBoard(built.catalog, Cursor(), now=NOON, failures=of)
        print_days(built.catalog, board, board.days, {str(day(1)): 1_500})
        return capsys.readouterr().out.splitlines(), board

    return show


def test_equal_days_share_a_row_and_a_note(table):
    lines, _ = table()
    assert [line.split()[0] for line in lines if line.startswith("2024")][:3] == [
        "2024-01-01", "2024-01-05", "2024-01-06",
    ]  # fmt: skip
    assert any(line.startswith("… 2024-01-04") for line in lines)
    assert any(line.endswith("1.5 kB") for line in lines)
    assert "2024-01-01 … 2024-01-04: not trainable before 2024-01-05" in lines


def test_everything_fits_80_columns(table, built: Bank):
    for path in built.folder("trx", 3).iterdir():
        os.utime(path, (2e9, 2e9))
    sentence = "table str, day 2024-01-06: it cannot be read, and this sentence is a long one."
    lines, _ = table(_6=DayFailure("0123456789abcdef", (sentence,), NOON))
    assert max(map(len, lines)) <= 80


def test_a_failed_run_is_told_by_its_id_and_its_own_sentence(table):
    lines, _ = table(_6=DayFailure("0123456789abcdef", ("str is broken.",), NOON))
    assert "2024-01-06: run 01234567 failed: str is broken." in lines


@pytest.mark.parametrize(("count", "text"), [(999, "999 B"), (1500, "1.5 kB"), (2e7, "20 MB")])
def test_sizes_have_two_digits(count, text):
    assert as_bytes(count) == text
