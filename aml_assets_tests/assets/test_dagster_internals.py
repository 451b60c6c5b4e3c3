"""Dagster's private parts and sentences that we lean on are still what they were.

A failure after an upgrade names what has moved; only ``assets.dagster_internals`` has to follow.
"""

import ast
import importlib.util
import inspect
import os
import re
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.events import RunFailureReason
from dagster._core.executor import multiprocess
from dagster._core.remote_origin import GrpcServerCodeLocationOrigin, RemoteRepositoryOrigin
from dagster._core.run_coordinator import RunCoordinator
from dagster._core.scheduler.instigation import (
    InstigatorState,
    InstigatorStatus,
    SensorInstigatorData,
)
from dagster._core.workspace.context import WorkspaceRequestContext
from dagster._daemon.auto_run_reexecution import auto_run_reexecution
from dagster._daemon.monitoring import run_monitoring
from dagster._grpc.client import DagsterGrpcClient
from dagster._grpc.types import CanCancelExecutionRequest, CanCancelExecutionResult
from dagster_webserver.webserver import DagsterWebserver

import aml_assets
from aml_assets.assets import dagster_internals as internals
from aml_assets.assets import run_tags
from aml_assets.assets.failures import failure
from aml_assets.errors import NotLanded

MOVED = f"seen in Dagster {internals.SEEN_IN}, and this is {dg.__version__}"
PACKAGE = Path(aml_assets.__file__).parent


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as ephemeral:
        yield ephemeral


def parameters(function: object) -> list[str]:
    assert callable(function), MOVED
    return list(inspect.signature(function).parameters)


def imports(tree: ast.AST) -> Iterator[str]:
    """The full names of what a module imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from (f"{node.module}.{name.name}" for name in node.names)


def is_private(name: str) -> bool:
    return name.startswith(("dagster._", "dagster_shared", "dagster_k8s._", "dagster_postgres._"))


def test_no_other_module_imports_a_private_part():
    found = {
        str(path.relative_to(PACKAGE)): sorted(filter(is_private, imports(ast.parse(text))))
        for path in PACKAGE.rglob("*.py")
        if (text := path.read_text("utf-8")) and path.name != "dagster_internals.py"
    }
    assert {path: names for path, names in found.items() if names} == {}


def test_no_other_module_names_a_private_module_as_text():
    found = [
        f"{path.relative_to(PACKAGE)}: {node.value}"
        for path in PACKAGE.rglob("*.py")
        if path.name != "dagster_internals.py"
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        if is_private(node.value)
    ]
    assert found == []
    assert callable(importlib.import_module(f"{internals.DAEMON}.cli").main), MOVED
    assert importlib.util.find_spec(f"{internals.DAEMON}.__main__"), MOVED


OF_BASES = {
    "_app_path_prefix": DagsterWebserver,
    "_instance": dg.DefaultRunLauncher,
    "_make_request_context": DagsterWebserver,
}
"""Private attributes of Dagster's classes that classes of ours use or override."""


def private_of_bases(tree: ast.Module) -> set[str]:
    """Private attributes of ``self`` and ``super()`` that are not the classes' own."""
    found: set[str] = set()
    for class_ in (node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)):
        nodes = [node for node in ast.walk(class_) if isinstance(node, ast.Attribute)]
        own = {node.attr for node in nodes if isinstance(node.ctx, ast.Store)}
        own |= {node.name for node in class_.body if isinstance(node, ast.FunctionDef)}
        found |= {
            node.attr
            for node in nodes
            if re.match("_[a-z]", node.attr)
            if ast.unparse(node.value) in ("self", "super()")[node.attr in own :]
        }
    return found


def test_classes_of_ours_use_few_private_parts_of_dagsters():
    trees = [
        ast.parse(path.read_text("utf-8"))
        for layer in ("assets", "automation", "cli")
        for path in (PACKAGE / layer).rglob("*.py")
    ]
    used = set[str]().union(*map(private_of_bases, trees))
    assert {"_instance", "_make_request_context"} <= used <= OF_BASES.keys()
    for name, base in OF_BASES.items():
        theirs = [each for each in base.__mro__ if each.__module__.startswith("dagster")]
        text = "".join(map(inspect.getsource, theirs))
        assert re.search(rf"(def |self\.){name}\b", text), MOVED


