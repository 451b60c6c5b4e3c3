"""The reach: how many days back a change can affect a result, and the first day that is watched.

Belongs here: what follows from the settings, and from what was deleted. Does not belong here:
looking at any day (``watcher``).
"""

from __future__ import annotations

import datetime as dt
import logging
from typing import TYPE_CHECKING

from aml_assets.core.days import ONE_DAY
from aml_assets.core.governance.terms import first_kept
from aml_assets.errors import CorruptFile

if TYPE_CHECKING:
    from aml_assets.io.catalog import Catalog


_log = logging.getLogger(__name__)


def reach(catalog: Catalog, today: dt.date) -> int:
    """How many days back from today a change can still affect the model of some line."""
    return max(_reach_of(catalog.of_line(line), today) for line in catalog.graph.lines)


def read_back(catalog: Catalog, today: dt.date) -> int:
    """How many days back from today a run of today may read."""
    look_back = catalog.settings.features.trx_lookback_days
    return reach(catalog, today) + max(catalog.graph.history, look_back)


def first_watched(catalog: Catalog, today: dt.date) -> dt.date:
    """The first day that is watched: the first partition, or a later day where some are deleted.

    Days whose term has passed are watched as long as a run of today reads them.
    """
    first, years = catalog.settings.partitions.first_day, catalog.settings.retention.years
    if terms := [years[kind] for kind in ("tables", "features") if kind in years]:
        read = today - read_back(catalog, today) * ONE_DAY
        first = max(first, min(first_kept(today, min(terms)), read))
    try:
        deleted = catalog.deletions.last_day(catalog.assets)
    except CorruptFile as error:
        _log.warning("only days that today's runs read are watched: %s", error)
        return max(first, today - read_back(catalog, today) * ONE_DAY)
    return first if deleted is None else max(first, deleted + ONE_DAY)


def _reach_of(catalog: Catalog, today: dt.date) -> int:
    """The reach of one line: its windows, and before them its look-back or history.

    It is at least so long that metrics are watched until their labels are ripe.
    """
    settings = catalog.settings
    windows = settings.windows
    reach = windows.train_days + settings.delay_days + windows.eval_days
    if windows.fixed:
        reach = max(0, (today - windows.fixed.train_start).days)
    before = settings.features.trx_lookback_days
    if catalog.line.name:
        before = max(before, catalog.graph.history_of(catalog.line.features))
    ripening = settings.labels.maturity_days + windows.eval_days
    return max(reach + before, ripening)
