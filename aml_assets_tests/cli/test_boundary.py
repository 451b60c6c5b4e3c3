"""Whatever ends a command is one sentence and an exit code, without a value of anybody's row."""

import errno
import sqlite3

import pytest
import typer
from typer.testing import CliRunner

from aml_assets.cli.boundary import Boundary, sentence_of
from aml_assets.errors import AmlError


def ended(error: BaseException, name: str = "work"):
    """The result of a command that ends with this error."""
    app = typer.Typer(cls=Boundary, pretty_exceptions_enable=False)

    @app.command("other")
    def other() -> None: ...

    @app.command(name)
    def work() -> None:
        raise error

    return CliRunner().invoke(app, [name])


@pytest.mark.parametrize(
    ("error", "code", "sentence"),
    [
        (AmlError("it is away", remedy="Wait."), 1, "aml: it is away. Wait."),
        (OSError(errno.ENOSPC, "No space left on device", "/x"), 1, "/x: No space left on device"),
        (sqlite3.DatabaseError("malformed\nSELECT 7"), 1, "runs cannot be used (malformed)"),
        (KeyError("Anna Müller"), 1, "a defect of this program: KeyError at "),
        (KeyboardInterrupt(), 130, "To go on, type it again: aml work"),
        (BrokenPipeError(), 141, ""),
        (typer.Exit(7), 7, ""),
        (typer.BadParameter("no day"), 2, "no day"),
    ],
)
def test_every_end_has_its_sentence_and_its_code(error: BaseException, code: int, sentence: str):
    done = ended(error)
    assert done.exit_code == code
    assert sentence in done.output
    assert "Traceback" not in done.output
    assert "Anna" not in done.output


def test_trouble_of_a_comparison_is_no_difference():
    assert ended(OSError("x"), "compare").exit_code == 2


def test_a_database_is_named_without_the_values_of_its_statement():
    error = sqlite3.OperationalError("no such table: runs")
    assert "no such table: runs" in sentence_of(error)
