"""The texts of alarms: in a mail, for a program, in a log.

Belongs here: one alarm, and one message composed of many. Does not belong here: finding out what
is wrong (``alarm_events``), or sending a message (``channels``). Every text is bounded and free of
control characters, so that nothing in it becomes a header. None holds a customer's value, because
an alarm is given nothing but sentences of ours (``trusted_text``).
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from aml_assets.core.days import ranges, span
from aml_assets.core.language import ENGLISH, Language, Said, Text, messages
from aml_assets.core.night.tick import NOTHING_LANDED
from aml_assets.settings.alarm_settings import KINDS, Kind

SHOWN = 20
"""Alarms of one kind that a message shows in full; it counts the others."""

_SENTENCES = 10
_SENTENCE_LENGTH = 500
_SUBJECT_LENGTH = 160
_NAMES = 4
_WORDS: dict[Kind, tuple[str, str]] = {
    "run_failure": messages("{number} failure", "{number} failures"),
    "missed_deadline": messages("{number} missed deadline", "{number} missed deadlines"),
    "failed_check": messages("{number} failed check", "{number} failed checks"),
    "old_model": messages(
        "{number} day scored by an older model", "{number} days scored by an older model"
    ),
    "failed_gate": messages("{number} failed gate", "{number} failed gates"),
    "old_champion": messages(
        "{number} day scored by an old champion", "{number} days scored by an old champion"
    ),
    "drift": messages("{number} drift", "{number} drifts"),
    "retry": messages("{number} retry", "{number} retries"),
}


@dataclass(frozen=True)
class Alarm:
    """One thing that somebody should know.

    Args:
        kind: the setting ``alarms.kinds`` selects by it.
        event: the predicate of the title: what happened to the assets, such as ``failed``.
        days: the partitions concerned.
        assets: the tables or assets concerned.
        sentences: the reasons, one line each.
        link: the page of the UI that shows it.
        at: when it happened; distinguishes two alarms that are equal otherwise.
    """

    kind: Kind
    event: Text
    days: tuple[dt.date, ...] = ()
    assets: tuple[str, ...] = ()
    sentences: tuple[Text, ...] = ()
    link: str | None = None
    at: dt.datetime | None = None

    def title(self, language: Language = ENGLISH) -> str:
        """Assets, days and what happened: ``trx 2024-02-14 failed``."""
        to = language.say(" … ")
        days = [span(*each, to) for each in ranges(list(self.days))]
        parts = (_few(self.assets, language), _few(days, language), language.told(self.event))
        return one_line(" ".join(filter(None, parts)))

    def lines(self, language: Language = ENGLISH) -> list[str]:
        """The first sentences, one line each, and how many more there are."""
        lines = [one_line(language.told(each)) for each in self.sentences[:_SENTENCES]]
        more = len(self.sentences) - len(lines)
        if more:
            lines.append(language.say("and {number} more", number=language.whole(more)))
        return lines

    @property
    def when(self) -> str | None:
        """The time, in UTC."""
        return self.at.astimezone(dt.UTC).strftime("%Y-%m-%d %H:%M:%S UTC") if self.at else None

    def as_dict(self, language: Language = ENGLISH) -> dict[str, Any]:
        """The alarm for a program; consecutive days are one ISO interval, ``first/last``."""
        spans = list(ranges(list(self.days)))
        return {
            "kind": self.kind,
            "title": self.title(language),
            "days": [span(first, last, "/") for first, last in spans[:SHOWN]],
            "assets": [one_line(asset) for asset in self.assets[:SHOWN]],
            "sentences": self.lines(language),
            "link": self.link,
            "at": self.when,
        }


@dataclass(frozen=True)
class Message:
    """Several alarms as one message.

    Args:
        subject: one line: the only alarm, or the number of each kind and the worst alarm.
        text: the first alarms of each kind in full, and how many more there are.
        payload: the same for a program.
        id: a digest of the alarms, by which a message that was sent twice can be recognized.
    """

    subject: str
    text: str
    payload: dict[str, Any]
    id: str


def compose(alarms: Sequence[Alarm], ui_url: str, language: Language = ENGLISH) -> Message:
    """Compose one message of all these alarms, the worst first.

    Args:
        alarms: at least one.
        ui_url: where the UI is reached.
        language: the reader's.
    """
    ordered = sorted(alarms, key=lambda alarm: KINDS.index(alarm.kind))
    counts: Counter[Kind] = Counter(alarm.kind for alarm in ordered)
    say = language.say
    counted = say(", ").join(_counted(kind, count, language) for kind, count in counts.items())
    worst = ordered[0]
    headline = say(": ").join([worst.title(language), *worst.lines(language)[:1]])
    subject = headline if len(ordered) == 1 else f"{counted}{say(': ')}{headline}"
    runs = f"{ui_url.rstrip('/')}/runs"
    shown: list[Alarm] = []
    blocks: list[str] = []
    for kind, count in counts.items():
        first = [alarm for alarm in ordered if alarm.kind == kind][:SHOWN]
        shown += first
        if len(ordered) > 1:
            blocks.append(say("{counted}:", counted=_counted(kind, count, language)))
        blocks += [_block(alarm, language) for alarm in first]
        if more := count - len(first):
            counted = _counted(kind, more, language)
            blocks.append(say("and {counted} more: {link}", counted=counted, link=runs))
    payload = {
        "source": "aml_assets",
        "counts": dict(counts),
        "alarms": [alarm.as_dict(language) for alarm in shown],
    }
    everything = json.dumps([alarm.as_dict(language) for alarm in ordered], sort_keys=True)
    return Message(
        subject=one_line(f"aml_assets: {subject}", _SUBJECT_LENGTH),
        text="\n\n".join(blocks) + "\n",
        payload=payload,
        id=hashlib.sha256(everything.encode()).hexdigest()[:32],
    )


def missed_deadline(days: Iterable[tuple[dt.date, str, dt.datetime | None]]) -> Alarm:
    """The alarm for days that have not landed whole by their deadline.

    Args:
        days: each day, what of it is missing, and since when it has been waited for.
    """
    late = sorted(days, key=lambda each: each[0])
    sentences: list[Text] = []
    for day, missing, since in late:
        told: dict[str, Text] = {"day": str(day), "missing": _missing(missing)}
        if since is None:
            sentences.append(Said("{day}: {missing}", told))
        else:
            told["since"] = f"{since:%Y-%m-%d %H:%M %Z}".rstrip()
            sentences.append(Said("{day}: {missing}, waited for since {since}", told))
    return Alarm(
        kind="missed_deadline",
        event=Said("missed the deadline"),
        days=tuple(day for day, _, _ in late),
        assets=("landing",),
        sentences=tuple(sentences),
    )


def one_line(text: str, limit: int = _SENTENCE_LENGTH) -> str:
    """The text as one bounded line: control characters and line breaks become blanks."""
    printable = "".join(
        " " if unicodedata.category(letter)[0] in "CZ" else letter for letter in text[: limit * 4]
    )
    line = " ".join(printable.split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def _missing(text: str) -> Text:
    """The text of ``core.night`` on what a day lacks, as a translatable sentence per table."""
    parts = [part.partition(" ") for part in text.split(", ")]
    if text == NOTHING_LANDED or not all(reason for _, _, reason in parts):
        return text
    return tuple(
        Said("{table} {reason}", {"table": table, "reason": reason}) for table, _, reason in parts
    )


def _block(alarm: Alarm, language: Language) -> str:
    """An alarm in full: its title, and indented below it the reasons, the time and the link."""
    lines = [alarm.title(language), *(f"  {line}" for line in alarm.lines(language))]
    lines += [f"  {part}" for part in (alarm.when, alarm.link) if part]
    return "\n".join(lines)


def _counted(kind: Kind, count: int, language: Language) -> str:
    """A number of alarms of one kind: ``3 failures``."""
    return language.counted(*_WORDS[kind], count)


def _few(names: Sequence[str], language: Language) -> str:
    """The first names, and how many more there are."""
    shown = language.say(", ").join(names[:_NAMES])
    if (more := len(names) - _NAMES) <= 0:
        return shown
    return language.say("{names} and {number} more", names=shown, number=more)
