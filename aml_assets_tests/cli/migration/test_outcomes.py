"""Settings are collected by their place, and every key has its outcome."""

from aml_assets.cli.migration.outcomes import Migration, Outcome


def test_settings_become_nested_mappings_in_their_order():
    migration = Migration()
    migration.put("store.url", "/srv", "a key")
    migration.put("alarms.mail.host", "mail", "an option")
    migration.put("store.model", "m", "a key")
    assert migration.values() == {
        "store": {"url": "/srv", "model": "m"},
        "alarms": {"mail": {"host": "mail"}},
    }


def test_a_key_is_mapped_to_settings_or_dropped_with_a_reason():
    migration = Migration()
    migration.mapped("start_time", "windows.fixed.train_start", "partitions.first_day")
    migration.dropped("base_local_path", "of the old worker")
    assert migration.outcomes == [
        Outcome("start_time", ("windows.fixed.train_start", "partitions.first_day"), ""),
        Outcome("base_local_path", (), "of the old worker"),
    ]
