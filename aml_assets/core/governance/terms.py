"""Terms: when a partition's time has passed, and what was deleted then, as the ledger tells it.

Belongs here: calendar years from a day, and the record of a deletion. Does not belong here: which
files a partition has (``io.owners``), or what is kept all the same (``steps.retaining.planning``).
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from aml_assets.core.days import ONE_DAY, parse_day, ranges
from aml_assets.core.governance.chain import Entry


def kept_until(day: dt.date, years: int) -> dt.date:
    """The last day on which a partition is kept: the same day some years later.

    After a 29th of February that is the 1st of March, where there is no 29th.
    """
    year = day.year + years
    try:
        return day.replace(year=year)
    except ValueError:
        return dt.date(year, 3, 1)


def first_kept(today: dt.date, years: int) -> dt.date:
    """The first day whose partitions have not expired today."""
    year = today.year - years
    # Of the year's three days around a leap day, more than one may end on the same day.
    near = [dt.date(year, 2, 28), dt.date(year, 3, 1) - ONE_DAY, dt.date(year, 3, 1)]
    if (today.month, today.day) not in ((2, 28), (2, 29), (3, 1)):
        return today.replace(year=year)
    return min(day for day in near if kept_until(day, years) >= today)


@dataclass(frozen=True)
class Expired:
    """A partition whose term has passed, and the files of it that are deleted.

    Attributes:
        rule: the setting and its value.
        asset: the asset.
        day: the partition.
        files: path → bytes, of the files that are deleted; the content's own file comes first.
        whole: whether nothing of the partition stays.
    """

    rule: str
    asset: str
    day: dt.date
    files: Mapping[str, int] = field(default_factory=dict)
    whole: bool = True


def record_of(expired: Iterable[Expired], *, whole: bool = True) -> list[dict[str, Any]]:
    """The record of a deletion for the ledger: exact, and short where assets share their days.

    Args:
        expired: what is deleted.
        whole: whether to record the partitions that are deleted as a whole, or those of which some
            files stay.

    Returns:
        For each rule and set of days: ``rule``, ``assets``, ``days`` (ranges, both ends included),
        the numbers of ``partitions`` and ``files``, and ``sha256`` of the files' paths and bytes.
    """
    by_asset: dict[tuple[str, str], list[Expired]] = {}
    for each in expired:
        if each.whole == whole:
            by_asset.setdefault((each.rule, each.asset), []).append(each)
    alike: dict[tuple[str, tuple[dt.date, ...]], list[Expired]] = {}
    for (rule, _), of in sorted(by_asset.items()):
        days = tuple(sorted(each.day for each in of))
        alike.setdefault((rule, days), []).extend(of)
    return [
        {
            "rule": rule,
            "assets": sorted({each.asset for each in of}),
            "days": [[str(first), str(last)] for first, last in ranges(list(days))],
            "partitions": len(of),
            "files": sum(len(each.files) for each in of),
            "sha256": _digest_of(of),
        }
        for (rule, days), of in alike.items()
    ]


def _digest_of(expired: Iterable[Expired]) -> str:
    lines = sorted(f"{path} {length}\n" for each in expired for path, length in each.files.items())
    return hashlib.sha256("".join(lines).encode()).hexdigest()


@dataclass(frozen=True)
class Deleted:
    """Partitions that were deleted together.

    Attributes:
        rule: the setting and its value.
        assets: the assets.
        days: ranges, both ends included.
        on: the bank's day of the deletion.
        entry: the ledger's entry about it.
    """

    rule: str
    assets: frozenset[str]
    days: tuple[tuple[dt.date, dt.date], ...]
    on: str
    entry: int

    def has(self, asset: str, day: dt.date) -> bool:
        """Whether a partition is among them."""
        return asset in self.assets and any(first <= day <= last for first, last in self.days)

    @property
    def sentence(self) -> str:
        """Why such a partition is not there."""
        return f"it was deleted under {self.rule} on {self.on} (entry {self.entry} of the ledger)"


def deleted_by(entries: Iterable[Entry]) -> Iterator[dict[str, Any]]:
    """The deletions that entries of the ledger tell of, as JSON that `deleted_of` reads."""
    for entry in entries:
        if entry.kind == "retention":
            for each in entry.about.get("deleted", ()):
                known = {name: each[name] for name in ("rule", "assets", "days")}
                yield {**known, "on": entry.about["today"], "entry": entry.number}


def deleted_of(value: Mapping[str, Any]) -> Deleted:
    """Read one mapping of `deleted_by`.

    Raises:
        ValueError, KeyError, TypeError: it is none.
    """
    days = tuple((_day(first), _day(last)) for first, last in value["days"])
    return Deleted(
        str(value["rule"]),
        frozenset(map(str, value["assets"])),
        days,
        str(value["on"]),
        int(value["entry"]),
    )


def _day(text: str) -> dt.date:
    day = parse_day(text)
    if day is None:
        raise ValueError("no day")
    return day
