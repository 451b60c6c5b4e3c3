"""Any bank's tables, by configuration alone: other names, types and tables than the default."""

import datetime as dt
import json
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.csv as pc
import pytest

from aml_assets.io.formats.booster import ENCODER
from aml_assets.settings.table_settings import ACCOUNT_FEATURES
from aml_assets_tests.conftest import Bank, day

pytestmark = pytest.mark.long  # whole graphs

ZONE = dt.timezone(dt.timedelta(hours=1))  # Zurich in January
ROWS = 12
MESSAGES = [{"code": "MT103", "lines": [1, 2]}] * ROWS

TABLES: dict[str, Any] = {
    "trx": {
        "path": "bewegungen/dt={date}",
        "roles": {
            "trx_id": "Beleg-Nr.",
            "cust_id": "Kunden Nr",
            "account_id": "Konto",
            "target_cust_id": "Gegenpartei",
            "target_account_id": None,
            "amount": "Betrag (CHF)",
            "timestamp": "Zeit",
        },
        "exclude": ["SWIFT-Meldung"],
        "kinds": {"Land": "category", "Referenz": "id", "Notiz": "text"},
    },
    "str": {
        "path": "meldungen/dt={date}",
        "roles": {"trx_id": "Beleg", "ins_id": None, "label": "Verdacht"},
    },
    "retail": {
        "path": "客户",
        "roles": {"cust_id": "客户号"},
        "kinds": {"Alter": "numeric"},
    },
    "corporate": None,
    "account": {"path": "konten/aktuell", "roles": {"account_id": "Konto"}},
    "branch": {"path": "filialen", "key": ["Filiale"]},
}
JOINS = [
    {"table": "trx", "on": {"str.Beleg": "Beleg-Nr."}},
    {"table": "retail", "on": {"trx.Kunden Nr": "客户号"}},
    {"table": "account", "on": {"trx.Konto": "Konto"}},
    {"table": "branch", "on": {"account.Filiale": "Filiale"}},
]


def movements(number: int) -> pa.Table:
    rows = range(ROWS)
    return pa.table(
        {
            "Beleg-Nr.": [f"B{number:02}-{row:03}" for row in rows],
            "Kunden Nr": [f"K{row % 6}" for row in rows],
            "Konto": pa.array([50 + row % 6 for row in rows], pa.int32()),
            "Gegenpartei": [f"K{(row + 1) % 6}" if row % 3 else None for row in rows],
            "Betrag (CHF)": pa.array([Decimal(row * 100 + number) / 4 for row in rows]),
            # 23:30 in Zurich is 22:30 in UTC.
            "Zeit": pa.array(
                [dt.datetime(2024, 1, number, 23, 30, tzinfo=ZONE)] * ROWS,
                pa.timestamp("ns", "UTC"),
            ),
            "bar?": [row % 3 == 1 for row in rows],
            "Kanal": pa.array(["e", "f"] * 6).dictionary_encode(),
            "Land": pa.array([756, 40] * 6, pa.int16()),
            "Zweck": [f"Rechnung {number}-{row}" for row in rows],
            "Notiz": ["ok", "ok?"] * 6,
            "Referenz": [number * 1000 + row for row in rows],
            "SWIFT-Meldung": MESSAGES,
        }
    )


def reports(number: int) -> dict[str, Any]:
    return {
        "Beleg": [f"B{number:02}-{row:03}" for row in range(9)],
        "Verdacht": [0.0, 1.0, 0.0, None, 1.0, 0.0, 0.0, 1.0, 0.0],
    }


RETAIL = {
    "客户号": [f"K{row}" for row in range(6)],
    "Name": [f"Herr {row}" for row in range(6)],
    "geboren": [dt.date(1980 + row, 2, 1) for row in range(6)],
    "Alter": ["43", "42", "41", None, "39", "38"],
    "Segment": ["privat", "privat", "gold", "gold", "privat", "gold"],
}
ACCOUNTS = {
    "Konto": [50, 51, 52, 53, 54, 55],
    "Filiale": [1, 1, 2, 2, 3, None],
    "Saldo": [10.5, 20.5, float("nan"), 0.0, -3.0, 7.0],
}
BRANCHES = {
    "Filiale": [1, 2, 3, 4, 5, 6],
    "Kanton": ["BE", "BE", "ZH", "ZH", "BE", "BE"],
    "Personal": [3, 5, 8, 2, 2, 4],
}


@pytest.fixture
def other(new_bank) -> Bank:
    bank = new_bank(
        tables=TABLES,
        joins=JOINS,
        partitions={"time_zone": "Europe/Zurich", "first_day": day(1), "last_day": day(20)},
    )
    bank.land("retail", None, RETAIL)
    bank.land("account", None, ACCOUNTS)
    bank.land("branch", None, BRANCHES)
    for number in range(1, 6):
        bank.land("trx", number, movements(number))
        bank.land("str", number, reports(number))
    return bank


def encoder(bank: Bank, number: int) -> dict[str, Any]:
    return json.loads(bank.catalog.models.load(day(number)).attr(ENCODER) or "{}")


def features(bank: Bank, number: int) -> dict[str, list[str]]:
    return {
        f"{each['table']}.{each['column']} {each['encoding']}": each["vocabulary"]
        for each in encoder(bank, number)["features"]
        if each["table"] != ACCOUNT_FEATURES
    }


