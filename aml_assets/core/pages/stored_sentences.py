"""Sentences stored in English, beside a model, metrics or scores, in the reader's language.

Belongs here: finding the message that a stored sentence was made from. Does not belong here: the
messages, which stand with what they are about (``core.model.ruled_out``,
``core.model.encoding``, ``core.model.scoring``).
"""

from __future__ import annotations

import re
from functools import lru_cache

from aml_assets.core.language import Language
from aml_assets.core.model.fitting import TOO_RARE
from aml_assets.core.model.ruled_out import TOO_DISTINCT
from aml_assets.core.model.scoring import CHAMPION, LOOKS_AHEAD, NEWEST

_FILLED_IN = (TOO_DISTINCT, TOO_RARE, NEWEST, CHAMPION, LOOKS_AHEAD)
"""The messages with placeholders whose filled-in sentences are stored."""

_PLACEHOLDER = re.compile(r"\\\{(\w+)\\\}")


def retold(sentence: str, language: Language) -> str:
    """A stored sentence in a language; as it is if no message of ours made it."""
    for text in _FILLED_IN:
        if found := _pattern(text).fullmatch(sentence):
            return language.say(text, **found.groupdict())
    return language.say(sentence)


@lru_cache(maxsize=8)
def _pattern(text: str) -> re.Pattern[str]:
    """The pattern of the sentences that a message makes; a placeholder may occur in it twice.

    Each placeholder but the last matches as little as it can: a person's own words, which stand
    last, may hold anything.
    """
    seen: set[str] = set()

    def group(found: re.Match[str]) -> str:
        name = found[1]
        if name in seen:
            return f"(?P={name})"
        seen.add(name)
        return f"(?P<{name}>.+?)"

    return re.compile(_PLACEHOLDER.sub(group, re.escape(text)), re.DOTALL)
