"""The daily partitions of every asset.

Belongs here: the one partitions definition, and refusing days outside it. Does not belong here:
windows (``core.model.windows``), or a run's tags (``run_tags``).
"""

import datetime as dt
from collections.abc import Mapping, Sequence

import dagster as dg

from aml_assets.assets.run_tags import days_of
from aml_assets.core.days import ONE_DAY
from aml_assets.errors import PartitionError
from aml_assets.settings.calendar_settings import PartitionSettings


def daily_partitions(settings: PartitionSettings) -> dg.DailyPartitionsDefinition:
    """One partition per day, from the first to the last or to today.

    Today's partition exists from its first minute on: the night scores today's file.
    """
    end = settings.last_day + ONE_DAY if settings.last_day else None
    return dg.DailyPartitionsDefinition(
        start_date=str(settings.first_day),
        end_date=str(end) if end else None,
        timezone=settings.time_zone,
        end_offset=0 if end else 1,
    )


def requested_days(tags: Mapping[str, str], settings: PartitionSettings) -> list[dt.date]:
    """The days of a run, oldest first; ``dagster job execute`` checks none of this itself.

    Args:
        tags: the run's tags.
        settings: the partitions that exist.

    Raises:
        PartitionError: no day, or one outside the partitions.
    """
    days = days_of(tags)
    if not days:
        raise PartitionError(
            "this run has no day, and every asset is partitioned by day",
            remedy="""Give one: --tags '{"dagster/partition": "YYYY-MM-DD"}'.""",
        )
    refuse_outside(days, settings)
    return days


def refuse_outside(days: Sequence[dt.date], settings: PartitionSettings) -> None:
    """Refuse a range, oldest day first, that reaches beyond the partitions.

    Raises:
        PartitionError: names the first such end.
    """
    known = daily_partitions(settings)
    for day in (days[0], days[-1]):
        if not known.has_partition_key(str(day)):
            raise PartitionError(
                "the day is outside the partitions, "
                f"{settings.first_day} … {settings.last_day or 'today'}",
                day=day,
                remedy="Request a day inside, or change partitions.first_day or "
                "partitions.last_day.",
            )
