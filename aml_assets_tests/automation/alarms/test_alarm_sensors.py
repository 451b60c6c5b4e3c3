"""What raises an alarm, once and never lost: the sensors over an event log, to real servers."""

import shutil
from collections.abc import Iterator

import dagster as dg
import pytest

from aml_assets.automation.alarms.alarm_sensors import alarm_sensors
from aml_assets.errors import AlarmError
from aml_assets_tests.conftest import Bank, day, str_columns, trx_columns
from aml_assets_tests.postbox import Hook, Postbox, alarm_settings, mail_server, webhook

CANARY = "Zbigniew-4711-canary"


@pytest.fixture
def box() -> Iterator[Postbox]:
    with mail_server(Postbox()) as box:
        yield box


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


def last_run(bank: Bank) -> str:
    return bank.instance.get_runs(limit=1)[0].run_id


def test_a_failed_run_is_one_mail_with_its_days_tables_sentences_and_link(bank: Bank, box):
    watch = Watch(bank, box)
    shutil.rmtree(bank.folder("trx", 4))
    bank.bad("daily", days=(3, 4), only=("tables",))
    assert watch.tick() == "Alarms sent: 1."
    assert box.mail["Subject"].startswith(
        "aml_assets: trx 2024-01-04 failed: table trx, day 2024-01-04: nothing has landed under"
    )
    assert f"https://dagster.bank.example/runs/{last_run(bank)}" in box.text
    assert watch.tick() == "Nothing to tell."
    assert len(box.mails) == 1


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


def test_a_fault_that_may_pass_is_tried_again_and_both_are_told(bank: Bank, box):
    bank.options["automation"] = {"retries": 1, "retry_delay_seconds": 0}
    watch = Watch(bank, box)
    run = bank.bad("daily", 13, only=("tables/trx",))
    assert run.retried == 1
    watch.tick()
    assert box.mail["Subject"].startswith("aml_assets: 1 failure, 1 retry: trx 2024-01-13 failed")
    assert "tables/trx 2024-01-13 failed and is tried again in 0 s\n  table trx, day" in box.text
    assert watch.tick() == "Nothing to tell."


def test_bad_input_is_not_tried_again(bank: Bank, box):
    bank.options["automation"] = {"retries": 2, "retry_delay_seconds": 0}
    watch = Watch(bank, box)
    bank.land("trx", 3, {"trx_id": [1]})
    assert bank.bad("daily", 3, only=("tables/trx",)).retried == 0
    watch.tick()
    assert "1 retry" not in box.text


def test_a_retry_is_told_while_its_run_is_still_going(bank: Bank, box):
    watch = Watch(bank, box)
    told: list[str] = []

    @dg.asset(retry_policy=dg.RetryPolicy(max_retries=1))
    def foreign(context: dg.AssetExecutionContext) -> None:
        if context.retry_number == 0:
            raise ValueError(CANARY)
        told.append(watch.tick())

    run_job(bank, foreign)
    assert told == ["Alarms sent: 1."]
    assert watch.tick() == "Nothing to tell."
    assert "foreign 2024-01-03 failed and is tried again" in box.text
    assert "the step foreign ended with ValueError; see the UI" in box.text
    assert CANARY not in box.text


def test_a_failed_check_is_told_with_its_day_and_a_passed_one_is_not(bank: Bank, box):
    watch = Watch(bank, box)

    def specs() -> list[dg.AssetCheckSpec]:
        return [dg.AssetCheckSpec(name, asset=dg.AssetKey("trx")) for name in ("volume", "nulls")]

    @dg.multi_asset(
        name="day",
        specs=[dg.AssetSpec("trx", skippable=True)],
        check_specs=specs(),
        can_subset=True,
    )
    def step() -> Iterator[object]:
        yield dg.AssetMaterialization("trx", partition=str(day(4)))
        for name, passed in (("volume", False), ("nulls", True)):
            yield dg.AssetCheckEvaluation(
                asset_key=dg.AssetKey("trx"),
                check_name=name,
                passed=passed,
                severity=dg.AssetCheckSeverity.WARN,
                partition=str(day(4)),
                description="2 rows; the trailing median is 100",
            )

    run_job(bank, step)
    watch.tick()
    assert box.mail["Subject"] == (
        "aml_assets: trx 2024-01-04 failed the check volume (warn): 2 rows; the trailing median "
        "is 100"
    )


