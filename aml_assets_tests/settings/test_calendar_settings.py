"""The bank's calendar: a day without an expected landing has a reason."""

import datetime as dt
from pathlib import Path

import pytest
from pydantic import ValidationError

from aml_assets.errors import SettingsError
from aml_assets.settings.calendar_settings import CalendarSettings, PartitionSettings

MONDAY, SATURDAY = dt.date(2024, 1, 1), dt.date(2024, 1, 6)


def test_a_day_is_empty_by_weekday_by_holiday_or_by_name(tmp_path: Path):
    holidays = tmp_path / "holidays.txt"
    holidays.write_text("# of 2024\n2024-01-01 New Year\n\n2024-12-25# Christmas\n")
    calendar = CalendarSettings(
        landing_days=("mon", "tue", "wed", "thu", "fri"),
        holiday_file=str(holidays),
        empty_days=(dt.date(2024, 1, 3),),
    )
    assert calendar.empty_by_design(SATURDAY) == "no landing on Saturdays"
    assert calendar.empty_by_design(MONDAY) == "a holiday"
    assert calendar.empty_by_design(dt.date(2024, 12, 25)) == "a holiday"
    assert calendar.empty_by_design(dt.date(2024, 1, 3)) == "an empty day of the settings"
    assert calendar.empty_by_design(dt.date(2024, 1, 2)) is None


def test_without_settings_every_day_is_expected():
    assert CalendarSettings().holidays == frozenset()
    assert CalendarSettings().empty_by_design(SATURDAY) is None


def test_a_byte_order_mark_is_no_part_of_the_first_holiday(tmp_path: Path):
    (tmp_path / "holidays.txt").write_bytes(b"\xef\xbb\xbf2024-01-01 New Year\n")
    calendar = CalendarSettings(holiday_file=str(tmp_path / "holidays.txt"))
    assert calendar.holidays == {MONDAY}


@pytest.mark.parametrize("text", [b"Christmas\n", b"# ok\n2024-13-01\n", b"\n2024-W01-1\n"])
def test_a_line_that_begins_with_no_date_is_named_by_its_number(tmp_path: Path, text: bytes):
    (tmp_path / "holidays.txt").write_bytes(text)
    number = text.count(b"\n")
    with pytest.raises(SettingsError, match=f"holidays.txt, line {number}: no day"):
        _ = CalendarSettings(holiday_file=str(tmp_path / "holidays.txt")).holidays


def test_a_holiday_file_that_cannot_be_read_is_one_sentence(tmp_path: Path):
    (tmp_path / "holidays.txt").write_bytes(b"\xff")
    for name in ("absent.txt", "holidays.txt"):
        with pytest.raises(SettingsError, match=rf"holiday_file, .*{name}, cannot be read: "):
            _ = CalendarSettings(holiday_file=str(tmp_path / name)).holidays


def test_partitions_have_a_known_time_zone_and_end_after_they_begin():
    assert PartitionSettings(first_day=MONDAY, last_day=MONDAY, time_zone="Europe/Zurich")
    with pytest.raises(ValidationError, match="no time zone is called 'Zurich'"):
        PartitionSettings(time_zone="Zurich")
    with pytest.raises(ValidationError, match="last_day lies before"):
        PartitionSettings(first_day=SATURDAY, last_day=MONDAY)
