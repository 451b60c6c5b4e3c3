"""The night, decided: what has landed and what is stored in, runs to ask for out.

Belongs here: which day is ready, what of it is missing or out of date, in which order, and what is
said of the days that do not go on. Does not belong here: looking
(``steps.watching.watcher``), asking (``sensors``), whether a table has settled
(``readiness``) or a digest differs (``waves``).

A day takes two runs: its tables and features as soon as it has settled, days in parallel; its
model, metrics, predictions and their pages when every day of its windows has features. What
changes spreads in waves, oldest day first: each look asks for what is out of date by what is stored
then, and a remade partition with the same content puts nothing else out of date.

What was asked for once is not asked for again while its inputs stay as they are: a run that
failed over them would fail again, and who ended it had a reason.
"""

from __future__ import annotations

import copy

from aml_assets.core.night.learning import request_learning, request_remakes
from aml_assets.core.night.page_runs import request_pages
from aml_assets.core.night.preparing import request_features, request_tables
from aml_assets.core.night.tick import Look
from aml_assets.core.night.view import Decision, Memory, Rules, View


def decide(view: View, memory: Memory, rules: Rules) -> Decision:
    """What to ask for now.

    Args:
        view: what is there.
        memory: what the last look left.
        rules: what does not change.
    """
    look = Look(view, copy.deepcopy(memory), rules)
    look.settle()
    for stage in (
        request_tables,
        request_features,
        request_learning,
        request_remakes,
        request_pages,
    ):
        stage(look)
    return look.decision()
