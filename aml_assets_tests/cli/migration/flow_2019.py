"""The flow of 2019 in its own words, faults and all: what a migrated bank ran the day before.

Belongs here: reading the landing, training and scoring as it did, files as it wrote them. Does not
belong here: anything of ours.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import xgboost as xgb
from sklearn import metrics
from sklearn.preprocessing import LabelEncoder

NO_FEATURES = [
    "label", "trx_id", "ins_id", "cust_id", "account_id", "target_cust_id", "target_account_id",
]  # fmt: skip


def run_flow(root: Path, variable: dict[str, Any], day: str) -> None:
    """One night: train and measure on the variable's windows, score the day."""
    window = _days(variable["start_time"], variable["end_time"])
    measured = _days(variable["metrics_start_time"], variable["metrics_end_time"])
    model_id = f"{variable['model_prefix']}_{day}"
    features, label = _encoded(_merged(root, variable, window))
    parameters = {"objective": "binary:logistic", "max_depth": 4, "eta": 0.025, "seed": 0}
    booster = xgb.train(parameters, xgb.DMatrix(features, label), 20)
    seen, truth = _encoded(_merged(root, variable, measured))
    scores = booster.predict(xgb.DMatrix(seen))
    guesses = scores > 0.5
    figures = {
        "model_id": model_id,
        "auc": metrics.roc_auc_score(truth, scores),
        "acc": metrics.accuracy_score(truth, guesses),
        "recall": metrics.recall_score(truth, guesses),
        "precesion": metrics.precision_score(truth, guesses, zero_division=0),  # pyright: ignore[reportArgumentType]
        "f1_score": metrics.f1_score(truth, guesses),
    }
    today = _merged(root, variable, [day])
    today_features, _ = _encoded(today)
    today["pred_score"] = booster.predict(xgb.DMatrix(today_features))

    def path(key: str, name: str) -> Path:
        found = root / str(variable[key]).format(name).strip("/")
        found.parent.mkdir(parents=True, exist_ok=True)
        return found

    path("base_remote_model_path", f"{model_id}.model").write_bytes(b"binf\0\0 of another time")
    path("base_remote_model_meta_path", f"{model_id}.meta.json").write_text(json.dumps(figures))
    prefix = variable["predict_res_prefix"]
    today.to_csv(path("base_remote_predict_res_path", f"{prefix}{day}.csv"))


def _days(first: str, last: str) -> list[str]:
    return [f"{day:%Y-%m-%d}" for day in pd.date_range(first, last)]


def _merged(root: Path, variable: dict[str, Any], days: Sequence[str]) -> pd.DataFrame:
    def folder(key: str, *names: str) -> Path:
        return root / str(variable[key]).format(*names).strip("/")

    frames = {
        table: pd.concat(
            [pd.read_parquet(folder("base_remote_daily_path", table, day)) for day in days],
            ignore_index=True,
        )
        for table in variable["daily_dir_list"]
    }
    for table in variable["static_dir_list"]:
        frames[table] = pd.read_parquet(folder("base_remote_static_path", table))
    frame = frames["str"].merge(frames["trx"], how="left", on="trx_id")
    for table, column in (
        ("retail", "cust_id"),
        ("corporate", "cust_id"),
        ("account", "account_id"),
    ):
        frame = frame.merge(frames[table], how="left", on=column)
    return frame


def _encoded(frame: pd.DataFrame) -> tuple[pd.DataFrame, Any]:
    """Every column by itself and as text; who is undecided counts as negative."""
    coded = pd.DataFrame(
        {
            name: LabelEncoder().fit_transform(frame[name].astype(str))
            for name in frame
            if name.removesuffix("_x").removesuffix("_y") not in NO_FEATURES
        }
    )
    return coded, (frame["label"] == 1).to_numpy(dtype=int)
