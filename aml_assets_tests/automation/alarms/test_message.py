"""The texts of alarms: what a mail and a payload say, and how they are bounded."""

import datetime as dt

from aml_assets.automation.alarms.channels import as_mail, send
from aml_assets.automation.alarms.message import Alarm, compose, missed_deadline
from aml_assets.core.language import Language
from aml_assets.settings.alarm_settings import MailSettings
from aml_assets_tests.automation.alarms.sample_alarms import FAILED, settings_of
from aml_assets_tests.conftest import day
from aml_assets_tests.postbox import RECIPIENTS, SENDER, Postbox, alarm_settings, mail_server


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
    assert Alarm("run_failure", "failed", days, ("trx", "str")).title() == (
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
    mail = as_mail(MailSettings(**alarm_settings(Postbox(port=25))["mail"]), again, RECIPIENTS)
    assert mail["Message-ID"] == f"<{again.id}@bank.example>"


def test_a_missed_deadline_names_each_day_what_is_missing_and_since_when():
    since = dt.datetime(2024, 1, 3, 9, 0, tzinfo=dt.UTC)
    alarm = missed_deadline([(day(3), "trx has not landed", None), (day(2), "no _SUCCESS", since)])
    assert alarm.title() == "landing 2024-01-02 … 2024-01-03 missed the deadline"
    assert alarm.lines() == [
        "2024-01-02: no _SUCCESS, waited for since 2024-01-03 09:00 UTC",
        "2024-01-03: trx has not landed",
    ]


CHINESE = Language("zh")


def test_each_kind_of_alarm_is_told_in_chinese():
    since = dt.datetime(2024, 1, 3, 9, 0, tzinfo=dt.UTC)
    waited = "trx has not landed, str has no _SUCCESS yet and may still grow"
    late = missed_deadline([(day(3), "nothing has landed", None), (day(2), waited, since)])
    assert late.title(CHINESE) == "landing 2024-01-02 至 2024-01-03 逾期未到"
    assert late.lines(CHINESE) == [
        "2024-01-02：trx 尚未到达、str 尚无 _SUCCESS 标记，可能仍在增加，"
        "自 2024-01-03 09:00 UTC 起等待至今",
        "2024-01-03：尚无任何数据到达",
    ]
    message = compose([FAILED, late], "https://ui", CHINESE)
    assert message.subject == (
        "aml_assets: 1 次失败、1 次逾期：trx 2024-02-14 运行失败：" + str(FAILED.sentences[0])
    )
    assert "1 次逾期：\n\nlanding" in message.text
    # Whoever reads both knows the one from the other.
    assert message.id != compose([FAILED, late], "https://ui").id


def test_many_alarms_are_counted_in_chinese():
    days = tuple(day(n) for n in (1, 3, 5, 7, 9))
    many = Alarm("retry", "failed", days, ("trx",), tuple(f"{n}" for n in range(12)))
    assert many.title(CHINESE).startswith(
        "trx 2024-01-01、2024-01-03、2024-01-05、2024-01-07等，另有 1"
    )
    assert many.lines(CHINESE)[-1] == "另有 2 项"
    text = compose([many] * 25, "https://ui", CHINESE).text
    assert text.rstrip().endswith("另有 5 次重试：https://ui/runs")
