"""Taking a file of dispositions: each line is about a case of ours, or a sentence says why not.

Belongs here: comparing the file with the stored days, and keeping what was taken. Does not belong
here: reading the file (``core.cases.disposition_file``), or what follows for labels
(``steps.inputs.dispositions_known``).
"""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from aml_assets.core.cases.disposition_file import BadLine, Line, read_lines
from aml_assets.core.cases.dispositions import (
    Case,
    Disposition,
    Key,
    as_texts,
    counting,
    is_repeated,
)
from aml_assets.core.cases.queue import CUSTOMER
from aml_assets.core.days import ONE_DAY
from aml_assets.core.graph import FEATURES, QUEUE
from aml_assets.core.graph import Line as ModelLine
from aml_assets.errors import AmlError, InputError
from aml_assets.io.decisions import Decision
from aml_assets.settings.table_settings import STR
from aml_assets.steps.inputs.drawn_cases import with_sampling_weights
from aml_assets.steps.inputs.window_frames import key_and_label

if TYPE_CHECKING:
    from aml_assets.io.catalog import Catalog

_SHOWN = 20
"""How many faulty lines an error names."""

_NO_REPORTS = f"no {FEATURES} of its day are stored"
_NOT_A_REPORT = f"its day has no report of {STR} with this key"
_NO_CUSTOMERS = f"no {QUEUE} and no line's scores of customers of its day are stored"
_NOT_A_CUSTOMER = f"its customer is not in {QUEUE} of its day, and no line has scored him then"

_T = TypeVar("_T")


@dataclass(frozen=True)
class Taken:
    """What one file has brought.

    Attributes:
        who: who decided, for people.
        lines: how many dispositions were taken, by what they say.
        left_out: the lines that were not taken, with the reason.
        contradicting: how many say something else than what counted before.
        after_ripe: how many are about cases whose label was taken for ripe without them.
        waiting: how many wait for a second person.
        day: the day on which they were brought; they are known from the day after.
    """

    who: str
    lines: Counter[str]
    left_out: Sequence[BadLine]
    contradicting: int
    after_ripe: int
    waiting: int
    day: dt.date


def take_dispositions(
    catalog: Catalog,
    data: bytes,
    *,
    by: str | None = None,
    all_or_nothing: bool = True,
    at: dt.datetime | None = None,
) -> Taken:
    """Take a file of dispositions into the store.

    Args:
        catalog: the stored reports, queues and scores, and where dispositions are kept.
        data: the file.
        by: who claims to decide; the login or user of this process by default.
        all_or_nothing: take nothing if one line cannot be taken; else the other lines.
        at: the moment, with a time zone; now by default.

    Raises:
        InputError: the file cannot be read, or a line cannot be taken; nothing was kept.
        AmlError: the same person has brought all of it before, or is not the login where it takes
            two people.
    """
    settings = catalog.settings
    key, _ = key_and_label(catalog)
    instant = (at or dt.datetime.now(dt.UTC)).astimezone(dt.UTC)
    sender = _sender(catalog, by)
    lines, bad = read_lines(data, key=key, reasons=settings.dispositions.reasons, by=sender.by)
    lines, unknown = _of_our_cases(catalog, lines, key)
    bad = sorted([*bad, *unknown], key=lambda each: each.number)
    if bad and (all_or_nothing or not lines):
        raise _refused(bad, len(lines))
    if not lines:
        raise InputError("the file of dispositions holds none", remedy="Decide at least one.")
    given = with_sampling_weights(catalog, [line.disposition for line in lines])
    before = catalog.dispositions.brought().given
    _refuse_repeated(given, before)
    four_eyes = settings.dispositions.four_eyes
    counted, counts = (
        {case: of.disposition for case, of in counting(each, four_eyes=four_eyes).items()}
        for each in (before, [*before, *given])
    )
    facts = {"by": sender.by, "known": sender.known, "user": sender.user, "login": sender.login}
    zone = zoneinfo.ZoneInfo(settings.partitions.time_zone)
    day = catalog.dispositions.record(given, instant, instant.astimezone(zone).date(), facts)
    return Taken(
        who=sender.who,
        lines=Counter(each.disposition for each in given),
        left_out=bad,
        contradicting=sum(
            counted.get(each.case, each.disposition) != each.disposition for each in given
        ),
        after_ripe=sum(_is_after_ripe(catalog, each, day) for each in given),
        waiting=sum(counts.get(each.case) != each.disposition for each in given),
        day=day,
    )


def _sender(catalog: Catalog, by: str | None) -> Decision:
    """Who decides. Where it takes two people, nobody can be two by a claim beside a login."""
    sender = Decision.now("", "", by=(by or "").strip() or None, login=catalog.login)
    if catalog.settings.dispositions.four_eyes and sender.login and sender.known == "claim":
        raise AmlError(
            "where dispositions.four_eyes is set, the login decides and no other name",
            remedy="Leave --by out, and log in as the person who decides.",
        )
    return sender


