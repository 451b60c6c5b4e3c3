"""Text files that people write: the configuration, the holidays, an exported variable.

Belongs here: turning such a file's bytes into text, with or without a byte order mark. Does not
belong here: the meaning of the text (``yaml_file``, ``calendar_settings``).
"""

from __future__ import annotations

import codecs

_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def decoded(data: bytes) -> str:
    """The text of a file in UTF-8, or in the encoding that its byte order mark names.

    Editors of Windows save both. The mark is no part of the text.

    Raises:
        ValueError: says which line is in no such encoding, without quoting it.
    """
    encoding = next((name for mark, name in _MARKS if data.startswith(mark)), "utf-8-sig")
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        name = encoding.removesuffix("-sig").upper()
        raise ValueError(f"line {line}: not {name}; save the file as UTF-8") from None
