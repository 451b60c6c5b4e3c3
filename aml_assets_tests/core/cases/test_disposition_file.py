"""A file of dispositions: its lines are read as they stand, and each other one is a sentence."""

import csv
import datetime as dt
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aml_assets.core.cases.disposition_file import (
    DELIMITERS,
    MAX_NOTE,
    OWN,
    columns_of_file,
    read_lines,
)
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
    st.lists(line, min_size=1, max_size=5, unique_by=lambda each: each[1:3]),
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
    assert [(str(d.day), *d.key, d.disposition, d.reason, d.note) for d in said] == lines
    assert {d.by for d in said} == {"Ada"}


@pytest.mark.parametrize(
    ("cells", "sentence"),
    [
        ("1.3.2024,T2,Bern,suspicious,R1,", "its day is no day; write it as YYYY-MM-DD"),
        ("2024-03-01,,Bern,suspicious,R1,", "it names no report: trx_id, branch must be filled"),
        ("2024-03-01,T2,Bern,yes,R1,", "its disposition is none of suspicious, not_suspicious"),
        (
            "2024-03-01,T2,Bern,not_suspicious,,",
            "it gives no reason, which each disposition",
        ),
        ("2024-03-01,T2,Bern,suspicious,R9,", "its reason is none of dispositions.reasons"),
        ("2024-03-01,T2,Bern,suspicious", "it has more or fewer cells than the first line"),
        ("2024-03-01,T2,Bern,suspicious,R1,x,y", "it has more or fewer cells than the first line"),
        (f"2024-03-01,T2,Bern,suspicious,R1,{'x' * 4001}", "its note is longer than 4,000"),
    ],
)
def test_a_line_that_cannot_be_taken_is_one_sentence_that_quotes_nothing(cells, sentence):
    assert MAX_NOTE == 4_000
    found, (fault,) = read(HEADER + GOOD + cells + "\n", reasons=["R1"])
    assert [each.number for each in found] == [2]
    assert (fault.number, fault.sentence.startswith(sentence)) == (3, True), fault.sentence
    assert not any(text in fault.sentence for text in ("T1", "T2", "Bern", "R9", "1.3.2024"))


def test_of_two_lines_about_one_report_neither_is_taken_whatever_their_days():
    twice = "2024-03-09,T1,Bern,not_suspicious,R1,\n"
    found, bad = read(HEADER + GOOD + "2024-03-01,T2,Bern,suspicious,R1,\n" + twice)
    assert [each.number for each in found] == [3]
    assert [(each.number, each.sentence) for each in bad] == [
        (2, "it is about the same report as line 4"),
        (4, "it is about the same report as line 2"),
    ]


def test_lines_that_a_stray_quote_swallows_are_not_lost_in_silence():
    text = (
        HEADER + '2024-03-01,T1,Bern,suspicious,R1,"open\n' + GOOD + '2024-03-01,T3,B,x,R1,TV 55"\n'
    )
    found, (bad,) = read(text)
    assert (found, bad.number) == ([], 2)
    assert bad.sentence.startswith("its note has a line that begins with a day")


@pytest.mark.parametrize("says", ["suspicious", "needs_more"])
def test_a_short_line_is_refused_wherever_its_note_stands(says):
    header = "day,note,trx_id,branch,disposition,reason\n"
    found, (bad,) = read(f"{header}2024-03-01,x,T1,Bern,{says}\n")
    assert (found, bad.number) == ([], 2)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_end_as_any_system_ends_them(end):
    (only,), bad = read((HEADER + GOOD).replace("\n", end))
    assert (only.disposition.note, bad) == ("as usual", [])


def test_a_reason_has_a_length():
    _, (bad,) = read(HEADER + f"2024-03-01,T1,Bern,suspicious,{'R' * 65},\n")
    assert bad.sentence == "its reason is longer than 64 characters"


def test_a_line_is_numbered_by_where_it_begins():
    text = (
        HEADER + '2024-03-01,T1,Bern,suspicious,R1,"two\nlines"\n\n2024-03-01,T2,,suspicious,R1,\n'
    )
    _, (fault,) = read(text)
    assert fault.number == 5


