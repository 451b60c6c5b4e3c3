"""The alarms in an event log: which events raise one, what it says, and what it must not say."""

import json
import shutil
from collections.abc import Iterator

import dagster as dg
import pytest

from aml_assets.assets.failures import failure
from aml_assets.assets.run_tags import ASKED_BY
from aml_assets.errors import AmlError, InputError, NotLanded, UpstreamFailed
from aml_assets_tests.automation.alarms.alarm_watch import Watch, run_job, submitted
from aml_assets_tests.conftest import Bank, day, str_columns, trx_columns
from aml_assets_tests.postbox import Hook, Postbox, mail_server, webhook

CANARY = "Zbigniew-4711-canary"


def failing_asset(key: str, *errors: AmlError) -> dg.AssetsDefinition:
    """An asset whose step fails with these errors."""

    @dg.asset(key=key.split("/"))
    def step() -> None:
        raise failure(errors)

    return step


@pytest.fixture
def box() -> Iterator[Postbox]:
    with mail_server(Postbox()) as box:
        yield box


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


def test_a_fault_that_may_pass_is_tried_again_and_both_are_told(bank: Bank, box):
    bank.options["automation"] = {"retries": 1, "retry_delay_seconds": 0}
    watch = Watch(bank, box)
    run = bank.bad("daily", 13, only=("tables/trx",), tags={ASKED_BY: "landing"})
    assert run.retried == 1
    watch.tick()
    assert box.mail["Subject"].startswith("aml_assets: 1 failure, 1 retry: trx 2024-01-13 failed")
    assert "tables/trx 2024-01-13 failed and is tried again in 0 s\n  table trx, day" in box.text
    assert watch.tick() == "Nothing to tell."


def test_bad_input_is_not_tried_again(bank: Bank, box):
    bank.options["automation"] = {"retries": 2, "retry_delay_seconds": 0}
    watch = Watch(bank, box)
    bank.land("trx", 3, {"trx_id": [1]})
    run = bank.bad("daily", 3, only=("tables/trx",), tags={ASKED_BY: "landing"})
    assert run.retried == 0
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
        name="tables__trx",
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


def test_a_champion_is_told_of_once_it_is_older_than_the_settings_allow(built: Bank, box):
    built.options["scoring"] = {"model_policy": "promoted"}
    built.good("daily", 5, only=("models/gate", "predictions"))
    watch = Watch(built, box)
    built.options["alarms"]["champion_days"] = 1
    built.good("daily", 6, only=("models/gate", "predictions"))
    assert watch.tick() == "Nothing to tell."
    built.prepare(7, 7)
    built.good("daily", 7, only=("models/gate", "predictions"))
    watch.tick()
    assert box.mail["Subject"] == (
        "aml_assets: predictions/predictions 2024-01-07 was scored by aml_xgboost_2024-01-05: "
        "the champion is 2 days old (see aml models)"
    )


def test_three_gates_in_a_row_that_find_the_new_models_worse_are_one_alarm(bank: Bank, box):
    bank.options["scoring"] = {"model_policy": "promoted"}
    watch = Watch(bank, box)
    for number, outcome in enumerate(["worse", "worse", "waits", "worse"], 3):
        event = dg.AssetMaterialization(
            dg.AssetKey(["models", "gate"]),
            partition=str(day(number)),
            metadata={"outcome": outcome, "champion": "aml_xgboost_2024-01-01"},
        )
        assert watch.tick() == "Nothing to tell."
        bank.instance.report_runless_asset_event(event)
    watch.tick()
    assert box.mail["Subject"] == (
        "aml_assets: models/gate 2024-01-06 let no challenger pass: 3 challengers in a row are "
        "surely worse than the champion aml_xgboost_2024-01-01"
    )
    assert watch.tick() == "Nothing to tell."


def described(bank: Bank, number: int, *features: str) -> None:
    """A model page of a day that names these features."""

    @dg.asset(key=["reports", "model_report"])
    def page() -> object:
        shifted = [{"feature": each, "cause": "unseen", "psi": 0.5} for each in features]
        return dg.MaterializeResult(metadata={"shifted": dg.MetadataValue.json(shifted)})

    partitions = dg.StaticPartitionsDefinition([str(day(number))])
    partitioned = page.map_asset_specs(
        lambda spec: spec.replace_attributes(partitions_def=partitions)
    )
    dg.materialize([partitioned], instance=bank.instance, partition_key=str(day(number)))


def test_drift_is_told_by_feature_and_once_a_quarter(bank: Bank, box):
    watch = Watch(bank, box)
    described(bank, 3, "trx.channel")
    assert watch.tick() == "Alarms sent: 1."
    assert box.mail["Subject"] == (
        "aml_assets: reports/model_report 2024-01-03 shows drift from the training rows: "
        "new values: trx.channel"
    )
    described(bank, 4, "trx.channel")
    assert watch.tick() == "Nothing to tell."
    described(bank, 5, "trx.channel", "trx.branch")
    watch.tick()
    assert "new values: trx.branch" in box.mails[-1].get_content()
    assert "trx.channel" not in box.mails[-1].get_content()


def test_a_cursor_of_before_there_were_alarms_of_drift_reads_on_and_tells_no_history(bank, box):
    watch = Watch(bank, box)
    described(bank, 3, "trx.channel")
    (name,) = watch.cursors
    before = json.loads(watch.cursors[name] or "")
    del before["told"], before["seen"]["reports/model_report"]
    watch.cursors[name] = json.dumps(before)
    assert watch.tick() == "Nothing to tell."
    described(bank, 4, "trx.channel")
    assert watch.tick() == "Alarms sent: 1."


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


def test_several_failed_steps_of_a_run_are_one_alarm_with_each_sentence_once(bank: Bank, box):
    watch = Watch(bank, box)
    late = NotLanded("nothing has landed", table="trx", day=day(4))
    broken = InputError("a column is missing", table="str", day=day(5), column="label")
    run_job(
        bank,
        failing_asset("tables/trx", late, late),
        failing_asset("tables/str", broken, late),
        failing_asset("models/model", UpstreamFailed("not built", table="metrics", day=day(6))),
    )
    assert watch.tick() == "Alarms sent: 1."
    title, *sentences = box.mail.get_content().splitlines()[:-2]  # then the time and the link
    assert title == "str, trx 2024-01-04 … 2024-01-05 failed"
    assert sentences == [
        "  table str, day 2024-01-05, column label: a column is missing",
        "  table trx, day 2024-01-04: nothing has landed",
    ]


def test_what_was_not_built_because_of_another_failure_is_told_if_nothing_else_is(bank: Bank, box):
    watch = Watch(bank, box)
    run_job(bank, failing_asset("models/model", UpstreamFailed("not built", day=day(6))))
    watch.tick()
    assert "day 2024-01-06: not built" in box.text


def test_a_step_of_one_asset_is_told_under_its_name_before_it_is_tried_again(bank: Bank, box):
    watch = Watch(bank, box)

    @dg.asset(key=["tables", "trx"])
    def step(context: dg.AssetExecutionContext) -> None:
        if context.retry_number == 0:
            failed = failure([NotLanded("nothing has landed", table="trx")])
            raise dg.RetryRequested(max_retries=1, seconds_to_wait=0) from failed

    run_job(bank, step)
    watch.tick()
    assert box.mail["Subject"] == (
        "aml_assets: tables/trx 2024-01-03 failed and is tried again in 0 s: "
        "table trx: nothing has landed"
    )
