"""Named groups of settings.

Belongs here: values that belong together under a name that people use. Does not belong here:
logic.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

TRAINING_PRESETS: Mapping[str, Mapping[str, Any]] = {
    "default": {},
    # The flow of 2019 left base_score and the splits to the XGBoost of its day: 0.5, and exact
    # splits on small data. Today's defaults (a fitted base score, 256 bins) cost average
    # precision where labels are rare, so the preset sets both: 4096 bins come close to exact.
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
        # It scored with the very model that it had measured.
        "refit": False,
    },
}
