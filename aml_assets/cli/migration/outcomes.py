"""The result of a migration: our settings, and the outcome of every key of the old variable.

Belongs here: collecting both. Does not belong here: deciding on a key (``mapping``), or the text
of the file (``document``).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Setting:
    """One setting of the new configuration.

    Attributes:
        place: its section and name, e.g. ``store.model``.
        value: its value, as YAML holds it.
        source: what the value was taken from, for the comment beside it.
    """

    place: str
    value: Any
    source: str


@dataclass(frozen=True)
class Outcome:
    """The outcome of one key of the old variable.

    Attributes:
        key: the key.
        places: the settings that it went into; empty for a key that is dropped.
        reason: why it is dropped, or a remark on where it went.
    """

    key: str
    places: tuple[str, ...] = ()
    reason: str = ""


@dataclass
class Migration:
    """All settings and all outcomes; every key of the variable has exactly one outcome."""

    settings: list[Setting] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)

    def values(self) -> dict[str, Any]:
        """The settings as nested mappings, as the YAML file holds them."""
        nested: dict[str, Any] = {}
        for setting in self.settings:
            *sections, name = setting.place.split(".")
            inner = nested
            for section in sections:
                inner = inner.setdefault(section, {})
            inner[name] = setting.value
        return nested

    def put(self, place: str, value: Any, source: str) -> None:
        """Add a setting."""
        self.settings.append(Setting(place, value, source))

    def mapped(self, key: str, *places: str, reason: str = "") -> None:
        """Record the settings that a key went into."""
        self.outcomes.append(Outcome(key, places, reason))

    def dropped(self, key: str, reason: str) -> None:
        """Record that a key is not taken over."""
        self.outcomes.append(Outcome(key, (), reason))
