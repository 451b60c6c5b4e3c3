"""Taking a file of dispositions: each line is about a report of ours, or a sentence says why not.

Belongs here: comparing the file with the stored days, and keeping what was taken. Does not belong
here: reading the file (``core.cases.disposition_file``), or what follows for labels
(``steps.inputs.dispositions_known``).
"""

from __future__ import annotations

import datetime as dt
import hashlib
import zoneinfo
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aml_assets.core.cases.disposition_file import OWN, Fault, Line, read_lines
from aml_assets.core.cases.dispositions import Key, as_texts, counting
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
        late: how many are about reports whose label was taken for ripe without them.
        waiting: how many wait for a second person.
        known: the day on which they became known; models learn from them from the day after.
    """

    who: str
    lines: Counter[str]
    left_out: Sequence[Fault]
    contradicting: int
    late: int
    waiting: int
    known: dt.date


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
        AmlError: the same person has brought the same file before.
    """
    settings = catalog.settings
    key, _ = key_and_label(catalog)
    instant = (at or dt.datetime.now(dt.UTC)).astimezone(dt.UTC)
    known = instant.astimezone(zoneinfo.ZoneInfo(settings.partitions.time_zone)).date()
    sender = Decision.now("", "", by=by, login=catalog.login)
    reasons = settings.dispositions.reasons
    # A bank may call a key column as one of ours is called.
    named = [f"{STR}.{name}" if name in OWN else name for name in key]
    lines, faults = read_lines(data, key=named, reasons=reasons, by=sender.by)
    lines, unknown = _of_our_reports(catalog, lines, key)
    faults = sorted([*faults, *unknown], key=lambda each: each.number)
    if faults and (all_or_nothing or not lines):
        raise _refused(faults, len(lines))
    if not lines:
        raise InputError("the file of dispositions holds none", remedy="Decide at least one.")
    content = hashlib.sha256(data).hexdigest()
    _refuse_twice(catalog, content, sender)
    four_eyes = settings.dispositions.four_eyes
    given = [line.disposition for line in lines]
    before = catalog.dispositions.known().given
    counted, counts = (counting(each, four_eyes=four_eyes) for each in (before, [*before, *given]))
    facts = {"file": content, "by": sender.by, "known": sender.known, "user": sender.user}
    catalog.dispositions.record(given, instant, known, {**facts, "login": sender.login})
    return Taken(
        who=sender.who,
        lines=Counter(each.disposition for each in given),
        left_out=faults,
        contradicting=sum(
            each.key in counted and counted[each.key].disposition != each.disposition
            for each in given
        ),
        late=sum(_is_late(catalog, each.report_day, known) for each in given),
        waiting=sum(counts.get(each.key) is not each for each in given),
        known=known,
    )


def _of_our_reports(
    catalog: Catalog, lines: Sequence[Line], key: Sequence[str]
) -> tuple[list[Line], list[Fault]]:
    """The lines that are about a report of their day, and the faults of the others."""
    features = catalog.features
    stored: dict[dt.date, set[Key] | None] = {}
    for day in {line.disposition.report_day for line in lines}:
        if features.has(day):
            table = features.load(day, list(key))
            columns = (as_texts(table.column(name)).to_pylist() for name in key)
            stored[day] = set(zip(*columns, strict=True))
        else:
            stored[day] = None
    good, faults = list[Line](), list[Fault]()
    for line in lines:
        keys = stored[line.disposition.report_day]
        if keys is None:
            faults.append(Fault(line.number, f"no {FEATURES} of its day are stored"))
        elif line.disposition.key not in keys:
            faults.append(Fault(line.number, f"its day has no report of {STR} with this key"))
        else:
            good.append(line)
    return good, faults


def _refused(faults: Sequence[Fault], good: int) -> InputError:
    shown = "; ".join(f"line {each.number}: {each.sentence}" for each in faults[:_SHOWN])
    more = f"; and {len(faults) - _SHOWN} more" if len(faults) > _SHOWN else ""
    return InputError(
        f"the file of dispositions was not taken: {shown}{more}",
        remedy="Correct these lines."
        + (f" Or take the other {good}: --good-lines." if good else ""),
    )


def _refuse_twice(catalog: Catalog, content: str, sender: Decision) -> None:
    for manifest in catalog.dispositions.manifests():
        if (manifest.facts.get("file"), manifest.facts.get("by")) == (content, sender.by):
            raise AmlError(
                f"the file of dispositions was taken before, at {manifest.facts.get('at')}",
                remedy="Bring only what was decided since.",
            )


def _is_late(catalog: Catalog, report_day: dt.date, known: dt.date) -> bool:
    maturity = catalog.settings.labels.maturity_days
    return bool(maturity) and known > report_day + dt.timedelta(days=maturity)


def summary(taken: Taken) -> Iterable[str]:
    """What a person reads after a file was taken."""
    total = sum(taken.lines.values())
    counts = ", ".join(f"{n} {name.replace('_', ' ')}" for name, n in sorted(taken.lines.items()))
    yield f"{total} dispositions of {taken.who} are kept: {counts}."
    if taken.left_out:
        yield f"{len(taken.left_out)} lines were left out:"
        yield from (f"  line {each.number}: {each.sentence}" for each in taken.left_out)
    if taken.contradicting:
        yield f"{taken.contradicting} contradict what counted before; the newest counts."
    if taken.late:
        yield f"{taken.late} are late: labels.maturity_days had passed, and models took the label."
    if taken.waiting:
        yield f"{taken.waiting} wait for a second person to decide the same."
    yield f"Models learn from them once their window reaches beyond {taken.known}."
