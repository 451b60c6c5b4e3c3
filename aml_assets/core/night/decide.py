"""The night's decision: from what has landed and what is stored to the runs to request.

Belongs here: the order of the stages. Does not belong here: filling in the view
(``steps.watching.watcher``), requesting runs (``automation.landing_sensor``), when a table has
settled (``core.night.readiness``), or how inputs are compared (``core.staleness``).

A day takes two runs: its tables and features, with the frames that further lines derive of them, as
soon as it has settled; then its models, metrics, scores and their pages, when every day of their
windows has features. Stale partitions follow, oldest day first: each tick requests what is stale
against the digests stored then, so a rebuilt partition with unchanged content makes nothing else
stale.

The same work is not requested twice while its inputs stay unchanged: a run that failed over them
would fail again, and whoever cancelled it had a reason.
"""

from __future__ import annotations

import copy

from aml_assets.core.night.beside import request_beside
from aml_assets.core.night.cursor import Cursor
from aml_assets.core.night.deriving import request_derived
from aml_assets.core.night.learning import request_learning
from aml_assets.core.night.page_runs import request_pages
from aml_assets.core.night.plan import TickPlan
from aml_assets.core.night.preparing import request_features, request_tables
from aml_assets.core.night.remaking import request_remakes
from aml_assets.core.night.tick import Tick
from aml_assets.core.night.view import Rules, View


def decide(view: View, cursor: Cursor, rules: Rules) -> TickPlan:
    """The runs to request now, and notes on the days that do not go on.

    Args:
        view: the landing, the store and the runs at this moment.
        cursor: what the last tick left; not changed.
        rules: the settings.
    """
    tick = Tick(view, copy.deepcopy(cursor), rules)
    tick.observe_landing()
    request_tables(tick)
    request_features(tick)
    request_derived(tick)
    request_beside(tick)
    request_learning(tick)
    request_remakes(tick)
    request_pages(tick)
    return tick.plan()
