"""A NameNode fails in the middle of a run: it ends well, with the outputs of an undisturbed one.

Belongs here: whole backfills of the tiny bank, one by each protocol at the same time, and one fault
for both. Does not belong here: single operations under faults (`io/test_hdfs_faults`,
`io/test_hdfs_failover`).
"""

from __future__ import annotations

import logging
import re
import threading
import time
import uuid
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import dagster as dg
import pytest

from aml_assets.automation.backfill_plan import plan_backfill, select_assets
from aml_assets.automation.backfill_runs import run_backfill
from aml_assets.build import build_definitions
from aml_assets.io.catalog import Catalog
from aml_assets.io.debris import find_debris, remove
from aml_assets.io.retry import Retry
from aml_assets.settings.load import load_settings
from aml_assets_tests.conftest import Bank, day
from aml_assets_tests.hadoop.artefacts import require_hadoop
from aml_assets_tests.hadoop.cluster import Cluster
from aml_assets_tests.hadoop.daemon import ClusterError
from aml_assets_tests.io.places import Place, digests, land

pytestmark = pytest.mark.long  # servers are killed, and waited for

SCHEMES = ("hdfs", "webhdfs")
DONE_BEFORE = 9
"""Partitions, of 29, that each run has built when the fault comes."""

_SECONDS = 300.0


def catalog_of(landing: Place, store: Place, retry: float = 200) -> Catalog:
    return Catalog(
        load_settings(
            landing={"url": landing.url},
            store={"url": store.url},
            hdfs={
                "authentication": "insecure",
                "timeout_seconds": 30,
                "retry_seconds": retry,
                "client": store.client,
            },
            partitions={"first_day": day(1)},
            windows={"train_days": 2, "eval_days": 1},
            training={"rounds": 3, "max_depth": 2, "threads": 1, "min_child_weight": 0},
        )
    )


def backfill(catalog: Catalog) -> list[str]:
    """Build one day and what its windows need; gives what failed."""
    plan = plan_backfill(catalog, select_assets(catalog, []), [day(4)])
    # Closed by its own thread: another one's garbage collector would complain of that.
    with dg.DagsterInstance.ephemeral() as instance:
        definitions = build_definitions(catalog.settings)
        return run_backfill(catalog, plan, definitions=definitions, instance=instance)


def run(landing: Place, store: Place) -> dict[str, str]:
    """Run a backfill that ends well; gives the digests of all files."""
    catalog = catalog_of(landing, store)
    problems = backfill(catalog)
    assert not problems, "\n".join(problems)
    return made_in(catalog, store)


def made_in(catalog: Catalog, store: Place) -> dict[str, str]:
    # What was tried in vain may have left a file in a folder that nobody writes to again.
    for debris in find_debris(catalog.store, 0, now=time.time() + 60):
        remove(catalog.store, debris)
    return digests(store.files)


@contextmanager
def in_the_middle(
    fault: Callable[[], None], runs: int = len(SCHEMES)
) -> Generator[threading.Barrier]:
    """Hold each run after some partitions, until all are there and the fault has begun."""
    built = threading.local()
    meeting = threading.Barrier(runs, fault, _SECONDS)

    def count(_: logging.LogRecord) -> bool:
        built.partitions = getattr(built, "partitions", 0) + 1
        if built.partitions == DONE_BEFORE:
            meeting.wait()
        return False

    logger = logging.getLogger("aml_assets.progress")
    level = logger.level
    logger.setLevel(logging.INFO)
    logger.addFilter(count)
    try:
        yield meeting
    finally:
        logger.removeFilter(count)
        logger.setLevel(level)


@pytest.fixture(scope="module")
def landed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    bank = Bank(tmp_path_factory.mktemp("bank"))
    bank.land_static()
    for number in range(1, 5):
        bank.land_day(number)
    return bank.landing


