"""The sensors that send alarms: one per channel, each with a position of its own in the event log.

Belongs here: when a message is sent, and when it counts as sent. Does not belong here: what is
an alarm (``alarm_events.py``), how it is sent (``alarm_channels.py``).

A tick reads on from its cursor, sends all it finds as one message, and only then moves the
cursor: what cannot be sent fails the tick by name and is sent by a later one, and what was sent
is never sent again. One message per tick makes that exact (of two, the second could fail), and
makes 300 failures of a backfill one mail. A channel of its own per sensor keeps a dead webhook
from holding up the mails.
"""

from __future__ import annotations

import dagster as dg

from aml_assets.automation.alarms.alarm_events import Position, look, now
from aml_assets.automation.alarms.channels import LOG, MAIL, WEBHOOK, channels, log, send
from aml_assets.settings.load import Settings

_NAMES = {MAIL: "alarm_mails", WEBHOOK: "alarm_webhook", LOG: "alarm_log"}
_TEXTS = {
    MAIL: "Mails failed, late and retried runs, failed checks and older models.",
    WEBHOOK: "Posts failed, late and retried runs, failed checks and older models.",
    LOG: "Logs alarms: no mail server and no webhook is configured.",
}


def alarm_sensors(settings: Settings) -> list[dg.SensorDefinition]:
    """One sensor per configured channel; one that logs where there is none."""
    return [_sensor(settings, channel) for channel in channels(settings.alarms)]


def _sensor(settings: Settings, channel: str) -> dg.SensorDefinition:
    @dg.sensor(
        name=_NAMES[channel],
        description=_TEXTS[channel],
        minimum_interval_seconds=settings.automation.interval_seconds,
        default_status=dg.DefaultSensorStatus.RUNNING,
    )
    def tick(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        if not context.cursor:
            context.update_cursor(now(context.instance).as_text())
            if channel == LOG:
                log.warning("no mail server and no webhook is configured: alarms are lines here")
            return dg.SkipReason("Watching from now on.")
        location = context.code_location_origin

        def ours(run: dg.DagsterRun) -> bool:
            # A run of the command line has no origin; another project's is not our alarm.
            origin = run.remote_job_origin
            return None in (origin, location) or _location(origin) == _location(location)

        position = Position.from_text(context.cursor)
        found, after = look(context.instance, position, settings.alarms.ui_url, ours)
        alarms = [alarm for alarm in found if alarm.kind in settings.alarms.kinds]
        send(settings.alarms, alarms, only=[channel])
        context.update_cursor(after.as_text())
        return dg.SkipReason(f"Alarms sent: {len(alarms)}." if alarms else "Nothing to tell.")

    return tick


def _location(origin: object) -> object:
    """The code location's name, of either kind of origin."""
    return getattr(origin, "location_name", None)
