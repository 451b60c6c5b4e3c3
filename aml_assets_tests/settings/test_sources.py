"""What is refused before any setting is read: odd files, misspelt variables, a pod's own files."""

from pathlib import Path

import pytest

from aml_assets.errors import SettingsError
from aml_assets.settings.sources import (
    refuse_local_files_in_pods,
    refuse_malformed,
    refuse_unknown_variables,
)


def test_an_empty_file_is_a_configuration_without_sections(tmp_path: Path):
    (tmp_path / "empty.yaml").touch()
    refuse_malformed(str(tmp_path / "empty.yaml"))


def test_the_problem_of_a_file_is_named_without_quoting_its_content(tmp_path: Path):
    path = tmp_path / "secret.yaml"
    path.write_text("password: [geheim")
    with pytest.raises(SettingsError, match="is not YAML") as raised:
        refuse_malformed(str(path))
    assert "geheim" not in str(raised.value)


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
