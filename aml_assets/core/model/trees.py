"""The trees of a stored booster, checked before anything walks along them.

Belongs here: whether a booster's JSON, as XGBoost writes it, holds trees that training could have
made. Does not belong here: parsing a model's file (``io.formats.booster_parser``), or scoring.

XGBoost follows the numbers of a model's file wherever they lead: a child that is its own ancestor
is an endless loop, a feature or a group that is not there is memory of somebody else's. So what our
training never makes is refused: another booster or objective, several targets, categorical splits.
"""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

_DEEPEST = 512
"""Levels of a tree; SHAP values are computed by recursion, on a stack of fixed size."""

_NO_PARENT = 2**31 - 1
_LEAF = -1

_Count = Annotated[str, Field(pattern="^[0-9]{1,7}$")]
_None = Annotated[list[int], Field(max_length=0)]


class _Part(BaseModel):
    model_config = ConfigDict(allow_inf_nan=False, frozen=True)


class _TreeParam(_Part):
    num_deleted: Literal["0"] = "0"
    num_feature: _Count
    num_nodes: _Count
    size_leaf_vector: Literal["0", "1"]


class _Tree(_Part):
    tree_param: _TreeParam
    base_weights: list[float]
    categories: _None
    categories_nodes: _None
    categories_segments: _None
    categories_sizes: _None
    default_left: list[Literal[0, 1]]
    left_children: list[int]
    loss_changes: list[float]
    parents: list[int]
    right_children: list[int]
    split_conditions: list[float]
    split_indices: list[int]
    split_type: list[Literal[0]]
    sum_hessian: list[float]


class _Trees(_Part):
    num_parallel_tree: Literal["1"]
    num_trees: _Count


class _Categories(_Part):
    enc: _None
    feature_segments: _None
    sorted_idx: _None


class _Model(_Part):
    cats: _Categories | None = None
    gbtree_model_param: _Trees
    iteration_indptr: list[int]
    tree_info: list[Literal[0]]
    trees: Annotated[list[_Tree], Field(min_length=1)]


class _Booster(_Part):
    name: Literal["gbtree"]
    model: _Model


class _Objective(_Part):
    name: Literal["binary:logistic"]


class _Numbers(_Part):
    base_score: Annotated[str, Field(pattern=r"^\[?[0-9]+(\.[0-9]+)?(E-?[0-9]+)?\]?$")]
    num_class: Literal["0"]
    num_feature: _Count
    num_target: Literal["1"]


class _Learner(_Part):
    feature_names: list[str]
    feature_types: list[Literal["float", "int", "i", "q"]]
    gradient_booster: _Booster
    learner_model_param: _Numbers
    objective: _Objective


class _Document(_Part):
    learner: _Learner


def check(document: bytes) -> None:
    """Check a booster's JSON.

    Args:
        document: what XGBoost saves as ``json``; its attributes are not checked.

    Raises:
        ValueError: it is none that our training makes; says where, and quotes nothing.
    """
    try:
        learner = _Document.model_validate_json(document).learner
    except ValidationError as error:
        place = ".".join(map(str, error.errors(include_input=False)[0]["loc"]))
        raise ValueError(f"{place or 'its text'} is not as our training writes it") from None
    features = int(learner.learner_model_param.num_feature)
    for names in (learner.feature_names, learner.feature_types):
        _require(len(names) in (0, features), "names or types of features are too many or too few")
    score = learner.learner_model_param.base_score.strip("[]")
    _require(0.0 < float(score) < 1.0, "its base score is no probability")
    model = learner.gradient_booster.model
    count = len(model.trees)
    _require(
        int(model.gbtree_model_param.num_trees) == len(model.tree_info) == count
        and model.iteration_indptr == list(range(count + 1)),
        "its trees are not one a round",
    )
    for number, tree in enumerate(model.trees):
        _check_tree(tree, features, f"tree {number}")


def _check_tree(tree: _Tree, features: int, name: str) -> None:
    nodes = int(tree.tree_param.num_nodes)
    lengths = {
        len(each)
        for each in (
            *(tree.base_weights, tree.default_left, tree.left_children, tree.loss_changes),
            *(tree.parents, tree.right_children, tree.split_conditions, tree.split_indices),
            *(tree.split_type, tree.sum_hessian),
        )
    }
    _require(
        lengths == {nodes} and nodes > 0 and int(tree.tree_param.num_feature) == features,
        f"{name} has numbers missing",
    )
    try:
        left, right, parents, splits = (
            np.array(each, np.int64)
            for each in (tree.left_children, tree.right_children, tree.parents, tree.split_indices)
        )
    except OverflowError:
        raise ValueError(f"{name} has a number out of range") from None
    inner = np.flatnonzero(left != _LEAF)
    children = np.concatenate([left[inner], right[inner]])
    above = np.concatenate([inner, inner])
    _require(
        bool((right[left == _LEAF] == _LEAF).all())
        and np.array_equal(np.sort(children), np.arange(1, nodes))
        and bool((children > above).all())
        and bool((parents[children] == above).all())
        and int(parents[0]) == _NO_PARENT,
        f"{name} is no tree",
    )
    _require(
        bool(((splits[inner] >= 0) & (splits[inner] < features)).all()),
        f"{name} splits by a feature that is not there",
    )
    _require(depth(parents) <= _DEEPEST, f"{name} is deeper than {_DEEPEST} levels")


def depth(parents: np.ndarray) -> int:
    """Levels below the root of a tree whose nodes come after their parents."""
    depths = [0] * len(parents)
    for node, parent in enumerate(parents[1:].tolist(), 1):
        depths[node] = depths[parent] + 1
    return max(depths)


def _require(holds: bool, what: str) -> None:
    if not holds:
        raise ValueError(what)
