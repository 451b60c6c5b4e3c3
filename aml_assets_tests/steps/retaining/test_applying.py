"""A deletion leaves nothing of an expired customer, is told of, and is completed once stopped."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from aml_assets.core.night.cursor import Cursor
from aml_assets.errors import AmlError, DeletedUnderRule, NotReady
from aml_assets.io.catalog import Catalog
from aml_assets.io.store import Store
from aml_assets.steps.retaining.applying import apply_retention
from aml_assets.steps.retaining.holding import hold, release
from aml_assets.steps.retaining.planning import plan_retention
from aml_assets.steps.watching.status_board import StatusBoard
from aml_assets_tests.conftest import Bank, day
from aml_assets_tests.hadoop.fixtures import Hadoop
from aml_assets_tests.steps.retaining.old_bank import CANARY, TODAY, found_in


def retain(catalog: Catalog) -> None:
    apply_retention(catalog, plan_retention(catalog, TODAY))


def test_a_canary_is_found_in_all_kinds_of_files_before_and_nowhere_after(old: Bank):
    catalog = old.catalog
    before = found_in(catalog)
    folders = {path.partition("/")[0] for path in before}
    assert folders == {"dispositions", "features", "predict_res", "report", "tables"}
    assert any("/.versions/" in path for path in before)
    assert any("adhoc" in path for path in before)
    retain(catalog)
    assert found_in(catalog) == set()
    assert not [path for path in old.store.rglob("*") if not path.is_file() and "01-0" in path.name
                if not any(path.iterdir())]  # fmt: skip
    assert catalog.ledger.verify() is None


def test_a_canary_on_hold_is_found_everywhere_he_was_and_nowhere_once_released(old: Bank):
    catalog = old.catalog
    before = found_in(catalog)
    hold(catalog, "a court", customer=CANARY)
    retain(catalog)
    held = found_in(catalog) - before
    assert before <= found_in(catalog)
    assert {path.partition("/")[0] for path in held} == {"holds"}
    release(catalog, "it is over", customer=CANARY)
    retain(catalog)
    assert found_in(catalog) == set()


def test_the_ledger_tells_what_was_deleted_by_which_rule_and_names_no_customer(old: Bank):
    catalog = old.catalog
    plan = plan_retention(catalog, TODAY)
    entry = apply_retention(catalog, plan)
    assert entry is not None
    assert apply_retention(catalog, plan_retention(catalog, TODAY)) is None
    assert (entry.kind, entry.known) == ("retention", "rule")
    told = {
        (each["rule"], asset, tuple(map(tuple, each["days"])))
        for each in entry.about["deleted"]
        for asset in each["assets"]
    }
    trx = ("retention.years.tables: 1", "tables/trx", (("2024-01-01", "2024-01-06"),))
    assert trx in told
    assert len(str(entry.about)) < 5000
    for each in plan.expired:
        said = catalog.deletions.under(each.asset, each.day)
        assert (said is not None) == each.whole
    with pytest.raises(DeletedUnderRule, match=f"on {TODAY}"):
        catalog.features.load(day(3))
    assert catalog.table("account").load(day(1)).num_rows == 10  # day 10 refers to it


class Stopped(BaseException):
    """The process is killed here."""


@pytest.mark.parametrize("seed", range(6))
def test_a_deletion_that_is_stopped_anywhere_is_completed_by_the_next(
    old: Bank, monkeypatch: pytest.MonkeyPatch, seed: int
):
    left = random.Random(seed).randrange(120)
    delete = Store.delete

    def delete_or_stop(self: Store, path: str) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise Stopped
        delete(self, path)

    with monkeypatch.context() as patched:
        patched.setattr(Store, "delete", delete_or_stop)
        with pytest.raises(Stopped):
            retain(old.catalog)
    catalog = old.catalog
    for asset in catalog.assets:
        for number in range(1, 7):
            with suppress(NotReady):  # gone, or never built; nothing is found damaged
                catalog.of(asset).manifest(day(number))
    retain(catalog)
    assert found_in(catalog) == set()
    assert not plan_retention(catalog, TODAY).expired
    assert catalog.ledger.verify() is None


def test_a_hold_that_is_placed_meanwhile_stops_the_deletion(old: Bank):
    catalog = old.catalog
    plan = plan_retention(catalog, TODAY)
    deleted = []

    def place(expired) -> None:
        deleted.append(expired.asset)
        if len(deleted) == 3:
            hold(old.catalog, "a court", customer=CANARY)

    with pytest.raises(AmlError, match="a hold was placed meanwhile"):
        apply_retention(catalog, plan, place)
    assert len(deleted) == 3
    assert CANARY in str(catalog.holds.all())


def test_what_was_deleted_is_neither_built_again_nor_missed_though_it_still_lies_in_the_landing(
    old: Bank,
):
    catalog = old.catalog
    retain(catalog)
    now = 1736416800.0  # noon of TODAY
    old.options["partitions"] = {"last_day": None}
    for options in ({}, {"automation": {"look_back_days": 5000}}):
        old.options.update(options)
        board = StatusBoard(old.catalog, Cursor(), now=now)
        watched = [each for each in board.view.days if each <= day(6)]
        assert not watched
        asked = [each for each in board.plan.requests if each.first <= day(6)]
        assert not asked
        assert not [each for each in board.plan.overdue if each.day <= day(6)]
        assert not any("2024-01-0" in command for command in board.repair_commands())


@pytest.fixture
def on_hdfs(old: Bank, hadoop: Hadoop) -> Iterator[Bank]:
    """The bank's store on HDFS."""
    import uuid

    from aml_assets_tests.io.places import ClusterFiles, Place

    root = f"/retention/{uuid.uuid4().hex}"
    place = Place("hdfs", root, hadoop.hdfs_url, hadoop.webhdfs_url, hadoop.client_config)
    old.options["store"] = {"url": place.url}
    old.options["hdfs"] = {"authentication": "insecure", "client": hadoop.client_config}
    store = old.catalog.store
    for path, data in old.files().items():
        store.publish_bytes(path, data)
    yield old
    ClusterFiles(place).remove()


@pytest.mark.long
def test_on_hdfs_a_canary_is_found_nowhere_after_either(on_hdfs: Bank, tmp_path: Path):
    catalog = on_hdfs.catalog
    before = found_in(catalog)
    assert len(before) > 8
    retain(catalog)
    assert found_in(catalog) == set()
    assert catalog.store.status("tables/trx/2024-01-02") is None
    assert catalog.ledger.verify() is None
    with pytest.raises(DeletedUnderRule):
        catalog.table("trx").load(day(2))