def test_another_banks_tables_run_through_to_the_csv(other: Bank):
    assert (other.landing / "bewegungen/dt=2024-01-03/part-00000.parquet").exists()
    other.prepare(1, 4)
    run = other.good("daily", 5)
    frame = other.features(5)
    assert frame["Beleg"].to_pylist() == reports(5)["Beleg"]
    assert frame["Kunden Nr"].to_pylist()[:3] == ["K0", "K1", "K2"]
    assert frame["geboren"].to_pylist()[1] == dt.date(1981, 2, 1)
    assert frame["Kanton"].to_pylist()[:6] == ["BE", "BE", "BE", "BE", "ZH", None]
    assert frame["Saldo"].to_pylist()[2] is None
    # Zoned times stand on the bank's wall clock.
    assert frame["Zeit"].to_pylist()[0] == dt.datetime(2024, 1, 5, 23, 30)  # noqa: DTZ001
    assert features(other, 5) == {
        "trx.Betrag (CHF) number": [],
        "trx.Zeit weekday": [],
        "trx.bar? number": [],
        "trx.Kanal category": ["e", "f"],
        "trx.Land category": ["40", "756"],
        "retail.geboren age_days": [],
        "retail.Alter number": [],
        "retail.Segment category": ["gold", "privat"],
        "account.Saldo number": [],
        "branch.Kanton category": ["BE", "ZH"],
        "branch.Personal number": [],
    }
    left_out = encoder(other, 5)["left_out"]
    own = {n: why for n, why in left_out.items() if not n.startswith(f"{ACCOUNT_FEATURES}.")}
    assert {name: reason.split(" (")[0] for name, reason in own.items()} == {
        "str.Beleg": "an id",
        "trx.Kunden Nr": "an id",
        "trx.Konto": "an id",
        "trx.Gegenpartei": "an id",
        "trx.Referenz": "an id",
        "trx.Notiz": "a text by configuration",
        "trx.Zweck": "100% of its values in trx are distinct: a name or a free text",
        "retail.Name": "100% of its values in retail are distinct: a name or a free text",
        "account.Filiale": "an id",
        "trx.Zeit hour": "constant throughout the training window",
        "trx.Zeit age_days": "constant throughout the training window",
        "trx.trx_day age_days": "constant throughout the training window",
    }
    assert run.figures("models/model", 5)["left_out"] == left_out
    text = other.store / "predict_res/pred_full_table2024-01-05.csv"
    csv = pc.read_csv(text)
    assert csv.num_rows == 9
    assert csv.column_names[-3:] == ["pred_score", "rank", "model_id"]
    assert {"Betrag (CHF)", "Kunden Nr", "Zweck", "Name"} < set(csv.column_names)
    assert "SWIFT-Meldung" not in csv.column_names
    suspects = csv.sort_by("rank")["Verdacht"].to_pylist()[:3]
    assert suspects == [1, 1, 1]  # `bar?` gives them away


def test_a_nested_column_is_refused_by_name_until_the_config_leaves_it_out(other: Bank):
    other.options["tables"] = {**TABLES, "trx": {**TABLES["trx"], "exclude": []}}
    run = other.bad("daily", 5, only=("tables/trx",))
    assert run.sentence == (
        "table trx, day 2024-01-05, column SWIFT-Meldung: columns of type struct<code: string, "
        "lines: list<element: int64>> are not supported. Have it flattened upstream, or list it "
        "under tables.trx.exclude."
    )
    other.options["tables"] = TABLES
    other.good("daily", 5, only=("tables/trx",))


def test_a_text_forced_to_a_category_becomes_a_feature(other: Bank):
    forced = {**TABLES["retail"], "kinds": {"Alter": "numeric", "Name": "category"}}
    other.options["tables"] = {**TABLES, "retail": forced}
    other.prepare(1, 4)
    other.good("self_learning", 5, only=("models/model",))
    assert features(other, 5)["retail.Name category"] == [f"Herr {row}" for row in range(6)]


def test_ids_of_different_types_are_refused_instead_of_never_meeting(other: Bank):
    other.land("account", None, {**ACCOUNTS, "Konto": ["50", "51", "52", "53", "54", "55"]})
    run = other.bad("daily", 5)
    assert run.sentence.startswith(
        "table account, day 2024-01-05, column Konto: account.Konto has type string and "
    )


@pytest.mark.parametrize("landed", ["empty folder", "no row"])
def test_a_bank_whose_corporate_table_is_empty_runs_as_well(bank: Bank, landed: str):
    part = bank.folder("corporate") / "part-00000.parquet"
    part.unlink()
    if landed == "no row":
        bank.land("corporate", None, pa.table({"cust_id": [7], "sector": ["x"]}).slice(0, 0))
    bank.prepare(1, 4)
    run = bank.good("daily", 5)
    assert run.figures("features/merged_features", 5)["rows_joined"]["corporate"] == 0
    names = {f"{each['table']}.{each['column']}" for each in encoder(bank, 5)["features"]}
    assert not any(name.startswith("corporate.") for name in names)
    assert bank.csv(5).num_rows == 8


def test_names_that_collide_are_prefixed_and_join_columns_keep_theirs(bank: Bank):
    columns = bank.catalog.landing.read("account", day(1)).table
    assert columns is not None
    bank.land("account", None, columns.append_column("city", pa.array(["Chur"] * 10)))
    bank.good("daily", 1, only=("tables", "features"))
    frame = bank.features(1)
    assert {"retail_city", "account_city", "cust_id", "account_id"} <= set(frame.column_names)
    assert "city" not in frame.column_names
    assert frame["account_city"].to_pylist() == ["Chur"] * 8
