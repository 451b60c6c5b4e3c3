"""Checks: figures of a day and of the days before it in, results out.

Belongs here: how each check's figure is computed, and whether it lies inside its threshold. Does
not belong here: where the figures come from and what a failure stops (``steps.checking.verdicts``),
or the thresholds' defaults (``check_settings``). A result tells counts, shares and names of
columns, never a value.
"""

from __future__ import annotations

import datetime as dt
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from aml_assets.core.tables.contracts import CheckedTable
from aml_assets.settings.check_settings import Threshold
from aml_assets.settings.table_settings import STR, TRX, Join

_SAME_WEEKDAYS = 2
"""As many earlier days of one weekday tell what is usual on it: two weeks hold just that."""

_FEW_POSITIVES = 10
"""Where fewer are to be expected, and fewer there are, any multiple is an accident."""


@dataclass(frozen=True)
class Figures:
    """What is known of one stored day.

    Attributes:
        day: the partition.
        rows: its rows.
        nulls: column → nulls, of every column but the label; empty if nobody counted.
        positives: reports decided as positive; ``None`` where there is no label.
        decided: reports decided at all.
        landed_after: hours from the beginning of the day to its landing, if that is known.
    """

    day: dt.date
    rows: int
    nulls: Mapping[str, int] = field(default_factory=dict)
    positives: int | None = None
    decided: int | None = None
    landed_after: float | None = None


@dataclass(frozen=True)
class Result:
    """One check of one day.

    Attributes:
        name: the check.
        passed: whether the figure lies inside the threshold, or cannot be judged.
        blocking: whether a failure stops what would be made of the day.
        figure: what was measured; ``None`` if it cannot be said, and then ``detail`` says why.
        low: the threshold's lower end.
        high: the threshold's upper end.
        detail: one sentence for people.
    """

    name: str
    passed: bool
    blocking: bool
    figure: float | None
    low: float | None
    high: float | None
    detail: str

    @property
    def blocks(self) -> bool:
        """Whether it is a failure that stops something."""
        return self.blocking and not self.passed

    @property
    def threshold(self) -> str:
        """The threshold as one reads it."""
        ends = [("at least", self.low), ("at most", self.high)]
        return " and ".join(f"{word} {end:g}" for word, end in ends if end is not None) or "any"


@dataclass(frozen=True)
class Judge:
    """When there is enough to judge by.

    Attributes:
        min_days: fewer earlier days do not tell what is usual.
        min_rows: a share of fewer rows is an accident.
    """

    min_days: int
    min_rows: int

    def volume(
        self, today: Figures, past: Sequence[Figures], limit: Threshold, *, empty: str | None = None
    ) -> Result:
        """Rows as a multiple of the usual; of the same weekday's, if only that explains them.

        Args:
            today: the day.
            past: earlier days with rows, any order.
            limit: the threshold.
            empty: why no row is no failure, if it is none.
        """
        result = _Maker("volume", limit)
        if not today.rows and empty:
            return result.unjudged(f"no row: {empty}")
        if len(past) < self.min_days:
            return result.unjudged(_too_few_days(len(past), self.min_days))
        usual, of = statistics.median(day.rows for day in past), f"{len(past)} days"
        alike = [day.rows for day in past if day.day.weekday() == today.day.weekday()]
        if not limit.holds(today.rows / usual) and len(alike) >= _SAME_WEEKDAYS:
            # A bank's Sunday is no failure of its Friday's.
            on_weekday = statistics.median(alike)
            if limit.holds(today.rows / on_weekday):
                usual, of = on_weekday, f"{len(alike)} {today.day:%A}s"
        return result.of(
            today.rows / usual, f"{today.rows:,} rows, usually {usual:,.0f} (median of {of})"
        )

    def null_rate(self, today: Figures, past: Sequence[Figures], limit: Threshold) -> Result:
        """By how much the share of nulls rose over the usual, in the worst column of the day.

        A column that comes or goes is none: it is null on some days by contract.
        """
        result = _Maker("null_rate", limit)
        if today.rows < self.min_rows:
            return result.unjudged(_too_few_rows(today.rows, self.min_rows))
        worst: tuple[float, str] | None = None
        for column, nulls in sorted(today.nulls.items()):
            known = [day.nulls[column] / day.rows for day in past if column in day.nulls]
            if len(known) < self.min_days:
                continue
            share, usual = nulls / today.rows, statistics.median(known)
            if worst is None or share - usual > worst[0]:
                worst = (
                    share - usual,
                    f"column {column}: {share:.1%} null, usually {usual:.1%} "
                    f"(median of {len(known)} days)",
                )
        if worst is None:
            return result.unjudged(_too_few_days(len(past), self.min_days))
        return result.of(*worst)

    def label_rate(self, today: Figures, past: Sequence[Figures], limit: Threshold) -> Result:
        """Positives among the decided, as a multiple of the usual share."""
        result = _Maker("label_rate", limit)
        decided, positives = today.decided or 0, today.positives or 0
        if decided < self.min_rows:
            return result.unjudged(f"only {decided} decided, {self.min_rows} are needed to judge")
        known = [day for day in past if day.decided]
        if len(known) < self.min_days:
            return result.unjudged(_too_few_days(len(known), self.min_days))
        usual = statistics.median((day.positives or 0) / (day.decided or 1) for day in known)
        if not usual:  # most days have none: all days together
            positive = sum(day.positives or 0 for day in known)
            usual = max(positive, 0.5) / sum(day.decided or 0 for day in known)
        figure = positives / decided / usual
        detail = (
            f"{positives:,} of {decided:,} decided are positive ({positives / decided:.2%}), "
            f"usually {usual:.2%} (median of {len(known)} days)"
        )
        if max(usual * decided, positives) < _FEW_POSITIVES:
            return result.of(figure, f"{detail}; too few to judge", passed=True)
        return result.of(figure, detail)

    def late_landing(self, today: Figures, past: Sequence[Figures], limit: Threshold) -> Result:
        """Hours by which the day landed later than usual."""
        result = _Maker("late_landing", limit)
        if today.landed_after is None:
            return result.unjudged("when it landed is not known")
        known = [day.landed_after for day in past if day.landed_after is not None]
        if len(known) < self.min_days:
            return result.unjudged(_too_few_days(len(known), self.min_days))
        usual = statistics.median(known)
        return result.of(
            today.landed_after - usual,
            f"landed {today.landed_after:.1f} h after the day began, usually {usual:.1f} h "
            f"(median of {len(known)} days)",
        )

    def worst_share(
        self, name: str, parts: Mapping[str, tuple[int, int]], limit: Threshold, what: str
    ) -> Result:
        """The largest of some shares.

        Args:
            name: the check.
            parts: what it is a share of, by name → (how many, of how many).
            limit: the threshold.
            what: what those many are, after their number.
        """
        result = _Maker(name, limit)
        enough = {of: pair for of, pair in parts.items() if pair[1] >= self.min_rows}
        if not enough:
            most = max((of for _, of in parts.values()), default=0)
            return result.unjudged(_too_few_rows(most, self.min_rows))
        worst = max(sorted(enough), key=lambda of: enough[of][0] / enough[of][1])
        count, of = enough[worst]
        return result.of(count / of, f"{worst}: {count:,} of {of:,} {what}")


