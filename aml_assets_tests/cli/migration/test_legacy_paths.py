"""Old addresses and path templates become URLs and templates of ours; no password gets through."""

from __future__ import annotations

import pytest

from aml_assets.cli.migration.legacy_paths import (
    below,
    common_folder,
    place_of_connection,
    place_of_hdfs_url,
    template,
)
from aml_assets.cli.migration.mapping import migrate
from aml_assets.errors import SettingsError
from aml_assets.settings.load import settings_of
from aml_assets_tests.cli.migration.variables import daily_version


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://namenode:50070", "webhdfs://namenode:50070"),
        ("http://nn1:50070;http://nn2:50070", "webhdfs://nn1:50070,nn2:50070"),
        ("https://namenode:9871", "swebhdfs://namenode:9871"),
    ],
)
def test_without_a_connection_hdfs_url_is_webhdfs(url, expected):
    settings = settings_of(migrate(daily_version(hdfs_url=url)).values())
    assert settings.store.url == f"{expected}/anti-money/he_test"


def test_a_gateways_path_is_kept():
    settings = settings_of(migrate(daily_version(hdfs_url="https://knox:8443/gateway/x")).values())
    assert settings.landing.url == "swebhdfs://knox:8443/anti-money/daily_data_group"
    assert settings.hdfs.gateway_path == "/gateway/x"


def test_a_connection_gives_the_place_and_the_user_and_drops_the_password():
    place = place_of_connection("hdfs://ada:geheim@namenode:8020/bank/?x=1")
    assert place.url("/trx") == "hdfs://namenode:8020/bank/trx"
    assert (place.user, place.is_hadoop) == ("ada", True)
    assert [part for part, _ in place.dropped] == ["--connection password", "--connection extras"]
    assert "geheim" not in repr(place)


def test_a_local_folder_is_a_place_without_a_cluster():
    for url in ("/srv/bank/", "file:///srv/bank"):
        place = place_of_connection(url)
        assert not place.is_hadoop
        assert place.url("/trx").endswith("/srv/bank/trx")


@pytest.mark.parametrize(
    "url", ["ftp://geheim", "hdfs://", "file://geheim/x", "hdfs://geheim geheim:1"]
)
def test_a_connection_that_leads_nowhere_is_refused_unquoted(url: str):
    with pytest.raises(SettingsError, match=r"--connection: ") as raised:
        place_of_connection(url)
    assert "geheim" not in str(raised.value)


def test_addresses_that_differ_in_more_than_the_host_are_refused():
    with pytest.raises(SettingsError, match="differ in more than the host"):
        place_of_hdfs_url("http://a:1;https://b:1")


def test_a_template_is_filled_as_pythons_format_filled_it():
    assert template("key", "/x/{}/{}/", "trx", "{date}") == "/x/trx/{date}"
    assert template("key", "//x/{1}/{0}", "trx", "{date}") == "/x/{date}/trx"
    for wrong in ("/x/{}", "/x/{}/{2}", "/x/{}/{}/{y}", "x/{}/{}", "/x/../{}/{}"):
        with pytest.raises(SettingsError, match="key: "):
            template("key", wrong, "trx", "{date}")


def test_the_common_folder_is_the_deepest_without_a_placeholder():
    paths = {"a": "/bank/in/trx/{date}", "b": "/bank/in/str/{date}"}
    assert common_folder(paths, "the tables", "keys") == "/bank/in"
    assert below("/bank/in", paths["a"]) == "trx/{date}"
    assert common_folder({"a": "/bank/in/x{date}"}, "the tables", "keys") == "/bank/in"
    with pytest.raises(SettingsError, match="keys: the tables have no folder in common"):
        common_folder({"a": "/x/a", "b": "/y/b"}, "the tables", "keys")
