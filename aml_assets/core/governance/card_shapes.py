"""The shapes of a model card's sections: facts, tables and remarks; and figures in words.

Belongs here: these shapes. Does not belong here: what a section says
(``core.governance.card_sections``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aml_assets.core.governance.parts import Estimate
from aml_assets.core.language import Language


@dataclass(frozen=True)
class Table:
    """A table, all in words.

    Attributes:
        caption: what it shows.
        heads: of its columns.
        rows: of cells, each as long as the heads.
        is_on_page: false where the model page says the same anyway.
    """

    caption: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    is_on_page: bool = True


@dataclass(frozen=True)
class CardSection:
    """A part of a card.

    Attributes:
        name: short and without spaces, for links and tests.
        title: in words.
        facts: names and values.
        tables: its tables; those without rows are left out.
        notes: sentences.
        is_on_page: false where the model page says the same anyway.
    """

    name: str
    title: str
    facts: Sequence[tuple[str, str]] = ()
    tables: Sequence[Table] = ()
    notes: Sequence[str] = ()
    is_on_page: bool = True


def held(*tables: Table) -> list[Table]:
    """The tables that have rows."""
    return [each for each in tables if each.rows]


def share(value: float, language: Language) -> str:
    """A share as a percentage with three digits."""
    return language.percent(f"{100 * value:.3g}")


def or_dash(value: float | None, language: Language) -> str:
    """A figure, or a dash where there is none."""
    return "–" if value is None else language.fixed(value)


def estimate(found: Estimate | None, language: Language, digits: int = 3) -> str:
    """A figure with its interval."""
    if found is None:
        return "–"
    value = language.fixed(found.value, digits)
    if found.low is None or found.high is None:
        return value
    low, high = (language.fixed(each, digits) for each in (found.low, found.high))
    return f"{value} ({low}{language.say(' … ')}{high})"
