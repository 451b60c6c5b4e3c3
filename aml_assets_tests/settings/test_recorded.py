"""What is recorded of the settings gives them again, and tells nothing of places and people."""

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest

from aml_assets.errors import SettingsError
from aml_assets.settings.load import Settings, load_settings, settings_of
from aml_assets.settings.recorded import recorded_settings, restored_settings

CONFIGURED = {
    "partitions": {"first_day": "2023-05-01", "time_zone": "Europe/Zurich"},
    "training": {"preset": "flow_2019", "threads": 3},
    "lines": {"customer": {"horizon_days": 7, "training": {"rounds": 9}}},
    "labels": {"maturity_days": 5},
    "queue": {"days": 3},
    "windows": {
        "fixed": {
            "train_start": "2023-05-01",
            "train_end": "2023-05-20",
            "eval_start": "2023-05-21",
            "eval_end": "2023-05-23",
        }
    },
}


@pytest.mark.parametrize("values", [{}, CONFIGURED])
def test_restored_settings_are_those_that_were_recorded(values: dict[str, Any]):
    settings = settings_of(values)
    recorded = json.loads(json.dumps(recorded_settings(settings)))
    restored = restored_settings(recorded, settings)
    assert restored.model_dump(exclude={"partitions"}) == settings.model_dump(
        exclude={"partitions"}
    )
    assert recorded_settings(restored) == recorded


def test_places_connections_and_threads_are_the_present_ones():
    then = settings_of(
        {
            "landing": {"url": "/then/landing"},
            "store": {"url": "/then/store"},
            "training": {"threads": 1},
        }
    )
    now = settings_of(
        {
            "landing": {"url": "hdfs://bank/landing"},
            "store": {"url": "hdfs://bank/store"},
            "hdfs": {"authentication": "insecure", "user": "operator"},
            "training": {"threads": 2, "rounds": 7},
        }
    )
    restored = restored_settings(recorded_settings(then), now)
    assert (restored.landing, restored.store, restored.hdfs) == (now.landing, now.store, now.hdfs)
    assert restored.training.threads == 2
    assert restored.training.rounds == then.training.rounds
    text = json.dumps(recorded_settings(now))
    assert not any(word in text for word in ("hdfs:", "operator", "keytab", "/then", "webhook"))


def test_holidays_are_recorded_as_days_since_their_file_may_go(tmp_path: Path):
    file = tmp_path / "holidays"
    file.write_text("2024-01-01 New Year\n2024-05-01\n")
    settings = load_settings(
        partitions={"holiday_file": str(file), "empty_days": [dt.date(2024, 3, 4)]}
    )
    recorded = recorded_settings(settings)
    file.unlink()
    restored = restored_settings(recorded, settings_of({}))
    for day in ("2024-01-01", "2024-03-04", "2024-05-01"):
        assert restored.partitions.empty_by_design(dt.date.fromisoformat(day))
    assert not restored.partitions.empty_by_design(dt.date(2024, 1, 2))


def test_a_setting_that_this_version_does_not_know_is_refused():
    recorded = recorded_settings(Settings())
    recorded["training"]["magic"] = 1
    with pytest.raises(SettingsError, match=r"training\.magic"):
        restored_settings(recorded, Settings())
