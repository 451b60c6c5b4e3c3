"""The old flow's variable, as its users have it.

Belongs here: values. Does not belong here: expectations.
"""

from __future__ import annotations

from typing import Any

GROUP = "/anti-money/daily_data_group"
PROJECT = "/anti-money/he_test"


def daily_version(**changes: Any) -> dict[str, Any]:
    """The variable of the daily flow; ``None`` takes a key away."""
    values: dict[str, Any] = {
        "hdfs_url": "http://namenode:50070",
        "hdfs_user": "hdfs",
        "daily_dir_list": ["trx", "str"],
        "static_dir_list": ["retail", "corporate", "account"],
        "base_local_path": "/opt/airflow/data/{}/",
        "base_local_metrics_path": "/opt/airflow/metrics/{}/",
        "base_local_model_path": "/opt/airflow/model/{}",
        "base_local_model_meta_path": "/opt/airflow/model_meta/{}",
        "base_local_predict_res_path": "/opt/airflow/predict_res/{}",
        "base_remote_daily_path": GROUP + "/{}/daily/{}",
        "base_remote_static_path": GROUP + "/{}/all",
        "base_remote_model_path": PROJECT + "/model/{}",
        "base_remote_model_meta_path": PROJECT + "/model_meta/{}",
        "base_remote_predict_res_path": PROJECT + "/predict_res/{}",
        "model_prefix": "he_test_xgboost",
        "predict_res_prefix": "pred_full_table",
        "specified_model_path": "",
        "start_time": "2018-05-01",
        "end_time": "2018-05-27",
        "metrics_start_time": "2018-05-28",
        "metrics_end_time": "2018-05-30",
    }
    values.update(changes)
    return {key: value for key, value in values.items() if value is not None}


def hourly_version(**changes: Any) -> dict[str, Any]:
    """The variable of the first, hourly flow: metrics lie beside the model."""
    without = {"base_remote_model_meta_path": None, "base_local_model_meta_path": None}
    return daily_version(**{**without, **changes})
