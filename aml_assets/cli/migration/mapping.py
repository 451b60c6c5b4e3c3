"""The mapping of the old flow's variable to our settings, key by key.

Belongs here: the setting that each key becomes, or the reason for dropping it. Does not belong
here: reading the variable (``variable``), its paths (``legacy_paths``) and lists of tables
(``table_folders``), the result (``outcomes``), writing YAML (``document``).
"""

from __future__ import annotations

import datetime as dt
import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aml_assets.cli.migration.legacy_paths import (
    OPTION,
    Place,
    below,
    common_folder,
    place_of_connection,
    place_of_hdfs_url,
    template,
)
from aml_assets.cli.migration.outcomes import Migration
from aml_assets.cli.migration.table_folders import (
    DAILY_LIST,
    OURS,
    STATIC_LIST,
    TableFolder,
    find_folders,
)
from aml_assets.cli.migration.variable import KEYS, Variable, problem
from aml_assets.core.days import ONE_DAY
from aml_assets.errors import SettingsError

_BASES = {DAILY_LIST: "base_remote_daily_path", STATIC_LIST: "base_remote_static_path"}
"""List of tables → the key with the path template of its tables."""

_OWN_FOLDERS = (
    *("tables", "features", "checks", "decisions", "receipts", "report"),
    *("ledger", "holds", "retention"),
)
"""The store's own folders, whose names no landed table may have."""

_LOCAL = "a folder of the old worker; what travels between steps lies in the store"


@dataclass(frozen=True)
class Options:
    """The options of ``aml migrate``, for what the variable does not say.

    Attributes:
        connection: URL of the files' place, in any form that our settings take.
        rolling: use windows that move with the day and are as long as the fixed ones.
        tables: our table → its name in the old lists, where the names differ.
        without: names in the old lists that are left out.
        since: the first day that the landing sensor builds without being asked.
        mail_host: the mail server; it goes with ``mail_sender`` and ``mail_recipients``.
        mail_sender: address of the alarms' sender.
        mail_recipients: addresses of the alarms' receivers.
    """

    connection: str | None = None
    rolling: bool = False
    tables: Mapping[str, str] = field(default_factory=dict)
    without: Sequence[str] = ()
    since: dt.date | None = None
    mail_host: str | None = None
    mail_sender: str | None = None
    mail_recipients: Sequence[str] = ()


def migrate(values: Mapping[str, Any], options: Options | None = None) -> Migration:
    """Map the old flow's variable to our settings.

    Args:
        values: the variable's content.
        options: the options of the command.

    Returns:
        The settings, and an outcome for every key.

    Raises:
        SettingsError: a value means nothing, or only a person can decide what it means; names
            the key and the remedy.
    """
    options = options or Options()
    variable, migration = Variable(values), Migration()
    place = _place(variable, options, migration)
    _landing(variable, options, place, migration)
    _store(variable, options, place, migration)
    _hdfs(variable, place, migration)
    _windows(variable, options, migration)
    _learning(variable, migration)
    _automation(variable, options, migration)
    _rest(variable, migration)
    return migration


def _place(variable: Variable, options: Options, migration: Migration) -> Place:
    said = variable.text("hdfs_url", optional=options.connection is not None)
    if options.connection is None:
        place = place_of_hdfs_url(said)
        migration.mapped(
            "hdfs_url", "landing.url", "store.url", reason="by WebHDFS, as the old flow"
        )
    else:
        place = place_of_connection(options.connection)
        if "hdfs_url" in variable:
            migration.dropped("hdfs_url", f"{OPTION} says where the files lie")
    for part, reason in place.dropped:
        migration.dropped(part, reason)
    return place


def _landing(variable: Variable, options: Options, place: Place, migration: Migration) -> None:
    lists = {key: variable.names(key) for key in _BASES}
    folders = find_folders(
        lists[DAILY_LIST], lists[STATIC_LIST], renamed=options.tables, without=options.without
    )
    used = {key: base for key, base in _BASES.items() if key == DAILY_LIST or lists[key]}
    keys = " and ".join(used.values())
    paths = {table: _table_path(variable, folder) for table, folder in folders.items()}
    root = common_folder(paths, "the tables", keys)
    for table, path in paths.items():
        if below(root, path).partition("/")[0] in _OWN_FOLDERS:
            raise problem(
                folders[table].key,
                "its folder has the name of one of the store's own folders",
                "Land it under another name.",
            )
    by = OPTION if options.connection else "hdfs_url"
    migration.put("landing.url", place.url(root), f"{by}; {keys}")
    for table in OURS:
        if folder := folders.get(table):
            source = f"{used[folder.key]}, {folder.key}: {folder.name}"
            migration.put(f"tables.{table}.path", below(root, paths[table]), source)
        else:
            migration.put(f"tables.{table}", None, "the lists name no such table")
    for key, base in used.items():
        into = tuple(f"tables.{table}" for table, folder in folders.items() if folder.key == key)
        left_out = [name for name in lists[key] if name in options.without]
        reason = f"left out: {', '.join(left_out)}" if left_out else ""
        migration.mapped(key, *into, reason=reason)
        migration.mapped(base, "landing.url", "tables.*.path")
    if STATIC_LIST not in used:
        _no_static_tables(variable, migration)


