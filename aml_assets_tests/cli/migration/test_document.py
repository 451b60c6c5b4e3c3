"""The YAML file holds exactly the settings, each with its source, and what was dropped."""

import yaml

from aml_assets.cli.migration.document import document
from aml_assets.cli.migration.mapping import Options, migrate
from aml_assets.cli.migration.outcomes import Migration
from aml_assets_tests.cli.migration.variables import daily_version


def test_the_file_holds_exactly_the_settings():
    migration = migrate(daily_version(), Options(rolling=True))
    text = document(migration)
    assert yaml.safe_load(text) == migration.values()
    assert document(migrate(daily_version(), Options(rolling=True))) == text


def test_each_setting_follows_its_source_and_dropped_keys_are_at_the_end():
    migration = Migration()
    migration.put("store.url", "/srv", "hdfs_url")
    migration.put("tables.account", None, "no such table")
    migration.dropped("base_local_path", "of the old worker")
    lines = document(migration).splitlines()
    body = [line for line in lines[lines.index("store:") :] if line]
    assert body == [
        "store:",
        "  # hdfs_url",
        "  url: /srv",
        "tables:",
        "  # no such table",
        "  account: null",
        "# Not taken over:",
        "#   base_local_path: of the old worker",
    ]


def test_no_key_however_odd_can_become_a_setting():
    migration = Migration()
    migration.dropped("x\nstore: {url: evil}", "no such key")
    assert yaml.safe_load(document(migration)) is None
