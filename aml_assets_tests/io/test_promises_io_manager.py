"""The HDFS IO manager on local files, hdfs:// and webhdfs://: round trips, and a step's end."""

import dagster as dg
import pandas as pd
import pyarrow as pa
import pytest
from dagster._core.types.dagster_type import resolve_dagster_type

from aml_assets.assets.failures import failure
from aml_assets.assets.hdfs_io_manager import HdfsIOManager, StepEnd
from aml_assets.errors import AmlError, NotReady
from aml_assets.io.catalog import Catalog
from aml_assets.io.manifest import ABSENT, Manifest
from aml_assets.io.upstream import Upstream
from aml_assets.settings.load import load_settings
from aml_assets.steps.builders.built import Built
from aml_assets_tests.conftest import day
from aml_assets_tests.io.places import Place

DAILY = dg.DailyPartitionsDefinition(start_date="2024-01-01", end_date="2024-01-21")
OWN = dg.AssetKey(["own", "frame"])
FRAME = pa.table({"id": [1, 2, 3], "amount": [0.5, None, 1.5]})


@pytest.fixture
def catalog(place: Place) -> Catalog:
    hdfs = {} if place.is_local else {"client": place.client, "authentication": "insecure"}
    return Catalog(load_settings(store={"url": place.url}, hdfs=hdfs))


@pytest.fixture
def manager(catalog: Catalog) -> HdfsIOManager:
    return HdfsIOManager(catalog)


def output(number: int = 2) -> dg.OutputContext:
    key = str(day(number))
    return dg.build_output_context(asset_key=OWN, asset_partitions_def=DAILY, partition_key=key)


def load(manager: HdfsIOManager, wanted: type, number: int = 2) -> object:
    return manager.load_input(
        dg.build_input_context(
            asset_key=OWN,
            asset_partitions_def=DAILY,
            partition_key=str(day(number)),
            dagster_type=resolve_dagster_type(wanted),
        )
    )


def test_what_is_published_comes_back_by_its_day_and_is_recorded(manager, catalog: Catalog):
    built = Built(FRAME, Manifest("own/frame", str(day(2)), code_version="1"), {})
    published = manager.publish("own/frame", day(2), built)
    upstream = load(manager, Upstream)
    assert isinstance(upstream, Upstream)
    assert not upstream.read, "nothing is read before it is asked for"
    frame, manifest = upstream.load(day(2))
    assert frame == FRAME
    assert manifest == published.manifest
    assert not upstream.has(day(3))
    upstream.record(str(day(3)))
    assert upstream.read == {str(day(2)): manifest.digest, str(day(3)): ABSENT}
    assert not upstream.afresh().read
    assert manager.publish("own/frame", day(2), built).changed is False


def test_a_frame_of_a_foreign_asset_makes_the_round_trip(manager):
    manager.handle_output(output(), FRAME)
    assert load(manager, pa.Table) == FRAME
    frame = load(manager, pd.DataFrame)
    assert isinstance(frame, pd.DataFrame)
    assert frame["id"].tolist() == [1, 2, 3]
    with pytest.raises(NotReady, match="table own/frame, day 2024-01-03"):
        load(manager, pa.Table, 3)


def test_the_end_of_a_step_stores_nothing_and_raises_what_failed(manager, catalog: Catalog):
    manager.handle_output(output(), StepEnd())
    failed = failure([AmlError("it is broken", table="trx", day=day(2))])
    with pytest.raises(dg.Failure, match="table trx, day 2024-01-02: it is broken"):
        manager.handle_output(output(), StepEnd(failed))
    assert not catalog.store.list("own", hidden=True)
