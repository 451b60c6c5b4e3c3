"""``aml retain``: what has expired under the settings' terms, and deleting it.

Belongs here: the command's options and output. Does not belong here: what has expired
(``steps.retaining.planning``) or deleting it (``steps.retaining.applying``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from aml_assets.io.catalog import Catalog
    from aml_assets.steps.retaining.planning import RetentionPlan


def retain(
    apply: Annotated[
        bool, typer.Option("--apply/--dry-run", help="Delete, or only say what would be deleted.")
    ] = False,
) -> None:
    """Delete what has expired under retention.years; say what is kept all the same, and why."""
    from aml_assets.io.catalog import Catalog
    from aml_assets.settings.load import load_settings
    from aml_assets.steps.retaining.applying import apply_retention
    from aml_assets.steps.retaining.planning import plan_retention

    catalog = Catalog(load_settings())
    plan = plan_retention(catalog)
    for line in _told(catalog, plan, "Deleted" if apply else "Would be deleted"):
        typer.echo(line)
    if apply and catalog.settings.retention.years:
        entry = apply_retention(catalog, plan)
        if entry is not None:
            typer.echo(f"Entry {entry.number} of the ledger tells of it.")


def _told(catalog: Catalog, plan: RetentionPlan, verb: str) -> Iterator[str]:
    from aml_assets.errors import shown

    for hold in plan.holds:
        yield f"On hold: {hold.subject}, by {shown(hold.who)}: {shown(hold.why)}"
    terms = catalog.settings.retention.years
    if not terms:
        yield "Nothing is ever deleted: retention.years has no term."
        return
    yield "Terms: " + ", ".join(f"{kind} {years} years" for kind, years in terms.items()) + "."
    files = [length for each in plan.expired for length in each.files.values()]
    for title, assets in _titled(plan, verb):
        yield f"{title}:"
        for asset, days in sorted(assets.items()):
            yield f"  {asset:<26} {len(days):>5} days  {_first_to_last(days)}"
    for folder, count in sorted(plan.unknown.items()):
        yield f"Of no partition, left as they are: {count} files under {folder or 'the root'}."
    yield f"{verb}: {len(files)} files, {sum(files):,} bytes."


def _titled(plan: RetentionPlan, verb: str) -> Iterator[tuple[str, dict[str, list[dt.date]]]]:
    """What is deleted by rule, and what stays by reason: asset → days."""
    for rule in dict.fromkeys(each.rule for each in plan.expired):
        of_rule = ((each.asset, each.day) for each in plan.expired if each.rule == rule)
        yield f"{verb} under {rule}", _by_asset(of_rule)
    for why in sorted(set(plan.kept.values())):
        kept = ((each.asset, each.day) for each, reason in plan.kept.items() if reason == why)
        yield f"Expired, and kept ({why})", _by_asset(kept)


def _by_asset(partitions: Iterable[tuple[str, dt.date]]) -> dict[str, list[dt.date]]:
    found: dict[str, list[dt.date]] = {}
    for asset, day in partitions:
        found.setdefault(asset, []).append(day)
    return found


def _first_to_last(days: list[dt.date]) -> str:
    from aml_assets.core.days import span

    return span(min(days), max(days))
