"""Histories: the stored partials of the days up to a day, and how many of these days are known.

Belongs here: which days are taken, and refusing partials that cannot be added up. Does not belong
here: what is computed from them (``core.relations``).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aml_assets.core.days import days_before
from aml_assets.core.relations.history import of_accounts
from aml_assets.core.tables.chunks import ROWS, Keep, batches_of, in_memory
from aml_assets.core.tables.remote_engine import StoredFrame
from aml_assets.errors import Outdated
from aml_assets.io.manifest import Manifest
from aml_assets.io.upstream import Upstream
from aml_assets.steps.inputs.exemptions import exemption
from aml_assets.steps.inputs.stored_table import row_groups

if TYPE_CHECKING:
    import pyarrow as pa

    from aml_assets.io.catalog import Catalog


def known_days(
    catalog: Catalog,
    day: dt.date,
    partials: Upstream[pa.Table],
    earlier: int,
    *,
    with_own: bool = True,
) -> tuple[list[dt.date], int]:
    """The days of the horizon whose partial is stored, newest first, and how many are known.

    A day without a partial is recorded as absent, so that the history is stale once it is stored;
    one day that cannot be built must not hold up the 89 after it. The known days are counted back
    from the day itself, and end at the first absent one that is not exempt.

    Args:
        catalog: the first partition, and exemptions.
        day: the last day.
        partials: the stored partials.
        earlier: how many days before it.
        with_own: whether the day's own partial is needed.
    """
    found, known, whole = [day] if with_own else [], 1, True
    for past in reversed(days_before(day, earlier, catalog.settings.partitions.first_day)):
        if partials.has(past):
            found.append(past)
        else:
            partials.record(str(past))
            whole = whole and exemption(catalog, past) is not None
        known += whole
    return found, known


@dataclass(frozen=True)
class Counted:
    """The code version and settings that partials must share, so that they can be added up.

    Attributes:
        code_version: of the partials' asset.
        settings: the hash of the settings; ``None``: any.
    """

    code_version: str
    settings: str | None = None

    def refuse_other(self, of: Upstream[pa.Table], manifest: Manifest, days: list[dt.date]) -> None:
        """Refuse a partial of another code version or of other settings, before it is read.

        Args:
            of: the partials.
            manifest: that of one.
            days: those that are read, newest first.

        Raises:
            Outdated: says how to build the history again.
        """
        other = None if self.settings in (None, manifest.settings) else "by other settings"
        if manifest.code_version != self.code_version:
            other = "by another version of the code"
        if other:
            raise Outdated(
                f"it was counted {other}, so that it cannot be added up with other days",
                table=of.asset,
                day=manifest.partition,
                remedy=f"Build the history again: aml backfill --from {days[-1]} "
                f"--to {days[0]} --select {of.asset} --remake",
            )


def stored_partials(
    of: Upstream[pa.Table],
    days: list[dt.date],
    columns: list[str],
    counted: Counted,
    *,
    keep: Keep = in_memory,
    accounts: str | None = None,
) -> dict[dt.date, pa.Table]:
    """Read the partials of some days: day → table.

    Args:
        of: the partials.
        days: the days to read, newest first.
        columns: the columns to read of each.
        counted: the code version and settings that they must have.
        keep: where the days are kept.
        accounts: a column of accounts: of all days, only rows of the newest day's accounts are
            kept.

    Raises:
        Outdated: one has another code version or other settings.
    """

    def is_large(manifest: Manifest) -> bool:
        return (manifest.rows or 0) > ROWS

    def chosen(manifest: Manifest) -> list[str]:
        counted.refuse_other(of, manifest, days)
        return [] if is_large(manifest) else columns  # the rows of a large day come below

    found: dict[dt.date, pa.Table] = {}
    for each in days:
        table, manifest = of.load(each, chosen)
        parts = iter([table])
        if is_large(manifest):
            parts = row_groups(of.partitions, each, columns, manifest.digest)
        if accounts and found:
            newest = found[days[0]]
            parts = (of_accounts(part, newest, accounts) for part in parts)
        found[each] = keep(batches_of(parts))
    return found


def large_history(
    of: Upstream[pa.Table],
    days: list[dt.date],
    columns: list[str],
    counted: Counted,
) -> dict[dt.date, StoredFrame]:
    """The partials that have rows, as a remote engine reads them: day → frame.

    Empty if all of them have few rows together.

    Args:
        of: the partials; they count as read.
        days: the days to read, newest first.
        columns: the columns to read of each.
        counted: the code version and settings that they must have.

    Raises:
        Outdated: one has another code version or other settings.
    """
    manifests = {each: of.manifest(each) for each in days}
    for manifest in manifests.values():
        counted.refuse_other(of, manifest, days)
    if sum(manifest.rows or 0 for manifest in manifests.values()) <= ROWS:
        return {}
    filled = [each for each, manifest in manifests.items() if manifest.rows]
    return {each: of.stored_frame(each, columns) for each in filled}
