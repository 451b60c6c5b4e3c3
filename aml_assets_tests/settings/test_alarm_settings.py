"""The settings of alarms: what cannot work is refused, and secrets stay in the environment."""

import pytest

from aml_assets.errors import SettingsError
from aml_assets.settings.load import load_settings
from aml_assets_tests.postbox import RECIPIENTS, SENDER, USER

PASSWORD = "correct horse battery"


@pytest.mark.parametrize(
    ("alarms", "sentence"),
    [
        ({"mail": {"port": 25}}, "port need host"),
        ({"mail": {"host": "mx"}}, "host needs sender and recipients"),
        ({"mail": {"host": "mx", "sender": SENDER, "recipients": []}}, "needs sender and recip"),
        ({"mail": {"sender": "A <a@b>"}}, "alarms.mail.sender"),
        ({"mail": {"recipients": ["a@b\r\nBcc: c@d"]}}, "alarms.mail.recipients.0"),
        ({"webhook": {"url": "http://chat.example.org/x"}}, "url must begin with https://"),
        ({"webhook": {"url": "chat"}}, "url is no URL"),
        ({"ui_url": "javascript:alert(1)"}, "ui_url must begin with http"),
        ({"kinds": ["everything"]}, "alarms.kinds.0"),
        ({"mail": {"password": "x"}}, "unknown setting alarms.mail.password"),
    ],
)
def test_settings_that_cannot_work_are_refused_in_one_sentence(alarms, sentence):
    with pytest.raises(SettingsError) as caught:
        load_settings(alarms=alarms)
    assert sentence in str(caught.value)


def test_a_login_over_the_net_needs_tls():
    mail = {"host": "mx.bank.example", "sender": SENDER, "recipients": RECIPIENTS, "user": USER}
    with pytest.raises(SettingsError, match="would show the password"):
        load_settings(alarms={"mail": {**mail, "security": "none"}})
    assert load_settings(alarms={"mail": mail}).alarms.mail.port_used == 587


def test_the_secrets_variables_are_no_misspelt_settings(monkeypatch, tmp_path):
    monkeypatch.setenv("AML_SMTP_PASSWORD", PASSWORD)
    monkeypatch.setenv("AML_WEBHOOK_URL", "https://chat.example.org/hooks/s3cr3t")
    config = tmp_path / "bank.yaml"
    config.write_text("alarms: {webhook: {url: https://x.example, ca_file: ca.pem}}\n")
    monkeypatch.setenv("AML_CONFIG", str(config))
    settings = load_settings()
    assert settings.alarms.webhook.ca_file == str(tmp_path / "ca.pem")
    assert PASSWORD not in repr(settings)
    assert "s3cr3t" not in repr(settings)
