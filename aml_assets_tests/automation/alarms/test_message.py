"""What an alarm says, and that it gets through: against a real mail server and a real webhook."""

import datetime as dt
import logging
import traceback

import pytest

from aml_assets.automation.alarms.channels import as_mail, channels, send
from aml_assets.automation.alarms.message import SHOWN, Alarm, compose, missed_deadline
from aml_assets.errors import AlarmError, SettingsError
from aml_assets.settings.alarm_settings import AlarmSettings, MailSettings
from aml_assets.settings.load import load_settings
from aml_assets_tests.conftest import day
from aml_assets_tests.hadoop.tls import require_openssl
from aml_assets_tests.postbox import (
    RECIPIENTS,
    SENDER,
    USER,
    Certificates,
    Hook,
    Postbox,
    alarm_settings,
    free_port,
    mail_server,
    webhook,
)

PASSWORD = "correct horse battery"
FAILED = Alarm(
    kind="run_failure",
    event="failed",
    days=(dt.date(2024, 2, 14),),
    assets=("trx",),
    sentences=("table trx, day 2024-02-14: nothing has landed under trx/daily/2024-02-14.",),
    link="https://dagster.bank.example/runs/1234",
    at=dt.datetime(2024, 2, 15, 3, 12, tzinfo=dt.UTC),
)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory) -> Certificates:
    require_openssl()
    return Certificates.make(tmp_path_factory.mktemp("tls"))


def settings_of(box: Postbox | None = None, hook: Hook | None = None, **mail) -> AlarmSettings:
    return AlarmSettings(**alarm_settings(box, hook, **mail))


def refused(settings: AlarmSettings) -> AlarmError:
    with pytest.raises(AlarmError) as caught:
        send(settings, [FAILED])
    whole = "".join(traceback.format_exception(caught.value))
    assert PASSWORD not in whole
    assert "s3cr3t" not in whole
    return caught.value


# -- what it says ------------------------------------------------------------------------------


def test_the_mail_names_day_asset_error_and_link():
    with mail_server(Postbox()) as box:
        send(settings_of(box), [FAILED])
    assert box.mail["Subject"] == (
        "aml_assets: trx 2024-02-14 failed: table trx, day 2024-02-14: nothing has landed under "
        "trx/daily/2024-02-14."
    )
    assert box.mail.get_content().splitlines() == [
        "trx 2024-02-14 failed",
        "  table trx, day 2024-02-14: nothing has landed under trx/daily/2024-02-14.",
        "  2024-02-15 03:12:00 UTC",
        "  https://dagster.bank.example/runs/1234",
    ]
    assert box.mail["From"] == SENDER
    assert box.recipients == [RECIPIENTS]
    assert box.mail["Auto-Submitted"] == "auto-generated"


def test_many_alarms_are_one_mail_with_the_worst_first_and_the_others_counted():
    retry = Alarm("retry", "failed and is tried again in 300 s", (day(3),), ("str",))
    failures = [
        Alarm("run_failure", "failed", (day(n % 20 + 1),), ("trx",), (f"sentence {n}",))
        for n in range(300)
    ]
    with mail_server(Postbox()) as box:
        send(settings_of(box), [retry, *failures])
    assert box.mail["Subject"].startswith(
        "aml_assets: 300 failures, 1 retry: trx 2024-01-01 failed: sentence 0"
    )
    text = box.mail.get_content()
    assert "sentence 19" in text
    assert "sentence 20" not in text
    assert "and 280 failures more: https://dagster.bank.example/runs" in text
    assert text.index("300 failures:") < text.index("1 retry:")
    assert len(text) < 10_000


def test_a_range_of_days_is_told_as_one():
    days = tuple(day(n) for n in (1, 2, 3, 7))
    assert Alarm("run_failure", "failed", days, ("trx", "str")).title == (
        "trx, str 2024-01-01 … 2024-01-03, 2024-01-07 failed"
    )


def test_nothing_in_an_alarm_can_become_a_header_or_grow_without_end():
    evil = "oops\r\nBcc: thief@example.org\r\n\r\nbody\u2028\x00\x1b[31m" + "x" * 100_000
    alarm = Alarm("run_failure", evil, (day(1),), (evil,) * 50, (evil,) * 1000, "https://ui/runs/1")
    with mail_server(Postbox()) as box:
        send(settings_of(box), [alarm])
    assert set(box.mail.keys()) >= {"Subject", "From", "To"}
    assert "Bcc" not in box.mail
    assert len(box.mail["Subject"]) <= 160
    assert box.recipients == [RECIPIENTS]
    lines = box.mail.get_content().splitlines()
    assert all(line.isprintable() for line in lines)
    assert len("".join(lines)) < 10_000
    assert "and 990 more" in box.mail.get_content()


