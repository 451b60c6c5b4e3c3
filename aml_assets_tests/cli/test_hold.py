"""``aml hold``, with its words as a person types them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from typer.testing import CliRunner, Result

from aml_assets.cli.app import app
from aml_assets.io.decisions import this_user
from aml_assets_tests.conftest import Bank


@pytest.fixture
def aml(new_bank: Callable[..., Bank], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Run the command over an empty bank."""
    for name, value in new_bank().variables.items():
        monkeypatch.setenv(name, value)
    return lambda *words: CliRunner().invoke(app, ["hold", *words])


def test_a_hold_says_who_and_why_and_not_whom(aml: Callable[..., Result]):
    done = aml("--customer", "K-1", "--why", "a court", "--by", "Ada")
    assert done.exit_code == 0, done.output
    assert done.output.startswith("On hold: a customer (holds/")
    assert done.output.endswith(f"), by Ada (claimed by {this_user()}): a court\n")
    assert "K-1" not in done.output
    again = aml("--customer", "K-1", "--why", "a court")
    assert (again.exit_code, "is on hold already" in again.output) == (1, True)
    released = aml("--customer", "K-1", "--why", "over", "--release")
    assert released.output.startswith("Released: a customer (holds/")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--day", "2024-01-05"], 2, "--why"),
        (["--day", "2024-01-05", "--why", " "], 1, "a hold needs its reason"),
        (["--day", "soon", "--why", "x"], 2, "is no day"),
        (["--why", "x"], 2, "one of --customer and --day"),
        (["--day", "2024-01-05", "--customer", "K", "--why", "x"], 2, "one of --customer"),
        (["--day", "2024-01-05", "--why", "x", "--release"], 1, "2024-01-05 is not on hold"),
    ],
)
def test_wrong_words_are_one_sentence(aml: Callable[..., Result], words, code: int, said: str):
    done = aml(*words)
    assert done.exit_code == code
    assert said in " ".join(done.output.replace("│", " ").split())
