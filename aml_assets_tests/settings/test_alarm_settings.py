"""Alarms reach somebody, and no secret or login is sent in the clear."""

import pytest
from pydantic import ValidationError

from aml_assets.settings.alarm_settings import (
    AlarmSettings,
    MailSettings,
    WebhookSettings,
    is_loopback,
    url_problem,
)

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
