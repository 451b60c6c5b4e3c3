"""Each of our tables is found in the old lists, or a person has to say which one it is."""

from __future__ import annotations

from typing import Any

import pytest

from aml_assets.cli.migration.table_folders import (
    DAILY_LIST,
    STATIC_LIST,
    TableFolder,
    find_folders,
)
from aml_assets.errors import SettingsError

DAILY, STATIC = ["trx", "str"], ["retail"]


def find(daily: list[str] = DAILY, static: list[str] = STATIC, **options: Any):
    return find_folders(daily, static, **{"renamed": {}, "without": (), **options})


def test_tables_are_found_by_their_names_and_their_list():
    assert find() == {
        "str": TableFolder("str", DAILY_LIST),
        "trx": TableFolder("trx", DAILY_LIST),
        "retail": TableFolder("retail", STATIC_LIST),
    }


def test_a_table_of_another_name_is_found_by_that_and_a_stranger_is_left_out():
    found = find(["payments", "str", "loans"], renamed={"trx": "payments"}, without=["loans"])
    assert found["trx"] == TableFolder("payments", DAILY_LIST)
    assert "loans" not in {folder.name for folder in found.values()}


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"static": ["trx"]}, "static_dir_list: 'trx' is in daily_dir_list, too"),
        ({"renamed": {"branch": "trx"}}, "--table: there is no table 'branch'"),
        ({"renamed": {"account": "accounts"}}, "--table: no list names 'accounts'"),
        ({"without": ["loans"]}, "--without: no list names 'loans'"),
        ({"renamed": {"account": "retail"}}, "static_dir_list: 'retail' would be two tables"),
        ({"static": ["loans"]}, "static_dir_list: which table 'loans' is, is unclear"),
        ({"daily": ["trx"], "static": ["str"]}, "daily_dir_list: names no table str"),
        ({"without": ["trx"]}, "daily_dir_list: names no table trx"),
    ],
)
def test_a_choice_that_only_a_person_can_make_is_one_sentence(
    options: dict[str, Any], sentence: str
):
    with pytest.raises(SettingsError, match=sentence):
        find(**options)
