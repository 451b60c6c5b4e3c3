"""Taking a file of dispositions: each line is about a report of ours, or a sentence says why not.

Belongs here: comparing the file with the stored days, and keeping what was taken. Does not belong
here: reading the file (``core.cases.disposition_file``), or what follows for labels
(``steps.inputs.dispositions_known``).
"""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aml_assets.core.cases.disposition_file import BadLine, Line, read_lines
from aml_assets.core.cases.dispositions import Disposition, Key, as_texts, counting, is_repeated
from aml_assets.core.days import ONE_DAY
from aml_assets.core.graph import FEATURES
from aml_assets.errors import AmlError, InputError
from aml_assets.io.decisions import Decision
from aml_assets.settings.table_settings import STR
from aml_assets.steps.inputs.window_frames import key_and_label

if TYPE_CHECKING:
    from aml_assets.io.catalog import Catalog

_SHOWN = 20
"""How many faulty lines an error names."""


@dataclass(frozen=True)
class Taken:
    """What one file has brought.

    Attributes:
        who: who decided, for people.
        lines: how many dispositions were taken, by what they say.
        left_out: the lines that were not taken, with the reason.
        contradicting: how many say something else than what counted before.
        after_ripe: how many are about reports whose label was taken for ripe without them.
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
        catalog: the stored reports, and where dispositions are kept.
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
    lines, unknown = _of_our_reports(catalog, lines, key)
    bad = sorted([*bad, *unknown], key=lambda each: each.number)
    if bad and (all_or_nothing or not lines):
        raise _refused(bad, len(lines))
    if not lines:
        raise InputError("the file of dispositions holds none", remedy="Decide at least one.")
    given = [line.disposition for line in lines]
    before = catalog.dispositions.brought().given
    _refuse_repeated(given, before)
    four_eyes = settings.dispositions.four_eyes
    counted, counts = (
        {key: of.disposition for key, of in counting(each, four_eyes=four_eyes).items()}
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
            counted.get(each.key, each.disposition) != each.disposition for each in given
        ),
        after_ripe=sum(_is_after_ripe(catalog, each.report_day, day) for each in given),
        waiting=sum(counts.get(each.key) != each.disposition for each in given),
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


def _of_our_reports(
    catalog: Catalog, lines: Sequence[Line], key: Sequence[str]
) -> tuple[list[Line], list[BadLine]]:
    """The lines that are about a report of their day, and the bad ones."""
    features = catalog.features
    stored: dict[dt.date, set[Key] | None] = {}
    for day in {line.disposition.report_day for line in lines}:
        if features.has(day):
            table = features.load(day, list(key))
            columns = (as_texts(table.column(name)).to_pylist() for name in key)
            stored[day] = set(zip(*columns, strict=True))
        else:
            stored[day] = None
    good, bad = list[Line](), list[BadLine]()
    for line in lines:
        keys = stored[line.disposition.report_day]
        if keys is None:
            bad.append(BadLine(line.number, f"no {FEATURES} of its day are stored"))
        elif line.disposition.key not in keys:
            bad.append(BadLine(line.number, f"its day has no report of {STR} with this key"))
        else:
            good.append(line)
    return good, bad


def _refused(bad: Sequence[BadLine], good: int) -> InputError:
    shown = "; ".join(f"line {each.number}: {each.sentence}" for each in bad[:_SHOWN])
    more = f"; and {len(bad) - _SHOWN} more" if len(bad) > _SHOWN else ""
    return InputError(
        f"the file of dispositions was not taken: {shown}{more}",
        remedy="Correct these lines."
        + (f" Or take the other {good}: --good-lines." if good else ""),
    )


def _refuse_repeated(given: Sequence[Disposition], before: Sequence[Disposition]) -> None:
    of_report: dict[Key, list[Disposition]] = {}
    for each in before:
        of_report.setdefault(each.key, []).append(each)
    if all(is_repeated(each, of_report.get(each.key, ())) for each in given):
        raise AmlError(
            "the same person brought these dispositions before, and nobody decided otherwise since",
            remedy="Bring only what was decided since.",
        )


def _is_after_ripe(catalog: Catalog, report_day: dt.date, day: dt.date) -> bool:
    maturity = catalog.settings.labels.maturity_days
    return bool(maturity) and day > report_day + maturity * ONE_DAY


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
            f"Decided after labels.maturity_days: {taken.after_ripe}. Models may have taken the "
            "bank's label."
        )
    if taken.waiting:
        yield f"Waiting for a second person to decide the same: {taken.waiting}."
    yield f"What is kept is known from {taken.day + ONE_DAY} on."
