"""Output on terminals of any encoding keeps its width."""

import io
import sys

import pytest

from aml_assets.cli.terminal import console, prepare_streams


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "gbk"])
def test_a_sign_that_is_lacking_is_one_other_sign(monkeypatch: pytest.MonkeyPatch, encoding: str):
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding=encoding))
    prepare_streams()
    sys.stdout.write("✓ – … \udcff|")
    sys.stdout.flush()
    text = raw.getvalue().decode(encoding)
    assert len(text) == len("✓ – … \udcff|")
    assert text[0] == "v"
    monkeypatch.undo()


def test_a_closed_stream_is_opened_on_nothing(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "stdout", None)
    prepare_streams()
    sys.stdout.write("nobody reads this")
    monkeypatch.undo()


def test_a_reader_that_leaves_is_an_error_as_elsewhere():
    with pytest.raises(BrokenPipeError):
        console().on_broken_pipe()
