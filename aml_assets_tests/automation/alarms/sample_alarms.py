"""An alarm, and the settings that send it to a mail server or a webhook of a test."""

import datetime as dt

from aml_assets.automation.alarms.message import Alarm
from aml_assets.settings.alarm_settings import AlarmSettings
from aml_assets_tests.postbox import Hook, Postbox, alarm_settings

FAILED = Alarm(
    kind="run_failure",
    event="failed",
    days=(dt.date(2024, 2, 14),),
    assets=("trx",),
    sentences=("table trx, day 2024-02-14: nothing has landed under trx/daily/2024-02-14.",),
    link="https://dagster.bank.example/runs/1234",
    at=dt.datetime(2024, 2, 15, 3, 12, tzinfo=dt.UTC),
)


def settings_of(box: Postbox | None = None, hook: Hook | None = None, **mail) -> AlarmSettings:
    return AlarmSettings(**alarm_settings(box, hook, **mail))