def test_an_evaluation_names_the_materialization_that_it_checked():
    target = internals.AssetCheckEvaluationTargetMaterializationData(
        storage_id=7, run_id="run", timestamp=1.5
    )
    evaluation = dg.AssetCheckEvaluation(
        asset_key=dg.AssetKey("trx"),
        check_name="volume",
        passed=True,
        partition="2024-02-14",
        metadata={},
        target_materialization_data=target,
    )
    assert evaluation.target_materialization_data == target, MOVED


def test_a_launcher_answers_the_monitor_with_a_status_and_a_reason():
    launcher = dg.DefaultRunLauncher
    assert isinstance(launcher.supports_check_run_worker_health, property), MOVED
    assert parameters(launcher.check_run_worker_health) == ["self", "run"], MOVED
    answer = internals.CheckRunHealthResult(internals.WorkerStatus.FAILED, "gone")
    assert (answer.status, answer.msg) == (internals.WorkerStatus.FAILED, "gone"), MOVED
    assert internals.WorkerStatus.RUNNING.value == "RUNNING", MOVED


def test_a_launcher_reaches_the_code_server_that_started_a_run():
    launcher = dg.DefaultRunLauncher
    assert parameters(launcher._get_grpc_client_for_termination) == ["self", "run_id"], MOVED
    assert isinstance(launcher._instance, property), MOVED
    asked = parameters(DagsterGrpcClient.can_cancel_execution)
    assert asked == ["self", "can_cancel_execution_request", "timeout"], MOVED
    assert CanCancelExecutionRequest(run_id="run").run_id == "run", MOVED
    packed = dg.serialize_value(CanCancelExecutionResult(can_cancel=True))
    assert dg.deserialize_value(packed, CanCancelExecutionResult).can_cancel is True, MOVED


def test_a_module_becomes_a_workspace_for_the_webserver():
    from dagster._core.workspace.context import WorkspaceProcessContext
    from dagster._core.workspace.load_target import ModuleTarget
    from dagster_webserver.app import create_app_from_workspace_process_context as create

    made = parameters(WorkspaceProcessContext)
    assert made[:3] == ["instance", "workspace_load_target", "version"], MOVED
    fields = ["module_name", "attribute", "working_directory", "location_name"]
    assert list(ModuleTarget.__annotations__) == fields, MOVED
    assert {"workspace_process_context", "live_data_poll_rate"} <= set(parameters(create)), MOVED


def test_a_launched_run_says_where_its_code_server_is_reached():
    source = inspect.getsource(dg.DefaultRunLauncher.launch_run_from_grpc_client)
    assert internals.GRPC_INFO_TAG == ".dagster/grpc_info", MOVED
    for part in ("GRPC_INFO_TAG: seven.json.dumps(", '{"port": grpc_client.port}', '{"socket": '):
        assert part in source, MOVED


def test_the_tags_that_we_read_and_write_have_dagsters_names():
    from dagster._core.storage import tags

    ours = {
        run_tags.ONE_PARTITION: tags.PARTITION_NAME_TAG,
        run_tags.RANGE_START: tags.ASSET_PARTITION_RANGE_START_TAG,
        run_tags.RANGE_END: tags.ASSET_PARTITION_RANGE_END_TAG,
        next(iter(run_tags.NO_RESTART)): tags.MAX_RETRIES_TAG,
        "dagster/max_runtime": tags.MAX_RUNTIME_SECONDS_TAG,
        "dagster/parent_run_id": internals.PARENT_RUN_ID_TAG,
        "dagster/retry_number": internals.RETRY_NUMBER_TAG,
        "dagster/will_retry": internals.WILL_RETRY_TAG,
        "dagster/auto_retry_run_id": internals.AUTO_RETRY_RUN_ID_TAG,
    }
    assert {name: theirs for name, theirs in ours.items() if name != theirs} == {}, MOVED


def test_the_daemon_writes_down_if_it_starts_a_run_again():
    source = inspect.getsource(auto_run_reexecution)
    assert "{WILL_RETRY_TAG: str(should_retry_run).lower()}" in source, MOVED


def test_a_sensors_state_holds_its_cursor_and_its_last_tick(tmp_path: Path):
    location = GrpcServerCodeLocationOrigin(host="localhost", port=4711, location_name="aml")
    origin = RemoteRepositoryOrigin(location, "repository").get_instigator_origin("landing")
    data = SensorInstigatorData(last_tick_timestamp=1.5, cursor="here")
    running = InstigatorStatus.RUNNING
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        assert internals.sensor_state(instance, "landing") is None
        instance.add_instigator_state(InstigatorState(origin, InstigatorType.SENSOR, running, data))
        state = internals.sensor_state(instance, "landing")
        assert state is not None, MOVED
        assert (state.last_tick_timestamp, state.cursor) == (1.5, "here"), MOVED
        assert internals.sensor_state(instance, "another") is None