def no_duplicates(rows: int, limit: Threshold) -> Result:
    """What is stored has unique keys: the contract refuses a table that repeats one."""
    detail = f"{rows:,} rows, each with a key of its own; the contract refuses others"
    return _Maker("duplicate_keys", limit).of(0.0, detail)


def orphan_keys(
    tables: Mapping[str, CheckedTable], joins: Sequence[Join]
) -> dict[str, tuple[int, int]]:
    """References without the row they refer to, at the grain of the table that holds them.

    A reference that is joined to several tables (a customer is a person or a company) is an
    orphan if none of them has it. Reports' own references to transactions are left out: those
    may lie in earlier days. Null refers to nothing.

    Args:
        tables: a day's tables, in normal form.
        joins: the chain of joins.

    Returns:
        ``table.column`` → (orphans, references).
    """
    groups: dict[tuple[str, ...], list[Join]] = {}
    for join in joins:
        owners = {left.partition(".")[0] for left in join.on}
        if len(owners) > 1 or (owners == {STR} and join.table == TRX):
            continue
        groups.setdefault(tuple(sorted(join.on)), []).append(join)
    found = {}
    for lefts, group in groups.items():
        if not any(tables[join.table].table.num_rows for join in group):
            continue  # the bank has none of these, which is normal
        owner = lefts[0].partition(".")[0]
        references = _bare(tables[owner].table, [left.partition(".")[2] for left in lefts])
        rest = references
        for join in group:
            rest = _without(rest, _bare(tables[join.table].table, [join.on[n] for n in lefts]))
        found[", ".join(lefts)] = (rest.num_rows, references.num_rows)
    return found


def count_nulls(table: pa.Table, leave_out: str | None = None) -> dict[str, int]:
    """Nulls per column, but of one."""
    return {
        name: column.null_count
        for name, column in zip(table.column_names, table.columns, strict=True)
        if name != leave_out
    }


@dataclass(frozen=True)
class _Maker:
    """Results of one check."""

    name: str
    limit: Threshold

    def of(self, figure: float | None, detail: str, *, passed: bool | None = None) -> Result:
        rounded = None if figure is None else round(float(figure), 6)
        inside = rounded is None or self.limit.holds(rounded)
        return Result(
            self.name,
            inside if passed is None else passed,
            self.limit.severity == "block",
            rounded,
            self.limit.low,
            self.limit.high,
            detail,
        )

    def unjudged(self, why: str) -> Result:
        return self.of(None, why)


def _too_few_days(found: int, needed: int) -> str:
    return f"too few days: {found} earlier ones, {needed} tell what is usual"


def _too_few_rows(found: int, needed: int) -> str:
    return f"too few rows: {found}, and {needed} are needed to judge"


def _bare(table: pa.Table, columns: Sequence[str]) -> pa.Table:
    """Rows without a null in some columns, called "0", "1", …: Arrow reads ".id" as a path."""
    return (
        table.select(list(columns))
        .rename_columns([str(n) for n in range(len(columns))])
        .drop_null()
    )


def _without(references: pa.Table, held: pa.Table) -> pa.Table:
    """References that ``held`` does not have. Where one side is empty its type means nothing."""
    if not references.num_rows or not held.num_rows:
        return references
    numbered = references.append_column("row", pa.array(np.arange(references.num_rows)))
    orphans = numbered.join(held, keys=references.column_names, join_type="left anti")
    return references.take(orphans.column("row").combine_chunks())
