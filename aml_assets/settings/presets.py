"""Named groups of settings.

Belongs here: values that belong together and have a name people use. Does not belong here:
logic. The 2019 flow left ``tree_method``, ``base_score`` and bins to the XGBoost of its day:
exact splits on small data and a base score of 0.5. Today's defaults (a fitted base score and
256 bins) cost average precision where labels are rare, so the preset says them outright: hist
with bins fine enough to come close to exact splits.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

TRAINING_PRESETS: Mapping[str, Mapping[str, Any]] = {
    "default": {},
    "flow_2019": {
        "rounds": 1000,
        "max_depth": 4,
        "learning_rate": 0.025,
        "reg_lambda": 10.0,
        "subsample": 0.75,
        "colsample_bytree": 0.75,
        "min_child_weight": 2.0,
        "base_score": 0.5,
        "max_bin": 4096,
        "seed": 0,
    },
}
