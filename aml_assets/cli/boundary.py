"""The boundary of the command line: whatever ends a command, a person reads one sentence.

Belongs here: the sentence and the exit code of every error and interrupt. Does not belong here:
errors that a command expects, which are `AmlError` where they arise.

A defect of ours is a sentence, too: its class and place, never its text, which may quote a
customer's row. Python's development mode (``PYTHONDEVMODE=1``) shows its traceback.
"""

from __future__ import annotations

import shlex
import sys
import traceback
from collections.abc import Iterator
from typing import Any

import typer
from typer.core import TyperGroup

from aml_assets.cli.terminal import silence
from aml_assets.errors import AmlError

FAILED = 1
"""The exit code of a command that could not do its work."""

TROUBLE = {"compare": 2, "reproduce": 2, "rescore": 2}
"""Command whose exit code 1 means that something differs → its exit code for an error."""

UNREAD = 141
"""The exit code when nobody reads the output any more, as of a program that SIGPIPE ended."""

INTERRUPTED = 130
"""The exit code after Ctrl-C, as of a program that SIGINT ended."""

_RECORDS = ("sqlite3", "sqlalchemy", "alembic", "psycopg2")


class Boundary(TyperGroup):
    """The group of all commands, which lets no error of theirs pass."""

    _words: tuple[str, ...] = ()

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Keep the words, to say what to type after an interrupt."""
        self._words = tuple(args)
        return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Run a command; if it fails, print a sentence and exit with the error's code."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            say(interrupted(self._words))
            raise typer.Exit(INTERRUPTED) from None
        except BrokenPipeError:
            silence()
            raise typer.Exit(UNREAD) from None
        except Exception as error:
            if _is_for_typer(error) or (sys.flags.dev_mode and is_defect(error)):
                raise
            say(sentence_of(error))
            raise typer.Exit(TROUBLE.get(ctx.invoked_subcommand or "", FAILED)) from None


def say(sentence: str) -> None:
    """Print a sentence to a person, on standard error."""
    typer.secho(f"aml: {sentence}", fg="red", err=True)


def interrupted(words: tuple[str, ...]) -> str:
    """The sentence after an interrupt."""
    command = shlex.join(["aml", *words])
    return f"interrupted. What is stored stays, whole. To go on, type it again: {command}"


def sentence_of(error: BaseException) -> str:
    """Return an error as a sentence for a person."""
    if isinstance(error, AmlError):
        return str(error)
    if isinstance(error, OSError):
        place = f"{error.filename}: " if error.filename is not None else ""
        return f"{place}{error.strerror or type(error).__name__}"
    if _comes_from(error, _RECORDS):
        reason = reason_of(error)
        return f"Dagster's record of runs cannot be used ({reason}). See DAGSTER_HOME."
    if _comes_from(error, ("dagster",)):
        return f"Dagster cannot go on ({type(error).__name__}): {reason_of(error)}"
    if isinstance(error, MemoryError):
        return "there is not enough memory"
    where = next((f"{each.filename}:{each.lineno}" for each in _ours(error)), "unknown")
    return (
        f"a defect of this program: {type(error).__name__} at {where}. Please report it; "
        "PYTHONDEVMODE=1 before the command shows where it comes from."
    )


def is_defect(error: BaseException) -> bool:
    """True for an error that neither the surroundings nor the input explain."""
    known = (AmlError, OSError, MemoryError)
    return not (isinstance(error, known) or _comes_from(error, (*_RECORDS, "dagster")))


def reason_of(error: BaseException) -> str:
    """The first line of an error's text; of a database's error without the statement's values."""
    if (mark := getattr(error, "problem_mark", None)) is not None:  # of YAML
        return f"{mark.name}, line {mark.line + 1}: {getattr(error, 'problem', None)}"
    text = str(getattr(error, "orig", None) or error) or type(error).__name__
    return text.strip().splitlines()[0].rstrip(".")


def _is_for_typer(error: Exception) -> bool:
    """True for an exit, and for wrong words, which typer prints with the command's usage."""
    return _comes_from(error, ("typer", "click"))


def _comes_from(error: BaseException, packages: tuple[str, ...]) -> bool:
    """True for an error of one of these packages, which need not be imported for it."""
    return any(each.__module__.partition(".")[0] in packages for each in type(error).__mro__)


def _ours(error: BaseException) -> Iterator[traceback.FrameSummary]:
    """The frames of our own code in which an error arose, the innermost one first."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if "aml_assets" in frame.filename:
            yield frame
