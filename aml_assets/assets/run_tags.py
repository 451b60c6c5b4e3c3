"""Run tags: the days of a run, who requested it, how long it may take, and whether it restarts.

Belongs here: every tag that we read or write, and reading them. Does not belong here: the
partitions definition (``partitions``).
"""

import datetime as dt
from collections.abc import Mapping, Sequence

from aml_assets.assets.dagster_internals import USER_TAG
from aml_assets.core.days import days_between, span
from aml_assets.errors import PartitionError
from aml_assets.settings.automation_settings import AutomationSettings

ONE_PARTITION = "dagster/partition"
RANGE_START = "dagster/asset_partition_range_start"
RANGE_END = "dagster/asset_partition_range_end"

ASKED_BY = "aml/asked_by"
"""The sensor or schedule that requested the run; a run by hand has no such tag."""

LOGIN = USER_TAG
"""The login that started the run over the web; written by us alone (``automation.logins``)."""

CLAIMED_BY = "aml/claimed_by"
"""The user of the machine who started the run by a command: a claim, which nobody checked."""

SHOWN_DAYS, SHOWN_ASSETS = "aml/days", "aml/assets"
"""For people in the list of runs: the days of a run, and the last parts of its assets' names."""

NO_RESTART = {"dagster/max_retries": "0"}
"""Tags of a run that is not started again, whatever its process died of."""


def day_tags(first: dt.date, last: dt.date) -> dict[str, str]:
    """The tags of a run over one day, or over a range with both ends included."""
    if first == last:
        return {ONE_PARTITION: str(first)}
    return {RANGE_START: str(first), RANGE_END: str(last)}


def shown_tags(first: dt.date, last: dt.date, assets: Sequence[str]) -> dict[str, str]:
    """The tags by which a person tells runs apart."""
    names = ", ".join(asset.rpartition("/")[2] for asset in assets)
    return {SHOWN_DAYS: span(first, last), SHOWN_ASSETS: names}


def runtime_tags(automation: AutomationSettings, days: int = 1) -> dict[str, str]:
    """The tag by which the daemon ends a run that takes too long.

    Args:
        automation: how long a run may take for a day.
        days: how many days the run has.
    """
    return {"dagster/max_runtime": str(automation.max_runtime_minutes * 60 * days)}


def days_of(tags: Mapping[str, str]) -> list[dt.date]:
    """The days of a run, oldest first; none for a run whose tags name no day.

    Raises:
        PartitionError: a tag is not a date, or the range ends before it starts. It does not quote
            what somebody typed into a tag.
    """
    first = _day_of(tags, RANGE_START) or _day_of(tags, ONE_PARTITION)
    last = _day_of(tags, RANGE_END) or _day_of(tags, ONE_PARTITION)
    if not first or not last:
        return []
    days = days_between(first, last)
    if not days:
        raise PartitionError(
            f"the run's range ends on {last}, before it starts on {first}",
            remedy="Give the earlier day first.",
        )
    return days


def known_days_of(tags: Mapping[str, str]) -> list[dt.date]:
    """The days of a run, oldest first; none also where its tags name no valid ones."""
    try:
        return days_of(tags)
    except PartitionError:
        return []


def _day_of(tags: Mapping[str, str], name: str) -> dt.date | None:
    """The day that a tag holds; ``None`` without the tag, or of an empty one."""
    text = tags.get(name)
    try:
        return dt.date.fromisoformat(text) if text else None
    except ValueError:
        raise PartitionError(
            f"the run's tag {name} is no day", remedy="Write it as YYYY-MM-DD."
        ) from None