def _table_path(variable: Variable, folder: TableFolder) -> str:
    base = _BASES[folder.key]
    values = (folder.name, "{date}") if folder.key == DAILY_LIST else (folder.name,)
    return template(base, variable.text(base), *values)


def _no_static_tables(variable: Variable, migration: Migration) -> None:
    migration.mapped(STATIC_LIST, reason="it is empty: there are no static tables")
    if _BASES[STATIC_LIST] in variable:
        migration.dropped(_BASES[STATIC_LIST], "there are no static tables")


def _store(variable: Variable, options: Options, place: Place, migration: Migration) -> None:
    model_key, meta_key = "base_remote_model_path", "base_remote_model_meta_path"
    result_key = "base_remote_predict_res_path"
    beside = not variable.text(meta_key, optional=True)
    meta_from = model_key if beside else meta_key
    paths = {
        "model": template(model_key, variable.text(model_key), "{model_id}.model"),
        "metrics": template(meta_from, variable.text(meta_from), "{model_id}.meta.json"),
        "predictions": template(result_key, variable.text(result_key), "{prefix}{date}.csv"),
    }
    keys = [model_key, *([] if beside else [meta_key]), result_key]
    root = common_folder(paths, "the outputs", " and ".join(keys))
    sources = {"model": model_key, "metrics": meta_from, "predictions": result_key}
    by = OPTION if options.connection else "hdfs_url"
    migration.put("store.url", place.url(root), f"{by}; {', '.join(keys)}")
    for name, path in paths.items():
        more = " (no path of its own: beside the model)" if name == "metrics" and beside else ""
        migration.put(f"store.{name}", below(root, path), f"{sources[name]}{more}")
    for key, name in ((model_key, "model"), (meta_key, "metrics"), (result_key, "predictions")):
        if key != meta_key or not beside:
            migration.mapped(key, "store.url", f"store.{name}")
        elif key in variable:
            migration.mapped(key, "store.metrics", reason="it is empty: beside the model")
    for key, name in (
        ("model_prefix", "model_prefix"),
        ("predict_res_prefix", "predictions_prefix"),
    ):
        # Files without a prefix are named by their day alone; a model's cannot be.
        prefix = variable.text(key, optional=key == "predict_res_prefix" and key in variable)
        if set(prefix) & set("/{}"):
            raise problem(key, "must be part of a file's name", "Leave out / and braces.")
        migration.put(f"store.{name}", prefix, key)
        migration.mapped(key, f"store.{name}")


def _hdfs(variable: Variable, place: Place, migration: Migration) -> None:
    key = "hdfs_user"
    said = variable.text(key, optional=True)
    if not place.is_hadoop:
        if key in variable:
            migration.dropped(key, "local files have their own owners")
        return
    migration.put(
        "hdfs.authentication", "insecure",
        "the old flow proved nothing; where the cluster asks for proof: docs/hdfs.md",
    )  # fmt: skip
    user = place.user or said
    if user:
        migration.put("hdfs.user", user, OPTION if place.user else key)
    if place.gateway:
        migration.put("hdfs.gateway_path", place.gateway, "hdfs_url")
    if place.user and place.user != said and said:
        migration.dropped(key, "the connection names another user")
    elif key in variable:
        if said:
            migration.mapped(key, "hdfs.user")
        else:
            migration.dropped(key, "it is empty")


