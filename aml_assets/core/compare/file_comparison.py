"""The comparison of two prediction files row by row, and of two metrics documents.

Belongs here: the rows and columns that only one input has, the differences in the others, and the
agreement of two rankings. Does not belong here: reading files (``steps.comparing``), printing
(``cli.compare``), or two days' distributions (``core.compare.day_comparison``).

Files come as columns of text, because two programs write one value in several ways: ``7`` and
``7.0``, ``true`` and ``True``, or a time with and without its zero microseconds are equal here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from aml_assets.errors import InputError

SCORE = "pred_score"
MISSPELT = {"precesion": "precision"}
"""Names of figures as the flow of 2019 wrote them → their correct names."""

_SEPARATOR, _NULL = "\x1f", "\x00"
_CANONICAL = (
    (r"^([+-]?\d+)\.0+$", r"\1"),
    (r"^(\d{4}-\d\d-\d\d)T", r"\1 "),
    (r"^(\d{4}-\d\d-\d\d .*)Z$", r"\1+00:00"),
    (r"^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)\.0+($|[+-])", r"\1\2"),
    (r"^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d*[1-9])0+($|[+-])", r"\1\2"),
    (r"^(\d{4}-\d\d-\d\d) 00:00:00$", r"\1"),
    ("^True$", "true"),
    ("^False$", "false"),
)
_LONG = r"^[+-]?[0.]*[1-9](\.?\d){17}"
_NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"


@dataclass(frozen=True)
class Scores:
    """The agreement of two files' scores, over the rows that both have.

    Attributes:
        spearman: correlation of the two rankings, in [-1, 1]; ``None`` if undefined.
        reason: a sentence why it is undefined; ``None`` if it is defined.
        differing: the number of rows with different scores.
        median, largest: of the absolute differences of scores; ``None`` without a row.
        top: the requested number of highest-scored rows of each file (its head).
        head: the number of rows in each file's head: fewer where the file is shorter.
        shared: the number of rows in both heads.
        threshold: a score above it is an alert.
        alerts: alerts of the left file, of the right file, and of both.
    """

    spearman: float | None
    reason: str | None
    differing: int
    median: float | None
    largest: float | None
    top: int
    head: tuple[int, int]
    shared: int
    threshold: float
    alerts: tuple[int, int, int]


@dataclass(frozen=True)
class Differing:
    """The differences of one column.

    Attributes:
        rows: the number of rows that differ.
        empty_left: those of them where only the left file is empty.
        empty_right: those of them where only the right file is empty.
    """

    rows: int
    empty_left: int = 0
    empty_right: int = 0


@dataclass(frozen=True)
class FileComparison:
    """The differences between two prediction files.

    Except for ``keys`` it holds only counts and names of columns.

    Attributes:
        rows: rows of the left file and of the right one.
        both: rows whose key occurs once in each file.
        only: rows whose key only the left file has, and only the right one.
        repeated: rows whose key repeats in the left file, and in the right one; they are not
            compared.
        columns_only: columns that only the left file has, and only the right one.
        differing: column → its differences in the rows of ``both``; the score is left out.
        scores: the agreement of the scores in the rows of ``both``.
        keys: the rows that differ: their key columns, and ``where`` ("left" or "right" for rows
            of one file, otherwise the columns that differ).
        identical: whether both files hold the same rows in the same order, text by text.
    """

    rows: tuple[int, int]
    both: int
    only: tuple[int, int]
    repeated: tuple[int, int]
    columns_only: tuple[tuple[str, ...], tuple[str, ...]]
    differing: Mapping[str, Differing]
    scores: Scores
    keys: pa.Table
    identical: bool = False

    @property
    def same(self) -> bool:
        """True if nothing differs, scores included, and no key repeats, which may hide something.

        True also if the files are identical, whatever their keys.
        """
        if self.identical:
            return True
        one_sided = any(self.only) or any(self.repeated) or any(self.columns_only)
        return not (one_sided or self.differing or self.scores.differing)


@dataclass(frozen=True)
class MetricPair:
    """One figure of two metrics documents.

    Attributes:
        name: the figure.
        left, right: its values; ``None`` if a document has null, or not the figure.
        on: whether the left document has the figure, and whether the right one has it.
    """

    name: str
    left: Any
    right: Any
    on: tuple[bool, bool]

    @property
    def same(self) -> bool:
        """True if both documents have the figure with the same value."""
        both = (self.left, self.right)
        undefined = all(isinstance(each, float) and math.isnan(each) for each in both)
        return all(self.on) and (self.left == self.right or undefined)


def compare_predictions(
    left: pa.Table,
    right: pa.Table,
    *,
    key: Sequence[str],
    top: int = 100,
    threshold: float = 0.5,
) -> FileComparison:
    """Compare two prediction files.

    Args:
        left: columns of text, null for an empty field.
        right: the same.
        key: the columns that identify a row.
        top: the number of highest scores whose rows are compared as sets.
        threshold: a score above it is an alert.

    Raises:
        InputError: a key column or the score is missing, or a score is no number.
    """
    one, other = _Input(left, "left", key), _Input(right, "right", key)
    position = pc.index_in(one.keys, value_set=other.keys)
    matched = pc.is_valid(position)
    rows_left = pc.indices_nonzero(matched)
    rows_right = pc.drop_null(position)
    here, there = one.table.take(rows_left), other.table.take(rows_right)
    shared = [name for name in here.column_names if name in there.column_names]
    differs: dict[str, np.ndarray] = {}
    for name in shared:
        if name not in (SCORE, *key):
            differs[name] = _differs(here[name], there[name])
    scores = (one.scores[rows_left.to_numpy()], other.scores[rows_right.to_numpy()])
    missing = pc.is_null(pc.index_in(other.keys, value_set=one.keys))
    return FileComparison(
        rows=(left.num_rows, right.num_rows),
        both=len(rows_left),
        only=(len(one.keys) - len(rows_left), len(other.keys) - len(rows_right)),
        repeated=(one.repeated, other.repeated),
        columns_only=(_minus(left, right), _minus(right, left)),
        differing={
            name: _counted(found, here[name], there[name])
            for name, found in differs.items()
            if found.any()
        },
        scores=_scores(one, other, scores, top, threshold),
        keys=_differing_keys(
            key,
            one.table.filter(pc.invert(matched)),
            other.table.filter(missing),
            here,
            {**differs, SCORE: scores[0] != scores[1]},
        ),
        identical=left.equals(right),
    )


def compare_metrics(left: Mapping[str, Any], right: Mapping[str, Any]) -> list[MetricPair]:
    """Compare the figures of two metrics documents, in the order of the left one.

    Entries that are no figures (windows, lists of days, reasons) are left out; ``precesion``, as
    2019 wrote it, is ``precision``.
    """
    mine, theirs = _figures(left), _figures(right)
    return [
        MetricPair(name, mine.get(name), theirs.get(name), (name in mine, name in theirs))
        for name in dict.fromkeys([*mine, *theirs])
    ]


class _Input:
    """One of the two compared files: the rows with a unique key, their keys and their scores."""

    def __init__(self, table: pa.Table, name: str, key: Sequence[str]) -> None:
        for column in (*key, SCORE):
            if column not in table.column_names:
                raise InputError(
                    f"the {name} file has no such column",
                    column=column,
                    remedy="Name the columns of the key: --key trx_id --key ins_id."
                    if column in key
                    else "Give two files of predictions.",
                )
        parts = [pc.fill_null(canonical(table[column]), _NULL) for column in key]
        keys = pc.binary_join_element_wise(*parts, _SEPARATOR).combine_chunks()
        counts = keys.value_counts()
        repeats = counts.field("values").filter(pc.greater(counts.field("counts"), 1))
        single = pc.invert(pc.is_in(keys, value_set=repeats))
        self.table = table.filter(single)
        self.keys = keys.filter(single)
        self.repeated = len(keys) - len(self.keys)
        self.scores = _numbers(self.table[SCORE], name)

    def head(self, top: int) -> pa.Array:
        """The keys of the highest scores; equal scores are ordered by key."""
        ranked = pa.table({"score": self.scores, "key": self.keys})
        order = pc.sort_indices(ranked, sort_keys=[("score", "descending"), ("key", "ascending")])
        return self.keys.take(order[:top])


def canonical(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """The column with one spelling for equal whole numbers, times and truth values."""
    for pattern, text in _CANONICAL:
        column = pc.replace_substring_regex(column, pattern, text)
    return column


def _differs(left: pa.ChunkedArray, right: pa.ChunkedArray) -> np.ndarray:
    """Flag the rows where two columns of text hold different values: boolean, shape (rows,)."""
    found = ~_equal(left, right)
    rows = np.flatnonzero(found)
    if not len(rows):
        return found
    mine, theirs = canonical(left.take(rows)), canonical(right.take(rows))
    still = ~_equal(mine, theirs)
    # Whole numbers are compared as text, because a double cannot hold an id of twenty digits.
    numbers = _matches(mine, _NUMBER) & _matches(theirs, _NUMBER)
    broken = _matches(mine, "[.eE]") | _matches(theirs, "[.eE]")
    both = np.flatnonzero(still & numbers & broken)
    if len(both):
        pair = mine.take(both), theirs.take(both)
        values = [pc.cast(each, pa.float64()).to_numpy() for each in pair]
        still[both] = values[0] != values[1]
        # No double is printed with 18 significant digits: both are decimals; all digits count.
        for row in np.flatnonzero(_matches(pair[0], _LONG) & _matches(pair[1], _LONG)):
            still[both[row]] = Decimal(pair[0][row].as_py()) != Decimal(pair[1][row].as_py())
    found[rows] = still
    return found


def _counted(differs: np.ndarray, left: pa.ChunkedArray, right: pa.ChunkedArray) -> Differing:
    empty = [pc.is_null(each).to_numpy() & differs for each in (left, right)]
    return Differing(int(differs.sum()), int(empty[0].sum()), int(empty[1].sum()))


def _equal(left: pa.ChunkedArray, right: pa.ChunkedArray) -> np.ndarray:
    alike = pc.fill_null(pc.equal(left, right), False)
    both_null = pc.and_(pc.is_null(left), pc.is_null(right))
    return pc.or_(alike, both_null).to_numpy()


def _matches(column: pa.ChunkedArray, pattern: str) -> np.ndarray:
    return pc.fill_null(pc.match_substring_regex(column, pattern), False).to_numpy()


def _numbers(column: pa.ChunkedArray, name: str) -> np.ndarray:
    try:
        values = pc.cast(column, pa.float64()).to_numpy()
    except pa.ArrowInvalid:
        # Arrow's message would quote the value.
        values = np.array([np.nan])
    if np.isnan(values).any():
        raise InputError(
            f"the {name} file has a score that is missing or no number",
            column=SCORE,
            remedy="Give two files of predictions.",
        ) from None
    return values


def _scores(
    one: _Input, other: _Input, both: tuple[np.ndarray, np.ndarray], top: int, threshold: float
) -> Scores:
    left, right = both
    apart = np.abs(left - right)
    spearman, reason = _spearman(left, right)
    heads = one.head(top), other.head(top)
    above = [scores > threshold for scores in both]
    return Scores(
        spearman=spearman,
        reason=reason,
        differing=int(np.count_nonzero(apart)),
        median=float(np.median(apart)) if len(apart) else None,
        largest=float(apart.max()) if len(apart) else None,
        top=top,
        head=(len(heads[0]), len(heads[1])),
        shared=int(pc.sum(pc.is_in(heads[0], value_set=heads[1])).as_py() or 0),
        threshold=threshold,
        alerts=(
            int(np.count_nonzero(one.scores > threshold)),
            int(np.count_nonzero(other.scores > threshold)),
            int(np.count_nonzero(above[0] & above[1])),
        ),
    )


def _spearman(left: np.ndarray, right: np.ndarray) -> tuple[float | None, str | None]:
    """Pearson's correlation of the ranks, ties ranked by their mean (Spearman, 1904)."""
    if len(left) < 2:
        return None, "Fewer than two rows are on both sides."
    ranks = [_ranks(scores) - (len(scores) + 1) / 2 for scores in (left, right)]
    norms = [float(np.sqrt(np.sum(each * each))) for each in ranks]
    if not all(norms):
        return None, "One side gives all rows the same score."
    return float(np.clip(np.sum(ranks[0] * ranks[1]) / (norms[0] * norms[1]), -1, 1)), None


