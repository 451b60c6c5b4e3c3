"""The reader's language: its texts, numbers and days, for everything that is written for people.

Belongs here: translating a message, and how a language writes numbers and days. Does not belong
here: any text (it stands where it is said, in English, and its translation in ``messages/*.po``),
or which language a reader wants (``settings.page_settings``, ``settings.alarm_settings``).

A message is its English text. Tools find it as the literal argument of `Language.say`,
`Language.counted`, `Said`, `message` and `messages`, and in templates in ``_()`` and ``trans``. A
catalog of messages is read as it is when its language is first used: nothing is compiled that could
be stale. A message without a translation stays English; a test refuses a catalog that lacks one.
"""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING, TypeAlias

from aml_assets.settings.page_settings import LanguageCode

if TYPE_CHECKING:
    from gettext import GNUTranslations

    from babel import Locale


def message(text: str) -> str:
    """Mark a text that is translated elsewhere, where it is shown; it is returned as it is."""
    return text


def messages(one: str, several: str) -> tuple[str, str]:
    """Mark a message about a number of things that is said elsewhere, by `Language.counted`."""
    return one, several


@dataclass(frozen=True)
class Said:
    """A message and what fills it in, to be said once its reader's language is known.

    Attributes:
        text: the message in English.
        values: what fills its placeholders in.
    """

    text: str
    values: Mapping[str, Text] = field(default_factory=dict)

    def __str__(self) -> str:
        return ENGLISH.told(self)


Text: TypeAlias = "str | Said | tuple[Text, ...]"
"""A text for people before its reader's language is known; several are joined by commas."""


@dataclass(frozen=True)
class Language:
    """A language in which people read pages and alarms.

    Attributes:
        code: as the settings name it; ``messages/<code>.po`` holds its texts.
    """

    code: LanguageCode = "en"

    def say(self, text: str, **values: object) -> str:
        """A message in this language.

        Args:
            text: the message in English; placeholders in braces.
            **values: what fills the placeholders in; without any, braces have no meaning.
        """
        translated = self.texts.gettext(text) if text else text
        return translated.format(**values) if values else translated

    def told(self, text: Text) -> str:
        """A text in this language; one that is no message of ours stays as it is."""
        if isinstance(text, tuple):
            return self.say(", ").join(map(self.told, text))
        if isinstance(text, str):
            return self.say(text)
        return self.say(text.text, **{name: self.told(each) for name, each in text.values.items()})

    def counted(self, one: str, several: str, number: int, **values: object) -> str:
        """A message about a number of things, which is its placeholder ``{number}``.

        Args:
            one: the message in English for a single thing.
            several: the message in English for any other number.
            number: how many.
            **values: what fills other placeholders in.
        """
        translated = self.texts.ngettext(one, several, number)
        return translated.format(number=self.whole(number), **values)

    def whole(self, number: float) -> str:
        """A number without decimals, with separators of thousands."""
        return self.localized(f"{number:,.0f}" if isinstance(number, float) else f"{number:,}")

    def fixed(self, number: float, digits: int = 3) -> str:
        """A number with ``digits`` decimals."""
        return self.localized(f"{number:.{digits}f}")

    def percent(self, digits: str) -> str:
        """A percentage, from its digits as English writes them."""
        return self.say("{number}\u00a0%", number=self.localized(digits))

    def localized(self, digits: str) -> str:
        """A number as this language writes it, from the English digits: ``1,234.5``.

        The digits are rounded before, as Python does it: so a figure is the same in all languages.
        """
        return digits.translate(_separators(self.code))

    def spelt(self, day: dt.date) -> str:
        """A day in words, with its weekday."""
        return self._dated(day, self.say("EEEE d MMMM y"))  # letters of Unicode's date patterns

    def weekday(self, day: dt.date) -> str:
        """The name of a day's weekday."""
        return self._dated(day, "EEEE")

    def _dated(self, day: dt.date, pattern: str) -> str:
        from babel.dates import format_date

        return format_date(day, pattern, locale=self._locale)

    @property
    def tag(self) -> str:
        """The language as HTML names it, such as ``zh-Hans-CN``."""
        return str(self._locale).replace("_", "-")

    @property
    def texts(self) -> GNUTranslations:
        """The translations, as `gettext` looks them up."""
        return _read(self.code)[0]

    @property
    def _locale(self) -> Locale:
        return _read(self.code)[1]


ENGLISH = Language("en")
"""The language of all messages, and of readers who chose none."""


@lru_cache(maxsize=8)
def _read(code: str) -> tuple[GNUTranslations, Locale]:
    """The texts of a catalog, and the locale that it names."""
    from gettext import GNUTranslations

    from babel import Locale
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    place = resources.files(__package__ or "").joinpath("messages", f"{code}.po")
    catalog = read_po(io.StringIO(place.read_text(encoding="utf-8")))
    binary = io.BytesIO()
    write_mo(binary, catalog)
    binary.seek(0)
    return GNUTranslations(binary), Locale.parse(catalog.locale_identifier or code)


@lru_cache(maxsize=8)
def _separators(code: str) -> dict[int, str]:
    """The separators of English numbers → those of a language."""
    from babel.numbers import get_decimal_symbol, get_group_symbol

    _, locale = _read(code)
    return {ord(","): get_group_symbol(locale), ord("."): get_decimal_symbol(locale)}
