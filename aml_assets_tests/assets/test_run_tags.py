"""The tags of a run: the list of runs tells its days and assets."""

import datetime as dt

import pytest

from aml_assets.assets.run_tags import ONE_PARTITION, RANGE_END, RANGE_START, days_of, shown_tags
from aml_assets.errors import PartitionError

FIRST, LAST = dt.date(2024, 1, 1), dt.date(2024, 1, 30)


def test_a_person_sees_days_and_assets():
    assets = ("models/model", "models/metrics")
    assert shown_tags(FIRST, LAST, assets) == {
        "aml/days": "2024-01-01 … 2024-01-30",
        "aml/assets": "model, metrics",
    }
    assert shown_tags(FIRST, FIRST, assets)["aml/days"] == "2024-01-01"


@pytest.mark.parametrize("name", [ONE_PARTITION, RANGE_START, RANGE_END])
def test_a_tag_that_is_no_day_is_named_and_not_quoted(name: str):
    tags = {ONE_PARTITION: str(FIRST), name: "what somebody typed"}
    with pytest.raises(PartitionError) as refused:
        days_of(tags)
    assert str(refused.value) == f"the run's tag {name} is no day. Write it as YYYY-MM-DD."
    assert refused.value.__cause__ is None
