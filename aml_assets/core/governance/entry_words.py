"""Entries of the ledger in words, and the days that they are about.

Belongs here: what an entry says, for people. Does not belong here: reading entries
(``io.ledger``), or which model scored a day (``steps.scored_by``).

An entry may have been written by another version: what its ``about`` lacks is left out.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from aml_assets.core.days import parse_day
from aml_assets.core.governance.chain import Entry
from aml_assets.errors import shown

REPORTS_LINE = "reports"
"""What people read for the line of reports, whose name is empty."""


def line_in_words(line: str) -> str:
    """A model line's name, for people."""
    return line or REPORTS_LINE


def one_line(entry: Entry) -> str:
    """An entry on one line: number, time, kind, who, about what, and why."""
    parts = [
        f"{entry.number:>6}  {entry.at[:16].replace('T', ' ')}  {entry.kind}",
        f"by {shown(entry.who)}",
        subject(entry),
    ]
    said = ", ".join(part for part in parts if part)
    return f"{said}: {shown(entry.why)}" if entry.why else said


def subject(entry: Entry) -> str:
    """What an entry is about, for people; empty if it does not say."""
    about = entry.about
    words = [f"{about[name]}" for name in ("asset", "check", "day") if name in about]
    if entry.line is not None:
        words = [_championship(entry)]
    elif entry.kind == "retention":
        words = [f"{sum(int(each.get('partitions', 0)) for each in _deleted(about))} partitions"]
        words.append(f"({about.get('files', '?')} files)")
    elif entry.kind == "hold" and "day" not in about:
        words = [f"a customer ({about.get('file', '?')})"]
    elif entry.kind == "dispositions":
        words = [f"{about.get('dispositions', '?')} dispositions"]
    elif entry.kind == "beginning":
        counts = {kind: len(of) for kind, of in about.items() if isinstance(of, Mapping)}
        words = [f"{n} {kind}" for kind, n in counts.items()]
    if about.get("holds") is False:
        words.append("taken back")
    return shown(" ".join(words)) if words else ""


def gate_in_words(entry: Entry) -> str:
    """The gate's figures of a promotion; empty if it has none."""
    figures = _flat(entry.about.get("gate") or {})
    words = ["against the gate"] if entry.about.get("against_the_gate") else []
    words += [f"{name} {value}" for name, value in figures]
    return shown(", ".join(words)) if words else ""


def speaks_of(entry: Entry, day: dt.date) -> bool:
    """Whether an entry is about a day: about the day itself, or a range that it lies in."""
    return any(first <= day <= last for first, last in _ranges(entry.about))


def _championship(entry: Entry) -> str:
    about = entry.about
    said = (
        f"{line_in_words(str(about['line']))}: {about.get('model_id', 'a model')} "
        f"from {about.get('from_day', 'its day')} on"
    )
    return f"{said}, back to entry {about['back_to']}" if "back_to" in about else said


def _ranges(about: Mapping[str, Any]) -> Iterator[tuple[dt.date, dt.date]]:
    """The ranges of days that an entry is about, as (first, last).

    They stand in ``day``, ``from_day``, ``days`` and in what was deleted; those of the ledger's
    first entry also in the names of the skips and overrides that it took over.
    """
    for name in ("day", "from_day"):
        if (day := _day(about.get(name))) is not None:
            yield day, day
    named = [
        *(about.get("days") or ()),
        *(days for of in _deleted(about) for days in of.get("days", ())),
    ]
    for each in named:
        pair = each if isinstance(each, Sequence) and not isinstance(each, str) else (each, each)
        days = [day for day in map(_day, pair) if day is not None]
        if days:
            yield days[0], days[-1]
    for kind in ("skips", "overrides"):  # their names end in the day
        for name in about.get(kind) or ():
            if (day := _day(name[-10:])) is not None:
                yield day, day


def _deleted(about: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """What an entry about a deletion says of partitions that are alike."""
    return [each for each in about.get("deleted") or () if isinstance(each, Mapping)]


def _day(value: Any) -> dt.date | None:
    return parse_day(value) if isinstance(value, str) else None


def _flat(value: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """The leaves of nested mappings, with their names joined by dots."""
    if isinstance(value, Mapping):
        for name, each in value.items():
            yield from _flat(each, f"{prefix}.{name}" if prefix else str(name))
    elif isinstance(value, list):
        yield prefix, ", ".join(map(str, value))
    else:
        yield prefix, round(value, 6) if isinstance(value, float) else value
