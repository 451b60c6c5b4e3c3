"""Alarms reach somebody, and no secret or login is sent in the clear."""

import pytest
from pydantic import ValidationError

from aml_assets.errors import SettingsError
from aml_assets.settings.alarm_settings import (
    AlarmSettings,
    MailSettings,
    WebhookSettings,
    is_loopback,
    url_problem,
)
from aml_assets.settings.load import load_settings
from aml_assets_tests.postbox import RECIPIENTS, SENDER, USER

PASSWORD = "correct horse battery"
WHOLE = {"host": "mail.bank", "sender": "aml@bank.example", "recipients": ["a@bank.example"]}


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"sender": "aml@bank.example"}, "sender need host"),
        ({"host": "mail.bank"}, "host needs sender and recipients"),
        ({**WHOLE, "security": "none", "ca_file": "ca.pem"}, "ca_file goes with security"),
        ({**WHOLE, "security": "none", "user": "aml"}, "would show the password"),
        ({**WHOLE, "recipients": ["A <a@bank.example>"]}, "recipients"),
        ({**WHOLE, "sender": "a@b\nBcc: c@d"}, "sender"),
    ],
)
def test_half_a_mail_server_and_an_unsafe_one_are_refused(values: dict[str, object], sentence: str):
    with pytest.raises(ValidationError, match=sentence):
        MailSettings.model_validate(values)


@pytest.mark.parametrize(("security", "port"), [("starttls", 587), ("tls", 465), ("none", 25)])
def test_the_port_is_the_usual_one_unless_it_is_given(security: str, port: int):
    assert MailSettings.model_validate({**WHOLE, "security": security}).port_used == port
    assert MailSettings.model_validate({**WHOLE, "port": 2525}).port_used == 2525


def test_a_login_in_the_clear_is_allowed_on_this_machine():
    mail = {**WHOLE, "host": "localhost", "security": "none", "user": "aml"}
    assert MailSettings.model_validate(mail).user == "aml"


@pytest.mark.parametrize("url", ["http://chat.bank/secret", "ftp://secret", "secret", "https://["])
def test_a_webhook_in_the_clear_is_refused_without_being_quoted(url: str):
    with pytest.raises(ValidationError):
        WebhookSettings(url=url)
    problem = url_problem(url)
    assert problem
    assert "secret" not in problem


@pytest.mark.parametrize("url", ["https://chat.bank/x", "http://127.0.0.1:1/x", "http://[::1]/x"])
def test_a_webhook_over_tls_or_on_this_machine_is_taken(url: str):
    assert url_problem(url) is None


def test_loopback_is_known_by_name_and_address():
    assert all(map(is_loopback, ["localhost", "LocalHost", "127.0.0.1", "127.9.9.9", "::1"]))
    assert not any(map(is_loopback, ["localhost.bank", "10.0.0.1", "bank"]))


def test_links_need_an_address_that_a_browser_opens():
    assert AlarmSettings(ui_url="https://aml.bank/").ui_url
    with pytest.raises(ValidationError, match="ui_url must begin with"):
        AlarmSettings(ui_url="aml.bank")


def test_only_files_become_absolute_paths():
    alarms = AlarmSettings.model_validate({"mail": {**WHOLE, "ca_file": "ca.pem"}})
    absolute = alarms.with_paths(lambda path: f"/etc/{path}")
    assert absolute.mail.ca_file == "/etc/ca.pem"
    assert absolute.webhook.ca_file is None
    assert absolute.mail.host == "mail.bank"


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


def test_recipients_are_grouped_by_the_language_that_each_reads():
    given = ["a@b", {"address": "c@d", "language": "zh"}, {"address": "e@f", "language": "en"}]
    mail = MailSettings.model_validate({**WHOLE, "recipients": given})
    assert mail.recipients_by_language("en") == {"en": ["a@b", "e@f"], "zh": ["c@d"]}
    assert mail.recipients_by_language("zh") == {"zh": ["a@b", "c@d"], "en": ["e@f"]}
    alone = MailSettings.model_validate({**WHOLE, "recipients": given[1:2]})
    assert alone.recipients_by_language("en") == {"zh": ["c@d"]}
