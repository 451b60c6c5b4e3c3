"""Standard metadata of assets and partitions: Dagster's own keys, and never a value of a row."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import dagster as dg
import pytest

from aml_assets.assets import metadata
from aml_assets.assets.events import rounded
from aml_assets.assets.metadata import COLUMNS, ROW_COUNT, URI, freshness_policy
from aml_assets.core.graph import FEATURES, MODEL, PREDICTIONS, Line
from aml_assets.settings.load import Settings
from aml_assets_tests.conftest import Bank, day

PAGES = "https://pages.bank.example/aml"


@pytest.fixture(scope="module")
def bank(landed_bank: Bank, tmp_path_factory: pytest.TempPathFactory) -> Bank:
    bank = landed_bank.copy_to(tmp_path_factory.mktemp("bank"), reports={"base_url": PAGES})
    bank.prepare(1, 5)
    bank.good("daily", 5)
    return bank


def shown(bank: Bank, asset: str, number: int = 5) -> dict[str, dg.MetadataValue]:
    """The metadata of a partition's newest materialization."""
    wanted = dg.AssetRecordsFilter(
        dg.AssetKey.from_user_string(asset), asset_partitions=[str(day(number))]
    )
    event = bank.instance.fetch_materializations(wanted, limit=1).records[0].asset_materialization
    assert event is not None
    return dict(event.metadata)


def test_every_partition_has_its_place_and_its_seconds(bank: Bank):
    for name in bank.catalog.assets:
        found = shown(bank, name)
        place = found[URI].value
        assert isinstance(place, str)
        assert Path(place).exists(), name
        seconds = found["seconds"].value
        assert isinstance(seconds, float)
        assert seconds > 0


def test_a_frame_has_its_rows_and_the_types_and_roles_of_its_columns(bank: Bank):
    for asset in ("tables/str", FEATURES, PREDICTIONS):
        found = shown(bank, asset)
        assert found[ROW_COUNT].value == bank.features(5).num_rows
        schema = found[COLUMNS].value
        assert isinstance(schema, dg.TableSchema)
        columns = {each.name: each for each in schema.columns}
        assert columns["label"].tags == {"role": "label"}
        assert "investigators decided" in (columns["label"].description or "")
        assert columns["trx_id"].type == "int64"
    assert "From str.label, taken as label." in (columns_of(bank, FEATURES)["label"] or "")
    assert ROW_COUNT not in shown(bank, MODEL)


def columns_of(bank: Bank, asset: str) -> dict[str, str | None]:
    schema = shown(bank, asset)[COLUMNS].value
    assert isinstance(schema, dg.TableSchema)
    return {each.name: each.description for each in schema.columns}


def test_a_days_pages_are_linked_from_what_they_describe(bank: Bank):
    for asset in (MODEL, "models/metrics", PREDICTIONS, "reports/alert_report"):
        found = shown(bank, asset)
        assert found["alert page"].value == f"{PAGES}/report/alert_report_{day(5)}.html"
        assert found["model page"].value == f"{PAGES}/report/model_report_{day(5)}.html"
    assert "alert page" not in shown(bank, FEATURES)


def test_the_assets_of_a_further_line_are_linked_to_its_own_page(landed_bank: Bank, tmp_path):
    settings = {"base_url": PAGES}
    lines = {"customer": {"horizon_days": 1, "windows": [2], "train_every": 1}}
    catalog = landed_bank.copy_to(tmp_path / "lines", reports=settings, lines=lines).catalog
    line = Line("customer")
    for asset in (line.model, line.metrics, line.scores, line.page):
        (link,) = metadata._links(catalog, asset, day(5))
        place = f"{PAGES}/lines/customer/report/model_report_{day(5)}.html"
        assert link == ("model page", dg.MetadataValue.url(place))
    assert list(metadata._links(catalog, line.features, day(5))) == []
    assert [name for name, _ in metadata._links(catalog, MODEL, day(5))] == [
        "model page",
        "queue",
        "alert page",
    ]


def test_every_asset_declares_its_place_and_those_that_we_build_their_code(bank: Bank):
    for spec in bank.definitions().resolve_all_asset_specs():
        assert URI in spec.metadata
        if spec.group_name == "landing":
            continue
        references = spec.metadata["dagster/code_references"].code_references
        assert Path(references[0].file_path).name in ("tables.py", "features.py", "models.py",
            "predictions.py", "reports.py")  # fmt: skip
        assert spec.freshness_policy is None  # this bank's partitions end


def test_a_partition_is_fresh_that_was_built_by_the_deadline_of_the_last_landing_day():
    settings = Settings.model_validate(
        {
            "partitions": {"landing_days": ["fri", "sat"], "time_zone": "Europe/Zurich"},
            "automation": {"deadline": "07:30"},
        }
    )
    assert freshness_policy(settings) == dg.FreshnessPolicy.cron(
        "30 7 * * 0,6", dt.timedelta(days=1), "Europe/Zurich"
    )


def test_figures_are_rounded_for_people():
    figures = {"auc": 0.123456, "rows": 1234567, "list": [1.00004, "x"], "flag": True, "none": None}
    assert json.dumps(rounded(figures)) == json.dumps(
        {"auc": 0.1235, "rows": 1234567, "list": [1.0, "x"], "flag": True, "none": None}
    )
