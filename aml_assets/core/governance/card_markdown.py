"""A model card as Markdown.

Belongs here: the mark-up. Does not belong here: what a section says
(``core.governance.card_sections``).
"""

from __future__ import annotations

from aml_assets.core.governance.card_sections import sections
from aml_assets.core.governance.model_card import ModelCard
from aml_assets.core.language import ENGLISH, Language


def to_markdown(card: ModelCard, language: Language = ENGLISH) -> str:
    """The card as Markdown."""
    title = language.say("Model card of {model_id}", model_id=card.model_id)
    blocks = [f"# {_plain(title)}"]
    for section in sections(card, language):
        blocks.append(f"## {_plain(section.title)}")
        facts = [f"- **{_plain(name)}**: {_plain(value)}" for name, value in section.facts]
        blocks += ["\n".join(facts)] if facts else []
        for table in section.tables:
            lines = [table.heads, ["---"] * len(table.heads), *table.rows]
            rows = [f"| {' | '.join(map(_plain, line))} |" for line in lines]
            blocks += [f"{_plain(table.caption)}:", "\n".join(rows)]
        blocks += [_plain(each) for each in section.notes]
    return "\n\n".join(blocks) + "\n"


def _plain(text: str) -> str:
    """A text in which Markdown finds no mark-up, no table's edge and no new line."""
    line = " ".join(text.split())
    return "".join(f"\\{each}" if each in "\\`*_[]<>|#" else each for each in line)
