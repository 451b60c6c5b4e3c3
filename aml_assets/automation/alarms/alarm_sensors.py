"""The sensors that send alarms: one per channel, each with a position of its own in the event log.

Belongs here: when a message is sent, and when it counts as sent. Does not belong here: finding the
alarms (``alarm_events``), or sending a message (``channels``).

A tick reads on from its cursor, sends all alarms that it finds as one message, and only then moves
the cursor. So a message that cannot be sent fails the tick and is sent by a later one, and no alarm
is sent twice, as could happen if the second of two messages failed. A sensor per channel keeps a
dead webhook from holding up the mails.
"""

from __future__ import annotations

import dagster as dg

from aml_assets.automation.alarms.alarm_events import alarms_since
from aml_assets.automation.alarms.channels import LOG, MAIL, WEBHOOK, channels, log, send
from aml_assets.automation.alarms.log_position import Position, end_of_log
from aml_assets.io.catalog import Catalog

_NAMES = {MAIL: "alarm_mails", WEBHOOK: "alarm_webhook", LOG: "alarm_log"}
_TEXTS = {
    MAIL: "Mails failed, late and retried runs, failed checks and gates, older models, drift.",
    WEBHOOK: "Posts failed, late and retried runs, failed checks and gates, older models, drift.",
    LOG: "Logs alarms: no mail server and no webhook is configured.",
}


def alarm_sensors(catalog: Catalog) -> list[dg.SensorDefinition]:
    """One sensor per configured channel; one that logs where there is none.

    Args:
        catalog: its settings name the channels; the steps of its graph are ours.
    """
    return [_sensor(catalog, channel) for channel in channels(catalog.settings.alarms)]


def _sensor(catalog: Catalog, channel: str) -> dg.SensorDefinition:
    settings = catalog.settings
    our_steps = {asset.step: asset.name for asset in catalog.graph}
    pages = [line.page for line in catalog.graph.lines]
    gates = [line.gate for line in catalog.graph.lines if line.gate in catalog.graph]

    kind, _, language = channel.partition("_")

    @dg.sensor(
        name=f"{_NAMES[kind]}_{language}" if language else _NAMES[kind],
        description=_TEXTS[kind],
        minimum_interval_seconds=settings.automation.interval_seconds,
        default_status=dg.DefaultSensorStatus.RUNNING,
    )
    def tick(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        if not context.cursor:
            context.update_cursor(end_of_log(context.instance, [*pages, *gates]).as_text())
            if channel == LOG:
                log.warning("no mail server and no webhook is configured: alarms are lines here")
            return dg.SkipReason("Watching from now on.")
        location = context.code_location_origin

        def is_ours(run: dg.DagsterRun) -> bool:
            # A run of the command line has no origin; another project's run raises no alarm here.
            origin = run.remote_job_origin
            return None in (origin, location) or _location(origin) == _location(location)

        found, after = alarms_since(
            context.instance,
            Position.from_text(context.cursor),
            ui_url=settings.alarms.ui_url,
            our_steps=our_steps,
            is_ours=is_ours,
            pages=pages,
            gates=gates,
            champion_days=settings.alarms.champion_days,
        )
        alarms = [alarm for alarm in found if alarm.kind in settings.alarms.kinds]
        send(settings.alarms, alarms, only=[channel])
        context.update_cursor(after.as_text())
        return dg.SkipReason(f"Alarms sent: {len(alarms)}." if alarms else "Nothing to tell.")

    return tick


def _location(origin: object) -> object:
    """The code location's name, of either kind of origin."""
    return getattr(origin, "location_name", None)