def _ranks(values: np.ndarray) -> np.ndarray:
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[inverse]


def _minus(table: pa.Table, other: pa.Table) -> tuple[str, ...]:
    return tuple(name for name in table.column_names if name not in other.column_names)


def _differing_keys(
    key: Sequence[str],
    left_only: pa.Table,
    right_only: pa.Table,
    both: pa.Table,
    differs: Mapping[str, np.ndarray],
) -> pa.Table:
    where = [""] * both.num_rows
    for name, found in differs.items():
        for row in np.flatnonzero(found):
            where[row] = f"{where[row]} {name}".lstrip()
    parts = [
        (left_only, ["left"] * left_only.num_rows),
        (right_only, ["right"] * right_only.num_rows),
        (both, where),
    ]
    tables = [
        table.select(list(key)).append_column("where", pa.array(text, pa.string()))
        for table, text in parts
    ]
    together = pa.concat_tables(tables)
    return together.filter(pc.not_equal(together["where"], ""))


def _figures(document: Mapping[str, Any]) -> dict[str, Any]:
    found = {
        MISSPELT.get(name, name): value
        for name, value in document.items()
        if value is None or isinstance(value, (str, int, float))
    }
    # If a document has both spellings, the correct one counts.
    for right in set(MISSPELT.values()) & set(document):
        found[right] = document[right]
    return found
