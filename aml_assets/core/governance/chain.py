"""The ledger: a chain of entries about what people and rules decided, each bound to the one before.

Belongs here: an entry, what makes a chain whole, and the champion that a chain names. Does not
belong here: files (``io.ledger``), or whether a model may be promoted.

Each entry holds the digest of the one before it, so that whoever changes, removes, swaps or
inserts an entry breaks the chain there. The head, a file of its own, holds the number and the
digest of the last entry, so that the end cannot be cut off unseen either.

An entry also names, for each model line, the newest earlier entry that made a champion. So the
champion is found by one or two reads, however long the chain is.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args

FIRST = "0" * 64
"""What the first entry holds in place of a predecessor's digest."""

Kind = Literal[
    "beginning",
    "promotion",
    "rollback",
    "override",
    "skip",
    "restatement",
    "dispositions",
    "hold",
    "retention",
]

PROMOTION, ROLLBACK = "promotion", "rollback"
_MAKES_CHAMPIONS = (PROMOTION, ROLLBACK)


@dataclass(frozen=True)
class Entry:
    """One entry.

    Attributes:
        number: its place in the chain, from 1.
        previous: the digest of the entry before it; `FIRST` for the first one.
        kind: what was decided.
        why: the reason, in the words of who decided; of a rule, its own.
        by, known, login, user: who decided, as in ``io.decisions.Decision``.
        at: the time, as an ISO time in UTC.
        about: what it speaks of: days, names of assets, and digests; never a customer's row.
        champions: model line → number of the newest earlier entry that made its champion; the
            reports' line is "".
        token: random, so that two writers never write the same bytes.
    """

    number: int
    previous: str
    kind: Kind
    why: str
    by: str
    at: str
    about: Mapping[str, Any] = field(default_factory=dict)
    known: str = "claim"
    login: str | None = None
    user: str | None = None
    champions: Mapping[str, int] = field(default_factory=dict)
    token: str = ""

    def to_dict(self) -> dict[str, Any]:
        """The entry as JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Entry:
        """Read the mapping that `to_dict` returns.

        Raises:
            ValueError: it is none; the error quotes nothing of it.
        """
        try:
            entry = cls(**value)
        except TypeError:
            raise ValueError("it holds no entry") from None
        kinds = {
            **dict.fromkeys(("previous", "kind", "why", "by", "at", "token"), str),
            **dict.fromkeys(("about", "champions"), dict),
            "number": int,
        }
        if any(type(getattr(entry, name)) is not kind for name, kind in kinds.items()):
            raise ValueError("a field has another type than an entry's")
        if entry.kind not in get_args(Kind):
            raise ValueError("its kind is none that this version knows")
        return entry

    @property
    def line(self) -> str | None:
        """The model line whose champion it makes; ``None`` if it makes none."""
        return str(self.about["line"]) if self.kind in _MAKES_CHAMPIONS else None

    @property
    def champions_after(self) -> dict[str, int]:
        """Model line → number of the newest entry, up to this one, that made its champion."""
        own = {} if self.line is None else {self.line: self.number}
        return {**self.champions, **own}

    @property
    def who(self) -> str:
        """The name of who decided, for people; one that nobody checked is called a claim."""
        return in_words(self.by, self.known, self.login or self.user)


def in_words(by: str, known: str, writer: str | None) -> str:
    """The name of who decided, for people; one that nobody checked is called a claim.

    Args:
        by: the name.
        known: how it is known: ``login``, ``rule`` or ``claim``.
        writer: who wrote it down.
    """
    if known != "claim":
        return by
    return f"{by} (claimed{f' by {writer}' if writer and writer != by else ''})"


@dataclass(frozen=True)
class Link:
    """An entry as it was read.

    Attributes:
        entry: the entry.
        digest: of its content.
    """

    entry: Entry
    digest: str


@dataclass(frozen=True)
class Head:
    """The end of the chain.

    Attributes:
        number: of the last entry.
        digest: of the last entry.
    """

    number: int
    digest: str


@dataclass(frozen=True)
class Broken:
    """The first place at which a chain is not what was written.

    Attributes:
        number: of the entry; 0 for the head or a file that is no entry.
        why: what is wrong, with the remedy.
        may_pass: whether a whole chain looks like this, too, while an entry is being added.
    """

    number: int
    why: str
    may_pass: bool = False


@dataclass(frozen=True)
class Champion:
    """The model that scores a line from a day on, and the entry that says so.

    Attributes:
        line: the model line; "" for the reports.
        model_id: its name.
        digest: of its content.
        path: where it lay when it was promoted.
        from_day: the first day that it scores.
        entry: the entry.
    """

    line: str
    model_id: str
    digest: str
    path: str
    from_day: dt.date
    entry: Entry

    @classmethod
    def of(cls, entry: Entry) -> Champion:
        """The champion that an entry makes."""
        about = entry.about
        return cls(
            line=str(about["line"]),
            model_id=str(about["model_id"]),
            digest=str(about["model_digest"]),
            path=str(about["model_path"]),
            from_day=dt.date.fromisoformat(about["from_day"]),
            entry=entry,
        )


def champion(
    last: Entry | None, line: str, day: dt.date, read: Callable[[int], Entry]
) -> Champion | None:
    """The champion of a line on a day; ``None`` before the first one.

    Args:
        last: the last entry; ``None`` of an empty ledger.
        line: the model line.
        day: the day to be scored.
        read: reads an entry by its number.
    """
    number = last.champions_after.get(line) if last else None
    while number is not None:
        entry = read(number)
        found = Champion.of(entry)
        if found.from_day <= day:
            return found
        number = entry.champions.get(line)
    return None


def predecessor(current: Champion, read: Callable[[int], Entry]) -> Champion | None:
    """The champion before the current one, to which a rollback would go back.

    If a rollback made the current one, it is the champion before the one that it went back to. So
    two rollbacks, one after the other, go back twice.
    """
    entry = current.entry
    while entry.kind == ROLLBACK:
        entry = read(int(entry.about["back_to"]))
    number = entry.champions.get(current.line)
    while number is not None:
        before = read(number)
        found = Champion.of(before)
        if found.digest != current.digest:
            return found
        number = before.champions.get(current.line)
    return None


def first_broken(links: Sequence[Link | str | None], head: Head | str | None) -> Broken | None:
    """The first place at which a chain is not whole; ``None`` if it is.

    Args:
        links: what lies under each number from 1 on: the entry, the reason why it cannot be read,
            or ``None`` if nothing lies there.
        head: the head, the reason why it cannot be read, or ``None`` if there is none.
    """
    before = FIRST
    champions: Mapping[str, int] = {}
    for number, link in enumerate(links, 1):
        if isinstance(link, Link):
            why = _wrong(link.entry, number, before, champions)
        else:
            why = link or "it is missing; restore it from a backup"
        if why or not isinstance(link, Link):
            return Broken(number, why)
        before, champions = link.digest, link.entry.champions_after
    return _wrong_end(len(links), before, head)


def _wrong(entry: Entry, number: int, before: str, champions: Mapping[str, int]) -> str:
    """Why an entry does not belong where it lies; "" if it does."""
    if entry.number != number:
        return f"entry {entry.number} lies in its place"
    if entry.previous != before:
        return (
            "it does not follow what lies before it: one of the two was replaced, or an entry "
            "between them was removed"
        )
    return "" if entry.champions == champions else "it names other champions than the chain before"


def _wrong_end(count: int, digest: str, head: Head | str | None) -> Broken | None:
    if isinstance(head, str):
        return Broken(0, f"the head cannot be read: {head}")
    if head is None:
        return Broken(0, "the head is missing", may_pass=True) if count else None
    if head.number > count:
        why = "it is missing, and the head names it; restore it from a backup"
        return Broken(count + 1, why, may_pass=True)
    if head.number < count:
        return Broken(
            head.number + 1,
            "the head does not know it: its writer was stopped, or somebody put it there. If it is "
            "right, whatever is recorded next takes it up",
            may_pass=True,
        )
    return None if head.digest == digest else Broken(count, "the head names another entry here")
