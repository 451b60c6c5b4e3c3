"""The part of the alert page about the queues until now: what is open, and what they miss.

Belongs here: figures and chart as the page shows them. Does not belong here: counting
(``core.cases.backlog``, ``core.cases.missed``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aml_assets.core.cases.backlog import Backlog
from aml_assets.core.cases.missed import Missed
from aml_assets.core.language import ENGLISH, Language
from aml_assets.core.pages import charts

if TYPE_CHECKING:
    from markupsafe import Markup


@dataclass(frozen=True)
class Workload:
    """What the page tells of the queues until the day.

    Attributes:
        backlog: the open cases.
        missed: the missed-case rate of each month, the oldest first; none without a sample.
        language: the reader's.
    """

    backlog: Backlog
    missed: Sequence[Missed]
    language: Language = ENGLISH

    @property
    def chart(self) -> Markup:
        """The open cases by age, as SVG; there is at least one."""
        from markupsafe import Markup

        say = self.language.say
        chart = charts.by_age(
            say("Open cases by age in working days"),
            self.backlog.by_age,
            self.backlog.deadline,
            language=self.language,
        )
        chart.title(say("open cases"))
        chart.x_name(say("age in working days"))
        return Markup(chart.to_svg())

    @property
    def figures(self) -> dict[str, int | float]:
        """The figures of the day, for metadata; those that are not known are left out.

        The missed-case rate is that of the newest month.
        """
        late = {} if self.backlog.overdue is None else {"overdue": self.backlog.overdue}
        newest = self.missed[-1].rate if self.missed else None
        rate = newest._asdict() if newest else {}
        return {
            "open": self.backlog.open,
            **late,
            **{f"missed_{name}": each for name, each in rate.items()},
        }
