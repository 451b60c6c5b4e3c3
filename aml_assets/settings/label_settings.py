"""Labels as settings: when the decision on a report is known.

Belongs here: how long decisions take, and which columns come with the report itself. Does not
belong here: selecting rows by what was known (``core.model.labels``).
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from aml_assets.settings.section import Section


class LabelSettings(Section):
    """When labels are ripe.

    ``maturity_days``: a decision is known so many days after its report, unless the column with
    the role ``decided_at`` says its day, or, where there is no such column, the report is repeated
    with its decision on a later day. A younger label is taken for undecided, whatever stands in the
    table: 0 may only mean that nobody has decided yet. ``known_at_report``: where labels ripen,
    those columns of ``str`` that are written with the report and never later; other columns of it
    may give the decision away, and become no features.
    """

    maturity_days: Annotated[int, Field(ge=0)] = 0
    known_at_report: tuple[str, ...] = ()
