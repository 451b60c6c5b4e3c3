"""A day on the command line is typed as YYYY-MM-DD; anything else is refused in one sentence."""

import datetime as dt

import pytest
import typer

from aml_assets.cli.arguments import as_day


def test_a_day_is_read():
    assert as_day("2024-02-29") == dt.date(2024, 2, 29)


@pytest.mark.parametrize(
    "text", ["yesterday", "2023-02-29", "01.02.2024", "2024-1-2", "20240102", ""]
)
def test_anything_else_is_refused_with_the_way_to_write_it(text: str):
    with pytest.raises(typer.BadParameter, match="write it as YYYY-MM-DD") as raised:
        as_day(text)
    assert repr(text) in str(raised.value)
