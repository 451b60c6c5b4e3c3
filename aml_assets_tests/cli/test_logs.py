"""``aml logs`` lists runs, the failures of a day, or one run's whole log."""

from collections.abc import Callable, Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.test_utils import create_run_for_test
from typer.testing import CliRunner, Result

from aml_assets.cli.app import app

RANGE_START = "dagster/asset_partition_range_start"
RANGE_END = "dagster/asset_partition_range_end"


@dg.op(name="trx")
def good(context: dg.OpExecutionContext) -> None:
    context.log.info("all went well")


@dg.op(name="trx")
def bad() -> None:
    raise dg.Failure("table trx: nothing has landed\ntable str: nothing has landed")


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """The ids of a good run of the 5th and of a failed one of the 6th to the 8th."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv("DAGSTER_HOME", str(tmp_path_factory.mktemp("dagster")))
        yield _recorded()


def _recorded() -> list[str]:
    found = []
    with dg.DagsterInstance.get() as instance:
        for op, tags in (
            (good, {"dagster/partition": "2024-01-05", "dagster/sensor_name": "landing"}),
            (bad, {RANGE_START: "2024-01-06", RANGE_END: "2024-01-08"}),
        ):
            job = dg.GraphDefinition("daily", node_defs=[op]).to_job()
            result = job.execute_in_process(instance=instance, tags=tags, raise_on_error=False)
            found.append(result.run_id)
    return found


@pytest.fixture
def aml(runs: list[str]) -> Callable[..., Result]:
    return lambda *words: CliRunner().invoke(app, ["logs", *words])


def test_all_runs_are_listed_newest_first_with_their_days_and_cause(runs, aml):
    lines = aml().output.splitlines()
    assert [line[:8] for line in lines] == [runs[1][:8], runs[0][:8]]
    assert lines[0].endswith("FAILURE   daily            2024-01-06 … 2024-01-08  (by hand)")
    assert lines[1].endswith("SUCCESS   daily            2024-01-05  (landing)")
    assert len(aml("--last", "1").output.splitlines()) == 1


@pytest.mark.parametrize("day", ["2024-01-06", "2024-01-07", "2024-01-08"])
def test_a_day_shows_the_failures_of_every_run_that_built_it(runs, aml, day):
    title, *failures = aml(day).output.splitlines()
    assert title.startswith(runs[1][:8])
    assert failures == [
        "    table trx: nothing has landed",
        "    table str: nothing has landed",
    ]


def test_a_day_without_a_run_says_so(aml):
    assert aml("2024-01-09").output == "No run of 2024-01-09 is recorded.\n"


def test_a_run_is_named_by_the_beginning_of_its_id_and_shows_its_whole_log(runs, aml):
    said = aml(runs[0][:12]).output
    assert said.startswith(runs[0][:8])
    assert "trx all went well" in said
    done = CliRunner().invoke(app, ["logs", "xyz"])
    assert done.exit_code == 1
    assert "0 runs have an id that begins with 'xyz'" in done.output


LOGINS = "run_coordinator: {module: aml_assets.automation.logins, class: LoginRunCoordinator}"


@pytest.mark.parametrize(
    ("home", "tags", "shown"),
    [
        (LOGINS, {"user": "anna"}, "by hand, login anna"),
        (LOGINS, {"aml/asked_by": "landing", "user": "anna"}, "landing, login anna"),
        (LOGINS, {"aml/claimed_by": "ada"}, "by hand, claimed by ada"),
        # Where nobody logs in, anybody may have set the tag.
        ("", {"user": "anna"}, "by hand, claimed by anna"),
        # Nor does a tag look like a login, or reach the terminal as more than letters.
        (LOGINS, {"aml/asked_by": "landing, login eve", "user": "anna"}, "by hand, login anna"),
        ("", {"dagster/sensor_name": "\x1b[2Jx"}, "by hand"),
        ("", {"aml/claimed_by": "\x1b[2Jx"}, "by hand, claimed by \\x1b[2Jx"),
    ],
)
def test_who_started_a_run_is_a_login_or_called_a_claim(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: str, tags: dict[str, str], shown: str
):
    (tmp_path / "dagster.yaml").write_text(home)
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    with dg.DagsterInstance.get() as instance:
        create_run_for_test(instance, tags=tags)
    assert f"({shown})" in CliRunner().invoke(app, ["logs"]).output
