"""The files of the 2019 flow: its folders, its columns, its CSV, its misspelt key."""

import json
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from aml_assets_tests.conftest import STATIC, Bank, str_columns, trx_columns

GROUP = "/anti-money/daily_data_group"
PROJECT = "/anti-money/he_test"
TABLES: dict[str, Any] = {
    **{name: {"path": f"{GROUP}/{name}/daily/{{date}}"} for name in ("trx", "str")},
    **{name: {"path": f"{GROUP}/{name}/all"} for name in ("retail", "corporate", "account")},
}
STORE = {
    "model": f"{PROJECT}/model/{{model_id}}.model",
    "metrics": f"{PROJECT}/model_meta/{{model_id}}.meta.json",
    "predictions": f"{PROJECT}/predict_res/{{prefix}}{{date}}.csv",
    "model_prefix": "he_test_xgboost",
    "predictions_prefix": "pred_full_table",
}


def trx(number: int) -> dict[str, Any]:
    return {**trx_columns(number), "status": ["booked", "open"] * 6}


def reports(number: int) -> dict[str, Any]:
    columns = str_columns(number)
    columns["trx_id"] = [*columns["trx_id"][:7], 9_999_999]  # one that is never found
    return {**columns, "status": ["sent"] * 8, "comment": ['said "no", twice', None] * 4}


STATICS = {
    "retail": {**STATIC["retail"], "status": ["active"] * 6},
    "corporate": {**STATIC["corporate"], "city": ["Chur", None]},
    "account": {**STATIC["account"], "city": ["Bern"] * 10},
}


@pytest.fixture(scope="module")
def migrated_once(tmp_path_factory: pytest.TempPathFactory) -> Bank:
    bank = Bank(
        tmp_path_factory.mktemp("migrated"),
        {
            "tables": TABLES,
            "store": STORE,
            "output": {"style": "legacy"},
            "features": {"trx_lookback_days": 0},
            "training": {"preset": "flow_2019", "rounds": 3, "threads": 1},
        },
    )
    for table, columns in STATICS.items():
        bank.land(table, None, columns)
    for number in range(1, 6):
        bank.land("trx", number, trx(number))
        bank.land("str", number, reports(number))
    bank.prepare(1, 4)
    bank.good("daily", 5)
    return bank


@pytest.fixture
def migrated(migrated_once: Bank, tmp_path) -> Bank:
    """A bank that came from the 2019 flow, with model, metrics and predictions of day 5."""
    return migrated_once.copy_to(tmp_path / "bank")


def frame_of_2019(number: int) -> pd.DataFrame:
    """The joins of the 2019 flow, in its own words."""
    frame = pd.DataFrame(reports(number))
    frame["label"] = frame["label"].astype("Int8")
    frame = frame.merge(pd.DataFrame(trx(number)), how="left", on="trx_id")
    frame = frame.merge(pd.DataFrame(STATICS["retail"]), how="left", on="cust_id")
    frame = frame.merge(pd.DataFrame(STATICS["corporate"]), how="left", on="cust_id")
    return frame.merge(pd.DataFrame(STATICS["account"]), how="left", on="account_id")


def test_the_csv_is_the_2019_frame_with_its_score(migrated: Bank, tmp_path):
    path = migrated.store / "anti-money/he_test/predict_res/pred_full_table2024-01-05.csv"
    expected = frame_of_2019(5)
    found = pd.read_csv(path)
    expected["pred_score"] = found["pred_score"]
    expected.to_csv(tmp_path / "pandas.csv")
    theirs = pd.read_csv(tmp_path / "pandas.csv")
    assert list(found.columns) == list(theirs.columns)
    # pandas writes a time without its zero microseconds; both are the same time.
    for frame in (found, theirs):
        frame["timestamp"] = pd.to_datetime(frame["timestamp"])
    pd.testing.assert_frame_equal(found, theirs, check_dtype=False)
    header = (tmp_path / "pandas.csv").read_text().splitlines()[0]
    assert path.read_text().splitlines()[0] == header
    assert {"status_x", "status_y", "status", "city_x", "city_y", "city"} <= set(found.columns)
    assert not found["pred_score"].isna().to_numpy().any()
    assert found.iloc[:, 0].tolist() == list(range(8))


def test_the_files_lie_where_the_2019_flow_put_them(migrated: Bank):
    files = {path for path in migrated.files() if path.startswith("anti-money/")}
    assert {path for path in files if "/." not in path} == {
        "anti-money/he_test/model/he_test_xgboost_2024-01-05.model",
        "anti-money/he_test/model_meta/he_test_xgboost_2024-01-05.meta.json",
        "anti-money/he_test/predict_res/pred_full_table2024-01-05.csv",
    }
    assert (migrated.landing / "anti-money/daily_data_group/trx/daily/2024-01-05").is_dir()


def test_the_metrics_have_the_misspelt_key_and_the_right_one(migrated: Bank):
    path = migrated.store / "anti-money/he_test/model_meta/he_test_xgboost_2024-01-05.meta.json"
    content = json.loads(path.read_text())
    assert content["precesion"] == content["precision"]
    assert content["model_id"] == "he_test_xgboost_2024-01-05"
    assert {"auc", "acc", "recall", "f1_score", "precesion"} <= set(content)


def test_the_default_style_has_neither_index_nor_misspelling(migrated: Bank):
    migrated.options["output"] = {"style": "default"}
    migrated.good("daily", 5, only=("models", "predictions"))
    path = migrated.store / "anti-money/he_test/model_meta/he_test_xgboost_2024-01-05.meta.json"
    assert "precesion" not in json.loads(path.read_text())
    csv = migrated.csv(5)
    assert csv.column_names[0] == "trx_id"
    assert csv["rank"].to_pylist() == list(range(1, 9))
    assert {"str_status", "trx_status", "retail_status"} <= set(csv.column_names)


def test_a_migrated_bank_without_a_report_gets_a_header(migrated: Bank):
    migrated.land("str", 5, pa.table(reports(5)).slice(0, 0))
    migrated.good("daily", 5)
    path = migrated.store / "anti-money/he_test/predict_res/pred_full_table2024-01-05.csv"
    (line,) = path.read_text().splitlines()
    assert line.rpartition(",")[2].strip('"') == "pred_score"
