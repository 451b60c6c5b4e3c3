"""The checks of a day's content: which assets have one, what it measures, and its result.

Belongs here: the registry `CHECKS`, and how each check computes its figure. Does not belong here:
where the figures come from (``steps.checking.measures``), what a failure stops
(``steps.checking.verdicts``), or the thresholds' defaults (``settings.check_settings``). A result
holds counts, shares and names of columns, never a value of a row.

To add a check: add its entry to `CHECKS`, and its threshold to ``settings.check_settings``.
"""

from __future__ import annotations

import datetime as dt
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from aml_assets.core.tables.schema_change import schema_change
from aml_assets.settings.check_settings import Threshold
from aml_assets.settings.table_settings import TRX

_SAME_WEEKDAYS = 2
"""Earlier days of one weekday that show what is usual on it: two weeks hold just that many."""

_FEW_POSITIVES = 10
"""Fewer positives than this, both found and expected, are too few to judge a ratio by."""


@dataclass(frozen=True)
class Figures:
    """Counts of one stored day.

    Attributes:
        day: the partition.
        rows: its rows.
        nulls: column → nulls, of every column but the label; empty if they were not counted.
        positives: reports decided as positive; ``None`` where there is no label.
        decided: reports decided at all; ``None`` where there is no label.
        landed_after: hours from the beginning of the day to its landing, if that is known.
        columns: column → the kind that it is treated as; empty if that is not known.
    """

    day: dt.date
    rows: int
    nulls: Mapping[str, int] = field(default_factory=dict)
    positives: int | None = None
    decided: int | None = None
    landed_after: float | None = None
    columns: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Result:
    """The result of one check of one day.

    Attributes:
        name: the check.
        passed: true if the figure lies inside the threshold, or cannot be judged.
        blocking: true if a failure stops what would be built from the day.
        figure: what was measured; ``None`` if it cannot be measured, and ``detail`` says why.
        low: the threshold's lower end; ``None`` if there is none.
        high: the threshold's upper end; ``None`` if there is none.
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
        """True if the check failed and its failure stops something."""
        return self.blocking and not self.passed

    @property
    def threshold(self) -> str:
        """The threshold in words, such as "at least 0.2 and at most 5"."""
        ends = [("at least", self.low), ("at most", self.high)]
        return " and ".join(f"{word} {end:g}" for word, end in ends if end is not None) or "any"


@dataclass(frozen=True)
class Subject:
    """The properties of an asset that decide which checks it has.

    Attributes:
        kind: a bank's table, the merged features, the predictions, or an asset without checks.
        daily: false for a static table.
        labelled: true for a table with a label column.
    """

    kind: Literal["table", "features", "predictions", "other"]
    daily: bool = True
    labelled: bool = False


@dataclass(frozen=True)
class CheckInput:
    """Everything that a check may look at.

    Attributes:
        today: the day to check.
        past: earlier days that show what is usual, newest first: they hold rows, unblocked.
        facts: the manifest's facts of the day (``unmatched``, ``orphans``, ``unseen`` …).
        min_days: with fewer earlier days nothing is called unusual.
        min_rows: a share of fewer rows is not judged.
        daily: false for a static table.
        empty_by_design: the reason why the day may have no row; ``None`` if it should have some.
    """

    today: Figures
    past: Sequence[Figures] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    min_days: int = 1
    min_rows: int = 1
    daily: bool = True
    empty_by_design: str | None = None


@dataclass(frozen=True)
class Measurement:
    """The figure that a check measured, before the threshold is applied.

    Attributes:
        figure: the number to compare with the threshold; ``None`` passes.
        detail: one sentence for people.
        passed: the outcome, where the threshold is not to decide it.
        warns_only: true if a failure must not block.
    """

    figure: float | None
    detail: str
    passed: bool | None = None
    warns_only: bool = False


@dataclass(frozen=True)
class Check:
    """One kind of check.

    Attributes:
        name: its name in the settings and in Dagster.
        description: one sentence for people, shown in Dagster.
        applies: true for the assets that have it.
        measure: computes the measurement; it gets the threshold, too.
        needs: the attributes of `Figures` and the keys of ``facts`` that ``measure`` reads,
            besides the day and its rows.
        compares: true if it compares the day with earlier ones (``CheckInput.past``).
    """

    name: str
    description: str
    applies: Callable[[Subject], bool]
    measure: Callable[[CheckInput, Threshold], Measurement]
    needs: frozenset[str] = frozenset()
    compares: bool = False

    def judge(self, given: CheckInput, limit: Threshold) -> Result:
        """The check's result on one day.

        Args:
            given: the day, the days before it, and its facts.
            limit: the threshold.
        """
        found = self.measure(given, limit)
        figure = None if found.figure is None else round(float(found.figure), 6)
        inside = figure is None or limit.holds(figure)
        return Result(
            name=self.name,
            passed=inside if found.passed is None else found.passed,
            blocking=limit.severity == "block" and not found.warns_only,
            figure=figure,
            low=limit.low,
            high=limit.high,
            detail=found.detail,
        )


def checks_for(subject: Subject) -> list[Check]:
    """The checks that an asset has, in the registry's order."""
    return [check for check in CHECKS.values() if check.applies(subject)]


