"""The alarm sensors: what is found is sent once, by each channel, and is never lost."""

from collections.abc import Iterator

import pytest

from aml_assets.errors import AlarmError
from aml_assets_tests.automation.alarms.alarm_watch import Watch, submitted
from aml_assets_tests.conftest import Bank
from aml_assets_tests.postbox import Hook, Postbox, mail_server, webhook


@pytest.fixture
def box() -> Iterator[Postbox]:
    with mail_server(Postbox()) as box:
        yield box


def test_history_raises_no_alarm_and_a_good_run_none_either(bank: Bank, box):
    bank.bad("daily", 13, only=("tables/trx",))
    watch = Watch(bank, box)
    bank.good("daily", 3, only=("tables",))
    assert watch.tick() == "Nothing to tell."
    assert not box.mails


def test_what_could_not_be_sent_is_sent_by_a_later_tick_and_only_once(bank: Bank, box):
    watch = Watch(bank, box)
    box.reply = "451 try again later"
    bank.bad("daily", 13, only=("tables/trx",))
    for _ in range(2):
        with pytest.raises(AlarmError, match=r"refused the message \(451\)"):
            watch.tick()
    bank.bad("daily", 14, only=("tables/trx",))
    box.reply = "250 OK"
    watch.tick()
    assert "2 failures" in box.mail["Subject"]
    assert watch.tick() == "Nothing to tell."
    assert len(box.mails) == 1


def test_a_dead_webhook_holds_up_no_mail_and_gets_its_alarms_when_it_is_back(bank: Bank, box):
    with webhook(Hook()) as hook:
        watch = Watch(bank, box, hook)
        assert set(watch.cursors) == {"alarm_mails", "alarm_webhook"}
        hook.status = 503
        for number in (13, 14):
            bank.bad("daily", number, only=("tables/trx",))
            with pytest.raises(AlarmError, match="the server answered 503"):
                watch.tick()
        assert len(box.mails) == 2
        hook.status = 204
        watch.tick()
    assert [body["counts"] for body in hook.bodies] == [{"run_failure": 2}]
    assert len(box.mails) == 2


def test_many_failures_at_once_are_one_mail(bank: Bank, box):
    watch = Watch(bank, box)
    for number in range(300):
        bank.instance.report_run_failed(submitted(bank, 1 + number % 20))
    for count in (200, 100):  # a tick is bounded, and leaves the rest to the next
        assert watch.tick() == f"Alarms sent: {count}."
        assert f"aml_assets: {count} failures: daily" in box.mails.pop()["Subject"]
    assert watch.tick() == "Nothing to tell."


def test_a_cursor_that_is_not_ours_is_named(bank: Bank, box):
    watch = Watch(bank, box)
    watch.cursors["alarm_mails"] = "12"
    with pytest.raises(AlarmError, match="dagster sensor cursor NAME --delete"):
        watch.tick()


def test_without_a_channel_one_sensor_says_so_and_logs(bank: Bank, caplog):
    watch = Watch(bank)
    assert set(watch.cursors) == {"alarm_log"}
    assert caplog.text.count("no mail server and no webhook is configured") == 1
    bank.bad("daily", 13, only=("tables/trx",))
    watch.tick()
    assert "trx 2024-01-13 failed: table trx" in caplog.text
    assert caplog.text.count("no mail server and no webhook is configured") == 1


def test_mails_in_another_language_have_a_sensor_of_their_own(bank: Bank, box):
    watch = Watch(bank, box)
    mail = bank.options["alarms"]["mail"]
    first, second = mail["recipients"]
    mail["recipients"] = [first, {"address": second, "language": "zh"}]
    watch.tick()  # the new one watches from now on
    assert set(watch.cursors) == {"alarm_mails", "alarm_mails_zh"}
    bank.bad("daily", 13, only=("tables/trx",))
    watch.tick()
    assert box.recipients == [[first], [second]]
    assert ["failed" in str(each["Subject"]) for each in box.mails] == [True, False]
    assert "运行失败" in box.mails[1]["Subject"]
