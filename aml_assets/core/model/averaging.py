"""Averaging: one booster whose margin is the mean of others', or another one's, moved.

Belongs here: rewriting boosters through XGBoost's own JSON. Does not belong here: fitting them
(``core.model.training``), or judging a stored one (``core.model.trees``).

What scores, explains and seals a model knows one booster. The sum of trees is linear, so the mean
of k boosters is the trees of all, each leaf divided by k; a factor on the odds of every row is
another base score. Contributions, being linear in the trees, are averaged with them.
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
    learner["attributes"] = {}  # the best iteration of one of them
    parameters = learner["learner_model_param"]
    parameters["base_score"] = _with_odds(parameters["base_score"], odds)
    booster = type(boosters[0])()
    booster.load_model(bytearray(json.dumps(documents[0]).encode()))
    return booster


def _scaled(tree: dict[str, Any], divisor: int) -> dict[str, Any]:
    """The tree with its leaves' values, and the weights of all its nodes, divided."""
    is_leaf = [left == _LEAF for left in tree["left_children"]]
    # Where other nodes keep the value at which they split, a leaf keeps what it adds.
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
