"""A case: a customer, why he is to be looked at on a day, and his reports of that day.

Belongs here: which reports make one case, and the order of cases. Does not belong here: who is
listed (``queue``), what a customer did lately (``core.relations.timeline``), or how a case is shown
(``core.pages``).

The case of a customer in the queue has every report of the day in which he pays or is paid. The
case of any other customer has the reports in which he pays, or is paid by somebody unknown; so a
report may be in two cases. A report of which neither side is known is a case of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from numpy.typing import NDArray

from aml_assets.core.cases.queue import weights_in


@dataclass(frozen=True)
class Listed:
    """An entry of the queue.

    Attributes:
        customer: the text of the id.
        evidence: in [0, 1].
        line: whose score that is; "" for the reports'.
        is_sample: whether the entry was drawn at random.
    """

    customer: str
    evidence: float
    line: str
    is_sample: bool = False


@dataclass(frozen=True)
class Case:
    """A customer with his reports of a day, or a report of which no customer is known.

    Attributes:
        customer: the text of the id; ``None`` if it is not known.
        score: the best evidence, in [0, 1].
        line: whose score that is; "" for the reports'.
        reports: places among the day's reports, the highest score first.
        is_queued: whether the customer is in the queue.
        is_sample: whether the customer was drawn at random.
    """

    customer: str | None
    score: float
    line: str
    reports: tuple[int, ...]
    is_queued: bool
    is_sample: bool = False


def listed_in(queue: pa.Table) -> list[Listed]:
    """The entries of a queue, in its order."""
    said: list[Any] = [queue.column(name).to_pylist() for name in ("evidence", "line")]
    return [
        Listed(customer, evidence, line or "", is_sample=weight is not None)
        for (customer, weight), evidence, line in zip(weights_in(queue).items(), *said, strict=True)
    ]


def cases_of(
    listed: Sequence[Listed],
    customers: Mapping[int, tuple[str | None, str | None]],
    scores: NDArray[Any],
    *,
    most: int,
) -> list[Case]:
    """The cases of a day: those of the queue in its order, then the others by their best score.

    Args:
        listed: the queue.
        customers: place among the day's reports, the highest score first → the ids of its payer and
            its payee; in order, with all reports of those who may have a case.
        scores: of each report of the day, the highest first, in [0, 1].
        most: how many of the highest scores give their customers a case even if they are not
            listed.
    """
    either: dict[str, list[int]] = {each.customer: [] for each in listed}
    own: dict[str, list[int]] = {}
    alone: list[int] = []
    for place, (payer, payee) in customers.items():
        for one in dict.fromkeys((payer, payee)):
            if one in either:
                either[one].append(place)
        customer = payee if payer is None else payer
        if customer is not None:
            own.setdefault(customer, []).append(place)
        elif place < most:
            alone.append(place)
    queued = [
        Case(
            each.customer, each.evidence, each.line, tuple(either[each.customer]),
            is_queued=True, is_sample=each.is_sample,
        )
        for each in listed
    ]  # fmt: skip
    others = [
        (customer, places)
        for customer, places in own.items()
        if places[0] < most and customer not in either
    ]
    ordered = sorted([*others, *((None, [each]) for each in alone)], key=lambda of: of[1][0])
    return [
        *queued,
        *(
            Case(customer, float(scores[places[0]]), "", tuple(places), is_queued=False)
            for customer, places in ordered
        ),
    ]
