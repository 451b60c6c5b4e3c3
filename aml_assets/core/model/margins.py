"""Margins of a stored model, computed from its file by numpy alone.

Belongs here: walking down the trees, adding up their leaves, and comparing the margins with stored
scores. Does not belong here: encoding rows (``core.model.encoding``), the file's manifest
(``io.formats``), or scoring a night (``core.model.scoring``).

It shares nothing with XGBoost: docs/model-format.md says what the file holds, and this module is
that page as code. So a score can be checked by a second program, also when no version of XGBoost
can be installed any more.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aml_assets.core.model import trees, ubjson

TOLERANCE = 1e-6
"""By how much two equal margins may differ after different arithmetic."""

_LEAF = -1
_ROWS = 65_536
"""Rows that walk down a tree at a time, so that memory stays small."""

_STEPS = 2
"""How many float32 numbers may lie from a stored score to the exact one of its margin: XGBoost
rounds the exponential, the sum and the quotient."""

_SMALLEST = np.float32(np.finfo(np.float32).tiny)
"""Below it a float32 loses digits; XGBoost computes no score for margins under -88.7."""


@dataclass(frozen=True)
class _Tree:
    """One tree; arrays have a value per node, and a leaf is its own child.

    Attributes:
        left, right: the children, int64.
        feature: by which a node splits, int64.
        number: float32: where a node splits; of a leaf, what it adds to the margin.
        missing_left: whether a missing value goes left.
        levels: from the root down to the lowest leaf.
    """

    left: NDArray[Any]
    right: NDArray[Any]
    feature: NDArray[Any]
    number: NDArray[Any]
    missing_left: NDArray[Any]
    levels: int


@dataclass(frozen=True)
class StoredTrees:
    """A model's trees, and the texts that it carries beside them.

    Attributes:
        base: the margin of a row before any tree, float32.
        features: how many columns its matrix has.
        attributes: name → text.
    """

    base: np.float32
    features: int
    attributes: dict[str, str]
    _trees: list[_Tree]

    def margins(self, values: NDArray[Any]) -> NDArray[Any]:
        """The margins of encoded rows.

        Args:
            values: float32, shape (rows, features), NaN for missing.

        Returns:
            float32, shape (rows,): the log odds, bit for bit as XGBoost adds them up.
        """
        found = np.full(len(values), self.base, np.float32)
        for start in range(0, len(values), _ROWS):
            rows = slice(start, start + _ROWS)
            for tree in self._trees:
                # One tree after the other, in float32: another order rounds otherwise.
                found[rows] += tree.number[_leaves(tree, values[rows])]
        return found


def read_trees(data: bytes) -> StoredTrees:
    """Read a booster's UBJSON.

    Raises:
        ValueError: the bytes are no model that our training makes; nothing of them is quoted.
    """
    document = ubjson.parse(data)
    try:
        attributes = document["learner"].pop("attributes")
        text = json.dumps(document, default=lambda numbers: numbers.tolist())
    except (TypeError, KeyError, AttributeError):
        raise ValueError("its learner is not as our training writes it") from None
    if not isinstance(attributes, dict) or not all(isinstance(v, str) for v in attributes.values()):
        raise ValueError("its attributes are no texts")
    trees.check(text.encode())
    learner = document["learner"]
    numbers = learner["learner_model_param"]
    return StoredTrees(
        _base(numbers["base_score"]),
        int(numbers["num_feature"]),
        attributes,
        [_tree(each) for each in learner["gradient_booster"]["model"]["trees"]],
    )


def apart(margins: NDArray[Any], scores: NDArray[Any]) -> NDArray[Any]:
    """How far each margin lies outside of the range of margins that its stored score stands for.

    A score is a probability as float32, and many margins round to the same one: near 1, all of a
    range of 1e-3 and more. So a score stands for all margins between those of the float32 numbers
    two steps below and two steps above it. A score so near to 0 or 1 that no number is left beyond
    it stands for all margins beyond.

    Args:
        margins: float32, shape (rows,).
        scores: stored scores, float32, shape (rows,).

    Returns:
        float64, shape (rows,): 0 where the score is the margin's; NaN where a score is none.
    """
    low = high = np.asarray(scores, np.float32)
    for _ in range(_STEPS):
        low, high = np.nextafter(low, np.float32(-1)), np.nextafter(high, np.float32(2))
    lowest = np.where(low < _SMALLEST, -np.inf, _logit(low))
    highest = np.where(high >= 1, np.inf, _logit(high))
    exact = np.asarray(margins, np.float64)
    beyond = np.maximum(np.maximum(lowest - exact, exact - highest), 0.0)
    is_score = (scores >= 0) & (scores <= 1)
    return np.where(is_score & np.isfinite(exact), beyond, np.nan)


def _logit(probability: NDArray[Any]) -> NDArray[Any]:
    exact = np.clip(probability.astype(np.float64), _SMALLEST, 1 - 2.0**-24)
    return np.log(exact) - np.log1p(-exact)


def _base(text: str) -> np.float32:
    """The margin of a base score: a probability as text, in brackets since XGBoost 3.1."""
    odds_against = np.float32(1) / np.float32(text.strip("[]")) - np.float32(1)
    # The logarithm is rounded once: numpy's of a float32 is sometimes a step beside.
    return np.float32(-math.log(float(odds_against)))


def _tree(document: dict[str, Any]) -> _Tree:
    left, right, feature = (
        np.asarray(document[name], np.int64)
        for name in ("left_children", "right_children", "split_indices")
    )
    is_leaf, own = left == _LEAF, np.arange(len(left))
    return _Tree(
        left=np.where(is_leaf, own, left),
        right=np.where(is_leaf, own, right),
        feature=np.where(is_leaf, 0, feature),
        number=np.asarray(document["split_conditions"], np.float32),
        missing_left=np.asarray(document["default_left"]).astype(bool),
        levels=trees.depth(np.asarray(document["parents"])),
    )


def _leaves(tree: _Tree, values: NDArray[Any]) -> NDArray[Any]:
    """The leaf of each row, int64 of shape (rows,)."""
    rows, node = np.arange(len(values)), np.zeros(len(values), np.int64)
    for _ in range(tree.levels):
        value = values[rows, tree.feature[node]]
        goes_left = (value < tree.number[node]) | (np.isnan(value) & tree.missing_left[node])
        node = np.where(goes_left, tree.left[node], tree.right[node])
    return node
