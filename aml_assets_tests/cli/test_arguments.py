"""A day or a folder is read as it is typed; anything else is refused in one sentence."""

import datetime as dt
from pathlib import Path

import pytest
import typer

from aml_assets.cli.arguments import as_day, as_local_path


def test_a_day_is_read():
    assert as_day("2024-02-29") == dt.date(2024, 2, 29)


@pytest.mark.parametrize(
    "text", ["yesterday", "2023-02-29", "01.02.2024", "2024-1-2", "20240102", ""]
)
def test_anything_else_is_refused_with_the_way_to_write_it(text: str):
    with pytest.raises(typer.BadParameter, match="write it as YYYY-MM-DD") as raised:
        as_day(text)
    assert repr(text) in str(raised.value)


def test_a_folder_to_write_to_lies_on_this_machine():
    assert as_local_path("./a:b") == Path("a:b")
    for text in ("hdfs://bank/pages", "hdfs:/pages", "~/pages", ""):
        with pytest.raises(typer.BadParameter):
            as_local_path(text)
