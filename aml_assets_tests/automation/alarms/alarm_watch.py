"""A watch over a bank's event log: its alarm sensors, ticked by hand."""

import dagster as dg

from aml_assets.automation.alarms.alarm_sensors import alarm_sensors
from aml_assets_tests.conftest import Bank, day
from aml_assets_tests.postbox import Hook, Postbox, alarm_settings


class Watch:
    """The sensors of a bank, each ticked with the cursor it left."""

    def __init__(self, bank: Bank, box: Postbox | None = None, hook: Hook | None = None) -> None:
        self.bank = bank
        bank.options["alarms"] = alarm_settings(box, hook)
        self.cursors: dict[str, str | None] = {}
        self.tick()

    def tick(self) -> str:
        """Tick every sensor; the last one's message."""
        message = ""
        for sensor in alarm_sensors(self.bank.catalog):
            cursor = self.cursors.get(sensor.name)
            context = dg.build_sensor_context(instance=self.bank.instance, cursor=cursor)
            skip = sensor(context)
            assert isinstance(skip, dg.SkipReason)
            self.cursors[sensor.name] = context.cursor
            message = skip.skip_message or ""
        return message


def run_job(bank: Bank, *definitions: object, tags: dict[str, str] | None = None) -> dg.DagsterRun:
    """Run assets of somebody else's, with their checks, in the same instance."""
    result = dg.materialize(
        list(definitions),  # type: ignore[arg-type]
        instance=bank.instance,
        raise_on_error=False,
        tags={"dagster/partition": str(day(3)), **(tags or {})},
    )
    return result.dagster_run


def submitted(bank: Bank, number: int, **tags: str) -> dg.DagsterRun:
    """A run of the job `daily` that has not begun."""
    tags["dagster/partition"] = str(day(number))
    return bank.instance.add_run(dg.DagsterRun(job_name="daily", tags=tags))
