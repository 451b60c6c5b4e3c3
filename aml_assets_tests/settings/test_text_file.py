"""Text that people saved, in whatever encoding their editor marks."""

import pytest

from aml_assets.settings.text_file import decoded

TEXT = "first: ä\nsecond: 中\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_a_byte_order_mark_is_no_part_of_the_text(encoding: str):
    assert decoded(TEXT.encode(encoding)) == TEXT


def test_the_line_that_is_no_text_is_named_without_being_quoted():
    with pytest.raises(ValueError, match="line 2: not UTF-8") as raised:
        decoded("first: a\nsecond: secret ä".encode("latin-1"))
    assert "secret" not in str(raised.value)
