"""The demo: a synthetic bank, and its last day taken through to predictions.

Belongs here: the demo's landing, its backfill, and the table at its end. Does not belong here:
the bank itself (``demo.bank``), or how a backfill works (``backfill``).
"""

from __future__ import annotations

import datetime as dt
import tempfile
from pathlib import Path
from typing import Any

from aml_assets.core.windows import ONE_DAY
from aml_assets.errors import SettingsError
from aml_assets.io.catalog import Catalog
from aml_assets.settings import load_settings

MARKER = "_DEMO"
"""Says that a landing is the demo's own, so that no bank's landing is ever written to."""


def run_demo(days: int) -> None:
    """Write the bank (once), build its last day and what that needs, print a summary.

    Raises:
        SettingsError: the configured landing holds something that is not the demo's.
    """
    import typer

    from aml_assets.backfill import plan_backfill, select_assets
    from aml_assets.cli import build

    catalog = Catalog(load_settings())
    first_day = catalog.settings.partitions.first_day
    last_day = _land(catalog, first_day, days)
    plan = plan_backfill(catalog, select_assets(catalog, []), [last_day])
    if plan.partitions:
        typer.echo(
            f"Building {last_day}: {len(plan.asked)} partitions, and {len(plan.added)} of the "
            "days before it that its windows and late reports need."
        )
        build(catalog, plan)
    else:
        typer.echo(f"Everything of {last_day} is done already; nothing was built.")
    _summary(catalog, last_day)


def _land(catalog: Catalog, first_day: dt.date, days: int) -> dt.date:
    """Write the bank where nothing has landed yet; give its last day."""
    import typer

    from aml_assets.demo.bank import write_bank

    if "://" in catalog.settings.landing.url:
        raise SettingsError(
            "the demo writes its bank into a local folder",
            remedy="Give landing.url (AML_LANDING__URL) as a plain path for the demo.",
        )
    landing = Path(catalog.settings.landing.url)
    marker = landing / MARKER
    if marker.exists():
        last = dt.date.fromisoformat(marker.read_text(encoding="utf-8").strip())
        typer.echo(f"The demo's bank lies in {landing} already, up to {last}.")
        return last
    if landing.exists() and any(landing.iterdir()):
        raise SettingsError(
            f"the landing {landing} is not empty, and not the demo's",
            remedy="Point landing.url (AML_LANDING__URL) at an empty folder for the demo.",
        )
    typer.echo(f"Writing a synthetic bank of {days} days into {landing} …")
    # Written aside and renamed, so that a bank that was begun is never taken for a whole one.
    last = first_day + (days - 1) * ONE_DAY
    landing.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{landing.name}-", dir=landing.parent) as folder:
        aside = Path(folder) / landing.name
        bank = write_bank(aside, first_day=first_day, days=days)
        (aside / MARKER).write_text(f"{last}\n", encoding="utf-8")
        aside.replace(landing)
    planted = ", ".join(f"{name} {count}" for name, count in bank.patterns_per_typology.items())
    typer.echo(
        f"  {bank.reports} reports: {bank.positives} suspicious, {bank.undecided} undecided, "
        f"{bank.late} late; empty day {bank.empty_day}\n  laundering planted: {planted}"
    )
    return last


def _summary(catalog: Catalog, day: dt.date) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    features: Any = catalog.features.manifest(day).facts
    metrics = catalog.metrics.load(day)
    model: Any = catalog.models.manifest(day).facts
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
    table.add_row(
        "trained on",
        f"{windows['train_start']} … {windows['train_end']}: {model['rows']:,} decided reports, "
        f"{model['positives']:,} suspicious",
    )
    table.add_row(
        "measured on",
        f"{windows['eval_start']} … {windows['eval_end']}: {metrics['decided']:,} decided "
        f"reports, {metrics['positives']:,} suspicious",
    )
    table.add_row("AUC", figure("auc"))
    table.add_row("average precision", figure("average_precision"))
    table.add_row("scored by", f"{predictions['model_id']} ({predictions['model_chosen']})")
    path = f"{catalog.settings.store.url}/{catalog.predictions.path(day)}"
    console = Console(soft_wrap=True)
    console.print(table)
    console.print(f"Predictions: {path}", highlight=False)
    console.print("See it all:  make ui   then open http://127.0.0.1:3000", highlight=False)
