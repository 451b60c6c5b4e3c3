"""The board of models: the champion of a line, its challengers, and what the gate says, in lines.

Belongs here: what ``aml models`` prints, and the sentence of ``aml status``. Does not belong here:
printing it (``cli.promote``), or deciding anything (``steps.promoting``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from aml_assets.core.days import parse_day
from aml_assets.core.governance.chain import Champion
from aml_assets.core.governance.entry_words import line_in_words
from aml_assets.errors import LedgerError, StoreError, TransientStoreError, Unreachable
from aml_assets.steps.promoting import current_champion, next_day

if TYPE_CHECKING:
    from aml_assets.io.catalog import Catalog

Gates: TypeAlias = list[tuple[dt.date, Mapping[str, Any]]]
"""(day, content of its gate) of some days."""

_GATES = 10
"""How many of the latest gates are shown."""


def lines_of(catalog: Catalog) -> Iterator[str]:
    """The lines that ``aml models`` prints of a model line.

    Args:
        catalog: the store, as the line has it.
    """
    name = line_in_words(catalog.line.name)
    policy = catalog.settings.scoring.model_policy
    if policy != "promoted":
        yield f"{name}: no champion, since scoring.model_policy is `{policy}`."
        return
    champion = current_champion(catalog)
    if champion is None:
        yield f"{name}: no champion yet. The first model of the store becomes it."
        return
    yield f"{name}: {_champion(catalog, champion)}."
    yield f"  because: {champion.entry.why}"
    gate = champion.entry.about.get("gate")
    if gate:
        yield f"  its gate: {_figures(gate)}"
    gates = _latest_gates(catalog, _GATES)
    yield from _challengers(catalog, champion, gates)
    yield from _gates(gates)


def champion_sentence(catalog: Catalog) -> str | None:
    """The champion and the last gate in a sentence; ``None`` where no champion scores."""
    if catalog.settings.scoring.model_policy != "promoted":
        return None
    name = line_in_words(catalog.line.name)
    try:
        champion = current_champion(catalog)
    except TransientStoreError:
        raise
    except (LedgerError, StoreError) as error:
        return f"Champion of {name}: the ledger cannot be read: {error}"
    if champion is None:
        return f"Champion of {name}: none yet."
    latest = next(iter(_latest_gates(catalog, 1)), None)
    said = f" The gate of {latest[0]}: {_outcome(latest[1])}." if latest else ""
    return f"Champion of {name}: {_champion(catalog, champion)}.{said}"


def _champion(catalog: Catalog, champion: Champion) -> str:
    """A champion in words: since when it scores, its age, and who named it in the ledger."""
    entry, trained = champion.entry, parse_day(champion.model_id[-10:])
    age = f"{(next_day(catalog) - trained).days} days old; " if trained else ""
    return (
        f"{champion.model_id} scores from {champion.from_day} on ({age}"
        f"{entry.kind} by {entry.who} at {entry.at[:16]}, entry {entry.number})"
    )


def _challengers(catalog: Catalog, champion: Champion, gates: Gates) -> Iterator[str]:
    """A line that names the recent models that no gate has judged yet, if there are any."""
    stored = catalog.models.days()
    judged = {(each.get("challenger") or {}).get("model_id") for _, each in gates}
    days = catalog.settings.promotion.days
    waiting = [
        catalog.model_id(day)
        for day in stored[-(days + catalog.settings.labels.maturity_days) :]
        if catalog.model_id(day) not in judged | {champion.model_id}
    ]
    if waiting:
        yield f"  challengers that wait for {days} ripe days: {', '.join(waiting)}"


def _gates(gates: Gates) -> Iterator[str]:
    if not gates:
        yield "  no gate has judged anybody yet"
    for day, content in gates:
        challenger = content.get("challenger") or {}
        of = f"{challenger['model_id']}: " if challenger else ""
        figures = f"; {_figures(content['judgement'])}" if content.get("judgement") else ""
        yield f"  gate of {day}: {of}{_outcome(content)}{figures}"


def _outcome(content: Mapping[str, Any]) -> str:
    """The outcome of a gate in words, with the command that promotes a challenger that passed."""
    challenger = content.get("challenger") or {}
    if content["outcome"] == "passed":
        return f"passed ({content['why']}); aml promote {challenger.get('model_id')} lets it score"
    return f"{content['outcome']} ({content['why']})"


def _figures(judgement: Mapping[str, Any]) -> str:
    """Average precision and recall of both models, with the intervals of their differences."""
    parts: list[str] = []
    for name, words in (
        ("average_precision", "average precision"),
        ("recall_at_budget", f"recall at {judgement['budget']} a day"),
    ):
        if of := judgement.get(name):
            parts.append(
                f"{words} {of['champion']:.3f} → {of['challenger']:.3f} "
                f"({of['low']:+.3f} to {of['high']:+.3f})"
            )
    return f"{'; '.join(parts)}; on {judgement['days']} days" if parts else str(judgement["why"])


def _latest_gates(catalog: Catalog, most: int) -> Gates:
    """The latest gates, newest first; one that cannot be read says so."""
    found: Gates = []
    for day in reversed(catalog.gates.days()[-most:]):
        try:
            found.append((day, catalog.gates.load(day)))
        except Unreachable:
            raise
        except StoreError as error:
            found.append((day, {"outcome": "cannot be read", "why": error.reason}))
    return found
