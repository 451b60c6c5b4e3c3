"""A tiny bank for tests that run through Dagster: landings from dicts, runs, what came of them.

Belongs here: what the tests of assets, IO managers and definitions share. Does not belong here:
expectations, and fixtures that only one file uses.

The bank: twelve transactions and eight reports a day in January 2024, six retail and two
corporate customers, ten accounts. Every transaction of an ATM is reported as laundering. Of the
histories it has the network alone: each adds two steps to every run.
"""

import datetime as dt
import fcntl
import os
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import settings as hypothesis_settings

from aml_assets.assets.asset_checks import checked_assets
from aml_assets.assets.dagster_internals import execute_here
from aml_assets.assets.failures import only_follows
from aml_assets.build import build_definitions, declared_assets
from aml_assets.io.catalog import Catalog
from aml_assets.settings.load import Settings, load_settings
from aml_assets.steps.checking.verdicts import Verdicts
from aml_assets_tests.hadoop.fixtures import hadoop as hadoop
from aml_assets_tests.spark.fixtures import spark as spark
from aml_assets_tests.spark.fixtures import workers as workers

# A busy machine is slow, and that is no failure.
hypothesis_settings.register_profile("untimed", deadline=None)
hypothesis_settings.load_profile("untimed")

_LONGEST_FIRST = (
    "deploy/test_compose.py",
    "test_real_input.py",
    "io/test_hdfs_faults.py",
    "benchmarks/test_benchmarks.py",
    "automation/test_whole_night.py",
    "hadoop/test_cluster.py",
    "test_graph_faults.py",
    "browser/test_ui.py",
    "cli/test_commands.py",
    "cli/test_app.py",
    "io/test_promises_races.py",
    "io/test_hdfs_security.py",
    "cli/migration/test_switch.py",
    "automation/test_landing_sensor.py",
    "automation/test_runs_end.py",
    "io/test_promises_kills.py",
    "assets/test_ranges.py",
    "automation/test_backfill_plan.py",
)
"""Files that take a minute and more: begun last, one would keep one worker and no other busy."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest; all else in its order."""
    root = Path(__file__).parent
    places = {root / name: place for place, name in enumerate(_LONGEST_FIRST)}
    items.sort(key=lambda item: places.get(item.path, len(places)))


CHANNELS = ("web", "atm", "branch", "app")
PREPARE = ("tables", "features")
RANGE = ("dagster/asset_partition_range_start", "dagster/asset_partition_range_end")


def day(number: int) -> dt.date:
    """The n-th of January 2024; the 0th and less lie before it."""
    return dt.date(2023, 12, 31) + dt.timedelta(days=number)


def trx_columns(number: int) -> dict[str, Any]:
    """A day's transactions, with ids ``number * 100`` and on."""
    rows = range(12)
    return {
        "trx_id": [number * 100 + row for row in rows],
        "cust_id": [1 + row % 8 for row in rows],
        "account_id": [50 + row % 10 for row in rows],
        "target_cust_id": [1 + (row + 3) % 8 for row in rows],
        "target_account_id": [50 + (row + 3) % 10 for row in rows],
        "amount": [10.0 * row + number for row in rows],
        "timestamp": [dt.datetime(2024, 1, 1, row, 30) for row in rows],  # noqa: DTZ001
        "channel": [CHANNELS[row % 4] for row in rows],
    }


def str_columns(number: int, labels: Sequence[int | None] | None = None) -> dict[str, Any]:
    """A day's reports of its own first eight transactions; the last one is undecided."""
    return {
        "trx_id": [number * 100 + row for row in range(8)],
        "ins_id": [7] * 8,
        "label": list(labels or [0, 1, 0, 0, 0, 1, 0, None]),
        "reason": ["rule 1", "rule 2"] * 4,
    }


STATIC: dict[str, dict[str, Any]] = {
    "retail": {
        "cust_id": [1, 2, 3, 4, 5, 6],
        "age": [31, 45, 28, 60, 52, 39],
        "city": ["Bern", "Genf", "Bern", "Basel", "Genf", "Bern"],
    },
    "corporate": {"cust_id": [7, 8], "sector": ["trade", "trade"]},
    "account": {
        "account_id": list(range(50, 60)),
        "opened": [dt.date(2020, 1, 1 + n) for n in range(10)],
        "product": ["current", "savings"] * 5,
    },
}


