"""The whole configuration: its sources by rank, and one sentence for whatever is wrong in it."""

import datetime as dt
from pathlib import Path

import pytest

from aml_assets.errors import SettingsError
from aml_assets.settings.load import load_settings


def refused(**overrides):
    with pytest.raises(SettingsError) as caught:
        load_settings(**overrides)
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert "pydantic" not in sentence
    assert caught.value.remedy
    return sentence


def test_without_a_file_everything_is_local_and_the_flow_of_2019(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    settings = load_settings()
    assert settings.landing.url == str(tmp_path / "var" / "landing")
    assert list(settings.tables) == ["trx", "str", "retail", "corporate", "account"]
    assert settings.daily_tables == ["trx", "str"]
    assert [(join.table, join.on) for join in settings.joins] == [
        ("trx", {"str.trx_id": "trx_id"}),
        ("retail", {"trx.cust_id": "cust_id"}),
        ("corporate", {"trx.cust_id": "cust_id"}),
        ("account", {"trx.account_id": "account_id"}),
    ]
    assert settings.join_columns("trx") == ["trx_id", "cust_id", "account_id"]


def test_the_environment_lies_over_the_file_and_what_is_given_over_both(configured, monkeypatch):
    configured("windows: {train_days: 10, eval_days: 2, delay_days: 1}\ntraining: {rounds: 5}")
    monkeypatch.setenv("AML_WINDOWS__EVAL_DAYS", "4")
    monkeypatch.setenv("AML_WINDOWS__DELAY_DAYS", "6")
    settings = load_settings(windows={"delay_days": 7})
    windows = settings.windows
    assert (windows.train_days, windows.eval_days, windows.delay_days) == (10, 4, 7)
    assert settings.training.rounds == 5


def test_a_table_is_described_by_what_differs_from_the_default(configured, monkeypatch):
    configured(
        "tables:\n"
        "  trx: {path: 'trx/dt={date}', roles: {trx_id: ref, amount: null}}\n"
        "  str: {roles: {trx_id: transaction}}\n"
    )
    monkeypatch.setenv("AML_TABLES__RETAIL__PATH", "people")
    settings = load_settings()
    trx = settings.tables["trx"]
    assert (trx.path, trx.key, trx.column("amount")) == ("trx/dt={date}", ["ref"], None)
    assert trx.column("cust_id") == "cust_id"
    assert settings.tables["str"].key == ["transaction", "ins_id"]
    assert settings.tables["retail"].path == "people"
    assert settings.joins[0].on == {"str.transaction": "ref"}


def test_a_relative_path_counts_from_the_file_and_a_url_stays(configured):
    path = configured("landing: {url: in}\nstore: {url: 'hdfs://namenode:8020/aml'}")
    settings = load_settings()
    assert settings.landing.url == str(path.parent / "in")
    assert settings.store.url == "hdfs://namenode:8020/aml"
    absolute = str(Path(path.anchor) / "srv" / "aml")
    assert load_settings(store={"url": absolute}).store.url == absolute


def test_a_link_to_itself_is_left_to_whoever_opens_it(configured):
    path = configured("store: {url: loop/store}")
    (path.parent / "loop").symlink_to("loop")
    assert load_settings().store.url == str(path.parent / "loop" / "store")


def test_settings_do_not_change():
    settings = load_settings()
    with pytest.raises(ValueError, match="frozen"):
        settings.windows.train_days = 3


FILES = {
    "no YAML": ("windows: [1", "is not YAML"),
    "not text": (None, "line 1: not UTF-8"),
    "a list": ("- windows", "not a mapping"),
    "a number as section": ("1: {a: 2}", "not a mapping"),
    "a day of no calendar": (
        "partitions:\n  first_day: 2024-02-30\n",
        "partitions.first_day: 2024-02-30 is a day of no calendar",
    ),
    "a day in other digits": ("partitions: {first_day: ２０２４-01-01}", "written as YYYY-MM-DD"),
    "a number as day": ("partitions: {first_day: 0}", "written as YYYY-MM-DD"),
    "a number as time": ("automation: {deadline: 9}", "a time of day, written as HH:MM"),
    "a time with a zone": ("automation: {deadline: '09:00Z'}", "a time of day, written as"),
    "truth as a number": ("windows: {train_days: true}", "windows.train_days: Input should be no"),
    "truth in a list": ("partitions: {empty_days: [true]}", "Input should be no truth value"),
    "infinite patience": ("hdfs: {retry_seconds: .inf}", "should be a finite number"),
    "no threshold": ("scoring: {threshold: .nan}", "scoring.threshold"),
    "a folder of zones": ("partitions: {time_zone: Europe}", "no time zone is called 'Europe'"),
    "no zone": ("partitions: {time_zone: ''}", "no time zone is called ''"),
    "nearly a URL": ("landing: {url: 'file:/srv'}", "'file:/srv' is no path and no URL"),
    "nearly a path": ("hdfs: {config_dir: ~/conf}", "is not replaced by a shell here"),
    "unknown section": ("window: {train_days: 3}", "unknown setting window"),
    "unknown setting": ("windows: {traindays: 3}", "unknown setting windows.traindays"),
    "unknown setting of a table": (
        "tables: {trx: {pth: x}}",
        "unknown setting tables.trx.pth",
    ),
    "unknown role": ("tables: {trx: {roles: {amout: x}}}", "no role 'amout'"),
    "unknown kind": ("tables: {trx: {kinds: {x: number}}}", "tables.trx.kinds.x: Input should be"),
    "unknown preset": ("training: {preset: flow_2018}", "training.preset: Input should be"),
    "preset of a wrong type": ("training: {preset: [flow_2019]}", "training.preset"),
    "wrong type": ("windows: {train_days: many}", "windows.train_days: Input should be"),
    "wrong section": ("windows: 3", "windows: Input should be a mapping of settings"),
    "no setting left": ("windows:\n  # train_days: 3\n", "should be a mapping of settings"),
    "an invisible sign": ('store: {"url\\u200b": x}', "unknown setting store.url\\u200b"),
    "wrong table": ("tables: {trx: 3}", "tables.trx: Input should be"),
    "wrong roles": ("tables: {trx: {roles: [a]}}", "tables.trx.roles: Input should be"),
    "wrong tables": ("tables: []", "tables: Input should be"),
    "too small": ("windows: {train_days: 0}", "windows.train_days"),
    "no such zone": ("partitions: {time_zone: Mars/Olympus}", "no time zone is called"),
    "days upside down": (
        "partitions: {first_day: 2024-02-01, last_day: 2024-01-01}",
        "last_day lies before",
    ),
    "minimum above the window": (
        "windows: {train_days: 5, min_train_days: 6}",
        "min_train_days is larger",
    ),
    "fixed windows that overlap": (
        "windows: {fixed: {train_start: 2024-01-01, train_end: 2024-01-09, "
        "eval_start: 2024-01-09, eval_end: 2024-01-12}}",
        "windows: fixed",
    ),
    "fixed windows without evaluation": (
        "windows: {fixed: {train_start: 2024-01-01, train_end: 2024-01-09}}",
        "windows.fixed.eval_start: Field required",
    ),
    "half an early stopping": ("training: {early_stopping_days: 3}", "go together"),
    "early stopping that eats the window": (
        "training: {early_stopping_days: 27, early_stopping_rounds: 3}",
        "none of the 27 days",
    ),
    "early stopping that eats the shortest window": (
        "windows: {min_train_days: 5}\n"
        "training: {early_stopping_days: 5, early_stopping_rounds: 3}",
        "none of the 5 days",
    ),
    "early stopping that eats the fixed window": (
        "windows: {fixed: {train_start: 2024-01-01, train_end: 2024-01-04, "
        "eval_start: 2024-01-05, eval_end: 2024-01-06}}\n"
        "training: {early_stopping_days: 4, early_stopping_rounds: 3}",
        "none of the 4 days",
    ),
    "pin without policy": ("scoring: {pinned_model: m}", "go together"),
    "policy without pin": ("scoring: {model_policy: pinned}", "go together"),
    "template without its day": ("store: {predictions: out.csv}", "must contain {date}"),
    "template with a stranger": ("store: {model: '{model_id}{date}'}", "may only use {model_id}"),
    "model over metrics": (
        "store: {model: '{model_id}', metrics: '{model_id}'}",
        "one and the same file",
    ),
    "reports that land once": ("tables: {str: {path: str/all}}", "str.path must contain {date}"),
    "path with a stranger": ("tables: {trx: {path: 'trx/{day}'}}", "may only use {date}"),
    "path without a name": ("tables: {retail: {path: ''}}", "tables.retail: path"),
    "reports removed": ("tables: {str: null}", "'str' cannot be removed"),
    "two tables of one name": (
        "tables: {Retail: {path: x, key: [a]}}",
        "differ only in upper and lower case",
    ),
    "table without a key": ("tables: {branch: {path: x}}", "tables.branch: key: name at least"),
    "table never joined": (
        "tables: {branch: {path: x, key: [a]}}",
        "table 'branch' is configured but never joined",
    ),
    "needed and excluded": (
        "tables: {trx: {exclude: [amount]}}",
        "tables.trx: amount: excluded, and needed",
    ),
    "id as a feature": ("tables: {trx: {kinds: {trx_id: category}}}", "kinds.trx_id: it is a key"),
    "label as a feature": ("tables: {str: {kinds: {label: numeric}}}", "kinds.label"),
    "join of no table": ("joins: [{table: branch, on: {str.a: b}}]", "there is no table 'branch'"),
    "join of nothing": ("joins: [{table: trx, on: {}}]", "joins.0: on: name at least one pair"),
    "join of a bare column": ("joins: [{table: trx, on: {a: b}}]", "write 'a' as table.column"),
    "join of one column twice": (
        "joins: [{table: trx, on: {str.a: b, str.c: b}}]",
        "named twice",
    ),
    "join to a later table": (
        "joins: [{table: retail, on: {trx.cust_id: cust_id}}]",
        "no table joined before 'retail'",
    ),
    "table joined twice": (
        "joins: [{table: trx, on: {str.a: b}}, {table: trx, on: {str.a: b}}]",
        "'trx' is joined twice",
    ),
    "join column as a feature": (
        "tables: {trx: {kinds: {branch: category}}, retail: {key: [cust_id]}}\n"
        "joins: [{table: trx, on: {str.branch: branch}}]",
        "trx.branch is a join column",
    ),
    "tables without the role they are joined by": (
        "tables: {account: {roles: {account_id: null}, key: [iban]}}",
        "joined to 'trx' by the role account_id",
    ),
}


@pytest.mark.parametrize(("text", "what"), FILES.values(), ids=FILES.keys())
def test_a_wrong_file_is_refused_in_one_sentence(configured, text, what):
    path = configured(text or "")
    if text is None:
        path.write_bytes(b"\xff")
    sentence = refused()
    assert what in sentence


def test_every_problem_of_a_file_is_named_at_once(configured):
    configured("windows: {train_days: 0, bogus: 1}\noutput: {style: old}")
    sentence = refused()
    for name in ("windows.train_days", "windows.bogus", "output.style"):
        assert name in sentence


def test_a_problem_has_its_line_and_a_variable_over_the_file_is_named_instead(
    configured, monkeypatch
):
    path = configured("windows:\n  train_days: 0\ntables:\n  trx: {kinds: {x: number}}\n")
    assert f"({path}, line 2)" in refused()
    assert f"({path}, line 4)" in refused()
    monkeypatch.setenv("AML_WINDOWS__TRAIN_DAYS", "-1")
    assert "(AML_WINDOWS__TRAIN_DAYS)" in refused()


def test_what_is_written_without_quotation_marks_is_what_it_looks_like(configured):
    configured(
        "automation: {deadline: 10:30, daily_at: 6:30}\n"
        "store: {file_permissions: 0600, folder_permissions: 700}\n"
        "checks: {label_rate: {severity: off}}\n"
        "tables: {trx: {kinds: {no: category}}}\n"
    )
    settings = load_settings()
    assert settings.automation.deadline == dt.time(10, 30)
    assert settings.automation.daily_at == dt.time(6, 30)
    assert settings.store.file_permissions == "0600"
    assert settings.store.folder_permissions == "700"
    assert settings.checks.label_rate.severity == "off"
    assert settings.tables["trx"].kinds == {"no": "category"}


def test_a_file_that_is_not_there_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv("AML_CONFIG", str(tmp_path / "absent.yaml"))
    assert "absent.yaml" in refused()
    monkeypatch.setenv("AML_CONFIG", str(tmp_path))
    assert "which is no file" in refused()


@pytest.mark.parametrize(
    ("variable", "value", "what"),
    [
        ("AML_WINDOW__TRAIN_DAYS", "3", "AML_WINDOW__TRAIN_DAYS names no setting"),
        ("AML_WINDOWS_TRAIN_DAYS", "3", "AML_WINDOWS_TRAIN_DAYS names no setting"),
        ("AML_CONFIGURATION", "x.yaml", "AML_CONFIGURATION names no setting"),
        ("AML_WINDOWS__TRAINDAYS", "3", "unknown setting windows.traindays"),
        ("AML_WINDOWS__TRAIN_DAYS", "many", "windows.train_days"),
        ("AML_WINDOWS", "{", "the environment variable AML_WINDOWS: its text is no JSON"),
        ("AML_WINDOWS", '{"train_days": 0}', "windows.train_days: Input should be"),
        ("AML_WINDOWS__FIXED", "{bad", "(AML_WINDOWS__FIXED)"),
        ("AML_PARTITIONS__FIRST_DAY", "2024-02-30", "no calendar (AML_PARTITIONS__FIRST_DAY)"),
        ("AML_AUTOMATION__DEADLINE", "630", "a time of day, written as HH:MM"),
        ("AML_STORE__URL", "hdfs:/aml", "'hdfs:/aml' is no path and no URL"),
        ("aml_windows__train_days", "3", "Write it in upper case: AML_WINDOWS__TRAIN_DAYS"),
        ("Aml_Config", "x.yaml", "Write it in upper case: AML_CONFIG"),
        ("aml_windos__train_days", "3", "aml_windos__train_days names no setting"),
    ],
)
def test_a_wrong_variable_is_refused_in_one_sentence(monkeypatch, variable, value, what):
    monkeypatch.setenv(variable, value)
    assert what in refused()


def test_variables_that_are_no_settings_are_left_alone(monkeypatch):
    monkeypatch.setenv("AML_REQUIRE_ALL", "1")
    monkeypatch.setenv("AML_TEST_ANYTHING", "1")
    assert load_settings()


def test_what_is_given_is_checked_like_a_file():
    assert "unknown setting bogus" in refused(bogus={})
    assert "unknown setting store.bogus" in refused(store={"bogus": 1})


def test_a_day_in_a_file_is_a_date(configured):
    configured("partitions: {first_day: 2023-01-01, empty_days: [2023-05-01]}")
    partitions = load_settings().partitions
    assert partitions.first_day == dt.date(2023, 1, 1)
    assert partitions.empty_days == (dt.date(2023, 5, 1),)


def test_early_stopping_may_take_what_a_fixed_window_leaves_it_whatever_rolling_ones_do():
    days = ("2024-01-01", "2024-02-09", "2024-02-10", "2024-02-12")
    names = ("train_start", "train_end", "eval_start", "eval_end")
    settings = load_settings(
        windows={"fixed": dict(zip(names, days, strict=True)), "train_days": 3},
        training={"early_stopping_days": 39, "early_stopping_rounds": 3},
    )
    assert settings.training.early_stopping_days == 39


def test_the_file_of_keys_is_named_as_the_configuration_sees_it(configured, tmp_path, monkeypatch):
    configured("store: {seal_keys: secrets/seal.keys}")
    assert load_settings().store.seal_keys == str(tmp_path / "secrets/seal.keys")
    monkeypatch.setenv("AML_STORE__SEAL_KEYS", "/etc/aml-seal/seal.keys")
    assert load_settings().store.seal_keys == "/etc/aml-seal/seal.keys"
    configured("store: {seal_keys: ~/seal.keys}")
    monkeypatch.delenv("AML_STORE__SEAL_KEYS")
    assert "store.seal_keys" in refused()
