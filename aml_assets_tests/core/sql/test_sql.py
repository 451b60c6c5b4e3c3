"""The SQL files: their headers, and names with any character."""

import re
from importlib import resources

import duckdb
import jinja2
import pytest

from aml_assets.core import sql
from aml_assets.core.relations.account_behaviour import FLOWS

ODD = ["plain", 'a "quoted" name', "'; DROP TABLE reports; --", "{{ 7 * 7 }}", "größe", "select"]
VALUES = {
    "merged_features": {
        "root": "str",
        "key": ODD[:2],
        "columns": [
            {"table": table, "source": name, "name": f"{table}_{name}"}
            for table in ("str", "trx")
            for name in ODD
        ],
        "joins": [
            {
                "table": "trx",
                "pairs": [
                    {"left_table": "str", "left": ODD[0], "right": ODD[1]},
                    {"left_table": "str", "left": ODD[2], "right": ODD[2]},
                ],
            }
        ],
    },
    "newest_decisions": {
        "key": ODD,
        "known_by": 19_800,
        "maturity": 30,
        "names_days": False,
        "first": False,
    },
    "orphans": {"columns": ODD[:2]},
    "movements": {
        "id_type": "STRING",
        "payer": "0",
        "payee": "1",
        "payer_customer": "2",
        "payee_customer": "3",
        "amount": "4",
        "is_exact": False,
        "round_to": 100,
        "least": 9_000,
        "threshold": 10_000,
        "time": "5",
        "timed": True,
        "night": (22, 6),
        "marks": [{"name": "cash", "columns": [("6", ODD)]}],
    },
    "movement_counts": {},
    "stacked_days": {
        "days": [{"view": "day_1", "number": 1}, {"view": "day_2", "number": 2}],
        "columns": [{"name": "account", "type": "STRING"}, {"name": ODD[1], "type": None}],
        "only": 1,
    },
    "reached": {
        "columns": range(2),
        "references": [[{"column": "0", "type": "STRING", "view": "met_0_0"}]],
        "order": ["0"],
    },
    "pair_day": {},
    "relation": {"day": 19_800},
    "new_payments": {"since": 19_771},
    "account_day": {"traits": ODD[:2]},
    "behaviour": {
        "day": 19_800,
        "windows": [1, 7, 90],
        "passing": [1, 7],
        "habit": [1, 90],
        "reaches": [1, 7, 90],
        "flows": FLOWS,
        "traits": ["round", "night"],
    },
    "label_history": {"day": 19_800},
    "network": {"day": 19_800, "windows": [7, 30]},
    "counterparties": {"day": 19_800, "windows": [7, 30]},
    "new_relation": {"day": 19_800, "windows": [7, 30], "bound": 200},
    "ways": {"windows": [7, 30], "is_back": False},
    "steps": {"source": "payee", "target": "payer", "columns": ODD[:2], "since": 19_800},
    "case_days": {},
    "case_counterparties": {"most": 8},
    "case_fans": {"within": 2, "least": 5},
    "case_passes": {"within": 2, "least": "0.8", "most": "1.2"},
    "queue": {"rise": "1.5", "most": 20},
    "unit_day": {"features": ODD},
    "unit_features": {"day": 19_800, "windows": [7, 30], "features": ODD},
    "unit_labels": {"horizon": 14},
}
"""What each file is filled with here; a new file has to be added."""

UNORDERED = {
    *("relation", "new_relation", "new_payments"),
    *("orphans", "movements", "movement_counts", "stacked_days"),
}
"""Steps on the way, each read by what order says nothing to, and files that give one row."""

FILES = sorted(
    entry.name.removesuffix(".sql")
    for entry in resources.files(sql).iterdir()
    if entry.name.endswith(".sql")
)


def test_every_file_is_tried():
    assert sorted(VALUES) == FILES


@pytest.mark.parametrize("name", FILES)
def test_a_file_says_its_inputs_grain_and_output_first(name):
    text = resources.files(sql).joinpath(f"{name}.sql").read_text(encoding="utf-8")
    header = re.match(r"(?:--.*\n)+", text)
    assert header
    for word in ("Inputs", "Grain", "Output", "Filled"):
        assert re.search(rf"^-- {word} +\S", header[0], re.MULTILINE), word


@pytest.mark.parametrize("name", FILES)
def test_the_engine_parses_each_file_with_any_name_quoted_in_it(name):
    text = sql.render(name, **VALUES[name])
    (statement,) = duckdb.extract_statements(text)
    assert statement.type.name == "SELECT"
    for odd in ODD[: len(VALUES[name].get("key", ()))]:
        assert sql.quoted(odd) in text


@pytest.mark.parametrize("name", sorted({*FILES} - UNORDERED))
def test_each_file_orders_its_rows(name):
    assert re.search(r"\nORDER BY [^()]+$", sql.render(name, **VALUES[name]).rstrip())


@pytest.mark.parametrize("name", FILES)
def test_a_value_that_is_missing_is_an_error_and_no_empty_text(name):
    for left_out in VALUES[name]:
        values = {key: value for key, value in VALUES[name].items() if key != left_out}
        with pytest.raises(jinja2.UndefinedError):
            sql.render(name, **values)


def test_an_identifier_may_hold_any_character():
    connection = duckdb.connect()
    for odd in ODD:
        found = connection.sql(f"SELECT 1 AS {sql.quoted(odd)}")
        assert found.columns == [odd]
