"""Progress: a bar on a terminal; elsewhere one counted line for each partition that is built."""

import logging

import pytest

from aml_assets.cli.running import progress

LOGGER = logging.getLogger("aml_assets.progress")


def test_each_message_is_a_line_behind_its_number(capsys: pytest.CaptureFixture[str]):
    with progress(10):
        LOGGER.info("tables/trx %s", "2024-01-05")
        LOGGER.info("tables/str 2024-01-05")
    assert capsys.readouterr().out == (
        "[ 1/10] tables/trx 2024-01-05\n[ 2/10] tables/str 2024-01-05\n"
    )


def test_on_a_terminal_a_bar_counts_and_only_failures_are_lines(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "80")
    with progress(2):
        LOGGER.info("tables/trx 2024-01-05: rows 3")
        LOGGER.error("tables/str 2024-01-05: it is broken")
    said = capsys.readouterr().out
    assert "2/2" in said
    assert "tables/str 2024-01-05: it is broken\n" in said
    assert "rows 3" not in said


def test_the_logger_is_as_before_even_after_an_error(capsys: pytest.CaptureFixture[str]):
    before = (LOGGER.level, LOGGER.propagate, list(LOGGER.handlers))

    def fail() -> None:
        with progress(1):
            assert not LOGGER.propagate
            raise ValueError("stopped")

    with pytest.raises(ValueError, match="stopped"):
        fail()
    assert (LOGGER.level, LOGGER.propagate, LOGGER.handlers) == before
    LOGGER.info("nobody counts this")
    assert capsys.readouterr().out == ""