def test_a_job_of_assets_is_resolved_later():
    from dagster._core.definitions import unresolved_asset_job_definition as theirs

    job = dg.define_asset_job("daily", selection="*")
    assert isinstance(job, theirs.UnresolvedAssetJobDefinition), MOVED


def failed_run(instance: dg.DagsterInstance, *, retries: int) -> dg.ExecuteInProcessResult:
    """A run whose step fails as ours do, after as many retries."""

    @dg.op
    def step() -> None:
        failed = failure([NotLanded("nothing has landed", table="trx", remedy="Wait.")])
        if retries:
            raise dg.RetryRequested(max_retries=retries, seconds_to_wait=0) from failed
        raise failed

    @dg.job
    def tiny() -> None:
        step()

    return tiny.execute_in_process(instance=instance, raise_on_error=False)


def test_a_step_that_is_retried_keeps_the_failures_text_as_its_cause(instance: dg.DagsterInstance):
    result = failed_run(instance, retries=1)
    (event,) = [each for each in result.all_events if each.is_step_up_for_retry]
    error, cause = internals.causes(event.step_retry_data.error)
    assert cause.cls_name == "Failure", MOVED
    text = "dagster._core.definitions.events.Failure: table trx: nothing has landed. Wait."
    assert cause.message.strip() == text, MOVED
    assert error.cause is cause


def test_an_error_of_ours_is_named_with_its_module(instance: dg.DagsterInstance):
    @dg.op
    def step() -> None:
        raise NotLanded("nothing has landed")

    @dg.job
    def tiny() -> None:
        step()

    result = tiny.execute_in_process(instance=instance, raise_on_error=False)
    (event,) = [each for each in result.all_events if each.is_step_failure]
    innermost = list(internals.causes(event.step_failure_data.error))[-1]
    assert innermost.message.strip() == "aml_assets.errors.NotLanded: nothing has landed", MOVED


def test_a_run_tells_apart_why_it_failed(instance: dg.DagsterInstance):
    result = failed_run(instance, retries=0)
    (event,) = [each for each in result.all_events if each.is_failure and each.is_job_event]
    reason = event.job_failure_data.failure_reason
    assert reason is not None, MOVED
    assert reason.value == internals.STEP_FAILED, MOVED
    assert RunFailureReason(internals.START_TIMED_OUT) is RunFailureReason.START_TIMEOUT, MOVED


def test_a_run_in_one_process_names_it(instance: dg.DagsterInstance):
    result = failed_run(instance, retries=0)
    messages = [each.message or "" for each in result.all_events if each.is_engine_event]
    assert os.getpid() in {internals.process_in(message) for message in messages}, MOVED


def test_a_run_with_a_process_per_step_names_the_first():
    sentence = "Executing steps using multiprocess executor: parent process (pid: {os.getpid()})"
    assert sentence in inspect.getsource(multiprocess), MOVED
    assert internals.process_in(sentence.replace("{os.getpid()}", "4711")) == 4711
    assert internals.process_in("Started process for run (pid: 4711).") is None


def test_the_daemon_says_that_a_run_reached_its_maximum_runtime(instance: dg.DagsterInstance):
    source = inspect.getsource(run_monitoring)
    canceling = "Canceling due to exceeding maximum runtime of {int(max_time)} seconds."
    failing = "Exceeded maximum runtime of {int(max_time)} seconds."
    assert canceling in source, MOVED
    assert failing in source, MOVED
    assert internals.maximum_runtime_in(failing.replace("{int(max_time)}", "60")) == 60
    run = instance.add_run(dg.DagsterRun(job_name="daily"))
    for message in (canceling.replace("{int(max_time)}", "60"), None):
        instance.report_run_canceling(run, message)
    told = [
        record.event_log_entry.message
        for record in instance.get_records_for_run(
            run.run_id, of_type=dg.DagsterEventType.RUN_CANCELING
        ).records
    ]
    assert [internals.is_cancellation_for_runtime(each) for each in told] == [True, False], MOVED


