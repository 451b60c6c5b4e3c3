"""A bank describes its tables by what differs from the five defaults, and how they join."""

import re
from typing import Any

import pytest
from pydantic import ValidationError

from aml_assets.errors import SettingsError
from aml_assets.settings.load import load_settings, settings_of
from aml_assets.settings.table_settings import (
    Join,
    TableSettings,
    check_joins,
    default_joins,
    join_columns,
    key_of_decided,
    with_default_tables,
)


def test_a_bank_without_companies_removes_their_table(configured):
    configured("tables: {corporate: null}")
    settings = load_settings()
    assert "corporate" not in settings.tables
    assert [join.table for join in settings.joins] == ["trx", "retail", "account"]


def test_reports_without_an_instance_are_known_by_their_transaction(configured):
    configured("tables: {str: {roles: {ins_id: null}}}")
    spec = load_settings().tables["str"]
    assert spec.key == ["trx_id"]
    assert "ins_id" not in spec.required


def test_a_sixth_table_is_joined_by_name(configured):
    configured(
        "tables: {branch: {path: branches, key: [code]}}\n"
        "joins:\n"
        "  - {table: trx, on: {str.trx_id: trx_id}}\n"
        "  - {table: retail, on: {trx.cust_id: cust_id}}\n"
        "  - {table: corporate, on: {trx.cust_id: cust_id}}\n"
        "  - {table: account, on: {trx.account_id: account_id}}\n"
        "  - {table: branch, on: {account.branch: code}}\n"
    )
    settings = load_settings()
    assert settings.join_columns("branch") == ["code"]
    assert settings.join_columns("account") == ["account_id", "branch"]


def test_a_table_is_daily_by_the_date_in_its_path():
    assert TableSettings(path="trx/{date}", key=["a"]).daily
    assert not TableSettings(path="trx/all", key=["a"]).daily


def test_keys_and_columns_with_a_role_are_needed_and_ids_are_no_features():
    table = TableSettings(
        path="x",
        key=["ref"],
        roles={"cust_id": "party", "amount": "sum", "ins_id": None},
        kinds={"iban": "id", "city": "category"},
    )
    assert table.required == ["ref", "party", "sum"]
    assert table.ids == ["ref", "party", "iban"]
    assert table.column("cust_id") == "party"
    assert table.column("ins_id") is None


def test_a_join_names_the_table_of_its_left_column():
    assert Join(table="trx", on={"str.trx_id": "trx_id"}).on == {"str.trx_id": "trx_id"}
    with pytest.raises(ValidationError, match=r"write 'trx_id' as table\.column"):
        Join(table="trx", on={"trx_id": "trx_id"})


def test_neither_table_that_everything_needs_can_be_removed():
    for name in ("str", "trx"):
        with pytest.raises(ValueError, match=f"'{name}' cannot be removed"):
            with_default_tables({name: None})


def test_default_joins_are_written_in_the_banks_own_column_names():
    plain = with_default_tables({"trx": {"roles": {"cust_id": "party"}}, "account": None})
    tables = {name: TableSettings.model_validate(values) for name, values in plain.items()}
    joins = default_joins(tables)
    assert [(join.table, join.on) for join in joins] == [
        ("trx", {"str.trx_id": "trx_id"}),
        ("retail", {"trx.party": "cust_id"}),
        ("corporate", {"trx.party": "cust_id"}),
    ]
    check_joins(tables, joins)
    assert join_columns(joins, "trx") == ["trx_id", "party"]
    with pytest.raises(ValueError, match="table 'corporate' is configured but never joined"):
        check_joins(tables, joins[:-1])


def test_joins_given_empty_are_the_default_ones():
    assert load_settings(joins=[]).joins == load_settings().joins
    assert load_settings().model_dump() == load_settings(joins=load_settings().joins).model_dump()


def test_a_table_of_dispositions_is_there_once_it_is_named_and_neither_joined_nor_waited_for():
    assert settings_of({}).tables_beside == []
    settings = settings_of({"tables": {"dispositions": {}}})
    assert settings.tables_beside == ["dispositions"]
    assert settings.daily_tables == ["trx", "str"]
    decided = settings.tables["dispositions"]
    assert key_of_decided(decided, settings.tables["str"]) == ["trx_id", "ins_id"]


def test_the_columns_that_name_a_decided_report_follow_the_key_of_reports():
    def named(reports: dict[str, Any], roles: dict[str, Any]) -> list[str]:
        tables = {"str": reports, "dispositions": {"roles": roles}}
        settings = settings_of({"tables": tables})
        return key_of_decided(settings.tables["dispositions"], settings.tables["str"])

    assert named({"roles": {"ins_id": None}}, {"trx_id": "ref"}) == ["ref"]
    assert named({"key": ["trx_id", "branch"]}, {"trx_id": "ref"}) == ["ref", "branch"]
    assert named({}, {"trx_id": None, "ins_id": None}) == []


@pytest.mark.parametrize(
    ("tables", "sentence"),
    [
        ({"dispositions": {"roles": {"by": None}}}, "dispositions.roles.by: it needs such a col"),
        ({"dispositions": {"path": "dispositions"}}, "dispositions.path must contain {date}"),
        (
            {"dispositions": {"roles": {"trx_id": None, "cust_id": None}}},
            "name what it is about, a report or a customer",
        ),
        ({"trx": {"roles": {"note": "memo"}}}, "trx.roles: only dispositions has the role note"),
    ],
)
def test_a_table_of_dispositions_names_a_case_and_a_decision_and_no_other_table_does(
    tables, sentence
):
    with pytest.raises(SettingsError, match=re.escape(sentence)):
        settings_of({"tables": tables})


def test_a_table_of_dispositions_is_joined_to_nothing():
    joins = [{"table": "trx", "on": {"str.trx_id": "trx_id"}}]
    joins += [{"table": "dispositions", "on": {"str.trx_id": "trx_id"}}]
    no_others = dict.fromkeys(("retail", "corporate", "account"))
    with pytest.raises(SettingsError, match="it joins nothing"):
        settings_of({"tables": {"dispositions": {}, **no_others}, "joins": joins})


def table(**given):
    return TableSettings.model_validate({"path": "x", "key": ["a"], **given})


@pytest.mark.parametrize(
    ("given", "known"),
    [(True, True), ("true", True), ("FALSE", False), ("utf8", True), ("GBK", "gbk")],
)
def test_bytes_are_texts_in_an_encoding_that_python_knows(given, known):
    assert table(binary_as_text=given).binary_as_text == known


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"binary_as_text": "klingon"}, "'klingon' is no encoding of texts"),
        ({"binary_as_text": "base64"}, "'base64' is no encoding of texts"),
        ({"format": "csv"}, "'parquet' or 'orc'"),
        ({"columns": ["a", "b"]}, "only ORC files"),
        ({"format": "orc", "columns": ["a", "a"]}, "columns: each name stands there once"),
        ({"partition_columns": ["b", "b"]}, "partition_columns: each name stands there once"),
        ({"partition_columns": ["b", ""]}, "none is empty"),
        ({"partition_columns": ["b"], "exclude": ["b"]}, "b is excluded"),
        (
            {"format": "orc", "columns": ["a", "b"], "partition_columns": ["b"]},
            "b is excluded, or one of columns",
        ),
    ],
)
def test_how_files_and_folders_lie_must_not_contradict_itself(given, said):
    with pytest.raises(ValidationError, match=re.escape(said)):
        table(**given)
