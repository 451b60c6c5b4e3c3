"""Dispositions: what investigators have decided about reports and customers, as labels.

Belongs here: which of several dispositions of a subject counts, and labels that follow from it.
Does not belong here: reading a file of dispositions (``disposition_file``) or keeping them
(``io.disposition_store``).

A subject is a report, or a customer on a day. Its newest disposition counts. Where four eyes are
required, it is the newest one that a second person has given, too, without a different one between
the two. The disposition that counts takes precedence over the label in the bank's table, from the
day after it was brought. That of a customer labels his row of the day, unless a confirmed report
has made the row positive.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from aml_assets.core.model.labels import LabelledReports, SelectedReports

SUSPICIOUS, NOT_SUSPICIOUS, NEEDS_MORE = "suspicious", "not_suspicious", "needs_more"

LABELS: Mapping[str, float] = {SUSPICIOUS: 1.0, NOT_SUSPICIOUS: 0.0, NEEDS_MORE: float("nan")}
"""Disposition → label. After ``needs_more`` the label is not known, whatever it was before."""

Key = tuple[str, ...]
"""The key of a report, as texts."""


class CustomerDay(NamedTuple):
    """A customer as he was on a day; the id as text."""

    day: dt.date
    customer: str


Subject = Key | CustomerDay
"""What a disposition is about."""


@dataclass(frozen=True)
class Disposition:
    """What one person has decided about one report, or about one customer on a day.

    Attributes:
        day: of the subject: the partition in which the report lies, or that listed the customer.
        key: of the report; empty where it is about a customer.
        disposition: one of `LABELS`.
        reason: a code; where more is needed, it may be "".
        note: the person's own words, which may be "".
        by: the person.
        customer: his id as text; "" where it is about a report.
        stands_for: for a subject that was drawn at random, how many subjects it stands for, itself
            among them; ``None``: only for itself.
    """

    day: dt.date
    key: Key = field(repr=False)
    disposition: str
    reason: str
    note: str = field(repr=False)
    by: str
    customer: str = field(default="", repr=False)
    stands_for: float | None = None

    @property
    def subject(self) -> Subject:
        """What it is about: a report, whatever its day, or a customer on that day."""
        return CustomerDay(self.day, self.customer) if self.customer else self.key

    @property
    def person(self) -> str:
        """Who decided; names that differ only in case, or in blanks around them, are one person."""
        return self.by.strip().casefold()


def counting(given: Iterable[Disposition], *, four_eyes: bool) -> dict[Subject, Disposition]:
    """The disposition of each subject that counts.

    Args:
        given: dispositions, oldest first.
        four_eyes: whether it takes a second person.
    """
    found: dict[Subject, Disposition] = {}
    waiting: dict[Subject, Disposition] = {}
    for each in given:
        subject = each.subject
        first = waiting.get(subject)
        confirms = first and first.person != each.person and first.disposition == each.disposition
        if confirms or not four_eyes:
            found[subject] = each
            waiting.pop(subject, None)
        elif first is None or first.disposition != each.disposition:
            waiting[subject] = each
    return found


def is_repeated(said: Disposition, given: Sequence[Disposition]) -> bool:
    """Whether a person has given this disposition before, and nobody another one since.

    Args:
        said: the disposition.
        given: all earlier dispositions of the same subject, oldest first.
    """
    for each in reversed(given):
        if (each.disposition, each.reason, each.note) != (said.disposition, said.reason, said.note):
            return False
        if each.person == said.person:
            return True
    return False


def labelled(
    selected: Sequence[SelectedReports],
    reports: Sequence[LabelledReports],
    key: Sequence[str],
    counting: Mapping[Key, Disposition],
) -> list[SelectedReports]:
    """The selected reports of a window, with the labels of the dispositions that count.

    A report that was drawn at random gets its sampling weight if the table has no label for it:
    it stands for others on which nobody decides.

    Args:
        selected: the rows of each day.
        reports: the same days with their key columns.
        key: the key's columns.
        counting: the dispositions that count, by the reports' keys.
    """
    if not counting:
        return list(selected)
    found = list[SelectedReports]()
    for each, of in zip(selected, reports, strict=True):
        rows = of.table.select(list(key)).take(pa.array(each.rows, pa.int64()))
        labels, weights = each.labels.copy(), np.ones(len(each.rows), np.float32)
        for place, said in places_of(rows, key, counting):
            if np.isnan(each.labels[place]):
                weights[place] = counting[said].stands_for or 1
            labels[place] = LABELS[counting[said].disposition]
        found.append(SelectedReports(each.day, each.rows, labels, _unless_equal(weights)))
    return found


def places_of(
    reports: pa.Table, key: Sequence[str], wanted: Collection[Key]
) -> Iterator[tuple[int, Key]]:
    """Yield the position of each report whose key is wanted, and its key as texts.

    Args:
        reports: with the key's columns.
        key: the key's columns.
        wanted: the keys that are looked for.
    """
    columns = [as_texts(reports.column(name)) for name in key]
    firsts = pa.array(list({each[0] for each in wanted}), pa.string())
    near = np.flatnonzero(pc.is_in(columns[0], value_set=firsts).to_numpy())
    keys = zip(*(column.take(pa.array(near)).to_pylist() for column in columns), strict=True)
    for place, texts in zip(near, keys, strict=True):
        if texts in wanted:
            yield int(place), texts


def labelled_customers(
    rows: Sequence[SelectedReports],
    ids: Sequence[pa.ChunkedArray],
    counting: Mapping[CustomerDay, Disposition],
    every: int = 1,
) -> list[SelectedReports]:
    """The rows of a line of customers, with the labels of the dispositions that count.

    A positive row stays positive: a confirmed report takes precedence over any disposition of its
    customer. A suspicious customer who was drawn at random gets his sampling weight: he stands for
    others whom nobody has looked at, and whom the line takes for negative. A customer who was found
    not suspicious counts once, since the others for whom he stands are taken for negative already.

    Args:
        rows: all rows of each day, in the frame's order.
        ids: the customer of each row, day by day.
        counting: the dispositions of customers that count.
        every: a customer on whom nobody decided is learnt from on one day in so many, so sampling
            weights are divided by it.
    """
    found = list[SelectedReports]()
    for each, customers in zip(rows, ids, strict=True):
        labels, weights = each.labels.copy(), np.ones(len(each.rows), np.float32)
        for place, said in places_of_customers(each.day, customers, counting):
            if labels[place] != LABELS[SUSPICIOUS]:
                labels[place] = LABELS[counting[said].disposition]
                if labels[place] == LABELS[SUSPICIOUS]:
                    weights[place] = max(1, (counting[said].stands_for or 1) / every)
        found.append(SelectedReports(each.day, each.rows, labels, _unless_equal(weights)))
    return found


def _unless_equal(weights: np.ndarray) -> np.ndarray | None:
    """Weights of rows; ``None`` where each counts once."""
    return None if np.all(weights == 1) else weights


def places_of_customers(
    day: dt.date, ids: pa.ChunkedArray, wanted: Collection[CustomerDay]
) -> Iterator[tuple[int, CustomerDay]]:
    """Yield the position of each id that is wanted on a day, and its customer and day.

    Args:
        day: of the ids.
        ids: of customers, of any type.
        wanted: the customers that are looked for, on their days.
    """
    of_day = pa.array([each.customer for each in wanted if each.day == day], pa.string())
    if not len(of_day):
        return
    texts = as_texts(ids)
    near = np.flatnonzero(pc.is_in(texts, value_set=of_day).to_numpy())
    for place, text in zip(near, texts.take(pa.array(near)).to_pylist(), strict=True):
        yield int(place), CustomerDay(day, text)


def as_texts(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Keys or ids as texts, whatever their type, as a disposition names them."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    return column.cast(pa.string())