def test_a_materialization_is_tagged_with_what_it_was_built_from():
    inputs = {dg.AssetKey(["tables", "trx"]): ("digest", 7), dg.AssetKey("new"): (None, None)}
    assert internals.provenance_tags("3", inputs) == {
        "dagster/code_version": "3",
        "dagster/data_version_is_user_provided": "true",
        "dagster/input_data_version/tables/trx": "digest",
        "dagster/input_event_pointer/tables/trx": "7",
        "dagster/input_data_version/new": "INITIAL",
        "dagster/input_event_pointer/new": "NULL",
    }, MOVED


def test_the_latest_version_of_each_partition_is_found(instance: dg.DagsterInstance):
    for partition, version in (("a", "1"), ("b", "1"), ("a", "2")):
        instance.report_runless_asset_event(
            dg.AssetMaterialization(
                "trx", partition=partition, tags={internals.DATA_VERSION_TAG: version}
            )
        )
    found = internals.latest_versions(instance, dg.AssetKey("trx"), ["a", "b", "c"])
    assert {day: version for day, (version, _) in found.items()} == {"a": "2", "b": "1", "c": None}
    (a, b, c) = (storage_id for _, storage_id in found.values())
    assert (a or 0) > (b or 0) > 0, MOVED
    assert c is None


class FailingManager(dg.IOManager):
    """An IO manager that keeps nothing, and fails for the asset `first`."""

    def handle_output(self, context: dg.OutputContext, obj: object) -> None:
        if context.asset_key == dg.AssetKey("first"):
            raise dg.Failure("kept by nobody", metadata={"why": "a test"}, allow_retries=False)

    def load_input(self, context: dg.InputContext) -> int:
        return 1


@dg.asset
def first() -> dg.Output[int]:
    return dg.Output(1)


@dg.asset
def second(first: int) -> dg.Output[int]:
    return dg.Output(2, metadata=internals.NO_AUTOMATIC_EVENTS)


def soft_run(instance: dg.DagsterInstance) -> list[dg.DagsterEvent]:
    """The events of a run whose first step fails after its output, with soft dependencies."""
    soft = {"step_dependency_config": {"require_upstream_step_success": False}}
    definitions = dg.Definitions(
        assets=[first, second],
        resources={"io_manager": FailingManager()},
        executor=dg.in_process_executor.configured(soft),
    )
    job = definitions.resolve_implicit_global_asset_job_def()
    result = internals.execute_here(job, instance, assets=None, tags={}, run_config={})
    assert not result.success
    return list(result.all_events)


def test_a_job_is_executed_here_with_its_own_executor(instance: dg.DagsterInstance):
    events = soft_run(instance)
    assert {each.step_key for each in events if each.is_step_start} == {"first", "second"}, MOVED
    (failed,) = [each for each in events if each.is_step_failure]
    data = failed.step_failure_data.user_failure_data
    assert isinstance(data, internals.UserFailureData), MOVED
    assert (data.description, data.metadata["why"].value) == ("kept by nobody", "a test"), MOVED


def test_an_output_of_ours_is_no_materialization(instance: dg.DagsterInstance):
    events = soft_run(instance)
    assert "second" in {each.step_key for each in events if each.is_successful_output}
    assert [each for each in events if each.is_step_materialization] == [], MOVED


# -- who asks ----------------------------------------------------------------------------------


def test_a_run_that_is_submitted_knows_the_request_that_it_comes_from():
    assert issubclass(internals.QueuedRunCoordinator, RunCoordinator), MOVED
    assert parameters(internals.QueuedRunCoordinator.submit_run) == ["self", "context"], MOVED
    assert internals.SubmitRunContext._fields == ("dagster_run", "workspace"), MOVED
    assert isinstance(WorkspaceRequestContext.source, property), MOVED


def test_a_webserver_puts_the_users_name_where_its_context_says():
    assert internals.USER_TAG == "user", MOVED
    assert internals.REPORTING_USER_TAG == "dagster/reporting_user", MOVED
    assert internals.PARENT_BACKFILL_ID_TAG == "dagster/parent_backfill_id", MOVED
    for hook in ("get_viewer_tags", "get_reporting_user_tags"):
        assert parameters(getattr(WorkspaceRequestContext, hook)) == ["self"], MOVED
    made = DagsterWebserver._make_request_context
    assert parameters(made) == ["self", "conn"], MOVED
    for built in ("build_middleware", "build_graphql_middleware"):
        assert parameters(getattr(DagsterWebserver, built)) == ["self"], MOVED
    assert isinstance(WorkspaceRequestContext.source, property), MOVED