def test_a_key_that_is_called_as_a_column_of_ours_is_written_with_its_table():
    own = ["str.day", "str.customer"]
    key = ["day", "customer"]
    assert columns_of_file(key, customers=True) == ["day", *own, *OWN[1:]]
    assert columns_of_file(key) == ["day", *own, *OWN[2:]]
    text = "day,str.day,str.customer,disposition,reason\n2024-03-01,Friday,T1,suspicious,R1\n"
    (only,), _ = read_lines(text.encode(), key=key, reasons=(), by="Ada")
    assert (only.disposition.key, only.disposition.customer) == (("Friday", "T1"), "")


BOTH = "day,trx_id,branch,customer,disposition,reason,note\n"
OF_CUSTOMERS = "day,customer,disposition,reason\n"


def test_a_line_is_about_a_report_or_about_a_customer():
    text = BOTH + "2024-03-01,T1,Bern,,suspicious,R1,\n2024-03-02,,,007,not_suspicious,R1,\n"
    (report, customer), bad = read(text)
    assert not bad
    assert report.disposition.subject == ("T1", "Bern")
    assert customer.disposition.subject == (dt.date(2024, 3, 2), "007")
    assert customer.disposition.key == ()


def test_a_file_about_customers_alone_needs_no_key_of_reports():
    (only,), bad = read(OF_CUSTOMERS + "2024-03-02,007,suspicious,R1\n")
    assert (only.disposition.subject, bad) == ((dt.date(2024, 3, 2), "007"), [])


@pytest.mark.parametrize(
    ("header", "cells", "sentence"),
    [
        (BOTH, "T1,Bern,K1,suspicious,R1,", "it names a report and a customer: leave one of them"),
        (BOTH, "T1,,K1,suspicious,R1,", "it names a report and a customer: leave one of them"),
        (BOTH, ",,,suspicious,R1,", "it names no report: trx_id, branch must be filled, or cust"),
        (BOTH, "T1,,,suspicious,R1,", "it names no report: trx_id, branch must be filled, or cust"),
        (OF_CUSTOMERS, ",suspicious,R1", "it names no customer"),
    ],
)
def test_a_line_about_both_or_nothing_is_one_sentence(header, cells, sentence):
    found, (bad,) = read(f"{header}2024-03-01,{cells}\n")
    assert (found, bad.number) == ([], 2)
    assert bad.sentence.startswith(sentence), bad.sentence


def test_of_two_lines_about_one_customer_and_day_neither_is_taken_but_of_two_days_both_are():
    lines = "2024-03-0{},K1,suspicious,R1\n"
    found, bad = read(OF_CUSTOMERS + lines.format(1) + lines.format(2) + lines.format(1))
    assert [each.number for each in found] == [3]
    assert [(each.number, each.sentence) for each in bad] == [
        (2, "it is about the same customer and day as line 4"),
        (4, "it is about the same customer and day as line 2"),
    ]


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
        ("", "does not name the column day"),
        (HEADER.replace("reason", "grounds"), "does not name the column reason"),
        (HEADER.replace("branch,", ""), "does not name the column branch"),
        (BOTH.replace("branch,", ""), "does not name the column branch"),
        (OF_CUSTOMERS.replace("customer,", ""), "does not name the column trx_id, branch"),
        (HEADER.replace("note", "phone"), "by its first line column 6 is not known"),
        (HEADER.replace("note", "reason"), "by its first line two columns have one name"),
        (HEADER + GOOD + '2024-03-01,T2,Bern,suspicious,R1,"open\n', "from line 3 on it is no CSV"),
        ("x" * 2**20, "from line 1 on it is no CSV"),
        (HEADER + GOOD.replace("as usual", "x" * 2**18), "from line 2 on it is no CSV"),
        (b"x" * (64 * 2**20 + 1), "it is larger than 64 MiB"),
    ],
)
def test_a_file_that_is_none_of_dispositions_is_refused_whole(data, sentence):
    with pytest.raises(InputError, match=sentence):
        read(data)
