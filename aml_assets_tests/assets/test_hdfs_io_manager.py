"""The IO manager, on the real store: what a bank's own assets get and may leave."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds
import pytest
from dagster._core.types.dagster_type import resolve_dagster_type

from aml_assets.assets.hdfs_io_manager import HdfsIOManager
from aml_assets.errors import AmlError, CorruptFile, NotReady, PartitionError
from aml_assets_tests.conftest import Bank, day, flip_byte

ROOT = Path(__file__).resolve().parents[2]
DAILY = dg.DailyPartitionsDefinition(start_date="2024-01-01", end_date="2024-01-21")
OWN = dg.AssetKey(["own", "frame"])
FEATURES = dg.AssetKey(["features", "merged_features"])
RANGE = dg.PartitionKeyRange("2024-01-02", "2024-01-04")
FRAME = pa.table({"id": [1, 2, 3], "amount": [0.5, None, 1.5], "name": ["a", None, "ü"]})


@pytest.fixture
def manager(new_bank) -> HdfsIOManager:
    return HdfsIOManager(new_bank().catalog)


def write(manager: HdfsIOManager, value: Any, key: dg.AssetKey = OWN, **partition: Any) -> None:
    partition = partition or {"partition_key": "2024-01-02"}
    context = dg.build_output_context(asset_key=key, asset_partitions_def=DAILY, **partition)
    manager.handle_output(context, value)


def read(
    manager: HdfsIOManager,
    wanted: Any = Any,
    key: dg.AssetKey = OWN,
    columns: list[str] | None = None,
    **partition: Any,
) -> Any:
    return manager.load_input(
        dg.build_input_context(
            asset_key=key,
            asset_partitions_def=DAILY,
            dagster_type=resolve_dagster_type(wanted),
            definition_metadata={"columns": columns} if columns else None,
            **(partition or {"partition_key": "2024-01-02"}),
        )
    )


def test_a_frame_comes_back_as_the_annotation_says(manager: HdfsIOManager):
    write(manager, FRAME)
    assert read(manager) == FRAME
    assert read(manager, pa.Table) == FRAME
    pd.testing.assert_frame_equal(read(manager, pd.DataFrame), FRAME.to_pandas())
    lazy = read(manager, ds.Dataset)
    assert isinstance(lazy, ds.Dataset)
    assert lazy.to_table(filter=ds.field("id") > 1) == FRAME.slice(1)


def test_a_pandas_frame_may_be_returned(manager: HdfsIOManager):
    write(manager, FRAME.to_pandas())
    assert read(manager, pa.Table)["id"].to_pylist() == [1, 2, 3]
    assert read(manager, pa.Table)["name"].to_pylist() == ["a", None, "ü"]
    assert "__index_level_0__" not in read(manager).column_names


def test_columns_named_in_the_inputs_metadata_are_all_that_is_read(manager: HdfsIOManager):
    write(manager, FRAME)
    assert read(manager, pa.Table, columns=["name", "id"]).column_names == ["name", "id"]
    lazy = read(manager, ds.Dataset, columns=["name"])
    assert lazy.schema.names == ["name"]
    assert lazy.to_table() == FRAME.select(["name"])
    path = manager._catalog.frames("own/frame").path(day(2))
    with pytest.raises(AmlError, match=f"read {path}: no column nothing"):
        read(manager, columns=["nothing"])


def test_several_partitions_are_a_mapping_by_day(manager: HdfsIOManager):
    frames = {str(day(n)): pa.table({"n": [n]}) for n in (2, 3, 4)}
    write(manager, frames, asset_partition_key_range=RANGE)
    assert read(manager, partition_key="2024-01-03") == frames["2024-01-03"]
    assert read(manager, asset_partition_key_range=RANGE) == frames
    tables = dict[str, pa.Table]
    assert read(manager, tables, asset_partition_key_range=RANGE) == frames
    assert read(manager, tables) == {"2024-01-02": frames["2024-01-02"]}


def test_content_for_other_days_than_the_runs_is_refused(manager: HdfsIOManager):
    for value in (FRAME, {"2024-01-02": FRAME}, {str(day(n)): FRAME for n in (2, 3, 5)}):
        with pytest.raises(PartitionError, match="table own/frame: a run over 3 days must return"):
            write(manager, value, asset_partition_key_range=RANGE)
    assert not manager._catalog.store.list("own", hidden=True)


def test_an_unpartitioned_write_or_read_is_refused(manager: HdfsIOManager):
    with pytest.raises(PartitionError, match="table own/frame: this run has no day"):
        manager.handle_output(dg.build_output_context(asset_key=OWN), FRAME)
    with pytest.raises(PartitionError, match="table own/frame: this run has no day"):
        manager.load_input(dg.build_input_context(asset_key=OWN))
    assert not manager._catalog.store.list("own", hidden=True)


def test_what_is_not_there_is_named(manager: HdfsIOManager):
    with pytest.raises(NotReady, match="table own/frame, day 2024-01-02: it has not been mat"):
        read(manager)


def test_nothing_is_never_stored_as_if_it_were_content(manager: HdfsIOManager):
    with pytest.raises(AmlError, match="table own/frame, day 2024-01-02: it returned None"):
        write(manager, None)
    several = {str(day(2)): FRAME, str(day(3)): None, str(day(4)): FRAME}
    with pytest.raises(AmlError, match="table own/frame, day 2024-01-03: it returned None"):
        write(manager, several, asset_partition_key_range=RANGE)
    assert not manager._catalog.frames("own/frame").has(day(3))


def test_a_frame_without_one_type_per_column_is_refused_without_its_values(
    manager: HdfsIOManager,
):
    with pytest.raises(AmlError, match="the frame has a column of mixed types") as refused:
        write(manager, pd.DataFrame({"a": ["secret", 1, 2.5]}))
    assert refused.value.__suppress_context__
    assert "secret" not in str(refused.value)


# -- assets of the bank's own, in jobs -----------------------------------------------------


def with_own(bank: Bank, *assets: Any) -> dg.Definitions:
    job = dg.define_asset_job("own", selection=dg.AssetSelection.assets(*assets))
    return dg.Definitions.merge(bank.definitions(), dg.Definitions(assets=[*assets], jobs=[job]))


@pytest.mark.filterwarnings("ignore:.*backfill_policy", "ignore:.*varying BackfillPolicies")
def test_an_asset_of_the_banks_own_takes_our_features_and_is_stored_beside_them(built: Bank):
    @dg.asset(
        key_prefix="own",
        partitions_def=DAILY,
        ins={"frame": dg.AssetIn(FEATURES, metadata={"columns": ["trx_id", "amount"]})},
    )
    def large(frame: pa.Table) -> pa.Table:
        assert frame.column_names == ["trx_id", "amount"]
        return frame.filter(ds.field("amount") > 40)

    @dg.asset(
        key_prefix="own", partitions_def=DAILY, backfill_policy=dg.BackfillPolicy.single_run()
    )
    def counts(large: dict[str, pd.DataFrame]) -> dict[str, pa.Table]:
        return {name: pa.table({"rows": [len(frame)]}) for name, frame in large.items()}

    definitions = with_own(built, large, counts)
    for number in (5, 6):
        run = built.good("own", number, only=("own/large",), definitions=definitions)
        assert run.materialized == {("own/large", str(day(number)))}
    assert built.frame("own/large", 6)["amount"].to_pylist() == [46.0, 56.0, 66.0, 76.0]
    run = built.good("own", days=(5, 6), only=("own/counts",), definitions=definitions)
    assert built.frame("own/counts", 6)["rows"].to_pylist() == [4]
    assert (built.store / "own/counts/2024-01-05/data.parquet").exists()


def test_the_example_of_the_docs_fits_into_the_graph_and_writes(
    new_bank: Callable[..., Bank], monkeypatch: pytest.MonkeyPatch
):
    bank = new_bank()
    monkeypatch.setenv("AML_STORE__URL", str(bank.store))
    text = (ROOT / "docs/api.md").read_text(encoding="utf-8")
    made: dict[str, Any] = {"__name__": "example"}
    exec(text.partition("```python\n")[2].partition("```")[0], made)
    assert bank.frame("own/amounts", 45)["amount"].to_pylist() == [0.5, None]
    graph = with_own(bank, made["amounts"]).resolve_asset_graph()
    assert graph.get(made["key"]).parent_keys == {FEATURES}


def test_one_flipped_byte_in_a_csv_stops_its_readers_and_a_rerun_mends_it(built: Bank):
    @dg.asset(
        key_prefix="own",
        partitions_def=DAILY,
        ins={"csv": dg.AssetIn(["predictions", "predictions"])},
    )
    def alerts(csv: pa.Table) -> pa.Table:
        return csv.slice(0, 3)

    definitions = with_own(built, alerts)
    path = built.store / "predict_res/pred_full_table2024-01-05.csv"
    flip_byte(path, path.stat().st_size // 2)
    run = built.bad("own", 5, definitions=definitions)
    assert run.sentence.startswith(
        "no sentence: aml_assets.errors.CorruptFile: read predict_res/"
        "pred_full_table2024-01-05.csv: it was altered, or is not one of ours ("
    )
    assert not (built.store / "own").exists()
    with pytest.raises(CorruptFile):
        built.csv(5)
    built.good("batch_prediction", 5, only=("predictions",))
    built.good("own", 5, definitions=definitions)
    assert built.frame("own/alerts", 5)["rank"].to_pylist() == [1, 2, 3]


def test_a_model_and_its_metrics_can_be_inputs_too(built: Bank):
    @dg.asset(
        key_prefix="own",
        partitions_def=DAILY,
        ins={
            "model": dg.AssetIn(["models", "model"]),
            "metrics": dg.AssetIn(["models", "metrics"]),
        },
    )
    def card(model: Any, metrics: dict[str, Any]) -> pa.Table:
        return pa.table({"trees": [model.num_boosted_rounds()], "auc": [metrics["auc"]]})

    built.good("own", 5, definitions=with_own(built, card))
    assert built.frame("own/card", 5).to_pylist() == [{"trees": 3, "auc": 1.0}]