def _of_our_cases(
    catalog: Catalog, lines: Sequence[Line], key: Sequence[str]
) -> tuple[list[Line], list[BadLine]]:
    """The lines that are about a report or a customer of their day, and the bad ones."""
    of_customers = {line.disposition.day for line in lines if line.disposition.customer}
    of_reports = {line.disposition.day for line in lines if line.disposition.key}
    customers = {day: _customers_of(catalog, day) for day in of_customers}
    reports = {day: _reports_of(catalog, day, key) for day in of_reports}
    good, bad = list[Line](), list[BadLine]()
    for line in lines:
        said = line.disposition
        wrong = (
            _not_among(said.customer, customers[said.day], _NO_CUSTOMERS, _NOT_A_CUSTOMER)
            if said.customer
            else _not_among(said.key, reports[said.day], _NO_REPORTS, _NOT_A_REPORT)
        )
        if wrong:
            bad.append(BadLine(line.number, wrong))
        else:
            good.append(line)
    return good, bad


def _not_among(one: _T, known: Collection[_T] | None, no_day: str, unknown: str) -> str | None:
    """What is wrong with a case that is not known on its day; ``None``: nothing."""
    if known is None:
        return no_day
    return None if one in known else unknown


def _reports_of(catalog: Catalog, day: dt.date, key: Sequence[str]) -> set[Key] | None:
    """The keys of a day's reports; ``None`` if the day is not stored."""
    if not catalog.features.has(day):
        return None
    table = catalog.features.load(day, list(key))
    return set(zip(*(as_texts(table.column(name)).to_pylist() for name in key), strict=True))


def _customers_of(catalog: Catalog, day: dt.date) -> set[str] | None:
    """The customers whom a day's queue lists or a line has scored; ``None`` if nothing did."""
    lines = _lines_of_customers(catalog)
    listing = [of for of in (catalog.queues, *(each.predictions for each in lines)) if of.has(day)]
    if not listing:
        return None
    ids = (as_texts(of.load(day).column(CUSTOMER)) for of in listing)
    return {text for column in ids for text in column.to_pylist()}


def _lines_of_customers(catalog: Catalog) -> list[Catalog]:
    """The catalog as each line has it that scores customers."""
    lines = catalog.settings.lines.items()
    return [catalog.of_line(ModelLine(name)) for name, line in lines if line.unit == CUSTOMER]


def _refused(bad: Sequence[BadLine], good: int) -> InputError:
    shown = "; ".join(f"line {each.number}: {each.sentence}" for each in bad[:_SHOWN])
    more = f"; and {len(bad) - _SHOWN} more" if len(bad) > _SHOWN else ""
    return InputError(
        f"the file of dispositions was not taken: {shown}{more}",
        remedy="Correct these lines."
        + (f" Or take the other {good}: --good-lines." if good else ""),
    )


def _refuse_repeated(given: Sequence[Disposition], before: Sequence[Disposition]) -> None:
    of_case: dict[Case, list[Disposition]] = {}
    for each in before:
        of_case.setdefault(each.case, []).append(each)
    if all(is_repeated(each, of_case.get(each.case, ())) for each in given):
        raise AmlError(
            "the same person brought these dispositions before, and nobody decided otherwise since",
            remedy="Bring only what was decided since.",
        )


def _is_after_ripe(catalog: Catalog, said: Disposition, day: dt.date) -> bool:
    """Whether a line took the case's label for ripe before a day; a line has its own ripeness."""
    lines = _lines_of_customers(catalog) if said.customer else [catalog]
    maturities = [of.settings.labels.maturity_days for of in lines]
    return any(days and day > said.day + days * ONE_DAY for days in maturities)


def summary(taken: Taken) -> Iterable[str]:
    """What a person reads after a file was taken."""
    counts = ", ".join(f"{n} {name.replace('_', ' ')}" for name, n in sorted(taken.lines.items()))
    yield f"{taken.who} decided {taken.lines.total()}: {counts}. That is kept."
    if taken.left_out:
        yield f"Left out: {len(taken.left_out)}."
        yield from (f"  line {each.number}: {each.sentence}" for each in taken.left_out)
    if taken.contradicting:
        yield f"Contradicting what counted before: {taken.contradicting}. The newest counts."
    if taken.after_ripe:
        yield (
            f"Decided after their labels were ripe: {taken.after_ripe}. Models may have learnt "
            "otherwise."
        )
    if taken.waiting:
        yield f"Waiting for a second person to decide the same: {taken.waiting}."
    yield f"What is kept is known from {taken.day + ONE_DAY} on."
