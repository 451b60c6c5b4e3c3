"""The demo: write a synthetic bank, build every day that it can train, print a summary.

Belongs here: the demo's landing, its backfill, and the table at its end. Does not belong here:
the bank itself (``cli.demo.synthetic_bank``) or running a backfill (``cli.running``).
"""

from __future__ import annotations

import datetime as dt
import tempfile
import zoneinfo
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from aml_assets.core.days import ONE_DAY, days_between, span
from aml_assets.errors import NotFound, NotTrainable, SettingsError
from aml_assets.io.catalog import Catalog
from aml_assets.io.store import Store
from aml_assets.settings.load import Settings, load_settings

MARKER = "_DEMO"
"""Name of the file that marks a landing as the demo's own, so that no bank's landing is written to.

It holds the bank's last day, or ``begun`` while the bank is being written.
"""

_BEGUN = "begun"


def run_demo(days: int, *, last: dt.date | None = None, landing_only: bool = False) -> None:
    """Write the bank once, build its trainable days and their inputs, print a summary.

    Args:
        days: number of the bank's days.
        last: the bank's last day; by default the last partition, and where the partitions are open,
            yesterday: so the demo's newest day is the newest one that a bank can have landed.
        landing_only: write the bank and build nothing; the landing sensor may do that.

    Raises:
        SettingsError: the configured landing holds files that are not the demo's, or the bank would
            begin before the first partition.
    """
    import typer

    from aml_assets.automation.backfill_plan import plan_backfill, select_assets
    from aml_assets.cli.running import build

    catalog = Catalog(_promoting_by_rule(load_settings()))
    last_day = _land(catalog, last or _newest_day(catalog), days)
    if landing_only:
        return
    asked = _trainable_days(catalog, last_day)
    plan = plan_backfill(catalog, select_assets(catalog, []), asked)
    named = span(asked[0], asked[-1])
    if plan.partitions:
        typer.echo(
            f"Building {named}: {len(plan.requested)} partitions, and {len(plan.added)} of the "
            "days before that their windows and late reports need."
        )
        build(catalog, plan)
    else:
        typer.echo(f"Everything of {named} is done already; nothing was built.")
    _summary(catalog, last_day)


def _promoting_by_rule(settings: Settings) -> Settings:
    """The settings, with the rule that promotes unless somebody has said otherwise."""
    if "automatic" in settings.promotion.model_fields_set:
        return settings
    promotion = settings.promotion.model_copy(update={"automatic": True})
    return settings.model_copy(update={"promotion": promotion})


def _newest_day(catalog: Catalog) -> dt.date:
    """The last partition; yesterday in the bank's time zone where the partitions are open."""
    partitions = catalog.settings.partitions
    today = dt.datetime.now(zoneinfo.ZoneInfo(partitions.time_zone)).date()
    return partitions.last_day or today - ONE_DAY


def _trainable_days(catalog: Catalog, last_day: dt.date) -> list[dt.date]:
    """The days whose whole training window has landed, oldest first; if none, the last day."""
    from aml_assets.settings.table_settings import STR
    from aml_assets.steps.inputs.window_frames import windows_of

    first_day = min(catalog.landing.days(STR), default=last_day)

    def is_trainable(day: dt.date) -> bool:
        try:
            return windows_of(catalog, day).train_start >= first_day
        except (NotTrainable, SettingsError):  # too early; or before the fixed windows end
            return False

    return [day for day in days_between(first_day, last_day) if is_trainable(day)] or [last_day]


def _land(catalog: Catalog, last: dt.date, days: int) -> dt.date:
    """Write the bank into an empty landing; give the last day of the bank that is there."""
    import typer

    from aml_assets.cli.demo.synthetic_bank import write_bank

    landing = Store(catalog.settings.landing.url, hdfs=catalog.settings.hdfs)
    marker = _marker(landing)
    if marker is not None and marker != _BEGUN:
        typer.echo(f"The demo's bank lies in {landing.url} already, up to {marker}.")
        if marker != str(last):
            typer.echo(f"For one that ends on {last}, remove landing and store (make clean) first.")
        return dt.date.fromisoformat(marker)
    if marker is None and landing.list("", hidden=True):
        raise SettingsError(
            f"the landing {landing.url} is not empty, and not the demo's",
            remedy="Point landing.url (AML_LANDING__URL) at an empty folder for the demo.",
        )
    first = last - (days - 1) * ONE_DAY
    if first < catalog.settings.partitions.first_day:
        raise SettingsError(
            f"a bank of {days} days that ends on {last} begins on {first}, before the first "
            f"partition, {catalog.settings.partitions.first_day}",
            remedy="Give a later --last, or fewer --days, or set partitions.first_day.",
        )
    typer.echo(f"Writing a synthetic bank, {span(first, last)}, into {landing.url} …")
    # An interrupted bank is marked as begun and written again from the start: the same bytes.
    landing.publish_bytes(MARKER, _BEGUN.encode())
    with tempfile.TemporaryDirectory(prefix="aml-demo-") as folder:
        bank = write_bank(Path(folder), first_day=first, days=days)
        _copy(Path(folder), landing)
    landing.publish_bytes(MARKER, str(last).encode())
    planted = ", ".join(f"{name} {count}" for name, count in bank.patterns_per_typology.items())
    typer.echo(
        f"  {bank.reports} reports: {bank.positives} suspicious, {bank.undecided} undecided, "
        f"{bank.late} late; empty day {bank.empty_day}\n  laundering planted: {planted}"
    )
    return last