@dataclass
class Run:
    """What one run did, read back from the instance's event log."""

    success: bool
    sentences: list[str]
    """The failures' descriptions, one per failed step that failed by itself."""
    consequences: list[str]
    """The same of steps that failed only because one before them had."""
    materialized: set[tuple[str, str]]
    observed: set[tuple[str, str]]
    metadata: dict[tuple[str, str], dict[str, Any]]
    retried: int
    """Attempts after a step's first one."""
    entries: Sequence[dg.EventLogEntry]
    """The run in the event log."""
    run_id: str

    @cached_property
    def log(self) -> str:
        """All text of the run in the event log."""
        return "\n".join(map(event_text, self.entries))

    @property
    def sentence(self) -> str:
        """All that the run says of its failures, a sentence a line."""
        assert self.sentences
        return "\n".join(self.sentences)

    def figures(self, asset: str, number: int) -> dict[str, Any]:
        """The metadata of one asset's day, as plain values."""
        return self.metadata[asset, str(day(number))]


@dataclass
class Bank:
    """A landing and a store in one folder, the definitions over them, and an event log."""

    root: Path
    options: dict[str, Any] = field(default_factory=dict)
    log_level: str = "CRITICAL"

    @cached_property
    def instance(self) -> dg.DagsterInstance:
        """The bank's event log, in memory."""
        return dg.DagsterInstance.ephemeral()

    # -- the landing -----------------------------------------------------------------------

    @property
    def landing(self) -> Path:
        return self.root / "landing"

    @property
    def store(self) -> Path:
        return self.root / "store"

    @property
    def variables(self) -> dict[str, str]:
        """The environment by which a command finds the bank, under its settings."""
        return {
            "AML_LANDING__URL": str(self.landing),
            "AML_STORE__URL": str(self.store),
            "AML_PARTITIONS__LAST_DAY": str(day(20)),
            "AML_WINDOWS__TRAIN_DAYS": "3",
            "AML_WINDOWS__EVAL_DAYS": "1",
            "AML_FEATURES__NETWORK__WINDOWS": "[3]",
            "AML_FEATURES__NETWORK__HORIZON_DAYS": "6",
            "AML_FEATURES__BEHAVIOUR__ENABLED": "false",
            "AML_TRAINING__REFIT": "false",
            "AML_SCORING__MODEL_POLICY": "newest",
        }

    def folder(self, table: str, number: int | None = None) -> Path:
        """Where a table lands: on the n-th, or for good."""
        path = self.settings.tables[table].path.strip("/")
        return self.landing / path.replace("{date}", "" if number is None else str(day(number)))

    def land(
        self, table: str, number: int | None, columns: Mapping[str, Any] | pa.Table, part: int = 0
    ) -> Path:
        """Write one Parquet file of a landed table; ``None`` as number: a static one."""
        folder = self.folder(table, number)
        folder.mkdir(parents=True, exist_ok=True)
        frame = columns if isinstance(columns, pa.Table) else pa.table(dict(columns))
        pq.write_table(frame, folder / f"part-{part:05}.parquet")
        (folder / "_SUCCESS").touch()
        return folder

    def land_day(self, number: int) -> None:
        """The tiny bank's two daily tables."""
        self.land("trx", number, trx_columns(number))
        self.land("str", number, str_columns(number))

    def land_empty(self, number: int) -> None:
        """A day that landed without a row: only ``_SUCCESS``."""
        for table in ("trx", "str"):
            folder = self.folder(table, number)
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            (folder / "_SUCCESS").touch()

    def land_static(self) -> None:
        """The tiny bank's customers and accounts."""
        for table, columns in STATIC.items():
            self.land(table, None, columns)

    def unland(self, number: int) -> None:
        """Take a day's daily tables away."""
        for table in ("trx", "str"):
            shutil.rmtree(self.folder(table, number))

    # -- running ---------------------------------------------------------------------------

    @property
    def settings(self) -> Settings:
        """Windows of 3 + 1 days, few trees, no retries, unless the options differ."""
        base: dict[str, Any] = {
            "landing": {"url": str(self.landing)},
            "store": {"url": str(self.store)},
            "partitions": {"first_day": day(1), "last_day": day(20)},
            "windows": {"train_days": 3, "eval_days": 1},
            "features": {
                "network": {"windows": [3], "horizon_days": 6},
                "behaviour": {"enabled": False},
            },
            "training": {
                "rounds": 3,
                "max_depth": 2,
                "threads": 1,
                "min_child_weight": 0,
                "refit": False,  # one model a day; two have tests of their own
            },
            "scoring": {"model_policy": "newest"},  # champions have tests of their own
            "automation": {"retries": 0},
        }
        for section, values in self.options.items():
            merge = section in base and isinstance(values, dict)
            base[section] = {**base[section], **values} if merge else values
        return load_settings(**base)

    @property
    def catalog(self) -> Catalog:
        """What is stored, without Dagster."""
        return Catalog(self.settings)

    def definitions(self) -> dg.Definitions:
        return build_definitions(self.settings)

    def run(
        self,
        job: str = "daily",
        number: int | None = None,
        *,
        days: tuple[int, int] | None = None,
        only: Iterable[str] | None = None,
        config: Mapping[str, Any] | None = None,
        partition: str | None = None,
        definitions: dg.Definitions | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> Run:
        """Run a job for a day, or for a range in a single run as the UI's backfill does.

        Args:
            job: its name.
            number: the day; ``None`` runs without a partition, as ``job execute`` lets one.
            days: first and last day of a range, both included.
            only: asset names (``tables/trx``) or groups (``tables``) to select.
            config: run options.
            partition: a partition key as text, unchecked.
            definitions: instead of the bank's own.
            tags: further tags of the run.
        """
        resolved = (definitions or self.definitions()).resolve_job_def(job)
        chosen, tags = dict(tags or {}), {}
        key = partition or (str(day(number)) if number is not None else None)
        if days:
            tags = {name: str(day(number)) for name, number in zip(RANGE, days, strict=True)}
        elif key:
            # As `dagster job execute --tags` does it, which checks nothing.
            tags = {"dagster/partition": key}
        loggers = {"console": {"config": {"log_level": self.log_level}}}
        result = execute_here(
            resolved,
            self.instance,
            tags={**tags, **chosen},
            assets=self._selected(resolved, only),
            run_config={
                "loggers": loggers,
                "resources": {"run_options": {"config": dict(config or {})}},
            },
        )
        return self._outcome(result.run_id, result.success)

    def prepare(self, first: int, last: int) -> None:
        """Build and check tables and features of a range, as a run does it, but without Dagster."""
        catalog, checked = self.catalog, checked_assets(self.settings)
        verdicts = Verdicts(catalog)
        for asset in declared_assets(self.settings):
            if asset.name.partition("/")[0] not in PREPARE:
                continue
            for when in map(day, range(first, last + 1)):
                built = asset.built(catalog, when)
                published = built.publish_to(catalog.of(asset.name), when)
                if asset.name in checked:
                    verdicts.get_or_create(asset.name, when, published.manifest)

    def good(self, job: str = "daily", number: int | None = None, **kwargs: Any) -> Run:
        """A run that must succeed."""
        run = self.run(job, number, **kwargs)
        assert run.success, run.sentences
        return run

    def bad(self, job: str = "daily", number: int | None = None, **kwargs: Any) -> Run:
        """A run that must fail."""
        run = self.run(job, number, **kwargs)
        assert not run.success
        return run

    def _selected(
        self, job: dg.JobDefinition, only: Iterable[str] | None
    ) -> list[dg.AssetKey] | None:
        if only is None:
            return None
        wanted = set(only)
        return [
            key
            for key in job.asset_layer.executable_asset_keys
            if {key.path[0], "/".join(key.path)} & wanted
        ]

    def _outcome(self, run_id: str, success: bool) -> Run:
        run = Run(success, [], [], set(), set(), {}, 0, self.instance.all_logs(run_id), run_id)
        for entry in run.entries:
            event = entry.dagster_event
            if event is None:
                continue
            if event.is_step_failure:
                data = event.step_failure_data
                failure = data.user_failure_data
                text = failure.description if failure else None
                text = text or f"no sentence: {root_message(data.error)}"
                (run.consequences if only_follows(failure) else run.sentences).append(text)
            if event.is_job_failure and not run.sentences:
                # It failed before its first step; else this repeats the first step's error.
                text = root_message(event.job_failure_data.error)
                run.sentences.append(text.partition(": ")[2].strip())
            run.retried += event.is_step_up_for_retry
            found = materialization_or_observation(event)
            if found is None:
                continue
            pair = ("/".join(found.asset_key.path), found.partition or "")
            is_real = isinstance(found, dg.AssetMaterialization)
            (run.materialized if is_real else run.observed).add(pair)
            run.metadata[pair] = {name: value.value for name, value in found.metadata.items()}
        return run

    # -- what came of it -------------------------------------------------------------------

    def _paths(self) -> dict[str, Path]:
        found = sorted(path for path in self.store.rglob("*") if path.is_file())
        return {str(path.relative_to(self.store)): path for path in found}

    def files(self) -> dict[str, bytes]:
        """Every file of the store, by path; hidden ones, too."""
        return {name: path.read_bytes() for name, path in self._paths().items()}

    def times(self) -> dict[str, int]:
        """When each file of the store was last written, in nanoseconds."""
        return {name: path.stat().st_mtime_ns for name, path in self._paths().items()}

    def frame(self, asset: str, number: int) -> pa.Table:
        """A stored frame."""
        return self.catalog.frames(asset).load(day(number))

    def features(self, number: int) -> pa.Table:
        """A stored merged frame."""
        return self.frame("features/merged_features", number)

    def csv(self, number: int) -> pa.Table:
        """A stored prediction CSV."""
        return self.catalog.predictions.load(day(number))

    def event_log(self) -> str:
        """All text of all runs."""
        return "\n".join(
            event_text(entry)
            for run in self.instance.get_runs()
            for entry in self.instance.all_logs(run.run_id)
        )

    def copy_to(self, root: Path, **options: Any) -> "Bank":
        """A bank of its own with the same files, under more options."""
        for name in ("landing", "store"):
            if (self.root / name).exists():
                shutil.copytree(self.root / name, root / name, dirs_exist_ok=True)
        return Bank(root, {**self.options, **options})


def materialization_or_observation(
    event: dg.DagsterEvent,
) -> dg.AssetMaterialization | dg.AssetObservation | None:
    """What an event says of an asset, if it is one of these two."""
    if event.event_type == dg.DagsterEventType.ASSET_MATERIALIZATION:
        return event.step_materialization_data.materialization
    if event.event_type == dg.DagsterEventType.ASSET_OBSERVATION:
        return event.asset_observation_data.asset_observation
    return None


def event_text(entry: dg.EventLogEntry) -> str:
    """All that the event log keeps of one event."""
    return f"{entry.user_message}\n{dg.serialize_value(entry)}"


def root_message(error: Any) -> str:
    """The message of the error at the bottom of a chain of causes, with its type."""
    while error is not None and error.cause is not None:
        error = error.cause
    return error.message if error is not None else ""


def flip_byte(path: Path, position: int) -> None:
    """Alter one byte of a file."""
    data = bytearray(path.read_bytes())
    data[position] ^= 0x01
    path.write_bytes(data)


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("AML_") and name != "AML_REQUIRE_ALL":
            monkeypatch.delenv(name)


def built_once(factory: pytest.TempPathFactory, name: str, build: Callable[[Path], None]) -> Path:
    """A folder of the whole test run: its first worker fills it, the others wait for that.

    Args:
        factory: where the test run keeps its files.
        name: the folder's.
        build: fills a folder of its own, which is renamed when it is complete.
    """
    common = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        common = common.parent
    folder, aside = common / name, common / f"{name}.part"
    with (common / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            shutil.rmtree(aside, ignore_errors=True)
            build(aside)
            aside.rename(folder)
    return folder


@pytest.fixture(scope="session")
def landed_bank(tmp_path_factory: pytest.TempPathFactory) -> Bank:
    """Days 1 to 12 landed, nothing built. To be copied, not changed."""

    def land(folder: Path) -> None:
        bank = Bank(folder)
        bank.land_static()
        for number in range(1, 13):
            bank.land_day(number)

    return Bank(built_once(tmp_path_factory, "landed", land))


@pytest.fixture(scope="session")
def built_bank(landed_bank: Bank, tmp_path_factory: pytest.TempPathFactory) -> Bank:
    """Days 1 to 6 prepared, a model and predictions for day 5. To be copied, not changed."""

    def build(folder: Path) -> None:
        bank = landed_bank.copy_to(folder)
        bank.prepare(1, 6)
        bank.good("daily", 5, only=("models", "predictions"))

    return Bank(built_once(tmp_path_factory, "built", build))


@pytest.fixture
def bank(landed_bank: Bank, tmp_path: Path) -> Bank:
    """A landed bank of the test's own."""
    return landed_bank.copy_to(tmp_path / "bank")


@pytest.fixture
def built(built_bank: Bank, tmp_path: Path) -> Bank:
    """A built bank of the test's own."""
    return built_bank.copy_to(tmp_path / "bank")


@pytest.fixture
def new_bank(tmp_path: Path) -> Callable[..., Bank]:
    """Empty banks, under options."""

    return lambda **options: Bank(tmp_path / "bank", options)