def test_a_text_of_the_users_language_arrives_as_it_is():
    alarm = Alarm("run_failure", "failed", (day(1),), ("自学习",), ("Schlüssel fehlt — 缺少密钥",))
    with mail_server(Postbox()) as box:
        send(settings_of(box), [alarm])
    assert "自学习 2024-01-01 failed: Schlüssel fehlt — 缺少密钥" in box.mail["Subject"]
    assert "Schlüssel fehlt — 缺少密钥" in box.mail.get_content()


def test_the_same_alarms_have_the_same_id_and_others_another():
    again = compose([FAILED], "https://ui")
    assert compose([FAILED], "https://ui").id == again.id
    later = Alarm(**{**FAILED.__dict__, "at": dt.datetime(2024, 2, 16, tzinfo=dt.UTC)})
    assert compose([later], "https://ui").id != again.id
    mail = as_mail(MailSettings(**alarm_settings(Postbox(port=25))["mail"]), again)
    assert mail["Message-ID"] == f"<{again.id}@bank.example>"


def test_a_missed_deadline_names_each_day_what_is_missing_and_since_when():
    since = dt.datetime(2024, 1, 3, 9, 0, tzinfo=dt.UTC)
    alarm = missed_deadline([(day(3), "trx has not landed", None), (day(2), "no _SUCCESS", since)])
    assert alarm.title == "landing 2024-01-02 … 2024-01-03 missed the deadline"
    assert alarm.lines == [
        "2024-01-02: no _SUCCESS, waited for since 2024-01-03 09:00 UTC",
        "2024-01-03: trx has not landed",
    ]


# -- that it gets through -----------------------------------------------------------------------


def test_a_login_in_the_clear_works_on_this_machine(monkeypatch):
    monkeypatch.setenv("AML_SMTP_PASSWORD", PASSWORD)
    with mail_server(Postbox(), password=PASSWORD) as box:
        send(settings_of(box, user=USER), [FAILED])
    assert box.logins == [USER]


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_login_over_tls_works(security, certificates, monkeypatch):
    monkeypatch.setenv("AML_SMTP_PASSWORD", PASSWORD)
    contexts = {security: certificates.server}
    with mail_server(Postbox(), password=PASSWORD, **contexts) as box:
        ca_file = str(certificates.ca_file)
        send(settings_of(box, user=USER, security=security, ca_file=ca_file), [FAILED])
    assert box.logins == [USER]
    assert box.encrypted == [True]


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_certificate_nobody_vouches_for_is_refused_before_the_password_is_sent(
    security, certificates, monkeypatch
):
    monkeypatch.setenv("AML_SMTP_PASSWORD", PASSWORD)
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    contexts = {security: certificates.server}
    with mail_server(Postbox(), password=PASSWORD, **contexts) as box:
        error = refused(settings_of(box, user=USER, security=security))
        assert "certificate is not trusted" in str(error)
        ca_file = str(certificates.ca_file)
        wrong = settings_of(box, user=USER, security=security, ca_file=ca_file, host="127.0.0.1")
        assert "certificate is not trusted" in str(refused(wrong))
    assert not box.mails


def test_a_server_without_starttls_gets_nothing(certificates):
    with mail_server(Postbox()) as box:
        error = refused(settings_of(box, security="starttls", ca_file=str(certificates.ca_file)))
    assert "does not offer what alarms.mail asks for" in str(error)
    assert not box.mails


def test_a_wrong_password_is_named_without_the_password(monkeypatch):
    monkeypatch.setenv("AML_SMTP_PASSWORD", PASSWORD)
    with mail_server(Postbox(), password="another one") as box:
        error = refused(settings_of(box, user=USER))
    assert f"mail by localhost:{box.port}: the server refused the login (535)" in str(error)
    assert not box.mails


def test_a_password_that_cannot_be_sent_is_not_quoted(monkeypatch):
    monkeypatch.setenv("AML_SMTP_PASSWORD", f"{PASSWORD} ü")
    with mail_server(Postbox(), password=PASSWORD) as box:
        assert "must be ASCII" in str(refused(settings_of(box, user=USER)))


def test_a_user_without_a_password_is_named():
    with mail_server(Postbox()) as box:
        error = refused(settings_of(box, user=USER))
    assert "alarms.mail.user is set, and AML_SMTP_PASSWORD is not" in str(error)


