"""Taking a file of dispositions into the store; lines about unknown subjects are refused.

Belongs here: comparing the file with the stored days, and keeping what was taken. Does not belong
here: reading the file (``core.cases.disposition_file``), or what follows for labels
(``steps.inputs.dispositions_known``).
"""

from __future__ import annotations

import datetime as dt
import secrets
import zoneinfo
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from aml_assets.core.cases.disposition_file import BadLine, DispositionLine, read_lines
from aml_assets.core.cases.dispositions import (
    Disposition,
    Subject,
    counting,
    is_repeated,
)
from aml_assets.core.days import ONE_DAY
from aml_assets.errors import AmlError, InputError
from aml_assets.io.decisions import Decision
from aml_assets.io.published import sha256_of_bytes
from aml_assets.steps.inputs.drawn_cases import with_sampling_weights
from aml_assets.steps.inputs.known_subjects import doubts, is_after_ripe
from aml_assets.steps.inputs.window_frames import key_and_label

if TYPE_CHECKING:
    from aml_assets.io.catalog import Catalog

_SHOWN = 20
"""How many faulty lines an error names."""


@dataclass(frozen=True)
class Taken:
    """The outcome of taking one file of dispositions.

    Attributes:
        who: who decided, for people.
        lines: how many dispositions were taken, by what they say.
        left_out: the lines that were not taken, with the reason.
        contradicting: how many say something else than what counted before.
        after_ripe: how many are about subjects whose label was taken for ripe without them.
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
        all_or_nothing: take nothing if any line cannot be taken; if false, take the other lines.
        at: the moment, with a time zone; now by default.

    Raises:
        InputError: the file cannot be read, or a line cannot be taken; nothing was kept.
        AmlError: the same person has brought all of it before, or, under ``four_eyes``, decides
            by another name than the login.
    """
    settings = catalog.settings
    key, _ = key_and_label(catalog)
    instant = (at or dt.datetime.now(dt.UTC)).astimezone(dt.UTC)
    sender = _sender(catalog, by)
    lines, bad = read_lines(data, key=key, reasons=settings.dispositions.reasons, by=sender.by)
    lines, unknown = _of_our_subjects(catalog, lines, key)
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
        {subject: of.disposition for subject, of in counting(each, four_eyes=four_eyes).items()}
        for each in (before, [*before, *given])
    )
    salt = secrets.token_hex(16)
    facts = {"by": sender.by, "known": sender.known, "user": sender.user, "login": sender.login}
    zone = zoneinfo.ZoneInfo(settings.partitions.time_zone)
    _record(catalog, given, sha256_of_bytes(salt.encode() + data), sender)
    facts["salt"] = salt
    day = catalog.dispositions.record(given, instant, instant.astimezone(zone).date(), facts)
    return Taken(
        who=sender.who,
        lines=Counter(each.disposition for each in given),
        left_out=bad,
        contradicting=sum(
            counted.get(each.subject, each.disposition) != each.disposition for each in given
        ),
        after_ripe=sum(is_after_ripe(catalog, each, day) for each in given),
        waiting=sum(counts.get(each.subject) != each.disposition for each in given),
        day=day,
    )


def _record(catalog: Catalog, given: Sequence[Disposition], digest: str, sender: Decision) -> None:
    """Record in the ledger that a file is taken, before it is.

    Args:
        catalog: the ledger.
        given: what the file holds.
        digest: of a random salt and the file. The ledger keeps it for good, and the import alone
            keeps the salt, so that nobody can guess a customer by the digest.
        sender: who decides.
    """
    about = {
        "dispositions": len(given),
        "days": sorted({str(each.day) for each in given}),
        "file": digest,
    }
    catalog.ledger.append("dispositions", replace(sender, why="a file of dispositions"), about)


def _sender(catalog: Catalog, by: str | None) -> Decision:
    """Who decides; under ``four_eyes`` only the login, so that nobody counts as two people."""
    sender = Decision.now("", "", by=(by or "").strip() or None, login=catalog.login)
    if catalog.settings.dispositions.four_eyes and sender.login and sender.known == "claim":
        raise AmlError(
            "where dispositions.four_eyes is set, the login decides and no other name",
            remedy="Leave --by out, and log in as the person who decides.",
        )
    return sender


def _of_our_subjects(
    catalog: Catalog, lines: Sequence[DispositionLine], key: Sequence[str]
) -> tuple[list[DispositionLine], list[BadLine]]:
    """The lines that are about a report or a customer of their day, and the bad ones."""
    good, bad = list[DispositionLine](), list[BadLine]()
    found = doubts(catalog, [line.disposition for line in lines], key)
    for line, doubt in zip(lines, found, strict=True):
        if doubt:
            bad.append(BadLine(line.number, doubt))
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
    of_subject: dict[Subject, list[Disposition]] = {}
    for each in before:
        of_subject.setdefault(each.subject, []).append(each)
    if all(is_repeated(each, of_subject.get(each.subject, ())) for each in given):
        raise AmlError(
            "the same person brought these dispositions before, and nobody decided otherwise since",
            remedy="Bring only what was decided since.",
        )


def summary(taken: Taken) -> Iterable[str]:
    """The lines that ``aml decide`` prints after a file was taken."""
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
