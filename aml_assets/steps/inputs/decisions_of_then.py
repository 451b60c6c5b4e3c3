"""Decisions of people as they held when a day was built.

Belongs here: reading them so for a day that is built again. Does not belong here: recording or
taking back (``io.decisions``, ``steps.inputs.exemptions``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from aml_assets.io.decisions import Decision, Decisions
from aml_assets.io.store import Store


class DecisionsOfThen(Decisions):
    """Decisions as they held when the day was built: taken back or overtaken since, or not.

    Args:
        store: where they are kept.
        kind: ``skips`` or ``overrides``.
        about: what a decision under a name would be about now; ``None``: as it says itself.
    """

    def __init__(self, store: Store, kind: str, about: Callable[[str], str | None]) -> None:
        super().__init__(store, kind)
        self._about = about

    def find(self, name: str) -> Decision | None:
        """See `Decisions.find`; what was built has passed by it."""
        decision = self.last(name)
        if decision is None:
            return None
        return replace(decision, holds=True, about=self._about(name) or decision.about)
