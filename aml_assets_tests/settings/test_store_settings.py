"""Templates name their partition, owners keep access, and credentials fit their authentication."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from aml_assets.settings.store_settings import (
    HdfsSettings,
    LandingSettings,
    StoreSettings,
)

DEPLOY = Path(__file__).parents[2] / "deploy"


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"frames": "{asset}/data.parquet"}, r"frames must contain \{date\}"),
        ({"model": "{model_id}/{date}.ubj"}, r"model may only use \{model_id\}"),
        ({"predictions": "{prefix}.csv"}, r"predictions must contain \{date\}"),
        ({"metrics": "model/{model_id}.ubj"}, "model and metrics would be one and the same file"),
        ({"measured_model": "model/{model_id}.ubj"}, "model and measured_model would be one"),
        ({"model_report": "report/alert_report_{date}.html"}, "alert_report and model_report"),
        ({"file_permissions": "440"}, "must let the owner read and write"),
        ({"folder_permissions": "650"}, "must let the owner do all"),
        ({"file_permissions": "888"}, "file_permissions"),
    ],
)
def test_a_store_that_could_not_be_used_is_refused(values: dict[str, str], sentence: str):
    with pytest.raises(ValidationError, match=sentence):
        StoreSettings.model_validate(values)


@pytest.mark.parametrize("limit", [{"rows": 0}, {"bytes": "8 GB"}, {"seconds": 0}, {"files": 9}])
def test_a_limit_is_a_positive_number_of_something_that_has_one(limit: dict[str, object]):
    with pytest.raises(ValidationError, match=f"limits.{next(iter(limit))}"):
        LandingSettings.model_validate({"limits": limit})


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"user": "hdfs"}, "user goes with authentication: insecure"),
        ({"authentication": "token", "keytab": "k"}, "keytab goes with authentication: kerberos"),
        ({"keytab": "k"}, "need principal"),
        ({"ticket_cache": "t"}, "need principal"),
        ({"authentication": "token"}, "needs token_file"),
        ({"timeout_seconds": 0}, "timeout_seconds"),
    ],
)
def test_credentials_of_another_authentication_are_refused(
    values: dict[str, object], sentence: str
):
    with pytest.raises(ValidationError, match=sentence):
        HdfsSettings.model_validate(values)


def test_credentials_that_fit_are_taken():
    assert HdfsSettings(keytab="k", principal="aml@BANK").keytab == "k"
    assert HdfsSettings(authentication="token", token_file="t").token_file == "t"
    assert HdfsSettings(authentication="insecure", user="hdfs").user == "hdfs"