@pytest.fixture(scope="module")
def undisturbed(landed: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Names and digests of what the run makes on local files."""
    store = tmp_path_factory.mktemp("store")
    return run(Place("local", str(landed)), Place("local", str(store)))


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    require_hadoop()
    folder = tmp_path_factory.mktemp("pair")
    with Cluster(folder, datanodes=1, high_availability=True) as started:
        yield started


def run_through(
    pair: Cluster, landed: Path, fault: Callable[[], None]
) -> dict[str, dict[str, str]]:
    """Run by each protocol, with the fault in the middle of both; gives what each made."""
    root = f"/{uuid.uuid4().hex}"

    def place(scheme: str, name: str) -> Place:
        return Place(scheme, f"{root}/{name}", pair.hdfs_url, pair.webhdfs_url, pair.client_config)

    land(landed, place("hdfs", "landing"))
    with in_the_middle(fault) as meeting, ThreadPoolExecutor(len(SCHEMES)) as threads:

        def run_by(scheme: str) -> dict[str, str]:
            try:
                return run(place(scheme, "landing"), place(scheme, f"on-{scheme}"))
            except BaseException:
                meeting.abort()  # nobody needs to wait for this one
                raise

        return dict(zip(SCHEMES, threads.map(run_by, SCHEMES), strict=True))


def test_a_namenode_restarted_in_the_middle_of_a_run_is_waited_for(
    landed: Path, undisturbed: dict[str, str], pair: Cluster
) -> None:
    active = pair.active

    def come_back() -> None:
        active.start()
        while True:  # it begins on standby, once it listens
            with suppress(ClusterError):
                return pair.promote(active)

    restarted = threading.Timer(2.0, come_back)

    def restart() -> None:
        active.kill()
        restarted.start()

    made = run_through(pair, landed, restart)
    restarted.join()
    assert pair.active is active
    assert made == dict.fromkeys(SCHEMES, undisturbed)


def test_a_run_goes_on_by_the_namenode_that_takes_over(
    landed: Path, undisturbed: dict[str, str], pair: Cluster
) -> None:
    active, standby = pair.active, pair.standby
    promoted = threading.Timer(0, pair.promote, [standby])

    def take_over() -> None:
        active.kill()
        promoted.start()

    made = run_through(pair, landed, take_over)
    promoted.join()
    assert pair.active is standby
    assert made == dict.fromkeys(SCHEMES, undisturbed)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_cluster_that_dies_costs_one_wait_and_the_same_command_builds_what_is_left(
    landed: Path,
    undisturbed: dict[str, str],
    pair: Cluster,
    scheme: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    root, waited, patience = f"/{uuid.uuid4().hex}", list[float](), 15.0
    landing, store = (
        Place(scheme, f"{root}/{name}", pair.hdfs_url, pair.webhdfs_url, pair.client_config)
        for name in ("landing", "store")
    )
    land(landed, landing)
    active = pair.active
    running = [each for each in pair.namenodes if each.is_running]  # one may be dead

    def counted(patience: float, base_delay: float, sleep: Callable[[float], None]) -> Retry:
        def wait(seconds: float) -> None:
            waited.append(seconds)
            sleep(seconds)

        return Retry(patience, base_delay, wait)

    def die() -> None:
        for namenode in running:
            namenode.kill()

    monkeypatch.setattr("aml_assets.io.store.Retry", counted)
    with in_the_middle(die, runs=1):
        problems = backfill(catalog_of(landing, store, patience))
    assert sum(waited) <= 2 * patience  # the landing once, the store once
    cause, *_, last = problems
    assert re.search(r"^\w+ \S+: .* \((store|landing) \w+://", cause)
    assert sum("See whether the cluster is up" in problem for problem in problems) == 1
    assert re.match(r"the backfill ended, as the (store|landing) \w+://.* is away\. Left: ", last)
    for namenode in running:
        namenode.start()
    while True:
        with suppress(ClusterError):
            pair.promote(active)
            break
    pair.wait_until_serving()
    catalog = catalog_of(landing, store)
    assert backfill(catalog) == []
    assert made_in(catalog, store) == undisturbed
