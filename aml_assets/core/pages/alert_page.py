"""The alert page: the cases of a day, those of the queue first, each with its reports.

Belongs here: the content of the page. Does not belong here: a case or an alert
(``core.pages.shown_case``, ``core.pages.alerts``), their form as data (``core.pages.case_rows``),
or reading them (``steps.builders.build_alert_page``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from aml_assets.core.cases.disposition_file import (
    MAX_NOTE,
    MAX_REASON,
    NOTE,
    REASON,
    columns_of_file,
)
from aml_assets.core.days import days_between
from aml_assets.core.language import ENGLISH, Language
from aml_assets.core.pages.alerts import Alert
from aml_assets.core.pages.case_rows import packed
from aml_assets.core.pages.case_words import totals_of
from aml_assets.core.pages.reasons import LEADING, Explanation
from aml_assets.core.pages.rendering import render
from aml_assets.core.pages.shown_case import ShownCase
from aml_assets.core.pages.stored_sentences import retold
from aml_assets.core.pages.workload import Workload

if TYPE_CHECKING:
    from markupsafe import Markup

WITHOUT_SCRIPT = 50
"""How many cases are in the page as HTML, too, for a browser that runs no script."""

LONG_ID = 20
"""If an id has more characters, a column would be too wide: the page has two lines per case."""

_OF_CASE = (
    "case", "in_queue", "case_customer", "case_name", "evidence", "line", "reports_today",
    "reports_lately", "confirmed_lately", "marks",
)  # fmt: skip
_BEFORE_KEY = ("rank", "score", "higher_than_share", "decision")
_AFTER_KEY = (
    "time", "utc_offset", "amount", "currency", "name", "customer", "account",
    "target_name", "target_customer", "target_account",
)  # fmt: skip


@dataclass(frozen=True)
class AlertPage:
    """Everything on a day's alert page.

    Attributes:
        day: the partition.
        cases: those of the queue first, in its order; then the others, the highest score first.
        alerts: the reports of the cases, the highest score first.
        first: the first day of the timelines.
        rows: the number of scored reports.
        flagged: the number of scores above ``threshold``.
        threshold: the score above which a report is flagged.
        decided: the number of decided reports.
        most: how many of the highest scores give their customers a case even if they are not in
            the queue.
        has_queue: whether there is a queue of the day.
        key: names of the columns that make a report's key.
        with_positions: true if the model kept the distributions of its training rows.
        model_id, model_digest, chosen: the model that scored the day, and the reason for it.
        trained: the first and the last day of its training window, and the number of rows.
        predictions: the path of the file with all reports, relative to the page; "" for a page that
            stands without it.
        predictions_digest: that file's digest.
        model_report: the path of the model's page, relative to this one.
        time_zone: the zone of all times.
        names: the names of counterparties, by the text of their ids.
        own: the bank's own columns on the page, as a person says them.
        absent: columns that the bank wants to see, and that the day's features lack.
        marking: how the bank marks such a document; "" for none.
        reasons: the codes that a disposition may give; any where there are none.
        takes_customers: whether a disposition may name a customer instead of a report.
        workload: the open cases until the day, and what the queues miss; ``None`` without a queue.
        language: the reader's; marks, reasons and the workload are in it already.
    """

    day: dt.date
    cases: Sequence[ShownCase]
    alerts: Sequence[Alert]
    first: dt.date
    rows: int
    flagged: int
    threshold: float
    decided: int
    most: int
    has_queue: bool
    key: Sequence[str]
    with_positions: bool
    model_id: str
    model_digest: str
    chosen: str
    trained: tuple[str, str, int]
    predictions: str
    predictions_digest: str
    model_report: str
    time_zone: str
    names: Mapping[str, str] = field(default_factory=dict)
    own: Sequence[str] = ()
    absent: Sequence[str] = ()
    marking: str = ""
    reasons: Sequence[str] = ()
    takes_customers: bool = False
    workload: Workload | None = None
    language: Language = ENGLISH

    @property
    def dispositions(self) -> dict[str, Any]:
        """What the script needs to write a file that ``aml decide`` takes."""
        return {
            "columns": columns_of_file(self.key, customers=self.takes_customers),
            "reasons": list(self.reasons),
            "longest": {REASON: MAX_REASON, NOTE: MAX_NOTE},
            "customer": self.takes_customers,
        }

    @property
    def because(self) -> str:
        """The reason for the model that scored the day."""
        return retold(self.chosen, self.language)

    @property
    def shown_families(self) -> int:
        """The number of families in a row, each with its first reason; a click unfolds all."""
        return LEADING

    @property
    def first_cases(self) -> Sequence[ShownCase]:
        """The cases for a browser that runs no script."""
        return self.cases[:WITHOUT_SCRIPT]

    @property
    def queued(self) -> int:
        """How many cases are in the queue, those drawn at random among them."""
        return sum(each.is_queued for each in self.cases)

    @property
    def has_samples(self) -> bool:
        """Whether the queue says which entries were drawn at random."""
        return any(each.is_sample for each in self.cases)

    @property
    def window(self) -> list[str]:
        """The days of the timelines, oldest first."""
        return [str(each) for each in days_between(self.first, self.day)]

    @property
    def is_long(self) -> bool:
        """True if ids are so long that a case needs two lines."""
        of_reports = (each for alert in self.alerts for each in alert.ids)
        of_cases = (each for case in self.cases for each in case.ids)
        return any(len(each) > LONG_ID for ids in (of_reports, of_cases) for each in ids)

    @property
    def rows_data(self) -> Markup:
        """All cases and alerts as JSON."""
        from markupsafe import Markup

        return Markup(packed(self.cases, self.alerts, self.first, self.names, self.language))

    @property
    def identity(self) -> str:
        """The identity of the page's content: its day, its model and its predictions."""
        return self.language.say(
            "Alerts {day} · model {model} {digest} · predictions {predictions}",
            day=self.day,
            model=self.model_id,
            digest=self.model_digest[:12],
            predictions=self.predictions_digest[:12],
        )

    @property
    def fields(self) -> list[tuple[str, str]]:
        """The fields of an exported row, as (mark in the page, title of the column)."""
        keys = [(f"key {position}", name) for position, name in enumerate(self.key)]
        own = [(f"own {position}", name) for position, name in enumerate(self.own)]
        ours = (*_OF_CASE, *_BEFORE_KEY, *keys, *_AFTER_KEY, *own, "reasons", "model_id")
        return [each if isinstance(each, tuple) else (each, each) for each in ours]

    @property
    def figures(self) -> dict[str, Any]:
        """The figures of the page, for metadata."""
        return {
            "rows": self.rows,
            "shown": len(self.alerts),
            "cases": len(self.cases),
            "queued": self.queued,
            "flagged": self.flagged,
            "decided": self.decided,
            **(self.workload.figures if self.workload else {}),
            "model_id": self.model_id,
        }

    def only(self, customer: str) -> AlertPage | None:
        """The page with the case of one customer; ``None`` if it has none."""
        cases = [each for each in self.cases if each.customer == customer]
        if not cases:
            return None
        (case,) = cases
        shown = replace(case, reports=tuple(range(len(case.reports))))
        return replace(self, cases=[shown], alerts=self.alerts_of(case), workload=None)

    def alerts_of(self, case: ShownCase) -> list[Alert]:
        """The reports of a case."""
        return [self.alerts[place] for place in case.reports]

    def totals_of(self, case: ShownCase) -> list[str]:
        """What the customer was paid and paid within the timeline, per currency, in words."""
        return totals_of(case.activity, self.language)

    def explained(self, case: ShownCase) -> Explanation | None:
        """Why a case has its score: by its line, or by its highest report."""
        if case.line or not case.reports:
            return case.explanation
        return self.alerts[case.reports[0]].explanation

    def to_html(self) -> str:
        """The page as HTML."""
        return render(
            "alerts.html",
            styles=("cases.css",),
            scripts=("case_pictures.js", "case_files.js", "alerts.js"),
            marking=self.marking,
            identity=self.identity,
            language=self.language,
            report=self,
        )
