"""The configuration: typed sections, their defaults, and how they are read.

Belongs here: what can be set, and which settings contradict each other. Does not belong here:
acting on a setting. ``load`` reads file and environment; every ``*_settings`` module holds the
sections of one subject.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aml_assets.settings.load import Settings


def load_settings(**overrides: Any) -> Settings:
    """Read the settings, as `aml_assets.settings.load.load_settings` does.

    The loader is imported on the call, since the core takes its sections from here without it.
    """
    from aml_assets.settings.load import load_settings as load

    return load(**overrides)
