"""``aml backfill``: build a range of days.

Belongs here: the command's options, and the plan as it is printed. Does not belong here: the plan
itself (``automation.backfill_plan``) and running it with progress (``cli.running``).
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Annotated

import typer

from aml_assets.cli.arguments import as_day

if TYPE_CHECKING:
    from aml_assets.automation.backfill_plan import Plan
    from aml_assets.io.catalog import Catalog


def backfill(
    first: Annotated[str, typer.Option("--from", help="First day, YYYY-MM-DD.")],
    last: Annotated[str, typer.Option("--to", help="Last day, included.")],
    select: Annotated[
        list[str] | None,
        typer.Option(help="Asset or group, may be repeated; everything by default."),
    ] = None,
    remake: Annotated[
        bool, typer.Option("--remake", help="Build requested days again that are stored already.")
    ] = False,
    restate: Annotated[
        bool,
        typer.Option(
            "--restate",
            help="With --remake: read static tables again, too; else a day's stored snapshot "
            "stays as it was known then.",
        ),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be built.")
    ] = False,
) -> None:
    """Build a range of days, and the missing upstream days that they need."""
    from aml_assets.automation.backfill_plan import plan_backfill, select_assets
    from aml_assets.cli.running import build
    from aml_assets.core.days import days_between
    from aml_assets.io.catalog import Catalog
    from aml_assets.settings.load import load_settings

    if restate and not remake:
        raise typer.BadParameter("--restate goes with --remake")
    catalog = Catalog(load_settings())
    assets = select_assets(catalog, select or [])
    plan = plan_backfill(catalog, assets, days_between(as_day(first), as_day(last)), remake=remake)
    _print_plan(catalog, plan)
    if dry_run or not plan.partitions:
        return
    build(catalog, plan, restate=restate)


def _print_plan(catalog: Catalog, plan: Plan) -> None:
    _print_days(catalog, "There already, left as they are", plan.existing)
    _print_left_out(plan)
    _print_days(catalog, "To build", plan.requested)
    _print_days(catalog, "Added, since these need them and they are missing", plan.added)
    if not plan.partitions:
        typer.echo("Nothing to do.")


def _print_left_out(plan: Plan) -> None:
    """Print a line per asset and reason, with the ranges of its days."""
    from aml_assets.core.days import ranges, span

    by_reason: dict[tuple[str, str], list[dt.date]] = {}
    for (asset, day), reason in sorted(plan.left_out.items()):
        by_reason.setdefault((asset, reason), []).append(day)
    for (asset, reason), days in by_reason.items():
        spans = ", ".join(span(first, last) for first, last in ranges(days))
        typer.echo(f"Left out: {asset} {spans}: {reason}")


def _print_days(catalog: Catalog, title: str, partitions: frozenset[tuple[str, dt.date]]) -> None:
    """Print a line per asset with the ranges of its days; nothing without partitions."""
    from aml_assets.core.days import ranges, span

    if not partitions:
        return
    typer.echo(f"{title}:")
    for asset in catalog.assets:
        days = [day for name, day in partitions if name == asset]
        if days:
            spans = ", ".join(span(first, last) for first, last in ranges(days))
            typer.echo(f"  {asset:<26} {len(days):>4} days  {spans}")
