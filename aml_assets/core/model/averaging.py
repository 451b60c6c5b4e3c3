"""Averaging: one booster with the mean margin of several, or with the odds of one multiplied.

Belongs here: rewriting boosters through XGBoost's own JSON. Does not belong here: fitting them
(``core.model.training``), or judging a stored one (``core.model.trees``).

The code that scores, explains and seals a model handles a single booster. A margin is a sum over
trees, so the mean of k boosters is one booster with the trees of all, each leaf divided by k. A
factor on the odds of every row only changes the base score. Contributions are linear in the trees,
so they are averaged, too.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import xgboost

_LEAF = -1
"""The left child of a node without children."""


def averaged(boosters: Sequence[xgboost.Booster], *, odds: float = 1.0) -> xgboost.Booster:
    """One booster whose margin is the mean of the boosters' margins.

    Args:
        boosters: at least one, fitted with equal parameters on equal features.
        odds: by which the odds of every row are multiplied, over 0.

    Returns:
        The booster itself if it is the only one and its odds stay.
    """
    if len(boosters) == 1 and odds == 1.0:
        return boosters[0]
    documents = [json.loads(bytes(booster.save_raw("json"))) for booster in boosters]
    learner = documents[0]["learner"]
    models = [each["learner"]["gradient_booster"]["model"] for each in documents]
    trees = [_scaled(tree, len(boosters)) for model in models for tree in model["trees"]]
    for number, tree in enumerate(trees):
        tree["id"] = number
    merged = learner["gradient_booster"]["model"]
    merged["trees"] = trees
    merged["tree_info"] = [0] * len(trees)
    merged["iteration_indptr"] = list(range(len(trees) + 1))
    merged["gbtree_model_param"]["num_trees"] = str(len(trees))
    learner["attributes"] = {}  # they hold the best iteration of one booster alone
    parameters = learner["learner_model_param"]
    parameters["base_score"] = _with_odds(parameters["base_score"], odds)
    booster = type(boosters[0])()
    booster.load_model(bytearray(json.dumps(documents[0]).encode()))
    return booster


def _scaled(tree: dict[str, Any], divisor: int) -> dict[str, Any]:
    """The tree with its leaves' values, and the weights of all its nodes, divided."""
    is_leaf = [left == _LEAF for left in tree["left_children"]]
    # Its split condition is, for a leaf, the value that it adds; for another node, where it splits.
    conditions = zip(tree["split_conditions"], is_leaf, strict=True)
    return tree | {
        "split_conditions": [value / divisor if leaf else value for value, leaf in conditions],
        "base_weights": [weight / divisor for weight in tree["base_weights"]],
    }


def _with_odds(base_score: str, odds: float) -> str:
    """A base score as XGBoost writes it, with its odds multiplied."""
    share = float(base_score.strip("[]"))
    moved = share * odds / (1 - share + share * odds)
    return base_score.replace(base_score.strip("[]"), f"{moved:.8E}")
