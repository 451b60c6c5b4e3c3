"""``aml demo`` hands its options on; the demo itself is tested in ``test_app`` and ``demo/``."""

import datetime as dt

import pytest
from typer.testing import CliRunner

from aml_assets.cli.app import app


@pytest.mark.parametrize(
    ("words", "handed_on"),
    [
        ([], {"days": 37, "last": None, "landing_only": False}),
        (
            ["--days", "41", "--last", "2024-02-09", "--landing-only"],
            {"days": 41, "last": dt.date(2024, 2, 9), "landing_only": True},
        ),
    ],
)
def test_the_options_are_handed_on(monkeypatch, words, handed_on):
    found = {}

    def run_demo(days: int, *, last: dt.date | None, landing_only: bool) -> None:
        found.update(days=days, last=last, landing_only=landing_only)

    monkeypatch.setattr("aml_assets.cli.demo.run.run_demo", run_demo)
    assert CliRunner().invoke(app, ["demo", *words]).exit_code == 0
    assert found == handed_on


def test_a_bank_too_short_for_the_windows_is_refused():
    assert CliRunner().invoke(app, ["demo", "--days", "30"]).exit_code == 2