def test_a_server_that_is_away_is_named():
    error = refused(settings_of(Postbox(port=free_port())))
    assert "connection refused" in str(error)


def test_a_server_that_does_not_answer_fails_in_time():
    with mail_server(Postbox(delay=3)) as box:
        settings = AlarmSettings(**{**alarm_settings(box), "timeout_seconds": 0.5})
        assert "no answer" in str(refused(settings))


def test_a_refused_message_is_an_error_and_a_bad_farewell_is_none():
    with mail_server(Postbox(reply="554 5.7.1 looks like spam")) as box:
        assert "refused the message (554)" in str(refused(settings_of(box)))
    with mail_server(Postbox(reply="250 OK\r\n421 closing")) as box:
        send(settings_of(box), [FAILED])
    assert len(box.mails) == 1


def test_a_refused_recipient_is_said_and_the_others_have_the_mail_once(caplog):
    with mail_server(Postbox(refuse=(RECIPIENTS[1],))) as box:
        with caplog.at_level(logging.ERROR, "aml_assets.alarms"):
            send(settings_of(box), [FAILED])
        assert "refused the recipient team@bank.example (550)" in caplog.text
        assert box.recipients == [RECIPIENTS[:1]]
        box.refuse = tuple(RECIPIENTS)
        assert "refused every recipient (550)" in str(refused(settings_of(box)))
    assert len(box.mails) == 1


def test_the_webhook_gets_the_same_as_json():
    with webhook(Hook()) as hook:
        send(settings_of(hook=hook), [FAILED])
    (body,) = hook.bodies
    assert body["counts"] == {"run_failure": 1}
    assert body["alarms"] == [
        {
            "kind": "run_failure",
            "title": "trx 2024-02-14 failed",
            "days": ["2024-02-14"],
            "assets": ["trx"],
            "sentences": list(FAILED.sentences),
            "link": FAILED.link,
            "at": "2024-02-15 03:12:00 UTC",
        }
    ]
    assert body["text"].startswith("aml_assets: trx 2024-02-14 failed: table trx")
    assert body["id"] == compose([FAILED], "https://ui").id


def test_a_secret_url_comes_from_the_environment_and_is_never_quoted(monkeypatch):
    with webhook(Hook(status=500)) as hook:
        monkeypatch.setenv("AML_WEBHOOK_URL", hook.url)
        assert channels(AlarmSettings()) == ["webhook"]
        assert "webhook at 127.0.0.1: the server answered 500" in str(refused(AlarmSettings()))
        hook.status = 302
        assert "the server answered 302" in str(refused(AlarmSettings()))
    assert "no connection" in str(refused(AlarmSettings()))
    monkeypatch.setenv("AML_WEBHOOK_URL", "http://chat.example.org/hooks/s3cr3t")
    assert "AML_WEBHOOK_URL must begin with https://" in str(refused(AlarmSettings()))


def test_a_webhook_that_does_not_answer_fails_in_time():
    with webhook(Hook(delay=2)) as hook:
        settings = AlarmSettings(**{**alarm_settings(hook=hook), "timeout_seconds": 0.3})
        assert "webhook at 127.0.0.1: no answer" in str(refused(settings))


def test_a_dead_channel_does_not_keep_the_other_from_its_alarm():
    with mail_server(Postbox()) as box, webhook(Hook(status=503)) as hook:
        error = refused(settings_of(box, hook))
        assert error.delivered == ("mail",)
        assert len(box.mails) == 1
        hook.status = 200
        send(settings_of(box, hook), [FAILED], only=["webhook"])
    assert (len(box.mails), len(hook.bodies)) == (1, 1)


def test_without_a_channel_alarms_are_lines_of_the_log(caplog):
    with caplog.at_level(logging.WARNING, "aml_assets.alarms"):
        send(AlarmSettings(), [FAILED] * (SHOWN + 2))
    assert "trx 2024-02-14 failed: table trx, day 2024-02-14: nothing has landed" in caplog.text
    assert "and 2 more alarms" in caplog.text


def test_only_the_kinds_that_are_wanted_are_sent():
    with mail_server(Postbox()) as box:
        settings = AlarmSettings(**alarm_settings(box), kinds=["retry"])
        send(settings, [FAILED])
        send(settings, [FAILED, Alarm("retry", "is tried again", (day(1),), ("str",))])
    assert box.mail["Subject"] == "aml_assets: str 2024-01-01 is tried again"


# -- settings -----------------------------------------------------------------------------------


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