def test_a_model_that_stands_in_for_todays_is_told_and_a_pinned_one_is_not(built: Bank, box):
    watch = Watch(built, box)
    built.good("daily", 5, only=("predictions",))
    assert watch.tick() == "Nothing to tell."
    built.good("daily", 6, only=("predictions",))
    watch.tick()
    assert box.mail["Subject"] == (
        "aml_assets: predictions/predictions 2024-01-06 was scored by aml_xgboost_2024-01-05: "
        "today's model is not in the store; the newest one is 1 days old"
    )
    built.options["scoring"] = {"model_policy": "pinned", "pinned_model": "aml_xgboost_2024-01-05"}
    built.good("daily", 6, only=("predictions",))
    assert watch.tick() == "Nothing to tell."


def test_a_run_that_cannot_begin_is_told_by_our_own_sentence(bank: Bank, box):
    watch = Watch(bank, box)
    bank.bad("daily", partition="2031-01-01")
    watch.tick()
    assert "daily 2031-01-01 failed" in box.text
    assert "the day is outside the partitions, 2024-01-01 … 2024-01-20" in box.text


@pytest.mark.parametrize(
    ("message", "sentence"),
    [
        ("Exceeded maximum runtime of 3600 seconds.", "its maximum runtime of 60 minutes"),
        (f"Pod logs: {CANARY}", "the run's process ended unexpectedly; see the UI"),
    ],
)
def test_a_run_that_was_ended_from_outside_is_told_once(bank: Bank, box, message, sentence):
    watch = Watch(bank, box)
    run = submitted(bank, 3)
    bank.instance.report_run_failed(run, message)
    watch.tick()
    assert "daily 2024-01-03 failed" in box.text
    assert sentence in box.text
    assert CANARY not in box.text
    bank.instance.report_run_failed(run, "once more, by the run itself")
    assert watch.tick() == "Nothing to tell."


def test_a_crash_that_is_started_again_is_a_retry(bank: Bank, box):
    watch = Watch(bank, box)
    run = submitted(bank, 3, **{"dagster/will_retry": "true"})
    bank.instance.report_run_failed(run, "Run execution process unexpectedly exited")
    watch.tick()
    assert box.mail["Subject"].startswith(
        "aml_assets: daily 2024-01-03 ended early and is started again"
    )


def test_no_word_of_an_error_that_is_not_ours_leaves_the_event_log(bank: Bank, box):
    class Canary(Exception):
        pass

    @dg.asset
    def quoting() -> None:
        try:
            raise ValueError(f"cannot convert {CANARY}")
        except ValueError as error:
            raise Canary(f"row {CANARY}") from error

    @dg.asset
    def failing() -> None:
        raise dg.Failure(CANARY, metadata={"errors": dg.MetadataValue.json([{"table": CANARY}])})

    @dg.asset
    def fine() -> None: ...

    @dg.asset_check(asset=fine)
    def suspicious() -> dg.AssetCheckResult:
        return dg.AssetCheckResult(passed=False, description=CANARY, metadata={"worst": CANARY})

    @dg.resource
    def broken(context: dg.InitResourceContext) -> None:
        raise KeyError(CANARY)

    @dg.asset(required_resource_keys={"broken"})
    def resourceful() -> None: ...

    with webhook(Hook()) as hook:
        watch = Watch(bank, box, hook)
        run_job(bank, quoting)
        run_job(bank, failing)
        run_job(bank, fine, suspicious)
        run_job(bank, dg.with_resources([resourceful], {"broken": broken})[0])
        assert CANARY in bank.event_log()  # what the alarms must not repeat
        watch.tick()
    told = f"{box.text}{hook.bodies}"
    assert CANARY not in told
    assert "Zbigniew" not in told
    for expected in (
        "the step quoting ended with ValueError; see the UI",
        "the step failing ended with Failure; see the UI",
        "fine 2024-01-03 failed the check suspicious (error)",
        "the run ended with KeyError; see the UI",
    ):
        assert expected in box.text


def test_no_customer_of_the_landing_is_in_any_alarm(bank: Bank, box):
    with webhook(Hook()) as hook:
        watch = Watch(bank, box, hook)
        trx, reports = trx_columns(3), str_columns(3)
        bank.land("trx", 3, {**trx, "amount": [CANARY] * 12})
        bank.land("str", 3, {**reports, "label": [CANARY] * 8})
        bank.land("retail", None, {"cust_id": [CANARY, CANARY], "name": [CANARY, CANARY]})
        bank.bad("daily", 3)
        bank.land("trx", 4, {**trx_columns(4), "trx_id": [47114711] * 12})
        bank.land("corporate", None, {"cust_id": [47114711] * 2})
        bank.bad("daily", 4)
        watch.tick()
    told = f"{box.text}{hook.bodies}{box.mail.as_string()}"
    assert "2 failures" in box.mail["Subject"]
    assert CANARY not in told
    assert "47114711" not in told


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
