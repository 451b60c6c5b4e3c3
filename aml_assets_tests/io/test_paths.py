"""Path templates: days and model ids are filled in, and read back from one listing."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aml_assets.io.paths import Template, beside, join_path, link_between, split_path

DAY = dt.date(2024, 3, 5)
TEMPLATES = [
    ("trx/daily/{date}", "trx/daily", "trx/daily/2024-03-05"),
    ("trx/dt={date}/parts", "trx", "trx/dt=2024-03-05/parts"),
    ("{date}", "", "2024-03-05"),
    ("res/pred_{date}.csv", "res", "res/pred_2024-03-05.csv"),
    ("a/{date}/b_{date}.csv", "a", "a/2024-03-05/b_2024-03-05.csv"),
]


@pytest.mark.parametrize(("text", "folder", "filled"), TEMPLATES)
@given(days=st.sets(st.dates(dt.date(1990, 1, 1), dt.date(2100, 1, 1)), max_size=5))
def test_the_days_of_a_template_are_read_back_from_one_listing(text, folder, filled, days):
    template = Template(text)
    assert template.fill(DAY) == filled
    assert template.folder == folder
    skip = f"{folder}/" if folder else ""
    names = [template.fill(day).removeprefix(skip).partition("/")[0] for day in days]
    others = ["_SUCCESS", "all", "2024-13-01", "dt=", "x2024-03-05y", "20240305"]
    assert template.days([*names, *others]) == sorted(days)


def test_a_name_is_taken_literally_around_its_placeholder():
    template = Template("m/aml.v1+{model_id}.ubj", "model_id")
    assert template.values(["aml.v1+b.ubj", "aml.v1+a.ubj", "amlxv1+c.ubj", "aml.v1+.ubj"]) == [
        "a",
        "b",
    ]


def test_a_path_is_split_and_joined_and_the_root_is_the_empty_folder():
    assert split_path("a/b/c.csv") == ("a/b", "c.csv")
    assert split_path("c.csv") == ("", "c.csv")
    assert join_path("a/b", "c.csv") == "a/b/c.csv"
    assert join_path("", "c.csv") == "c.csv"


def test_a_companion_has_its_word_before_the_extension():
    assert beside("model/m.ubj", "kept") == "model/m.kept.ubj"
    assert beside("m", "kept") == "m.kept"


def test_a_link_leads_from_one_page_to_another_file_and_is_quoted():
    assert link_between("report/a.html", "report/b.html") == "b.html"
    assert link_between("report/a.html", "res/of day.csv") == "../res/of%20day.csv"
    assert link_between("a.html", "b.html") == "b.html"