def _volume(given: CheckInput, limit: Threshold) -> Measurement:
    """Rows as a multiple of the usual; of the same weekday's usual, if only that explains them.

    A daily table's day without rows warns at most: banks have such days.
    """
    rows, warns_only = given.today.rows, given.daily and not given.today.rows
    if warns_only and given.empty_by_design:
        return Measurement(None, f"no row: {given.empty_by_design}", warns_only=True)
    if len(given.past) < given.min_days:
        return Measurement(
            None, _too_few_days(len(given.past), given.min_days), warns_only=warns_only
        )
    usual, days = statistics.median(day.rows for day in given.past), f"{len(given.past)} days"
    alike = [day.rows for day in given.past if day.day.weekday() == given.today.day.weekday()]
    if not limit.holds(rows / usual) and len(alike) >= _SAME_WEEKDAYS:
        # A bank has fewer rows on a Sunday than on a Friday, and that is no failure.
        on_weekday = statistics.median(alike)
        if limit.holds(rows / on_weekday):
            usual, days = on_weekday, f"{len(alike)} {given.today.day:%A}s"
    detail = f"{rows:,} rows, usually {usual:,.0f} (median of {days})"
    return Measurement(rows / usual, detail, warns_only=warns_only)


def _null_rate(given: CheckInput, limit: Threshold) -> Measurement:
    """The rise of the share of nulls over the usual, in the column where it rose most.

    A column that too few earlier days have is left out: contracts let columns come and go.
    """
    today = given.today
    if today.rows < given.min_rows:
        return Measurement(None, _too_few_rows(today.rows, given.min_rows))
    worst: Measurement | None = None
    worst_rise = 0.0
    for column, nulls in sorted(today.nulls.items()):
        known = [day.nulls[column] / day.rows for day in given.past if column in day.nulls]
        if len(known) < given.min_days:
            continue
        share, usual = nulls / today.rows, statistics.median(known)
        if worst is None or share - usual > worst_rise:
            worst_rise = share - usual
            worst = Measurement(
                worst_rise,
                f"column {column}: {share:.1%} null, usually {usual:.1%} "
                f"(median of {len(known)} days)",
            )
    return worst or Measurement(None, _too_few_days(len(given.past), given.min_days))


def _duplicate_keys(given: CheckInput, limit: Threshold) -> Measurement:
    """Always 0: the contract refuses a table that repeats a key, so none is stored."""
    rows = f"{given.today.rows:,} rows"
    return Measurement(0.0, f"{rows}, each with a key of its own; the contract refuses others")


def _label_rate(given: CheckInput, limit: Threshold) -> Measurement:
    """Positives among the decided, as a multiple of the usual share."""
    decided, positives = given.today.decided or 0, given.today.positives or 0
    if decided < given.min_rows:
        return Measurement(None, f"only {decided} decided, {given.min_rows} are needed to judge")
    known = [day for day in given.past if day.decided]
    if len(known) < given.min_days:
        return Measurement(None, _too_few_days(len(known), given.min_days))
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
        return Measurement(figure, f"{detail}; too few to judge", passed=True)
    return Measurement(figure, detail)


def _late_landing(given: CheckInput, limit: Threshold) -> Measurement:
    """Hours by which the day landed later than usual."""
    if given.today.landed_after is None:
        return Measurement(None, "when it landed is not known")
    known = [day.landed_after for day in given.past if day.landed_after is not None]
    if len(known) < given.min_days:
        return Measurement(None, _too_few_days(len(known), given.min_days))
    usual = statistics.median(known)
    return Measurement(
        given.today.landed_after - usual,
        f"landed {given.today.landed_after:.1f} h after the day began, usually {usual:.1f} h "
        f"(median of {len(known)} days)",
    )


