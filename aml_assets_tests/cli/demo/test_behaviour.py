"""No habit gives a launderer away, yet a model finds laundering on later days."""

from __future__ import annotations

import pandas as pd
import pytest

from aml_assets_tests.cli.demo.conftest import FIRST_DAY, Frame, Landed


@pytest.fixture(scope="module")
def decided(bank: Landed) -> Frame:
    """The decided reports, once each, with everything the bank knows about both sides."""
    tables = bank.tables
    trx = tables["trx"].drop(columns="landed")
    trx["hour"] = trx["timestamp"].dt.hour
    trx["second"] = trx["timestamp"].dt.second
    # Traces a generator may leave without meaning to.
    trx["position_in_file"] = trx["trx_id"].str[-6:].astype(int)
    trx["amount_occurs"] = trx.groupby("amount")["amount"].transform("size")
    rows = tables["str"].dropna(subset="label").drop_duplicates(["trx_id", "ins_id"], keep="last")
    rows = rows.merge(trx, on="trx_id")
    for side in ("", "target_"):
        for name in ("account", "retail", "corporate"):
            key = "account_id" if name == "account" else "cust_id"
            joined = tables[name].add_prefix(f"{side}{name}.")
            right = f"{side}{name}.{key}"
            rows = rows.merge(joined, left_on=f"{side}{key}", right_on=right, how="left")
    unused = [c for c in rows if c.endswith(("_id", "name")) or c == "timestamp"]
    return rows.drop(columns=unused)


def encoded(frame: Frame) -> Frame:
    """Dates as days, words as codes, missing as missing."""
    columns = {}
    for name, values in frame.items():
        if name.endswith(("birth_date", "founded", "opened")):
            values = pd.to_datetime(values).sub(pd.Timestamp(FIRST_DAY)).dt.days
        elif not pd.api.types.is_numeric_dtype(values):
            codes = values.astype("category").cat.codes
            values = codes.where(codes >= 0)
        columns[name] = values.astype(float)
    return pd.DataFrame(columns)


def test_no_column_alone_gives_laundering_away(decided: Frame) -> None:
    from sklearn.metrics import roc_auc_score

    label = decided["label"].to_numpy()
    features = decided.drop(columns=["label", "landed"])
    telling = {}
    for name, values in encoded(features).items():
        # Twenty bins by quantile and one for missing, each with its own share of positives:
        # the best that any use of this column alone could do, seen with hindsight.
        few = values.nunique() <= 30
        bins = values if few else pd.Series(pd.qcut(values, 20, labels=False, duplicates="drop"))
        share = decided["label"].groupby(bins.fillna(-1)).transform("mean")
        telling[name] = roc_auc_score(label, share)
    assert len(telling) > 40
    assert {name: auc for name, auc in telling.items() if auc >= 0.8} == {}
    for trace in ("second", "position_in_file", "amount_occurs"):
        assert telling[trace] < 0.65, trace


def test_laundering_is_detectable_on_later_days_but_not_trivially(decided: Frame) -> None:
    import xgboost as xgb
    from sklearn.metrics import average_precision_score, roc_auc_score

    label, day = decided["label"].astype(int), decided["landed"]
    features = encoded(decided.drop(columns=["label", "landed"]))
    parameters = {
        "objective": "binary:logistic", "base_score": 0.5, "max_depth": 5, "eta": 0.1,
        "subsample": 0.8, "colsample_bytree": 0.6, "min_child_weight": 3, "seed": 0, "nthread": 1,
    }  # fmt: skip
    areas, precisions = [], []
    for start in (0, 7, 14):
        train = day.between(start, start + 26)
        test = day.between(start + 27, start + 29)
        model = xgb.train(parameters, xgb.DMatrix(features[train], label[train]), 120)
        scores = model.predict(xgb.DMatrix(features[test]))
        areas.append(roc_auc_score(label[test], scores))
        precisions.append(average_precision_score(label[test], scores))
        prevalence = label[test].mean()
        assert precisions[-1] > 3 * prevalence
    assert 0.85 < sum(areas) / 3 < 0.95
    assert max(precisions) < 0.8
