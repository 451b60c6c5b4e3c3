"""A day's note tells of a failed run by its id and sentence."""

import pytest

from aml_assets.core.night.day_failure import DayFailure, told
from aml_assets.core.night.finding import failed

FAILURE = DayFailure("0123456789", ("str is broken.", "trx, too."), 0.0)
SAID = "run 01234567 failed: str is broken. trx, too."


@pytest.mark.parametrize(
    ("note", "text"),
    [
        (failed("tables", "x").note, f"tables: {SAID}"),
        ("str has not landed", f"str has not landed; {SAID}"),
        ("", SAID),
    ],
)
def test_the_sentence_stands_in_place_of_the_hint_or_behind_the_note(note: str, text: str):
    assert told(note, FAILURE) == text
    assert told(note, None) == note
