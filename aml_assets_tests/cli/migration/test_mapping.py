"""Every key of the old flow's variable becomes a setting, or is dropped with a reason."""

import datetime as dt
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aml_assets.cli.migration.document import document
from aml_assets.cli.migration.mapping import Options, migrate
from aml_assets.cli.migration.outcomes import Migration, Outcome
from aml_assets.cli.migration.variable import KEYS
from aml_assets.errors import SettingsError
from aml_assets.io.catalog import Catalog
from aml_assets.settings.load import Settings, load_settings, settings_of
from aml_assets_tests.cli.migration.variables import daily_version, hourly_version

CONNECTION = Options(connection="hdfs://hdfs@namenode:8020")


def outcome(migration: Migration, key: str) -> Outcome:
    (found,) = [each for each in migration.outcomes if each.key == key]
    return found


def load(migration: Migration, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The written file as every command reads it."""
    file = tmp_path / "aml.yaml"
    file.write_text(document(migration), encoding="utf-8")
    monkeypatch.setenv("AML_CONFIG", str(file))
    return load_settings()


def test_the_variable_becomes_a_file_that_our_settings_load(tmp_path, monkeypatch):
    migration = migrate(daily_version(), CONNECTION)
    settings = load(migration, tmp_path, monkeypatch)
    assert settings.landing.url == "hdfs://namenode:8020/anti-money/daily_data_group"
    assert settings.tables["trx"].path == "trx/daily/{date}"
    assert settings.tables["account"].path == "account/all"
    store = settings.store
    assert store.url == "hdfs://namenode:8020/anti-money/he_test"
    assert store.model == "model/{model_id}.model"
    assert store.metrics == "model_meta/{model_id}.meta.json"
    assert store.predictions == "predict_res/{prefix}{date}.csv"
    assert (store.model_prefix, store.predictions_prefix) == ("he_test_xgboost", "pred_full_table")
    assert (settings.hdfs.authentication, settings.hdfs.user) == ("insecure", "hdfs")
    fixed = settings.windows.fixed
    assert fixed
    assert [str(day) for day in fixed.model_dump().values()] == [
        "2018-05-01", "2018-05-27", "2018-05-28", "2018-05-30",
    ]  # fmt: skip
    assert str(settings.partitions.first_day) == "2018-05-01"
    assert (settings.training.preset, settings.training.rounds) == ("flow_2019", 1000)
    assert (settings.output.style, settings.scoring.model_policy) == ("legacy", "today")
    assert (settings.automation.retries, settings.automation.max_runtime_minutes) == (2, 60)
    assert settings_of(migration.values()).model_dump() == settings.model_dump()


def test_rolling_windows_are_as_long_as_the_fixed_ones_and_keep_the_gap():
    values = daily_version(metrics_start_time="2018-05-30", metrics_end_time="2018-06-01")
    windows = settings_of(migrate(values, Options(rolling=True)).values()).windows
    assert windows.fixed is None
    assert (windows.train_days, windows.delay_days, windows.eval_days) == (27, 2, 3)


def test_the_hourly_version_keeps_its_metrics_beside_the_model_and_its_own_retries():
    settings = settings_of(migrate(hourly_version()).values())
    assert settings.store.metrics == "model/{model_id}.meta.json"
    assert (settings.automation.retries, settings.automation.retry_delay_seconds) == (3, 120)


@given(
    st.sets(st.sampled_from(["specified_model_path", "hdfs_user", "base_local_path"])),
    st.dictionaries(st.text(max_size=12).filter(lambda key: key not in KEYS), st.integers()),
    st.booleans(),
)
def test_every_key_is_mapped_or_dropped_with_a_reason_once(absent, unknown, rolling):
    values = {**daily_version(**dict.fromkeys(absent)), **unknown}
    migration = migrate(values, Options(connection="hdfs://namenode:8020", rolling=rolling))
    keys = [each.key for each in migration.outcomes]
    assert sorted(keys) == sorted(values)
    places = {setting.place for setting in migration.settings}
    for each in migration.outcomes:
        assert each.places or each.reason
        for place in each.places:
            pattern = re.escape(place).replace(r"\*", "[a-z]+") + r"(\..*)?"
            assert any(re.fullmatch(pattern, known) for known in places), place
    for key in unknown:
        assert "no such key" in outcome(migration, key).reason
    # No name of a key, however odd, can become a setting.
    settings_of(migration.values())
    comments = [line for line in document(migration).splitlines() if not line.startswith("#")]
    assert comments == [
        line
        for line in document(migrate(daily_version(**dict.fromkeys(absent)),
            Options(connection="hdfs://namenode:8020", rolling=rolling))).splitlines()
        if not line.startswith("#")
    ]  # fmt: skip


def test_no_password_gets_into_the_file_or_an_error():
    options = Options(connection="hdfs://hdfs:geheim@namenode:8020?proxy=geheim")
    migration = migrate(daily_version(hdfs_url="http://u:geheim@x:1"), options)
    text = document(migration)
    assert "geheim" not in text
    assert "holds no secret" in outcome(migration, "--connection password").reason
    with pytest.raises(SettingsError) as raised:
        migrate(daily_version(), Options(connection="hdfs://hdfs:geheim@"))
    assert "geheim" not in str(raised.value)


def test_a_model_given_by_hand_is_dropped_with_the_way_back_to_one():
    values = daily_version(specified_model_path="/anti-money/he_test/model/best.model")
    reason = outcome(migrate(values, CONNECTION), "specified_model_path").reason
    assert "encoder" in reason
    assert "aml backfill --select model" in reason
    assert "scoring.pinned_model" in reason


def test_tables_of_other_names_are_taken_once_somebody_says_which_they_are():
    values = daily_version(daily_dir_list=["payments", "str"], static_dir_list=["retail", "loans"])
    with pytest.raises(SettingsError, match=r"daily_dir_list: which table 'payments' is"):
        migrate(values, CONNECTION)
    options = Options(CONNECTION.connection, tables={"trx": "payments"}, without=["loans"])
    migration = migrate(values, options)
    settings = settings_of(migration.values())
    assert settings.tables["trx"].path == "payments/daily/{date}"
    assert set(settings.tables) == {"trx", "str", "retail"}
    assert "left out: loans" in outcome(migration, "static_dir_list").reason


def test_predictions_may_be_named_by_their_day_alone(tmp_path):
    values = migrate(daily_version(predict_res_prefix=""), CONNECTION).values()
    # A local store: a catalog of a cluster's would leave its user's name in this process.
    values["landing"]["url"] = values["store"]["url"] = str(tmp_path)
    del values["hdfs"]
    catalog = Catalog(settings_of(values))
    assert catalog.predictions.path(dt.date(2018, 5, 31)) == "predict_res/2018-05-31.csv"


def test_mails_and_the_first_night_are_set_when_given():
    options = Options(
        CONNECTION.connection,
        since=dt.date(2018, 6, 1),
        mail_host="mail.bank.example",
        mail_sender="aml@bank.example",
        mail_recipients=["night@bank.example"],
    )
    settings = settings_of(migrate(daily_version(), options).values())
    assert settings.alarms.mail.recipients == ["night@bank.example"]
    assert settings.alarms.kinds == ["run_failure", "retry", "missed_deadline"]
    assert str(settings.automation.catch_up_from) == "2018-06-01"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"start_time": "01.05.2018"}, "start_time: is no day. Write it as YYYY-MM-DD."),
        ({"start_time": 20180501}, "start_time: must be one line of text"),
        ({"end_time": None}, "end_time: is missing"),
        ({"end_time": "2018-04-01"}, "end_time: lies before start_time"),
        ({"metrics_start_time": "2018-05-27"}, "metrics_start_time: must lie after end_time"),
        ({"model_prefix": ""}, "model_prefix: is empty"),
        ({"predict_res_prefix": None}, "predict_res_prefix: is "),
        ({"model_prefix": "a/b"}, "model_prefix: must be part of a file's name"),
        ({"daily_dir_list": "trx,str"}, "daily_dir_list: must be a list of names"),
        ({"daily_dir_list": ["trx"]}, "daily_dir_list: names no table str"),
        ({"daily_dir_list": ["trx", "str", "../x"]}, "daily_dir_list: holds a name that is no"),
        ({"daily_dir_list": ["trx", "trx", "str"]}, "daily_dir_list: names a folder twice"),
        ({"static_dir_list": ["trx"]}, "static_dir_list: 'trx' is in daily_dir_list, too"),
        ({"base_remote_daily_path": "/x/{}"}, "base_remote_daily_path: must hold {} 2 times"),
        ({"base_remote_daily_path": "/x/{t}/{}/{}"}, "base_remote_daily_path: holds a brace"),
        ({"base_remote_model_path": "x/{}"}, "base_remote_model_path: must be an absolute path"),
        ({"base_remote_model_path": "/m/{}"}, "base_remote_predict_res_path: the outputs have no"),
        ({"hdfs_url": "localhost"}, "hdfs_url: it names a host alone"),
        ({"hdfs_url": "ftp://x"}, "hdfs_url: its scheme is none that leads to HDFS"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_value_that_means_nothing_is_one_sentence_with_its_key(changes, sentence):
    with pytest.raises(SettingsError, match=re.escape(sentence)):
        migrate(daily_version(**changes))
