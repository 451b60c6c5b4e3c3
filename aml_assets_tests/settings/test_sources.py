"""What is refused before any setting is read: misspelt variables, a pod's own files."""

from pathlib import Path

import pytest

from aml_assets.errors import SettingsError
from aml_assets.settings.sources import (
    configuration_file,
    refuse_local_files_in_pods,
    refuse_unknown_variables,
)


def test_without_a_name_there_is_no_file_and_a_folder_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("AML_CONFIG", "")
    assert configuration_file().content == {}
    monkeypatch.setenv("AML_CONFIG", str(tmp_path))
    with pytest.raises(SettingsError, match="which is no file"):
        configuration_file()


def test_the_mail_password_is_no_misspelt_setting(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AML_SMTP_PASSWORD", "x")
    refuse_unknown_variables(["store"])
    monkeypatch.setenv("AML_STROE__URL", "x")
    with pytest.raises(SettingsError, match="AML_STROE__URL names no setting"):
        refuse_unknown_variables(["store"])


def test_a_service_of_kubernetes_is_no_misspelt_setting_in_a_pod_alone(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setenv("AML_WEBSERVER_SERVICE_HOST", "10.0.0.1")
    monkeypatch.setenv("AML_WEBSERVER_PORT_80_TCP_ADDR", "10.0.0.1")
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    with pytest.raises(SettingsError, match="names no setting"):
        refuse_unknown_variables(["store"])
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    refuse_unknown_variables(["store"])


def test_local_files_are_refused_in_a_pod_alone(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    refuse_local_files_in_pods(store="var/store")
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    refuse_local_files_in_pods(store="hdfs://namenode/aml")
    for url in ("var/store", "file:///aml"):
        with pytest.raises(SettingsError, match=r"store\.url is local files") as raised:
            refuse_local_files_in_pods(store=url)
        assert "AML_STORE__URL" in str(raised.value)
