"""Places of files as a person writes them: a local path or a URL, and nothing in between.

Belongs here: telling the two apart, and refusing a text that is meant as a URL or as another
folder, and would be taken for a local folder of that very name. Does not belong here: which file
systems there are (``io.filesystems``).
"""

from __future__ import annotations

import re
import unicodedata
from typing import Annotated

from pydantic import AfterValidator

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://")
_NEARLY = re.compile(
    r"[A-Za-z][\w+.-]*\s*[:\uff1a]"  # hdfs:/x, HDFS://x, C:\x, namenode:8020/x; full-width, too
    r"|[^/]+//"  # hdfs//x
    r"|//"
)
_MEANT_ELSEWHERE = re.compile(r"[~$%'\"`\\]")
"""Signs that only a shell would replace or remove: ``~/x``, ``$HOME/x``, a quotation mark."""


def is_url(text: str) -> bool:
    """True for a URL, false for a local path.

    Raises:
        ValueError: the text is neither; the error says how to write what may be meant.
    """
    if problem := _problem(text):
        raise ValueError(f"{text!r} {problem}")
    return _SCHEME.match(text) is not None


def _checked(text: str) -> str:
    is_url(text)
    return text


Url = Annotated[str, AfterValidator(_checked)]
"""A setting that is a local path or a URL."""


def _is_invisible(sign: str) -> bool:
    """True for controls, zero-width characters and all blanks but the usual one."""
    return sign != " " and unicodedata.category(sign) in ("Cc", "Cf", "Zl", "Zp", "Zs")


def _problem(text: str) -> str | None:
    if not text:
        return "names no place; `.` is the folder itself"
    if text != text.strip() or any(map(_is_invisible, text)):
        return "has a blank at an end, or an invisible character within"
    if _SCHEME.match(text):
        return None
    if _NEARLY.match(text):
        return (
            "is no path and no URL: a URL is written like hdfs://host:8020/folder or "
            "file:///folder, a folder here of that name with ./ before it"
        )
    if _MEANT_ELSEWHERE.match(text):
        return "is not replaced by a shell here; write the whole path"
    return None
