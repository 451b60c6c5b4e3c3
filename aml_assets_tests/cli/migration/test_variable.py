"""The variable is read from its own JSON or from Airflow's export; an error names its key."""

from __future__ import annotations

import datetime as dt
import json
import re

import pytest

from aml_assets.cli.migration.variable import Variable, read_variable, shown
from aml_assets.errors import SettingsError
from aml_assets_tests.cli.migration.variables import daily_version


@pytest.mark.parametrize("inside", [lambda v: v, json.dumps], ids=["object", "text"])
def test_airflows_export_is_read_and_other_variables_are_named(inside):
    text = json.dumps({"sl_config": inside(daily_version()), "mail_password": "x"})
    assert read_variable(text) == (daily_version(), ("mail_password",))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('{"start_time": "a",', "the file is not JSON (line 1)"),
        ("[]", "the file is no JSON object"),
        ('{"sl_config": "nothing"}', "the variable sl_config is not JSON"),
        ('{"sl_config": 5}', "sl_config: the variable is no JSON object"),
        ('{"end_time": "a", "end_time": "b"}', "end_time: is given twice"),
    ],
)
def test_a_file_that_holds_no_variable_is_one_sentence(text, sentence):
    with pytest.raises(SettingsError, match=re.escape(sentence)):
        read_variable(text)


def test_values_are_read_by_their_type():
    variable = Variable({"text": "a b", "empty": "", "names": ["trx"], "day": "2018-05-01"})
    assert variable.text("text") == "a b"
    assert variable.text("empty", optional=True) == variable.text("absent", optional=True) == ""
    assert variable.names("names") == ["trx"]
    assert variable.day("day") == dt.date(2018, 5, 1)
    assert "text" in variable
    assert list(variable) == ["text", "empty", "names", "day"]


@pytest.mark.parametrize("value", [5, " a", "a\nb", ["geheim"]])
def test_an_error_names_the_key_and_never_quotes_the_value(value: object):
    with pytest.raises(SettingsError, match=r"hdfs_user: must be one line") as raised:
        Variable({"hdfs_user": value}).text("hdfs_user")
    assert "geheim" not in str(raised.value)


def test_an_odd_key_is_shown_as_one_short_line():
    assert shown("start_time") == "start_time"
    assert shown("a\nb: c") == '"a\\nb: c"'
    assert len(shown("#" * 500)) <= 60
