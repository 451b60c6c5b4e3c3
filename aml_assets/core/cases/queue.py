"""The queue: the customers whom investigators should look at on a day, within their budget.

Belongs here: one entry per customer, of reports and of the lines that score customers; who is kept
out since he or a report of his was decided on; who is drawn at random. Does not belong here: what
is read of which days (``steps.inputs.evidence``), or what the random sample shows
(``core.cases.missed``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from aml_assets.core.cases.dispositions import as_texts
from aml_assets.core.sql import render
from aml_assets.core.tables import engine

if TYPE_CHECKING:
    from numpy.typing import NDArray

CUSTOMER, SCORE = "customer", "score"
STANDS_FOR = "stands_for"
"""Column: for how many customers below the budget an entry stands that was drawn at random."""


@dataclass(frozen=True)
class Evidence:
    """What is known of customers on a day; ids are plain, and of one type.

    Attributes:
        reports: customer, place (int64, from 0) and score (float64), one row per report of the day
            and customer of its transaction.
        scores: line → customer and score (float64).
        lately: customer and confirmed (int64, 1 or 0), one row per report of the last days and
            customer of its transaction.
        decided: customer and score on the day of the decision (float64, null where it is not
            known); rows for each customer who was decided on lately, and for both customers of each
            report that was.
    """

    reports: pa.Table
    scores: Mapping[str, pa.Table]
    lately: pa.Table
    decided: pa.Table

    @property
    def customers(self) -> int:
        """How many customers are scored."""
        scored = (self.reports, *self.scores.values())
        ids = pa.concat_tables([of.select([CUSTOMER]) for of in scored])
        return pc.count_distinct(ids.column(CUSTOMER)).as_py()


@dataclass(frozen=True)
class Queue:
    """The queue of a day.

    Attributes:
        entries: rank (int64, from 1), customer, evidence, line, report_score, line_score,
            reports_today, reports_lately, confirmed_lately, and, where a sample is drawn,
            stands_for (float64, null for who is listed by his evidence); one row per customer, in
            order.
        places: of each entry's highest report of the day, int64, null where it has none.
        cooling: how many who would be listed are not, since they or their reports were decided on.
    """

    entries: pa.Table
    places: pa.Array
    cooling: int


def queue(evidence: Evidence, *, budget: int, rise: float, sample: int = 0, seed: int = 0) -> Queue:
    """List the customers of a day with the best evidence; equal ones in the order of their ids.

    Those who are drawn at random from the others come after them, in the same order.

    Args:
        evidence: of the day.
        budget: how many can be looked at.
        rise: the factor by which the odds of a customer's evidence must have risen since the day on
            which he, or a report of his, was decided on.
        sample: how many are drawn from those below the budget.
        seed: of the draw, not negative.
    """
    scores = [
        of.append_column("line", pa.repeat(pa.scalar(line), of.num_rows))
        for line, of in evidence.scores.items()
    ]
    type_ = evidence.reports.schema.field(CUSTOMER).type
    none = pa.schema([(CUSTOMER, type_), (SCORE, pa.float64()), ("line", pa.string())])
    views = {
        "reports": evidence.reports,
        "scores": pa.concat_tables([none.empty_table(), *scores]),
        "lately": evidence.lately,
        "decided": evidence.decided,
    }
    # No more customers cool down than were decided on, so these rows fill the budget.
    most = evidence.customers if sample else budget + evidence.decided.num_rows
    found = engine.query(render("queue", rise=repr(rise), most=most), views)
    cooling = pc.sum(found.column("is_cooling").slice(0, budget)).as_py() or 0
    waiting = found.filter(pc.invert(found.column("is_cooling")))
    listed = waiting.slice(0, budget)
    if sample:
        below = waiting.slice(budget)
        chosen = below.take(pa.array(drawn(below.num_rows, sample, seed)))
        each = below.num_rows / chosen.num_rows if chosen.num_rows else None
        listed = pa.concat_tables(
            of.append_column(STANDS_FOR, pa.array([value] * of.num_rows, pa.float64()))
            for of, value in ((listed, None), (chosen, each))
        )
    ranks = pa.array(range(1, listed.num_rows + 1), pa.int64())
    entries = listed.drop_columns(["place", "is_cooling"]).add_column(0, "rank", ranks)
    return Queue(entries, listed.column("place").combine_chunks(), cooling)


def weights_in(entries: pa.Table) -> dict[str, float | None]:
    """The text of each listed customer's id → for how many he stands, in the order of the queue.

    Args:
        entries: of a stored queue; ``None`` stands for who is listed by his evidence.
    """
    customers = as_texts(entries.column(CUSTOMER)).to_pylist()
    if STANDS_FOR not in entries.column_names:
        return dict.fromkeys(customers)
    return dict(zip(customers, entries.column(STANDS_FOR).to_pylist(), strict=True))


def drawn(count: int, sample: int, seed: int) -> NDArray[np.int64]:
    """Draw positions below ``count``, each with the same chance and none twice, in their order."""
    generator = np.random.default_rng(seed)
    return np.sort(generator.choice(count, size=min(sample, count), replace=False))
