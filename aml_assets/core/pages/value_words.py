"""Names of columns, and numbers and shares, as pages write them.

Belongs here: one name or one figure as text. Does not belong here: how a language writes digits
(``core.language``), or sentences about a value (``core.pages.reasons``, ``core.pages.usual``).
"""

from __future__ import annotations

import numpy as np

from aml_assets.core.language import ENGLISH, Language
from aml_assets.core.relations.unit_day import UNIT_FEATURES
from aml_assets.core.relations.unit_words import name_of_unit
from aml_assets.core.relations.words import name_of
from aml_assets.settings.table_settings import OUR_FEATURES, STR, TRX


def spoken(table: str, column: str, language: Language = ENGLISH) -> str:
    """A column's name in words, after its table's name unless that is clear.

    It is clear for a feature of ours, for a column of reports or transactions, and for a name that
    begins with the table's. A bank's own column keeps the name that the bank gave it, in every
    language.
    """
    if table in OUR_FEATURES:
        return name_of(column, language)
    if table == UNIT_FEATURES:
        return name_of_unit(column, language)
    words = column.replace("_", " ").strip() or column
    plain = table in (STR, TRX) or words.casefold().startswith(table.casefold())
    return words if plain else f"{table} {words}"


def share(value: float, language: Language = ENGLISH) -> str:
    """A share as a percentage that is never rounded to 0 % or 100 %, with a non-breaking space."""
    percent = 100 * value
    if percent <= 0 or percent >= 100:
        return language.percent(f"{percent:.0f}")
    if percent < 0.1:
        return language.say("less than {share}", share=language.percent("0.1"))
    if percent > 99.9:
        return language.say("more than {share}", share=language.percent("99.9"))
    if percent < 10 or percent > 90:
        return language.percent(f"{np.floor(10 * percent + 1e-9) / 10:.1f}")
    return language.percent(f"{np.floor(percent + 1e-9):.0f}")


def number(value: float | int, language: Language = ENGLISH) -> str:
    """A number with thousands separators: at most two decimals, three digits below 1."""
    if value == int(value):
        return language.whole(int(value))
    if abs(value) >= 1:
        return language.localized(f"{value:,.2f}")
    return language.localized(f"{value:.3g}")
