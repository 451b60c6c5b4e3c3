"""Trees that training could not have made are refused before anything walks along them."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest

from aml_assets.core.model import trees
from aml_assets.core.model.training import Batch, train
from aml_assets.settings.training_settings import TrainingSettings


@cache
def trained(rounds: int = 3, depth: int = 3) -> bytes:
    """The JSON of a booster of ours, over four features."""
    rows = np.random.default_rng(0).normal(size=(200, 4)).astype(np.float32)
    rows[::7, 1] = np.nan
    labels = (rows[:, 0] + rows[:, 2] > 0).astype(np.float32)
    settings = TrainingSettings(rounds=rounds, max_depth=depth, threads=1, min_child_weight=0)
    return bytes(train([Batch(rows, labels)], settings).save_raw("json"))


def refused(change: Callable[[dict[str, Any]], object]) -> str:
    """The sentence on a booster of which something was changed."""
    document = json.loads(trained())
    change(document["learner"])
    with pytest.raises(ValueError, match=r".") as caught:
        trees.check(json.dumps(document).encode())
    assert caught.value.__cause__ is None
    return str(caught.value)


def tree_of(learner: dict[str, Any], number: int = 1) -> dict[str, Any]:
    return learner["gradient_booster"]["model"]["trees"][number]


@pytest.mark.parametrize("preset", ["default", "flow_2019"])
def test_what_our_presets_train_is_ours(preset: str):
    depth = TrainingSettings.model_validate({"preset": preset}).max_depth
    trees.check(trained(30, depth))


def test_what_is_no_booster_of_ours_is_refused_with_its_place():
    for text in (b"", b"[]", b"{", b"\xff", b'{"learner": 1}'):
        with pytest.raises(ValueError, match="is not as our training writes it"):
            trees.check(text)
    booster = "learner.gradient_booster"
    for change, place in (
        (lambda x: x["gradient_booster"].update(name="dart"), f"{booster}.name"),
        (lambda x: x["objective"].update(name="multi:softprob"), "learner.objective.name"),
        (lambda x: x["learner_model_param"].update(num_target="2"), "learner_model_param"),
        (lambda x: x["learner_model_param"].update(base_score="nan"), "base_score"),
        (lambda x: x["gradient_booster"]["model"].update(trees=[]), f"{booster}.model.trees"),
        (lambda x: x["gradient_booster"]["model"]["tree_info"].append(7), "tree_info.3"),
        (lambda x: tree_of(x)["split_type"].__setitem__(0, 1), "trees.1.split_type.0"),
        (lambda x: tree_of(x).update(categories=[1]), "trees.1.categories"),
        (lambda x: tree_of(x)["split_conditions"].__setitem__(0, float("nan")), "conditions.0"),
    ):
        sentence = refused(change)
        assert place in sentence
        assert "as our training writes it" in sentence


def test_children_that_lead_in_a_circle_or_out_of_the_tree_are_refused():
    for child in (0, 1, 10**6, -7, 2**70):
        for side in ("left_children", "right_children"):
            sentence = refused(lambda x, s=side, c=child: tree_of(x)[s].__setitem__(1, c))
            assert sentence in ("tree 1 is no tree", "tree 1 has a number out of range")

    def swap(learner: dict[str, Any]) -> None:  # two nodes that are each other's ancestors
        tree = tree_of(learner)
        tree["left_children"][1], tree["left_children"][2] = 2, 1

    assert refused(swap) == "tree 1 is no tree"
    assert refused(lambda x: tree_of(x)["parents"].__setitem__(3, 2)) == "tree 1 is no tree"
    assert refused(lambda x: tree_of(x)["parents"].__setitem__(0, 0)) == "tree 1 is no tree"


def test_a_split_by_a_feature_that_is_not_there_is_refused():
    for feature in (4, -1, 2**31):
        sentence = refused(lambda x, f=feature: tree_of(x)["split_indices"].__setitem__(0, f))
        assert sentence == "tree 1 splits by a feature that is not there"


def test_numbers_that_are_missing_or_do_not_agree_are_refused():
    assert refused(lambda x: tree_of(x)["sum_hessian"].pop()) == "tree 1 has numbers missing"
    more = refused(lambda x: x["learner_model_param"].update(num_feature="5"))
    assert more == "tree 0 has numbers missing"
    assert "too many or too few" in refused(lambda x: x.update(feature_names=["a"]))
    score = refused(lambda x: x["learner_model_param"].update(base_score="[1E0]"))
    assert score == "its base score is no probability"
    rounds = refused(lambda x: x["gradient_booster"]["model"]["iteration_indptr"].pop())
    assert rounds == "its trees are not one a round"


def test_a_chain_that_would_exhaust_the_stack_is_refused():
    def chain(learner: dict[str, Any]) -> None:
        tree, levels = tree_of(learner), 600
        nodes = 2 * levels + 1
        for name in tree:
            if isinstance(tree[name], list) and tree[name]:
                tree[name] = [0] * nodes
        tree["tree_param"]["num_nodes"] = str(nodes)
        for level in range(levels):
            node = 2 * level
            tree["left_children"][node], tree["right_children"][node] = node + 1, node + 2
            tree["parents"][node + 1] = tree["parents"][node + 2] = node
            tree["left_children"][node + 1] = tree["right_children"][node + 1] = -1
        tree["left_children"][-1] = tree["right_children"][-1] = -1
        tree["parents"][0] = 2**31 - 1

    assert refused(chain) == "tree 1 is deeper than 512 levels"
