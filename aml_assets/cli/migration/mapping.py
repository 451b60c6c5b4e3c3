"""What each key of the old flow's variable means now: a setting, or nothing, and why.

Belongs here: the mapping, key by key, and the options that decide where a key does not. Does not
belong here: reading the variable (``variable``), paths (``paths``), writing YAML (``document``).
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
from aml_assets.cli.migration.variable import KEYS, Variable, problem
from aml_assets.core.days import ONE_DAY
from aml_assets.errors import SettingsError

OURS = ("str", "trx", "retail", "corporate", "account")
"""The tables that the old flow joined, by these very names; reports and transactions first."""

_NEEDED = ("str", "trx")
_OWN_FOLDERS = ("tables", "features", "checks", "decisions", "receipts", "report")
"""Folders of the store, which no landing may share."""

_LOCAL = "a folder of the old worker; what travels between steps lies in the store"


@dataclass(frozen=True)
class Options:
    """What a person says beside the variable.

    Attributes:
        connection: the cluster's URL, or any other that our settings take.
        rolling: windows that move with the day, as long as the fixed ones.
        tables: our table → the folder's name in the old lists, where they differ.
        without: names in the old lists that are left out.
        since: the first day that the landing sensor takes up by itself.
        mail_host: the mail server, with ``mail_sender`` and ``mail_recipients``.
    """

    connection: str | None = None
    rolling: bool = False
    tables: Mapping[str, str] = field(default_factory=dict)
    without: Sequence[str] = ()
    since: dt.date | None = None
    mail_host: str | None = None
    mail_sender: str | None = None
    mail_recipients: Sequence[str] = ()


@dataclass(frozen=True)
class Setting:
    """One setting, by its place (``store.model``), and what it comes from."""

    place: str
    value: Any
    source: str


@dataclass(frozen=True)
class Fate:
    """What became of one key: the settings it went into, or none, and why."""

    key: str
    places: tuple[str, ...] = ()
    why: str = ""


@dataclass
class Migration:
    """Settings and fates; every key of the variable has exactly one fate."""

    settings: list[Setting] = field(default_factory=list)
    fates: list[Fate] = field(default_factory=list)

    def values(self) -> dict[str, Any]:
        """The settings as nested mappings, as the YAML file holds them."""
        nested: dict[str, Any] = {}
        for setting in self.settings:
            *sections, name = setting.place.split(".")
            inner = nested
            for section in sections:
                inner = inner.setdefault(section, {})
            inner[name] = setting.value
        return nested

    def put(self, place: str, value: Any, source: str) -> None:
        """Add a setting."""
        self.settings.append(Setting(place, value, source))

    def mapped(self, key: str, *places: str, why: str = "") -> None:
        """Say where a key went."""
        self.fates.append(Fate(key, places, why))

    def dropped(self, key: str, why: str) -> None:
        """Say that a key went nowhere, and why."""
        self.fates.append(Fate(key, (), why))


def migrate(values: Mapping[str, Any], options: Options | None = None) -> Migration:
    """Map the variable.

    Args:
        values: the variable as read.
        options: what the variable does not say.

    Raises:
        SettingsError: a value that means nothing, or a choice that only a person can make;
            names the key and says what to do.
    """
    options = options or Options()
    variable, found = Variable(values), Migration()
    place = _place(variable, options, found)
    _landing(variable, options, place, found)
    _store(variable, options, place, found)
    _hdfs(variable, place, found)
    _windows(variable, options, found)
    _learning(variable, found)
    _automation(variable, options, found)
    _rest(variable, found)
    return found


def _place(variable: Variable, options: Options, found: Migration) -> Place:
    said = variable.text("hdfs_url", optional=options.connection is not None)
    if options.connection is None:
        place = place_of_hdfs_url(said)
        found.mapped("hdfs_url", "landing.url", "store.url", why="by WebHDFS, as the old flow")
    else:
        place = place_of_connection(options.connection)
        if "hdfs_url" in variable:
            found.dropped("hdfs_url", f"{OPTION} says where the files lie")
    for part, why in place.dropped:
        found.dropped(part, why)
    return place


def _landing(variable: Variable, options: Options, place: Place, found: Migration) -> None:
    daily, static = variable.names("daily_dir_list"), variable.names("static_dir_list")
    folders = _folders(daily, static, options)
    paths: dict[str, str] = {}
    for table, (folder, key) in folders.items():
        if key == "daily_dir_list":
            base = "base_remote_daily_path"
            paths[table] = template(base, variable.text(base), folder, "{date}")
        else:
            base = "base_remote_static_path"
            paths[table] = template(base, variable.text(base), folder)
    bases = {"daily_dir_list": "base_remote_daily_path"}
    if static:
        bases["static_dir_list"] = "base_remote_static_path"
    keys = " and ".join(bases.values())
    root = common_folder(paths, "the tables", keys)
    for name in paths:
        if below(root, paths[name]).partition("/")[0] in _OWN_FOLDERS:
            raise problem(
                folders[name][1],
                "its folder has the name of one of the store's own folders",
                "Land it under another name.",
            )
    by = OPTION if options.connection else "hdfs_url"
    found.put("landing.url", place.url(root), f"{by}; {keys}")
    for table in OURS:
        if table in paths:
            folder, key = folders[table]
            source = f"{bases[key]}, {key}: {folder}"
            found.put(f"tables.{table}.path", below(root, paths[table]), source)
        else:
            found.put(f"tables.{table}", None, "the lists name no such table")
    for key, base in bases.items():
        into = tuple(f"tables.{name}" for name, (_, of) in folders.items() if of == key)
        gone = [name for name in variable.names(key) if name in options.without]
        found.mapped(key, *into, why=f"left out: {', '.join(gone)}" if gone else "")
        found.mapped(base, "landing.url", "tables.*.path")
    if not static:
        found.mapped("static_dir_list", why="it is empty: there are no static tables")
        if "base_remote_static_path" in variable:
            found.dropped("base_remote_static_path", "there are no static tables")


def _folders(
    daily: Sequence[str], static: Sequence[str], options: Options
) -> dict[str, tuple[str, str]]:
    """Our table → its folder and the list that names it."""
    named = dict.fromkeys(daily, "daily_dir_list") | dict.fromkeys(static, "static_dir_list")
    for name in sorted(set(daily) & set(static)):
        raise problem("static_dir_list", f"{name!r} is in daily_dir_list, too", "Name it once.")
    for table, folder in options.tables.items():
        if table not in OURS:
            raise problem("--table", f"there is no table {table!r}", f"Of {', '.join(OURS)}.")
        if folder not in named:
            raise problem("--table", f"no list names {folder!r}", "Give a name of the lists.")
    for name in options.without:
        if name not in named:
            raise problem("--without", f"no list names {name!r}", "Give a name of the lists.")
    taken = {**{name: name for name in OURS if name in named}, **options.tables}
    found = {
        table: (folder, named[folder])
        for table, folder in taken.items()
        if folder not in options.without
    }
    used = [folder for folder, _ in found.values()]
    for name, key in named.items():
        if used.count(name) > 1:
            raise problem(key, f"{name!r} would be two tables", "Correct --table.")
        if name not in used and name not in options.without:
            raise problem(
                key,
                f"which table {name!r} is, is unclear: the old flow joined none of that name",
                f"Say which of ours it is (--table account={name}), or leave it out "
                f"(--without {name}); a sixth table is added by hand under tables and joins.",
            )
    for table in _NEEDED:
        if table not in found or found[table][1] != "daily_dir_list":
            raise problem(
                "daily_dir_list",
                f"names no table {table}, and nothing goes without it",
                f"If it has another name there, say so: --table {table}=NAME.",
            )
    return found


def _store(variable: Variable, options: Options, place: Place, found: Migration) -> None:
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
    found.put("store.url", place.url(root), f"{by}; {', '.join(keys)}")
    for name, path in paths.items():
        more = " (no path of its own: beside the model)" if name == "metrics" and beside else ""
        found.put(f"store.{name}", below(root, path), f"{sources[name]}{more}")
    for key, name in ((model_key, "model"), (meta_key, "metrics"), (result_key, "predictions")):
        if key != meta_key or not beside:
            found.mapped(key, "store.url", f"store.{name}")
        elif key in variable:
            found.mapped(key, "store.metrics", why="it is empty: beside the model")
    for key, name in (
        ("model_prefix", "model_prefix"),
        ("predict_res_prefix", "predictions_prefix"),
    ):
        # Files without a prefix are named by their day alone; a model's cannot be.
        prefix = variable.text(key, optional=key == "predict_res_prefix" and key in variable)
        if set(prefix) & set("/{}"):
            raise problem(key, "must be part of a file's name", "Leave out / and braces.")
        found.put(f"store.{name}", prefix, key)
        found.mapped(key, f"store.{name}")


def _hdfs(variable: Variable, place: Place, found: Migration) -> None:
    key = "hdfs_user"
    said = variable.text(key, optional=True)
    if not place.is_hadoop:
        if key in variable:
            found.dropped(key, "local files have their own owners")
        return
    found.put(
        "hdfs.authentication", "insecure",
        "the old flow proved nothing; where the cluster asks for proof: docs/hdfs.md",
    )  # fmt: skip
    user = place.user or said
    if user:
        found.put("hdfs.user", user, OPTION if place.user else key)
    if place.gateway:
        found.put("hdfs.gateway_path", place.gateway, "hdfs_url")
    if place.user and place.user != said and said:
        found.dropped(key, "the connection names another user")
    elif key in variable:
        if said:
            found.mapped(key, "hdfs.user")
        else:
            found.dropped(key, "it is empty")


def _windows(variable: Variable, options: Options, found: Migration) -> None:
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
    found.put("partitions.first_day", str(days[0]), "start_time: what is older is not looked at")
    if options.rolling:
        lengths = {
            "train_days": (days[1] - days[0]).days + 1,
            "delay_days": (days[2] - days[1] - ONE_DAY).days,
            "eval_days": (days[3] - days[2]).days + 1,
        }
        sources = dict(zip(lengths, (keys[:2], keys[1:3], keys[2:]), strict=True))
        for name, length in lengths.items():
            found.put(f"windows.{name}", length, f"--rolling, days of {' … '.join(sources[name])}")

        why = "the length alone (--rolling): the window moves with the day"
        found.mapped(keys[0], "windows.train_days", "partitions.first_day", why=why)
        found.mapped(keys[1], "windows.train_days", "windows.delay_days", why=why)
        found.mapped(keys[2], "windows.eval_days", "windows.delay_days", why=why)
        found.mapped(keys[3], "windows.eval_days", why=why)
        return
    for key, name, day in zip(keys, places, days, strict=True):
        found.put(f"windows.fixed.{name}", str(day), key)
        more = ("partitions.first_day",) if key == keys[0] else ()
        found.mapped(key, f"windows.fixed.{name}", *more)


def _learning(variable: Variable, found: Migration) -> None:
    found.put(
        "training.preset", "flow_2019",
        "the old flow's parameters, but for nthread 8: training.threads is for the machine here",
    )  # fmt: skip
    found.put("output.style", "legacy", "pandas' index, _x and _y, the frame's order, precesion")
    key = "specified_model_path"
    given = variable.text(key, optional=True)
    found.put(
        "scoring.model_policy", "today",
        f"{key}: today's model or none; the old CSV has no column that names an older one",
    )  # fmt: skip
    if given:
        found.dropped(
            key,
            "today's XGBoost cannot read the old binary .model, and its scores mean nothing "
            "without the encoder, which was not kept: train again (aml backfill --select model), "
            "then pin by scoring.model_policy: pinned and scoring.pinned_model",
        )
    elif key in variable:
        found.mapped(key, "scoring.model_policy", why="it is empty: today's new model")


def _automation(variable: Variable, options: Options, found: Migration) -> None:
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
        found.put(f"automation.{name}", value, source)
    if options.since:
        found.put("automation.catch_up_from", str(options.since), "--since: no catch-up")
        # Whatever lies in the look-back is taken up, too; with fixed windows that is every day.
        found.put(
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
        found.put("alarms.kinds", kinds, "the DAG's mails on failure, timeout and retry; of more")
        found.put("alarms.mail.host", options.mail_host, "--mail-host; password: AML_SMTP_PASSWORD")
        found.put("alarms.mail.sender", options.mail_sender, "--mail-from")
        found.put("alarms.mail.recipients", list(options.mail_recipients), "--mail-to")


def _rest(variable: Variable, found: Migration) -> None:
    for key in variable:
        if key.startswith("base_local_") and key in KEYS:
            found.dropped(key, _LOCAL)
        elif key not in KEYS:
            near = difflib.get_close_matches(key, KEYS, n=1)
            meant = f"; is {near[0]} meant?" if near else ""
            found.dropped(key, f"the flow of 2019 read no such key{meant}")