def _windows(variable: Variable, options: Options, migration: Migration) -> None:
    keys = ("start_time", "end_time", "metrics_start_time", "metrics_end_time")
    places = ("train_start", "train_end", "eval_start", "eval_end")
    days = [variable.day(key) for key in keys]
    for earlier, later, strict in ((0, 1, False), (1, 2, True), (2, 3, False)):
        if days[earlier] > days[later] or (strict and days[earlier] == days[later]):
            raise problem(
                keys[later],
                f"must lie after {keys[earlier]}" if strict else f"lies before {keys[earlier]}",
                "A model is measured on days after those it learns from: correct the dates.",
            )
    migration.put(
        "partitions.first_day", str(days[0]), "start_time: what is older is not looked at"
    )
    if options.rolling:
        lengths = {
            "train_days": (days[1] - days[0]).days + 1,
            "delay_days": (days[2] - days[1] - ONE_DAY).days,
            "eval_days": (days[3] - days[2]).days + 1,
        }
        sources = dict(zip(lengths, (keys[:2], keys[1:3], keys[2:]), strict=True))
        for name, length in lengths.items():
            migration.put(
                f"windows.{name}", length, f"--rolling, days of {' … '.join(sources[name])}"
            )

        reason = "the length alone (--rolling): the window moves with the day"
        migration.mapped(keys[0], "windows.train_days", "partitions.first_day", reason=reason)
        migration.mapped(keys[1], "windows.train_days", "windows.delay_days", reason=reason)
        migration.mapped(keys[2], "windows.eval_days", "windows.delay_days", reason=reason)
        migration.mapped(keys[3], "windows.eval_days", reason=reason)
        return
    for key, name, day in zip(keys, places, days, strict=True):
        migration.put(f"windows.fixed.{name}", str(day), key)
        more = ("partitions.first_day",) if key == keys[0] else ()
        migration.mapped(key, f"windows.fixed.{name}", *more)


def _learning(variable: Variable, migration: Migration) -> None:
    migration.put(
        "training.preset", "flow_2019",
        "the old flow's parameters, but for nthread 8: training.threads is for the machine here",
    )  # fmt: skip
    migration.put(
        "output.style", "legacy", "pandas' index, _x and _y, the frame's order, precesion"
    )
    key = "specified_model_path"
    given = variable.text(key, optional=True)
    migration.put(
        "scoring.model_policy", "today",
        f"{key}: today's model or none; the old CSV has no column that names an older one",
    )  # fmt: skip
    if given:
        migration.dropped(
            key,
            "today's XGBoost cannot read the old binary .model, and its scores mean nothing "
            "without the encoder, which was not kept: train again (aml backfill --select model), "
            "then pin by scoring.model_policy: pinned and scoring.pinned_model",
        )
    elif key in variable:
        migration.mapped(key, "scoring.model_policy", reason="it is empty: today's new model")


def _automation(variable: Variable, options: Options, migration: Migration) -> None:
    hourly = not variable.text("base_remote_model_meta_path", optional=True)
    retries, delay = (3, 120) if hourly else (2, 300)
    version = "the hourly DAG" if hourly else "the DAG"
    for name, value, source in (
        ("interval_seconds", 60, "the DAG's sensors looked every 60 s"),
        ("deadline", "00:00", "they gave up after 24 hours: now it is an alarm, and goes on"),
        ("deadline_days", 1, "as above"),
        ("daily_at", "00:00", "the DAG's schedule; counts only while the landing sensor is off"),
        ("retries", retries, f"{version}'s retries"),
        ("retry_delay_seconds", delay, f"{version}'s retry_delay"),
        ("max_runtime_minutes", 60, "the DAG's dagrun_timeout"),
    ):
        migration.put(f"automation.{name}", value, source)
    if options.since:
        migration.put("automation.catch_up_from", str(options.since), "--since: no catch-up")
        # Landed days within the look-back are built, too; with fixed windows that is every day.
        migration.put(
            "automation.look_back_days", 1,
            "--since; raise it after a month (30), so that restated days are noticed",
        )  # fmt: skip
    mail = (options.mail_host, options.mail_sender, options.mail_recipients)
    if any(mail):
        if not all(mail):
            raise SettingsError(
                "--mail-host, --mail-from and --mail-to go together", remedy="Give all three."
            )
        # A sensor that waited for a day without end failed its task, and that was mailed.
        kinds = ["run_failure", "retry", "missed_deadline"]
        migration.put(
            "alarms.kinds", kinds, "the DAG's mails on failure, timeout and retry; of more"
        )
        migration.put(
            "alarms.mail.host", options.mail_host, "--mail-host; password: AML_SMTP_PASSWORD"
        )
        migration.put("alarms.mail.sender", options.mail_sender, "--mail-from")
        migration.put("alarms.mail.recipients", list(options.mail_recipients), "--mail-to")


def _rest(variable: Variable, migration: Migration) -> None:
    for key in variable:
        if key.startswith("base_local_") and key in KEYS:
            migration.dropped(key, _LOCAL)
        elif key not in KEYS:
            near = difflib.get_close_matches(key, KEYS, n=1)
            meant = f"; is {near[0]} meant?" if near else ""
            migration.dropped(key, f"the flow of 2019 read no such key{meant}")
