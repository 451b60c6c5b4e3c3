"""Entries are told on one line, whatever they hold, and found by every day that they speak of."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from aml_assets.core.governance.chain import Entry, Kind
from aml_assets.core.governance.entry_words import gate_in_words, one_line, speaks_of


def entry(kind: Kind, about: dict[str, Any], why: str = "because") -> Entry:
    return Entry(7, "", kind, why, "Ada", "2024-03-02T10:20:30+00:00", about, user="root")


PROMOTED = {
    "line": "",
    "model_id": "aml_1",
    "model_digest": "ab",
    "model_path": "model/aml_1.ubj",
    "from_day": "2024-03-05",
    "gate": {"found": 0.123456789, "of": {"days": 3, "lines": ["a", "b"]}},
    "against_the_gate": True,
}


@pytest.mark.parametrize(
    ("kind", "about", "said"),
    [
        ("skip", {"day": "2024-03-01", "holds": True}, "2024-03-01"),
        ("skip", {"day": "2024-03-01", "holds": False}, "2024-03-01 taken back"),
        (
            "override",
            {"asset": "tables/trx", "day": "2024-03-01", "check": "volume", "holds": True},
            "tables/trx volume 2024-03-01",
        ),
        ("promotion", PROMOTED, "reports: aml_1 from 2024-03-05 on"),
        (
            "rollback",
            {**PROMOTED, "line": "customer", "back_to": 3},
            "customer: aml_1 from 2024-03-05 on, back to entry 3",
        ),
        ("dispositions", {"dispositions": 12}, "12 dispositions"),
        ("beginning", {"skips": {"2024-03-01": {}}, "overrides": {}}, "1 skips 0 overrides"),
    ],
)
def test_an_entry_is_one_line(kind: Kind, about: dict[str, Any], said: str):
    assert one_line(entry(kind, about)) == (
        f"     7  2024-03-02 10:20  {kind}, by Ada (claimed by root), {said}: because"
    )


def test_what_an_entry_lacks_is_left_out_and_no_text_breaks_its_line():
    told = one_line(entry("restatement", {}, "a\nforged     8  line\x1b[2K"))
    assert told.endswith("restatement, by Ada (claimed by root): a\\nforged     8  line\\x1b[2K")


def test_the_gates_figures_are_named_and_so_is_a_promotion_against_it():
    assert gate_in_words(entry("promotion", PROMOTED)) == (
        "against the gate, found 0.123457, of.days 3, of.lines a, b"
    )
    assert gate_in_words(entry("skip", {})) == ""
    first = entry("promotion", {**PROMOTED, "gate": None, "against_the_gate": False})
    assert gate_in_words(first) == ""


@pytest.mark.parametrize(
    ("about", "days"),
    [
        ({"day": "2024-03-04"}, {4}),
        ({"from_day": "2024-03-04"}, {4}),
        ({"days": ["2024-03-02", "2024-03-05"]}, {2, 5}),
        ({"days": [["2024-03-02", "2024-03-04"], ["2024-03-06", "2024-03-06"]]}, {2, 3, 4, 6}),
        ({"skips": {"2024-03-02": {}}, "overrides": {"trx.volume.2024-03-03": {}}}, {2, 3}),
        ({"day": "yesterday", "days": None, "landed": "2024-03-04"}, set()),
    ],
)
def test_an_entry_speaks_of_the_days_that_it_names(about: dict[str, Any], days: set[int]):
    told = entry("skip", about)
    assert {n for n in range(1, 8) if speaks_of(told, dt.date(2024, 3, n))} == days
