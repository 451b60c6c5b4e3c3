"""A file of dispositions, as investigators' tools write it: CSV with a header.

Belongs here: reading its lines, and a sentence for each that cannot be taken. Does not belong here:
whether the report is one of ours (``steps.deciding``), or what follows from a disposition
(``dispositions``).

The columns are ``day``, the key of reports by the bank's own names, ``disposition``, ``reason`` and
``note`` (which may be left out), in any order. A sentence names the line and the column, and quotes
nothing: an id or a note is a customer's.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from aml_assets.core.cases.dispositions import LABELS, NEEDS_MORE, Disposition
from aml_assets.core.days import parse_day
from aml_assets.errors import InputError

DAY, DISPOSITION, REASON, NOTE = "day", "disposition", "reason", "note"
OWN = (DAY, DISPOSITION, REASON, NOTE)
"""The columns that are the same at each bank."""

MAX_BYTES = 64 * 2**20
"""A longer file is refused; it would be a million dispositions."""

MAX_NOTE = 4_000
"""Characters of a note."""

DELIMITERS = (",", ";", "\t")
"""What spreadsheets write between cells, by language; the header tells."""


@dataclass(frozen=True)
class Line:
    """A line that can be read.

    Attributes:
        number: the line in the file on which it begins; the header is on 1.
        disposition: what it says.
    """

    number: int
    disposition: Disposition


@dataclass(frozen=True)
class Fault:
    """A line that cannot be taken, and why: one sentence for a person."""

    number: int
    sentence: str


def read_lines(
    data: bytes, *, key: Sequence[str], reasons: Collection[str], by: str
) -> tuple[list[Line], list[Fault]]:
    """Read the lines of a file.

    Args:
        data: the file.
        key: the key columns of reports, by the bank's names.
        reasons: the codes that a reason may be; any where there are none.
        by: the person who decides.

    Returns:
        The lines that can be read, and the faults of the others, in the order of the file.

    Raises:
        InputError: the file is no CSV in UTF-8 with these columns.
    """
    text = _decoded(data)
    rows = _rows(text, _delimiter(text, key))
    header = [name.strip() for name in next(rows, (1, []))[1]]
    _refuse_other_columns(header, key)
    lines, faults = list[Line](), list[Fault]()
    first: dict[tuple[str, ...], int] = {}
    for number, cells in rows:
        if not any(cell.strip() for cell in cells):
            continue
        wide = len(cells) - len(header)
        said = _read(dict(zip(header, cells, strict=False)), wide, key, reasons, by)
        if isinstance(said, str):
            faults.append(Fault(number, said))
            continue
        earlier = first.setdefault((str(said.report_day), *said.key), number)
        if earlier != number:
            faults.append(Fault(number, f"it is about the same report as line {earlier}"))
            continue
        lines.append(Line(number, said))
    return lines, faults


def _decoded(data: bytes) -> str:
    if len(data) > MAX_BYTES:
        raise _refused(f"it is larger than {MAX_BYTES >> 20} MB", "Split it into several files.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _refused(
            "it is not encoded in UTF-8", "Save it as CSV in UTF-8; spreadsheets offer that."
        ) from None


def _delimiter(text: str, key: Sequence[str]) -> str:
    """What stands between the cells: the one that makes the needed columns of the first line."""
    header = text.split("\n", 1)[0]
    needed = _needed(key)
    for delimiter in DELIMITERS:
        names = next(csv.reader([header], delimiter=delimiter), [])
        if needed <= {name.strip() for name in names}:
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
                "Save it as CSV; a quoted cell must end with its quote.",
            ) from None
        if row is None:
            return
        yield begins, row
        begins = reader.line_num + 1


def _needed(key: Sequence[str]) -> set[str]:
    return {DAY, *key, DISPOSITION, REASON}


def _refuse_other_columns(header: Sequence[str], key: Sequence[str]) -> None:
    missing = [name for name in (DAY, *key, DISPOSITION, REASON) if name not in header]
    if missing:
        raise _refused(
            f"its first line does not name the column {', '.join(missing)}",
            f"Its columns are {', '.join((DAY, *key, DISPOSITION, REASON))} and, if you like, "
            f"{NOTE}.",
        )
    unknown = [n for n, name in enumerate(header, 1) if name not in {*_needed(key), NOTE}]
    if unknown or len({*header}) < len(header):
        which = f"column {unknown[0]} is" if unknown else "two columns are"
        raise _refused(
            f"its first line names what is not asked for: {which} not known, or named twice",
            f"Leave only {', '.join((DAY, *key, DISPOSITION, REASON, NOTE))}.",
        )


def _read(
    cells: dict[str, str], too_many: int, key: Sequence[str], reasons: Collection[str], by: str
) -> Disposition | str:
    """What a line says, or what is wrong with it."""
    if too_many > 0 or set(cells) < _needed(key):
        return "it has more or fewer cells than the first line has columns"
    day = parse_day(cells[DAY].strip())
    if day is None:
        return f"its {DAY} is no day; write it as YYYY-MM-DD"
    texts = tuple(cells[name] for name in key)
    if not all(texts):
        return f"it names no report: {', '.join(key)} must be filled"
    disposition, reason = cells[DISPOSITION].strip(), cells[REASON].strip()
    if disposition not in LABELS:
        return f"its {DISPOSITION} is none of {', '.join(LABELS)}"
    if not reason and disposition != NEEDS_MORE:
        return f"it gives no {REASON}, which a yes and a no need alike"
    if reason and reasons and reason not in reasons:
        return f"its {REASON} is none of dispositions.reasons"
    note = cells.get(NOTE, "").strip()
    if len(note) > MAX_NOTE:
        return f"its {NOTE} is longer than {MAX_NOTE:,} characters"
    return Disposition(day, texts, disposition, reason, note, by)


def _refused(sentence: str, remedy: str) -> InputError:
    return InputError(f"the file of dispositions cannot be read: {sentence}", remedy=remedy)
