"""Decisions as they held when a day was built: skips, overrides, and the champion.

Belongs here: reading them so when a stored day is reproduced. Does not belong here: recording or
taking back (``io.decisions``, ``steps.inputs.exemptions``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from aml_assets.core.governance.chain import FIRST, Champion, Entry
from aml_assets.core.graph import Line
from aml_assets.core.model.scoring import CHAMPION
from aml_assets.io.decisions import Decision, Decisions
from aml_assets.io.ledger import Ledger
from aml_assets.io.manifest import Manifest
from aml_assets.io.store import Store
from aml_assets.steps.inputs.model_selection import CHAMPION_DIGEST


class DecisionsOfThen(Decisions):
    """Decisions as they held when the day was built, even if they were taken back since.

    Args:
        store: where they are kept.
        kind: ``skips`` or ``overrides``.
        about: name → the content that a decision under this name would be about now; ``None``: the
            content that the decision itself names.
    """

    def __init__(self, store: Store, kind: str, about: Callable[[str], str | None]) -> None:
        super().__init__(store, kind)
        self._about = about

    def find(self, name: str) -> Decision | None:
        """See `Decisions.find`; the last decision holds, since the day was built under it."""
        decision = self.last(name)
        if decision is None:
            return None
        return replace(decision, holds=True, about=self._about(name) or decision.about)


class LedgerOfThen(Ledger):
    """The ledger as it named the champions of a day when that was scored.

    Args:
        store: where it is kept.
        day: the day.
        manifests: of the day's assets, by name.
        lines: the model lines.
    """

    def __init__(
        self,
        store: Store,
        day: dt.date,
        manifests: Mapping[str, Manifest],
        lines: Iterable[Line],
    ) -> None:
        super().__init__(store)
        self._day = day
        self._then: dict[str, Champion | None] = {}
        for line in lines:
            if (scores := manifests.get(line.scores)) and _by_champion(scores):
                ((model_id, digest),) = scores.inputs[line.model].items()
                path = str(scores.facts.get("model_path", ""))
                self._then[line.name] = _champion(line, day, model_id, digest, path)
            elif (shadow := manifests.get(line.shadow)) and CHAMPION_DIGEST in shadow.facts:
                digest = str(shadow.facts[CHAMPION_DIGEST])
                self._then[line.name] = _champion(line, day, "", digest, "") if digest else None

    def champion(self, line: str, day: dt.date) -> Champion | None:
        """See `Ledger.champion`; on the day itself, the one that the day's manifests name."""
        if day == self._day and line in self._then:
            return self._then[line]
        return super().champion(line, day)


def _by_champion(scores: Manifest) -> bool:
    """Whether a champion scored."""
    return str(scores.facts.get("model_chosen", "")).startswith(CHAMPION.partition("{")[0])


def _champion(line: Line, day: dt.date, model_id: str, digest: str, path: str) -> Champion:
    entry = Entry(0, FIRST, "promotion", "as it was scored", "", "", {"line": line.name})
    return Champion(line.name, model_id, digest, path, day, entry)
