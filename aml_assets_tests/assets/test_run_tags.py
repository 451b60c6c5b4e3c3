"""The tags of a run: the list of runs tells its days and assets."""

import datetime as dt

from aml_assets.assets.run_tags import shown_tags

FIRST, LAST = dt.date(2024, 1, 1), dt.date(2024, 1, 30)


def test_a_person_sees_days_and_assets():
    assets = ("models/model", "models/metrics")
    assert shown_tags(FIRST, LAST, assets) == {
        "aml/days": "2024-01-01 … 2024-01-30",
        "aml/assets": "model, metrics",
    }
    assert shown_tags(FIRST, FIRST, assets)["aml/days"] == "2024-01-01"
