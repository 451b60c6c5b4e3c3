"""Each file of a store belongs to its partition by its path, whatever it is beside."""

from __future__ import annotations

import pytest

from aml_assets.io.owners import Owner, Owners
from aml_assets.io.usage import files_of
from aml_assets.settings.store_settings import StoreSettings
from aml_assets_tests.conftest import Bank, day

DAY = "2024-01-05"
DIGEST = "a" * 64


@pytest.mark.parametrize(
    ("path", "kind", "asset"),
    [
        (f"tables/trx/{DAY}/data.parquet", "tables", "tables/trx"),
        (f"tables/retail/{DAY}/.data.parquet.reference.json", "tables", "tables/retail"),
        (f"tables/retail/{DAY}/.versions/data.{DIGEST}.parquet", "tables", "tables/retail"),
        (f"tables/gone/{DAY}/.data.parquet.tmp-x-1-2-3", "tables", "tables/gone"),
        (f"tables/dispositions/{DAY}/data.parquet", "dispositions", "tables/dispositions"),
        (f"features/x_day/{DAY}/data.parquet", "features", "features/x_day"),
        (f"sanctions/hits/{DAY}/data.parquet", "features", "sanctions/hits"),
        (f"checks/tables/trx/{DAY}.json", "tables", "tables/trx"),
        (f"checks/tables/trx/.versions/{DAY}.{DIGEST}.json", "tables", "tables/trx"),
        (f"receipts/trx/{DAY}.json", "receipts", "receipts/trx"),
        (f"dispositions/{DAY}/20240105T101112-ab.parquet", "dispositions", "dispositions"),
        (f"model/aml_xgboost_{DAY}.ubj", "models", "models/model"),
        (f"model/other_{DAY}_adhoc_0a1b2c3d.ubj", "models", "models/model"),
        (f"model/.versions/aml_xgboost_{DAY}.{DIGEST}.ubj", "models", "models/model"),
        (f"measured_model/aml_xgboost_{DAY}.ubj", "models", "models/measured_model"),
        (f"tuning/tuning_{DAY}.json", "models", "models/tuning"),
        (f"model_meta/aml_xgboost_{DAY}.meta.json", "metrics", "models/metrics"),
        (f"model_meta/.versions/aml_{DAY}.meta.{DIGEST}.json", "metrics", "models/metrics"),
        (f"gate/gate_{DAY}.json", "metrics", "models/gate"),
        (f"lines/customer/gate/gate_{DAY}.json", "metrics", "models/customer_gate"),
        (f"predict_res/shadow_{DAY}.csv", "predictions", "predictions/shadow"),
        (
            f"predict_res/.shadow_{DAY}.csv.{DIGEST}.manifest.json",
            "predictions",
            "predictions/shadow",
        ),
        (f"predict_res/pred_full_table{DAY}.csv", "predictions", "predictions/predictions"),
        (
            f"predict_res/.pred_full_table{DAY}.csv.{DIGEST}.manifest.json",
            "predictions",
            "predictions/predictions",
        ),
        (
            f"predict_res/pred_full_table{DAY}.aml_xgboost_{DAY}_adhoc_0a1b2c3d.csv",
            "predictions",
            "predictions/predictions",
        ),
        (
            f"predict_res/.versions/pred_full_table{DAY}.{DIGEST}.csv",
            "predictions",
            "predictions/predictions",
        ),
        (f"report/queue_{DAY}.csv", "reports", "reports/queue"),
        (f"report/.queue_{DAY}.csv.{DIGEST}.manifest.json", "reports", "reports/queue"),
        (f"report/alert_report_{DAY}.html", "reports", "reports/alert_report"),
        (f"report/.versions/alert_report_{DAY}.{DIGEST}.html", "reports", "reports/alert_report"),
        (f"report/model_report_{DAY}.html", "reports", "reports/model_report"),
        (
            f"lines/gone/predict_res/gone_scores_{DAY}.csv",
            "predictions",
            "predictions/gone_scores",
        ),
        (f"lines/customer/model/p_customer_{DAY}.ubj", "models", "models/customer_model"),
        (
            f"lines/customer/report/model_report_{DAY}.html",
            "reports",
            "reports/customer_model_report",
        ),
    ],
)
def test_a_path_names_its_owner(path: str, kind, asset: str):
    assert Owners(StoreSettings(), ["sanctions"]).of(path) == Owner(kind, asset, day(5))


@pytest.mark.parametrize(
    "path",
    [
        "ledger/00000001.json",
        f"decisions/skips/{DAY}.json",
        f"holds/{DAY}.json",
        "retention/deleted.json",
        f"elsewhere/{DAY}.txt",
        f"trx/daily/{DAY}/data.parquet",
        f"elsewhere/hits/{DAY}/data.parquet",
        f"predict_res/{DAY}/notes.csv",
        "tables/trx/2024-13-05/data.parquet",
    ],
)
def test_a_file_of_no_partition_has_no_owner(path: str):
    assert Owners(StoreSettings()).of(path) is None


def test_other_templates_name_their_days_too():
    store = StoreSettings(
        frames="{date}/{asset}_{date}.parquet", predictions="out/{date}/{prefix}{date}.csv"
    )
    owners = Owners(store)
    frame = Owner("tables", "tables/trx", day(5))
    assert owners.of(f"{DAY}/tables/trx_{DAY}.parquet") == frame
    assert owners.of(f"{DAY}/tables/.versions/trx_{DAY}.{DIGEST}.parquet") == frame
    assert owners.of(f"{DAY}/tables/trx_2024-01-06.parquet") is None
    scores = Owner("predictions", "predictions/predictions", day(5))
    assert owners.of(f"out/{DAY}/pred{DAY}.csv") == scores


def test_each_file_that_a_night_leaves_has_an_owner(built: Bank):
    catalog = built.catalog
    owners = Owners(catalog.settings.store)
    paths = (path for path, _ in files_of(catalog.store))
    # Settings and libraries, which name nobody, are of no day.
    found = {path: owners.of(path) for path in paths if not path.startswith("surroundings/")}
    assert len(found) > 30
    assert None not in found.values()
    stored = {(owner.asset, owner.day) for owner in found.values() if owner}
    for asset in catalog.assets:
        for number in range(1, 7):
            assert ((asset, day(number)) in stored) == catalog.of(asset).has(day(number))


def test_each_place_of_the_settings_has_its_owner():
    store = StoreSettings()
    texts = {name: getattr(store, name) for name in StoreSettings.model_fields}
    places = {
        name: text.format(asset="tables/trx", date=DAY, model_id=f"aml_{DAY}", prefix="scores")
        for name, text in texts.items()
        if isinstance(text, str) and ("{date}" in text or "{model_id}" in text)
    }
    found = {name: Owners(store).of(path) for name, path in places.items()}
    assert not [name for name, owner in found.items() if owner is None or owner.day != day(5)]
    assert len({owner.asset for owner in found.values() if owner}) == len(places)