def _unmatched_share(given: CheckInput, limit: Threshold) -> Measurement:
    """Reports whose transaction was not found, as a share of all reports."""
    parts = {"reports": (int(given.facts["unmatched"]), given.today.rows)}
    return _worst_share(parts, f"without their row of {TRX}", given.min_rows)


def _orphan_keys(given: CheckInput, limit: Threshold) -> Measurement:
    """References to a row that no table holds, as a share of the references of that column."""
    pairs = given.facts.get("orphans", {})
    parts = {column: (int(count), int(total)) for column, (count, total) in pairs.items()}
    return _worst_share(parts, "refer to a row that no table holds", given.min_rows)


def _unseen_share(given: CheckInput, limit: Threshold) -> Measurement:
    """Rows with a category that the model has not seen in training, as a share of all rows."""
    unseen = given.facts.get("unseen", {})
    parts = {feature: (int(count), given.today.rows) for feature, count in unseen.items()}
    what = "rows hold a category that the model has not seen"
    return _worst_share(parts or {"features": (0, given.today.rows)}, what, given.min_rows)


def _worst_share(parts: Mapping[str, tuple[int, int]], what: str, min_rows: int) -> Measurement:
    """The largest of some shares, of those with enough rows.

    Args:
        parts: name → (count, total).
        what: the words after the counts.
        min_rows: the least total that is judged.
    """
    enough = {name: pair for name, pair in parts.items() if pair[1] >= min_rows}
    if not enough:
        most = max((total for _, total in parts.values()), default=0)
        return Measurement(None, _too_few_rows(most, min_rows))
    worst = max(sorted(enough), key=lambda name: enough[name][0] / enough[name][1])
    count, total = enough[worst]
    return Measurement(count / total, f"{worst}: {count:,} of {total:,} {what}")


def _too_few_days(found: int, needed: int) -> str:
    return f"too few days: {found} earlier ones, {needed} tell what is usual"


def _too_few_rows(found: int, needed: int) -> str:
    return f"too few rows: {found}, and {needed} are needed to judge"


CHECKS: dict[str, Check] = {
    check.name: check
    for check in (
        Check(
            "volume",
            "Rows as a multiple of the trailing median.",
            applies=lambda asset: asset.kind == "table",
            measure=_volume,
            compares=True,
        ),
        Check(
            "null_rate",
            "By how much the share of nulls rose over the trailing median; worst column.",
            applies=lambda asset: asset.kind in ("table", "features"),
            measure=_null_rate,
            needs=frozenset({"nulls"}),
            compares=True,
        ),
        Check(
            "duplicate_keys",
            "Rows that repeat a key; the contract refuses such a table.",
            applies=lambda asset: asset.kind == "table",
            measure=_duplicate_keys,
        ),
        Check(
            "schema_change",
            "Columns that came, went or changed their kind since the newest earlier day.",
            applies=lambda asset: asset.kind in ("table", "features"),
            measure=lambda given, _: Measurement(
                *schema_change(given.today.columns, [day.columns for day in given.past])
            ),
            needs=frozenset({"columns"}),
            compares=True,
        ),
        Check(
            "label_rate",
            "Share of positives among the decided, as a multiple of the trailing share.",
            applies=lambda asset: asset.kind == "table" and asset.labelled,
            measure=_label_rate,
            needs=frozenset({"positives", "decided"}),
            compares=True,
        ),
        Check(
            "late_landing",
            "Hours by which the day landed later than the trailing median.",
            applies=lambda asset: asset.kind == "table" and asset.daily,
            measure=_late_landing,
            needs=frozenset({"landed_after"}),
            compares=True,
        ),
        Check(
            "unmatched_share",
            "Reports without their transaction.",
            applies=lambda asset: asset.kind == "features",
            measure=_unmatched_share,
            needs=frozenset({"unmatched"}),
        ),
        Check(
            "orphan_keys",
            "References to a row that no table holds; the worst one.",
            applies=lambda asset: asset.kind == "features",
            measure=_orphan_keys,
            needs=frozenset({"orphans"}),
        ),
        Check(
            "unseen_share",
            "Rows with a category that the model has not seen; worst feature.",
            applies=lambda asset: asset.kind == "predictions",
            measure=_unseen_share,
            needs=frozenset({"unseen"}),
        ),
    )
}
"""Every check by its name."""
