"""Sending alarms to a real mail server and a real webhook: what arrives, and what is an error."""

import logging
import traceback

import pytest

from aml_assets.automation.alarms.channels import channels, send
from aml_assets.automation.alarms.message import SHOWN, Alarm, compose
from aml_assets.errors import AlarmError
from aml_assets.settings.alarm_settings import AlarmSettings
from aml_assets_tests.automation.alarms.sample_alarms import FAILED, settings_of
from aml_assets_tests.conftest import day
from aml_assets_tests.hadoop.tls import require_openssl
from aml_assets_tests.ports import free_port
from aml_assets_tests.postbox import (
    RECIPIENTS,
    USER,
    Certificates,
    Hook,
    Postbox,
    alarm_settings,
    mail_server,
    webhook,
)

PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory) -> Certificates:
    require_openssl()
    return Certificates.make(tmp_path_factory.mktemp("tls"))


def refused(settings: AlarmSettings) -> AlarmError:
    with pytest.raises(AlarmError) as caught:
        send(settings, [FAILED])
    whole = "".join(traceback.format_exception(caught.value))
    assert PASSWORD not in whole
    assert "s3cr3t" not in whole
    return caught.value


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


NIGHT, TEAM = RECIPIENTS
TWO_LANGUAGES = [NIGHT, {"address": TEAM, "language": "zh"}]


def test_each_recipient_gets_the_mail_in_the_language_of_his_own():
    with mail_server(Postbox()) as box:
        settings = settings_of(box, recipients=TWO_LANGUAGES)
        assert channels(settings) == ["mail", "mail_zh"]
        send(settings, [FAILED])
    assert box.recipients == [[NIGHT], [TEAM]]
    english, chinese = box.mails
    assert english["To"] == NIGHT
    assert chinese["To"] == TEAM
    assert english["Subject"].startswith("aml_assets: trx 2024-02-14 failed: table trx")
    assert chinese["Subject"].startswith("aml_assets: trx 2024-02-14 运行失败：table trx")
    assert chinese.get_content().splitlines()[0] == "trx 2024-02-14 运行失败"
    assert english["Message-ID"] != chinese["Message-ID"]


def test_chinese_is_encoded_so_that_every_mail_program_reads_it():
    with mail_server(Postbox()) as box:
        send(settings_of(box, recipients=TWO_LANGUAGES), [FAILED], only=["mail_zh"])
    raw = box.mail.as_bytes()
    assert raw.isascii()
    assert box.mail.get_content_charset() == "utf-8"
    assert box.mail["Content-Transfer-Encoding"] in ("base64", "quoted-printable")
    subject = next(line for line in raw.splitlines() if line.startswith(b"Subject:"))
    assert b"=?utf-8?" in subject
    assert max(map(len, raw.splitlines())) <= 998


def test_who_got_his_mail_gets_no_second_one_since_the_other_language_failed():
    with mail_server(Postbox(refuse=(TEAM,))) as box:
        settings = settings_of(box, recipients=TWO_LANGUAGES)
        assert refused(settings).delivered == ("mail",)
        box.refuse = ()
        send(settings, [FAILED], only=["mail_zh"])
    assert box.recipients == [[NIGHT], [TEAM]]


def test_alarms_in_one_language_are_one_channel_whatever_the_language():
    with mail_server(Postbox()) as box, webhook(Hook()) as hook:
        given = {**alarm_settings(box, hook), "language": "zh"}
        settings = AlarmSettings(**given)
        assert channels(settings) == ["mail", "webhook"]
        send(settings, [FAILED])
    assert box.recipients == [RECIPIENTS]
    assert box.mail["Subject"].startswith("aml_assets: trx 2024-02-14 运行失败")
    assert hook.bodies[0]["alarms"][0]["title"] == "trx 2024-02-14 运行失败"
    assert hook.bodies[0]["alarms"][0]["kind"] == "run_failure"
