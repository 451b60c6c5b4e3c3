"""A canary among the customers: data may hold it, nothing that people or tools read may.

Its name, ids and texts are planted in every table. They must not come up in a model, in metrics,
manifests, events, metadata, logs or errors: not in a good night, and in no bad one.
"""

import datetime as dt
import logging
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from aml_assets_tests.conftest import (
    PREPARE,
    STATIC,
    Bank,
    day,
    flip_byte,
    str_columns,
    trx_columns,
)

pytestmark = pytest.mark.long  # whole graphs

NAME = "Kanarienvogel"
CUSTOMER = 9876543210123
TRANSACTION = 9876543210124
ACCOUNT = 9876543210125
AMOUNT = 987654.75
MARKS = (NAME, *map(str, (CUSTOMER, TRANSACTION, ACCOUNT, AMOUNT)))


def _first(columns: dict[str, Any], **values: Any) -> dict[str, Any]:
    """The columns with another first row."""
    return {
        name: [values.get(name, cells[0]), *cells[1:]] if name in values else list(cells)
        for name, cells in columns.items()
    }


def trx(number: int) -> dict[str, Any]:
    columns = {**trx_columns(number), "note": [f"note {number} {row}" for row in range(12)]}
    return _first(
        columns,
        trx_id=TRANSACTION + number * 1000,
        cust_id=CUSTOMER,
        account_id=ACCOUNT,
        target_cust_id=CUSTOMER,
        target_account_id=ACCOUNT,
        amount=AMOUNT,
        channel=f"{NAME} {number}",  # typed into a column of categories
        note=f"to {NAME}",
    )


def reports(number: int) -> dict[str, Any]:
    columns = _first(str_columns(number), trx_id=TRANSACTION + number * 1000)
    return {**columns, "comment": [f"{NAME} {number} {row}" for row in range(8)]}


def static() -> dict[str, dict[str, Any]]:
    retail = {**STATIC["retail"], "name": [f"{NAME} {n}" for n in range(6)]}
    corporate = {**STATIC["corporate"], "name": [f"{NAME} AG", "other"]}
    account = {**STATIC["account"], "iban": [f"CH{ACCOUNT}{n}" for n in range(10)]}
    return {
        "retail": _first(retail, cust_id=CUSTOMER),
        "corporate": corporate,
        "account": _first(account, account_id=ACCOUNT),
    }


