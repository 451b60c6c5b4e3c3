"""A file of dispositions, as investigators' tools write it: CSV with a header.

Belongs here: reading its lines, and a sentence for each that cannot be taken. Does not belong here:
whether the report or customer is one of ours (``steps.deciding``), or what follows from a
disposition (``dispositions``).

The columns are ``day``, the key of reports by the bank's own names, ``customer``, ``disposition``,
``reason`` and ``note``, in any order. A line is about a report or about a customer. If no line is
about a report, the columns of its key may be left out; if none is about a customer, ``customer``
may; and ``note`` always may. A sentence names the line and the column, and quotes nothing: an id or
a note is a customer's.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from aml_assets.core.cases.dispositions import LABELS, NEEDS_MORE, CustomerDay, Disposition, Subject
from aml_assets.core.days import parse_day
from aml_assets.errors import InputError
from aml_assets.settings.table_settings import STR

DAY, CUSTOMER, DISPOSITION, REASON, NOTE = "day", "customer", "disposition", "reason", "note"
OWN = (DAY, CUSTOMER, DISPOSITION, REASON, NOTE)
"""The columns that are the same at each bank."""

_NEEDED = (DAY, DISPOSITION, REASON)
"""The columns that every file has."""

MAX_BYTES = 64 * 2**20
"""A longer file is refused; it would be a million dispositions."""

MAX_NOTE, MAX_REASON = 4_000, 64
"""Characters of a note, and of a reason."""

_DAY = len("2024-03-01")

_HEADER = 64 * 2**10
"""Characters within which the first line ends."""

DELIMITERS = (",", ";", "\t")
"""What spreadsheets write between cells, by language; the header shows which one a file has."""


@dataclass(frozen=True)
class DispositionLine:
    """A line that can be read.

    Attributes:
        number: the line in the file on which it begins; the header is on 1.
        disposition: what it says.
    """

    number: int
    disposition: Disposition


@dataclass(frozen=True)
class Fault:
    """What is wrong with a row, and in which of our columns; "" if it is about no single column."""

    column: str
    sentence: str


@dataclass(frozen=True)
class BadLine:
    """A line that cannot be taken, and why: one sentence for a person."""

    number: int
    sentence: str


def columns_of_file(key: Sequence[str], *, customers: bool = False) -> list[str]:
    """The columns of a file, in the order in which we write them.

    Args:
        key: the key columns of reports; one that is called as one of ours has its table in front.
        customers: whether it may be about customers, too.
    """
    named = [f"{STR}.{name}" if name in OWN else name for name in key]
    return [DAY, *named, *([CUSTOMER] if customers else []), DISPOSITION, REASON, NOTE]


def read_lines(
    data: bytes, *, key: Sequence[str], reasons: Collection[str], by: str
) -> tuple[list[DispositionLine], list[BadLine]]:
    """Read the lines of a file.

    Args:
        data: the file.
        key: the key columns of reports, by the bank's names.
        reasons: the codes that a reason may be; any where there are none.
        by: the person who decides.

    Returns:
        The lines that can be read, and the bad ones, in the order of the file.

    Raises:
        InputError: the file is no CSV in UTF-8 with these columns.
    """
    named = columns_of_file(key)[1 : len(key) + 1]
    text = _decoded(data)
    rows = _rows(text, _delimiter(text))
    header = [name.strip() for name in next(rows, (1, []))[1]]
    _refuse_other_columns(header, named, columns_of_file(key, customers=True))
    named = [name for name in named if name in header]
    lines, bad = list[DispositionLine](), list[BadLine]()
    for number, cells in rows:
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(header):
            bad.append(BadLine(number, "it has more or fewer cells than the first line"))
            continue
        said = read_row(dict(zip(header, cells, strict=True)), named, reasons, by)
        if isinstance(said, Disposition) and _swallows_lines(said.note):
            said = Fault(NOTE, _SWALLOWS)
        if isinstance(said, Fault):
            bad.append(BadLine(number, said.sentence))
        else:
            lines.append(DispositionLine(number, said))
    lines, repeated = _without_repeated(lines)
    return lines, sorted([*bad, *repeated], key=lambda each: each.number)


def _without_repeated(
    lines: Sequence[DispositionLine],
) -> tuple[list[DispositionLine], list[BadLine]]:
    """The lines with a subject of their own; and, as bad lines, those that share one.

    Of lines about one subject, nobody knows which is right.
    """
    numbers: dict[Subject, list[int]] = {}
    for line in lines:
        numbers.setdefault(line.disposition.subject, []).append(line.number)
    single = [line for line in lines if len(numbers[line.disposition.subject]) == 1]
    repeated = [
        BadLine(number, f"it is about {_same(subject)} as line {(set(of) - {number}).pop()}")
        for subject, of in numbers.items()
        if len(of) > 1
        for number in of
    ]
    return single, repeated


def _same(subject: Subject) -> str:
    return "the same customer and day" if isinstance(subject, CustomerDay) else "the same report"


def _decoded(data: bytes) -> str:
    if len(data) > MAX_BYTES:
        raise _refused(f"it is larger than {MAX_BYTES >> 20} MiB", "Split it into several files.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _refused(
            "it is not encoded in UTF-8", "Save it as CSV in UTF-8; spreadsheets offer that."
        ) from None


def _delimiter(text: str) -> str:
    """The delimiter that splits the first line into the needed columns; a comma if none does."""
    header = text[:_HEADER].splitlines()[:1]
    for delimiter in DELIMITERS:
        names = next(csv.reader(header, delimiter=delimiter), [])
        if {*_NEEDED} <= {name.strip() for name in names}:
            return delimiter
    return DELIMITERS[0]


def _rows(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Each row with the number of the line on which it begins."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    begins = 1
    while True:
        try:
            row = next(reader, None)
        except csv.Error:
            raise _refused(
                f"from line {begins} on it is no CSV",
                "Save it as CSV; a quoted cell must end with its quote, and none may be that long.",
            ) from None
        if row is None:
            return
        yield begins, row
        begins = reader.line_num + 1


def _refuse_other_columns(
    header: Sequence[str], named: Sequence[str], allowed: Sequence[str]
) -> None:
    """Refuse a first line that lacks a column, or has one that is not allowed.

    Args:
        header: the columns of the file.
        named: those of the reports' key, of which it has all, or none where it is about customers.
        allowed: all that a file may have.
    """
    of_customers = CUSTOMER in header and not {*named} & {*header}
    needed = _NEEDED if of_customers else (*named, *_NEEDED)
    missing = [name for name in allowed if name in needed and name not in header]
    if missing:
        raise _refused(
            f"its first line does not name the column {', '.join(missing)}",
            f"Its columns are {', '.join(allowed)}. {NOTE} may be left out, and {CUSTOMER}, or "
            f"{', '.join(named)}, where no line is about such a subject.",
        )
    unknown = [n for n, name in enumerate(header, 1) if name not in allowed]
    if unknown or len({*header}) < len(header):
        what = f"column {unknown[0]} is not known" if unknown else "two columns have one name"
        raise _refused(f"by its first line {what}", f"Leave only {', '.join(allowed)}.")


_SWALLOWS = f"its {NOTE} has a line that begins with a day: a quote before it may lack its end"


def _swallows_lines(note: str) -> bool:
    return any(parse_day(line.strip()[:_DAY]) for line in note.splitlines()[1:])


def read_row(
    cells: Mapping[str, str], key: Sequence[str], reasons: Collection[str], by: str
) -> Disposition | Fault:
    """The disposition that a row holds, or what is wrong with the row.

    Args:
        cells: our columns, and those of the key, with their texts.
        key: the columns of the reports' key that the row has.
        reasons: the codes that a reason may be; any where there are none.
        by: the person who decides.
    """
    day = parse_day(cells[DAY].strip())
    if day is None:
        return Fault(DAY, f"its {DAY} is no day; write it as YYYY-MM-DD")
    texts, customer = tuple(cells[name] for name in key), cells.get(CUSTOMER, "")
    if customer and any(texts):
        return Fault("", f"it names a report and a {CUSTOMER}: leave one of them empty")
    if not customer and not (texts and all(texts)):
        return Fault("", _names_nothing(key, CUSTOMER in cells))
    disposition, reason = cells[DISPOSITION].strip(), cells[REASON].strip()
    if disposition not in LABELS:
        return Fault(DISPOSITION, f"its {DISPOSITION} is none of {', '.join(LABELS)}")
    if not reason and disposition != NEEDS_MORE:
        return Fault(
            REASON, f"it gives no {REASON}, which each {DISPOSITION} but {NEEDS_MORE} needs"
        )
    if len(reason) > MAX_REASON:
        return Fault(REASON, f"its {REASON} is longer than {MAX_REASON} characters")
    if reason and reasons and reason not in reasons:
        return Fault(REASON, f"its {REASON} is none of dispositions.reasons")
    note = cells.get(NOTE, "").strip()
    if len(note) > MAX_NOTE:
        return Fault(NOTE, f"its {NOTE} is longer than {MAX_NOTE:,} characters")
    return Disposition(
        day, () if customer else texts, disposition, reason, note, by, customer=customer
    )


def _names_nothing(key: Sequence[str], of_customers: bool) -> str:
    """What is wrong with a line that names no subject, or half a report."""
    if not key:
        return f"it names no {CUSTOMER}"
    rest = f", or {CUSTOMER}" if of_customers else ""
    return f"it names no report: {', '.join(key)} must be filled{rest}"


def _refused(sentence: str, remedy: str) -> InputError:
    return InputError(f"the file of dispositions cannot be read: {sentence}", remedy=remedy)
