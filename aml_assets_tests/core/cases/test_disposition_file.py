"""A file of dispositions: its lines are read as they stand, and each other one is a sentence."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aml_assets.core.cases.disposition_file import DELIMITERS, MAX_NOTE, read_lines
from aml_assets.core.cases.dispositions import LABELS
from aml_assets.errors import InputError

KEY = ["trx_id", "branch"]
HEADER = "day,trx_id,branch,disposition,reason,note\n"
GOOD = "2024-03-01,T1,Bern,suspicious,R1,as usual\n"


def read(text: str | bytes, reasons=()):
    data = text if isinstance(text, bytes) else text.encode()
    return read_lines(data, key=KEY, reasons=reasons, by="Ada")


cell = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=9)
line = st.tuples(
    st.dates().map(str),
    cell.filter(str.strip),
    cell.filter(str.strip),
    st.sampled_from(sorted(LABELS)),
    st.sampled_from(["R1", "R2"]),
    cell.map(str.strip),
)


@given(
    st.lists(line, min_size=1, max_size=5, unique_by=lambda each: each[:3]),
    st.sampled_from(DELIMITERS),
    st.sampled_from(["utf-8", "utf-8-sig"]),
    st.permutations(HEADER.strip().split(",")),
)
def test_what_a_tool_writes_is_read_as_it_was_meant(lines, delimiter, encoding, order):
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, order, delimiter=delimiter)
    writer.writeheader()
    writer.writerows(dict(zip(HEADER.strip().split(","), each, strict=True)) for each in lines)
    found, faults = read(text.getvalue().encode(encoding))
    assert not faults
    said = [each.disposition for each in found]
    assert [(str(d.report_day), *d.key, d.disposition, d.reason, d.note) for d in said] == lines
    assert {d.by for d in said} == {"Ada"}


@pytest.mark.parametrize(
    ("cells", "sentence"),
    [
        ("1.3.2024,T2,Bern,suspicious,R1,", "its day is no day; write it as YYYY-MM-DD"),
        ("2024-03-01,,Bern,suspicious,R1,", "it names no report: trx_id, branch must be filled"),
        ("2024-03-01,T2,Bern,yes,R1,", "its disposition is none of suspicious, not_suspicious"),
        ("2024-03-01,T2,Bern,not_suspicious,,", "it gives no reason, which a yes and a no need"),
        ("2024-03-01,T2,Bern,suspicious,R9,", "its reason is none of dispositions.reasons"),
        ("2024-03-01,T2,Bern,suspicious", "it has more or fewer cells than the first line has"),
        ("2024-03-01,T2,Bern,suspicious,R1,x,y", "it has more or fewer cells than the first line"),
        ("2024-03-01,T1,Bern,not_suspicious,R1,", "it is about the same report as line 2"),
        (f"2024-03-01,T2,Bern,suspicious,R1,{'x' * 4001}", "its note is longer than 4,000"),
    ],
)
def test_a_line_that_cannot_be_taken_is_one_sentence_that_quotes_nothing(cells, sentence):
    assert MAX_NOTE == 4_000
    found, (fault,) = read(HEADER + GOOD + cells + "\n", reasons=["R1"])
    assert [each.number for each in found] == [2]
    assert (fault.number, fault.sentence.startswith(sentence)) == (3, True), fault.sentence
    assert not any(text in fault.sentence for text in ("T1", "T2", "Bern", "R9", "1.3.2024"))


def test_a_line_is_numbered_by_where_it_begins():
    text = (
        HEADER + '2024-03-01,T1,Bern,suspicious,R1,"two\nlines"\n\n2024-03-01,T2,,suspicious,R1,\n'
    )
    _, (fault,) = read(text)
    assert fault.number == 5


def test_what_needs_more_needs_no_reason_and_a_note_may_be_left_out():
    header = "day,trx_id,branch,disposition,reason\n"
    (only,), _ = read(header + "2024-03-01,T1,Bern,needs_more,\n")
    assert (only.disposition.reason, only.disposition.note) == ("", "")


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (
            (HEADER + "2024-03-01,T1,Zürich,suspicious,R1,\n").encode("latin-1"),
            "not encoded in UTF",
        ),
        ("", "does not name the column day, trx_id, branch, disposition, reason"),
        (HEADER.replace("reason", "grounds"), "does not name the column reason"),
        (HEADER.replace("note", "phone"), "column 6 is not known, or named twice"),
        (HEADER.replace("note", "reason"), "two columns are not known, or named twice"),
        (HEADER + GOOD + '2024-03-01,T2,Bern,suspicious,R1,"open\n', "from line 3 on it is no CSV"),
        (b"x" * (64 * 2**20 + 1), "it is larger than 64 MB"),
    ],
)
def test_a_file_that_is_none_of_dispositions_is_refused_whole(data, sentence):
    with pytest.raises(InputError, match=sentence):
        read(data)
