"""The settings as they are recorded beside what is built, and read back to build it once more.

Belongs here: which settings can change content, and combining recorded ones with the places of the
present ones. Does not belong here: where the record lies (``io.surroundings``), or any single
setting.

All values are recorded, not the file: so a default that a later release changes is known, too.
Places, connections, alarms and schedules change no content, and are left out; so are the numbers of
threads, and where training holds its rows. No secret is a setting.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aml_assets.settings.load import Settings, settings_of

_PRESENT = ("landing", "hdfs", "automation", "alarms", "filing", "engine")
"""Sections that change no content of a day."""

_PRESENT_OF = {
    "store": ("url", "seal_keys", "file_permissions", "folder_permissions"),
    "partitions": ("last_day",),
    "training": ("threads", "external_memory_bytes"),
}
"""Further settings that change no content, by section."""


def recorded_settings(settings: Settings) -> dict[str, Any]:
    """The settings that can change content, as JSON values; holidays as days, not as a file."""
    found = settings.model_dump(mode="json", exclude={*_PRESENT})
    for section, names in _PRESENT_OF.items():
        for name in names:
            del found[section][name]
    of = found["partitions"]
    del of["holiday_file"]
    of["empty_days"] = sorted({*of["empty_days"], *map(str, settings.partitions.holidays)})
    return found


def restored_settings(recorded: Mapping[str, Any], present: Settings) -> Settings:
    """Recorded settings, with the places and connections of the present ones.

    Raises:
        SettingsError: this version of the program does not know one of them.
    """
    here = present.model_dump(mode="json")
    values: dict[str, Any] = {**recorded, **{name: here[name] for name in _PRESENT}}
    for section, names in _PRESENT_OF.items():
        values[section] = {**recorded[section], **{name: here[section][name] for name in names}}
    return settings_of(values)