def _of_tables_alone(catalog: Catalog, day: dt.date) -> str:
    """What the average precision is by the join of the tables alone, in brackets."""
    from aml_assets.cli.demo.join_alone import average_precision_of_join

    has_more = catalog.settings.has_network or catalog.settings.has_behaviour
    alone = average_precision_of_join(catalog, day) if has_more else None
    return "" if alone is None else f" (of the five tables alone {alone:.3f})"


def _marker(landing: Store) -> str | None:
    """The marker's content; ``None`` in a landing that is not the demo's."""
    try:
        return landing.read(MARKER).decode().strip()
    except NotFound:
        return None


def _copy(folder: Path, landing: Store) -> None:
    """Copy files in the order in which an upstream lands them: ``_SUCCESS`` after its data."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    for path in sorted(files, key=lambda path: (path.parent, path.name.startswith("_"))):
        landing.publish_bytes(path.relative_to(folder).as_posix(), path.read_bytes())


def _of_gate(catalog: Catalog, day: dt.date) -> Iterator[tuple[str, str]]:
    """What the gate says of the day's challenger, and who promotes."""
    if catalog.settings.scoring.model_policy != "promoted" or not catalog.gates.has(day):
        return
    gate = catalog.gates.load(day)
    yield "gate", f"{gate['outcome']}: {gate['why']}"
    if catalog.settings.promotion.automatic:
        yield "", "the demo promotes by rule; in a bank, people do (aml models, aml promote)"


def _summary(catalog: Catalog, day: dt.date) -> None:
    from rich import box
    from rich.table import Table

    from aml_assets.cli.home import prepare_home
    from aml_assets.cli.terminal import console
    from aml_assets.cli.ui_token import ui_link

    features: Any = catalog.features.manifest(day).facts
    metrics = catalog.metrics.load(day)
    model: Any = catalog.of(catalog.graph.measured).manifest(day).facts
    predictions: Any = catalog.predictions.manifest(day).facts
    windows = model["windows"]

    def figure(name: str) -> str:
        value = metrics[name]
        return f"{value:.3f}" if value is not None else f"none: {metrics['reasons'][name]}"

    table = Table(title=f"Day {day}", box=box.SIMPLE_HEAD, show_header=False)
    table.add_column(style="bold")
    table.add_column()
    for name, rows in features["rows_read"].items():
        joined = features["rows_joined"].get(name)
        text = "scored" if joined is None else f"joined to {joined:,} reports"
        table.add_row(name, f"{rows:,} rows read, {text}")
    table.add_row(
        "late reports",
        f"{features['late']:,} found in earlier days ({features['days_consulted']} searched), "
        f"{features['unmatched']:,} without a transaction",
    )
    table.add_row("model", f"{model['model_id']}, {model['features']} features")
    for name, start, of in (("trained on", "train", model), ("measured on", "eval", metrics)):
        rows = of["rows" if of is model else "decided"]
        days = f"{windows[f'{start}_start']} … {windows[f'{start}_end']}"
        table.add_row(name, f"{days}: {rows:,} decided reports, {of['positives']:,} suspicious")
    table.add_row("AUC", figure("auc"))
    table.add_row("average precision", figure("average_precision") + _of_tables_alone(catalog, day))
    table.add_row("scored by", f"{predictions['model_id']} ({predictions['model_chosen']})")
    for name, text in _of_gate(catalog, day):
        table.add_row(name, text)
    url = catalog.settings.store.url
    predicted, alerts, model_page = (
        f"{url}/{each.path(day)}"
        for each in (catalog.predictions, catalog.alert_pages, catalog.model_pages)
    )
    # The UI finds a store that is not the default one only by the same settings.
    ui = "make ui (with the same STORE=, or settings)" if "://" in url else "make ui"
    link = ui_link(prepare_home(), 3000)
    out = console(soft_wrap=True)
    out.print(table)
    out.print(f"Predictions: {predicted}", highlight=False)
    out.print(f"Alerts:      {alerts}", highlight=False)
    if catalog.queues.has(day):
        out.print(f"Queue:       {url}/{catalog.queues.path(day)}", highlight=False)
    out.print(f"Its model:   {model_page}", highlight=False)
    out.print(f"See it all:  {ui}   then open {link}", highlight=False)
