"""A shown case: what the alert page tells of one customer.

Belongs here: a case's facts, put together for the page. Does not belong here: which reports make
a case (``core.cases.case``), what was read (``steps.inputs.case_history``), or their form as data
(``core.pages.case_rows``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field

from aml_assets.core.language import Language
from aml_assets.core.pages.alerts import higher_than
from aml_assets.core.pages.reasons import Explanation
from aml_assets.core.relations.timeline import Activity


@dataclass(frozen=True)
class EarlierDecision:
    """A disposition on the customer, or on a report of his.

    Attributes:
        day: of the report, or on which the customer was listed or scored.
        key: of the report; empty where it is about the customer.
        says: the disposition, in words.
        reason: a code, or "".
        note: the investigator's words, or "".
        by: the investigator.
    """

    day: dt.date
    key: tuple[str, ...]
    says: str
    reason: str
    note: str
    by: str


@dataclass(frozen=True)
class ShownCase:
    """One case.

    Attributes:
        customer: the text of the id; ``None`` if it is not known.
        name: ``None`` if it is not known.
        score: the best evidence, in [0, 1].
        below: the share with a lower score, in [0, 1], of the day's reports, or of the line's rows.
        line: the further line whose score that is; "" for the reports'.
        explanation: of the line's score; ``None`` where it is a report's, or cannot be explained.
        reports: places among the page's alerts, the highest score first.
        is_queued: whether the customer is in the queue.
        is_sample: whether the customer was drawn at random.
        lately: reports of the last days, each once, today's among them; ``None``: not known.
        confirmed: those of them that are known to be suspicious; ``None``: not known.
        activity: payments of the last days.
        report_days: earlier day → how many reports.
        queue_days: earlier days on which the customer was in the queue.
        marks: what stands out, in sentences.
        decisions: earlier dispositions, the newest report first.
    """

    customer: str | None
    name: str | None
    score: float
    below: float
    line: str
    explanation: Explanation | None
    reports: tuple[int, ...]
    is_queued: bool
    is_sample: bool = False
    lately: int | None = None
    confirmed: int | None = None
    activity: Activity = field(default_factory=Activity)
    report_days: tuple[tuple[dt.date, int], ...] = ()
    queue_days: tuple[dt.date, ...] = ()
    marks: tuple[str, ...] = ()
    decisions: tuple[EarlierDecision, ...] = ()

    def higher_than(self, language: Language) -> str:
        """The share of lower scores as a percentage, never more than is known."""
        return higher_than(self.below, language)

    @property
    def ids(self) -> Sequence[str]:
        """The customer's ids that are known."""
        return [each for each in (self.customer, *self.activity.accounts) if each]