def with_column(columns: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {**columns, **more}


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Bank:
    """Six days prepared, a model of day 5; every run logged in full."""
    bank = Bank(tmp_path_factory.mktemp("canary"), log_level="DEBUG")
    for table, columns in static().items():
        bank.land(table, None, columns)
    for number in range(1, 8):
        bank.land("trx", number, trx(number))
        bank.land("str", number, reports(number))
    bank.prepare(1, 6)
    bank.good("daily", 5, only=("models", "predictions", "reports"))
    return bank


def spoken(bank: Bank) -> str:
    """All that the store says of its content: models, metrics, manifests; hidden files, too.

    Rows of customers stand in frames, CSVs and alert pages, and there only.
    """
    texts = []
    for path, data in bank.files().items():
        if path.endswith(".parquet"):
            entries = pq.read_metadata(bank.store / path).metadata or {}
            texts += [f"{key!r} {value!r}" for key, value in entries.items()]
        elif "/alert_report_" in path:
            manifest = bank.catalog.alert_pages.format.read_manifest(bank.catalog.store, path)
            texts.append(manifest.to_json())
        elif not path.endswith(".csv"):
            texts.append(data.decode("latin-1"))
    return "\n".join(texts)


def assert_unheard(text: str) -> None:
    for mark in MARKS:
        place = text.find(mark)
        assert place < 0, f"the canary is in: …{text[max(0, place - 300) : place + 60]}…"


@pytest.fixture
def heard(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> Callable[[Bank], str]:
    """All that was said in a test: standard streams, logging, events, and the store."""
    caplog.set_level(logging.DEBUG)

    def everything(bank: Bank) -> str:
        out, err = capfd.readouterr()
        return "\n".join([out, err, caplog.text, bank.event_log(), spoken(bank)])

    return everything


@pytest.fixture
def canary(planted: Bank, tmp_path) -> Bank:
    bank = planted.copy_to(tmp_path / "bank")
    bank.log_level = "DEBUG"
    return bank


def test_the_data_hold_the_canary(canary: Bank):
    """Else nothing below would prove anything."""
    csv = (canary.store / "predict_res/pred_full_table2024-01-05.csv").read_text()
    for mark in (NAME, str(CUSTOMER), str(ACCOUNT), str(AMOUNT)):
        assert mark in csv
    assert canary.frame("tables/retail", 1)["cust_id"].to_pylist()[-1] == CUSTOMER


def test_a_good_night_does_not_speak_of_the_canary(canary: Bank, planted: Bank, heard):
    run = canary.good("daily", 7)
    assert run.figures("predictions/predictions", 7)["unseen"] == {"trx.channel": 1}
    text = heard(canary)
    assert "aml_xgboost_2024-01-07" in text
    assert_unheard(text)
    assert_unheard(planted.event_log())


BAD: dict[str, tuple[str, Callable[[], Any]]] = {
    "text for an amount": ("trx", lambda: with_column(trx(7), amount=[NAME] * 12)),
    "text for a time": ("trx", lambda: with_column(trx(7), timestamp=[NAME] * 12)),
    "text for a label": ("str", lambda: with_column(reports(7), label=[NAME] * 8)),
    "number for a label": ("str", lambda: with_column(reports(7), label=[CUSTOMER] * 8)),
    "fraction for an id": ("trx", lambda: with_column(trx(7), cust_id=[AMOUNT] * 12)),
    "infinite number": ("trx", lambda: _first(trx(7), amount=float("-inf"))),
    "huge number": ("trx", lambda: _first(trx(7), amount=AMOUNT * 1e30)),
    "null key": ("str", lambda: _first(reports(7), trx_id=None)),
    "duplicate key": ("trx", lambda: with_column(trx(7), trx_id=[TRANSACTION] * 12)),
    "missing column": ("trx", lambda: {k: v for k, v in trx(7).items() if k != "account_id"}),
    "nested column": ("trx", lambda: with_column(trx(7), more=[{"name": NAME}] * 12)),
    "ids as text": ("trx", lambda: with_column(trx(7), cust_id=[NAME] * 12)),
    "keys as text": ("trx", lambda: with_column(trx(7), trx_id=[f"{NAME}{n}" for n in range(12)])),
    "text forced to a number": ("trx", lambda: trx(7)),
    "text forced to a time": ("trx", lambda: trx(7)),
    "time out of bounds": (
        "trx",
        lambda: with_column(trx(7), when=pa.array([2**62] * 12, pa.timestamp("ms"))),
    ),
    "decimal forced to a category": (
        "trx",
        lambda: with_column(trx(7), when=pa.array([AMOUNT] * 12, pa.float64())),
    ),
}
FORCED = {
    "text forced to a number": {"note": "numeric"},
    "text forced to a time": {"note": "time"},
    "decimal forced to a category": {"when": "category"},
}


@pytest.mark.parametrize("name", BAD)
def test_a_table_that_breaks_its_contract_does_not_quote_the_canary(canary: Bank, heard, name: str):
    table, columns = BAD[name]
    canary.land(table, 7, columns())
    if name in FORCED:
        canary.options["tables"] = {table: {"kinds": FORCED[name]}}
    run = canary.bad("daily", 7)
    met = "retail" if name == "ids as text" else table  # there it is joined, and does not fit
    assert run.sentence.startswith(f"table {met}, day 2024-01-07")
    assert_unheard(heard(canary))


def test_no_broken_file_is_quoted(canary: Bank, heard):
    file = canary.folder("trx", 7) / "part-00000.parquet"
    whole = file.read_bytes()
    for content in (f"PAR1{NAME}PAR1".encode(), whole[:-20], whole[:200] + whole[300:]):
        file.write_bytes(content)
        canary.bad("daily", 7, only=("tables/trx",))
    file.write_bytes(whole)
    canary.land("trx", 7, with_column(trx(7), amount=[NAME] * 12), part=1)
    canary.bad("daily", 7, only=("tables/trx",))
    assert_unheard(heard(canary))


def test_no_altered_file_is_quoted(canary: Bank, heard):
    for path, asset in (
        ("features/merged_features/2024-01-02/data.parquet", "models/model"),
        ("model/aml_xgboost_2024-01-05.ubj", "predictions/predictions"),
    ):
        for position in (300, 1500, -300):
            flip_byte(canary.store / path, position)
            canary.bad("daily", 5, only=(asset,))
            flip_byte(canary.store / path, position)
    assert_unheard(heard(canary))


def test_a_join_or_a_window_that_cannot_be_made_is_not_quoted(canary: Bank, heard):
    # A join that would multiply reports.
    canary.options["tables"] = {"retail": {"key": ["name"], "roles": {"cust_id": "cust_id"}}}
    columns = static()["retail"]
    canary.land("retail", None, {**columns, "cust_id": [CUSTOMER] * 6})
    restate = {"restate": ["retail"]}
    run = canary.bad("daily", 7, config=restate)
    assert "so the join would multiply reports" in run.sentence
    # A column that changes its kind within the window.
    canary.options = {}
    changed = with_column(trx(3), note=[float(n) for n in range(12)])
    canary.land("trx", 3, changed)
    canary.good("daily", 3, only=PREPARE)
    run = canary.bad("self_learning", 5, only=("models/model",))
    assert "column note" in run.sentence
    # Scoring a day whose column is of another kind than the model's.
    canary.land("trx", 7, with_column(trx(7), amount=[dt.datetime(2024, 1, 1)] * 12))  # noqa: DTZ001
    canary.options["tables"] = {"trx": {"roles": {"amount": None}}}
    canary.options["features"] = {
        "behaviour": {"enabled": False}
    }  # its partials are of the amounts
    run = canary.bad("batch_prediction", 7)
    assert "column amount" in run.sentence
    assert_unheard(heard(canary))


def test_a_window_without_labels_is_not_quoted(canary: Bank, heard):
    for number in (1, 2, 3):
        canary.land("str", number, with_column(reports(number), label=[0] * 8))
    canary.good("daily", days=(1, 3), only=PREPARE)
    run = canary.bad("daily", 5, only=("models",))
    assert f"day {day(5)}" in run.sentence
    assert_unheard(heard(canary))
