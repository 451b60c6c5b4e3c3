"""The models beside which a model page shows its own: the last one, the champion, the pinned one.

Belongs here: finding them and their metrics. Does not belong here: the comparison
(``core.pages.model_page``), or which model scores (``steps.inputs.model_selection``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from aml_assets.core.days import ONE_DAY
from aml_assets.core.governance.chain import Champion
from aml_assets.core.language import Language, message
from aml_assets.core.pages.validation import Change
from aml_assets.errors import ModelError
from aml_assets.io.upstream import Upstream
from aml_assets.steps.inputs.model_selection import champion_of, path_of_model, pinned_path

if TYPE_CHECKING:
    import xgboost

    from aml_assets.io.catalog import Catalog

CHAMPION_SINCE = message("it has scored since {day}, by entry {entry} of the ledger")
"""A champion's place in the ledger."""

History = Mapping[dt.date, Mapping[str, Any] | None]


def changes_of(
    catalog: Catalog,
    day: dt.date,
    models: Upstream[xgboost.Booster],
    metrics: Upstream[Any],
    history: History,
) -> list[Change]:
    """The figures of the last model before the day's, of the champion, and of the pinned one.

    Args:
        catalog: the settings, as the line has them, and the ledger.
        day: the partition.
        models: the stored models that score.
        metrics: the stored metrics.
        history: day → its metrics, ``None`` if it has none; up to the day.
    """
    say = Language(catalog.settings.reports.language).say
    earlier = [each for each, found in history.items() if found is not None and each < day]
    last = (
        [Change(say("last, {day}", day=earlier[-1]), history[earlier[-1]], "")] if earlier else []
    )
    champion = _other_champion(catalog, day)
    others = (
        _of_path(name, unnamed, path, models, metrics, history, say)
        for name, unnamed, path in (
            (message("champion, {day}"), message("champion"), _place_of(champion, models)),
            (message("pinned, {day}"), message("pinned"), _pinned(catalog, models)),
        )
        if path is not None
    )
    if champion is not None:
        told = say(CHAMPION_SINCE, day=champion.from_day, entry=champion.entry.number)
        first, *more = others
        others = (replace(first, note=say("; ").join(filter(None, [told, first.note]))), *more)
    return [*last, *others] or [Change(say("last"), None, say("no day of the history has metrics"))]


def _place_of(
    champion: Champion | None, models: Upstream[xgboost.Booster]
) -> Callable[[], str] | None:
    """How to find the champion's file; ``None`` where there is no champion beside the model."""
    if champion is None:
        return None
    stored, of = models.partitions, champion
    return lambda: path_of_model(stored, of.model_id, of.digest, of.path)


def _pinned(catalog: Catalog, models: Upstream[xgboost.Booster]) -> Callable[[], str] | None:
    """How to find the pinned model's file; ``None`` where none is pinned."""
    pin, stored = catalog.settings.scoring.pinned_model, models.partitions
    return None if pin is None else lambda: pinned_path(stored, pin)


def _other_champion(catalog: Catalog, day: dt.date) -> Champion | None:
    """The champion of the day before; if that is the day's own model, the one before it.

    So a page says the same before and after a champion was named for its day.
    """
    champion = champion_of(catalog, day - ONE_DAY)
    if champion is not None and champion.model_id == catalog.model_id(day):
        return catalog.ledger.before(champion)
    return champion


def _of_path(
    name: str,
    unnamed: str,
    path: Callable[[], str],
    models: Upstream[xgboost.Booster],
    metrics: Upstream[Any],
    history: History,
    say: Callable[..., str],
) -> Change:
    """The figures of the model of a file, as far as the history has them; else why not."""
    stored = models.partitions
    try:
        manifest = stored.format.read_manifest(stored.store, path())
    except ModelError as error:
        return Change(say(unnamed), None, str(error))
    models.record(str(manifest.facts["model_id"]), manifest.digest)
    of = dt.date.fromisoformat(manifest.partition)
    called, found = say(name, day=of), history.get(of)
    if found is None:
        return Change(called, None, say("its metrics are not among the days of the history"))
    measured = metrics.manifest(of).inputs[models.asset].values()
    if manifest.digest not in measured:
        return Change(called, None, say("the metrics of its day are another model’s"))
    return Change(called, found, "")
