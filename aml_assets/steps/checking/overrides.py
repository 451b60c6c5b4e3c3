"""Overrides: a person decides to build on from a partition although it failed a check.

Belongs here: recording that decision, and taking it back. Does not belong here: keeping decisions
in general (``io.decisions``), or the checks (``steps.checking.verdicts``).

An override is about the content that failed. A restated day has another content, and needs a
decision of its own.
"""

from __future__ import annotations

import datetime as dt

from aml_assets.core.graph import FEATURES, TABLES
from aml_assets.errors import AmlError
from aml_assets.io.catalog import Catalog
from aml_assets.io.decisions import Decision
from aml_assets.settings.check_settings import FRAME
from aml_assets.steps.checking.verdicts import Verdicts, override_name, override_of


def override(
    catalog: Catalog, table: str, day: dt.date, check: str, why: str, *, by: str | None = None
) -> Decision:
    """Override a failed check, for as long as the partition holds its present content.

    Args:
        catalog: where to record the decision.
        table: a table of the settings, or ``features``.
        day: the partition.
        check: the check that failed.
        why: the reason.
        by: who claims to decide; the login or user of this process by default.

    Returns:
        The decision.

    Raises:
        AmlError: no reason is given, or the check does not block it.
        NotReady: the partition is not stored.
    """
    if not why.strip():
        raise AmlError("an override needs its reason", day=day, remedy="Give one: --why '…'.")
    verdict = Verdicts(catalog).get_or_create(asset_of(catalog, table), day)
    if not any(result.name == check for result in verdict.blocking):
        blocking = ", ".join(result.name for result in verdict.blocking)
        raise AmlError(
            f"the check {check} does not block it" if blocking else "no check blocks it",
            table=table,
            day=day,
            remedy=f"Override what does: {blocking}."
            if blocking
            else "There is nothing to override.",
        )
    decision = Decision.now(why.strip(), verdict.digest, by=by, login=catalog.login)
    _record(catalog, verdict.asset, day, check, decision)
    return decision


def take_override_back(
    catalog: Catalog, table: str, day: dt.date, check: str, why: str, *, by: str | None = None
) -> None:
    """Take an override back: the failed check blocks again. The arguments are those of `override`.

    Raises:
        AmlError: the check is not overridden.
        NotReady: the partition is not stored.
    """
    verdict = Verdicts(catalog).get_or_create(asset_of(catalog, table), day)
    decision = override_of(catalog, verdict, check)
    if decision is None:
        raise AmlError(f"the check {check} is not overridden", table=table, day=day)
    taken_back = Decision.now(why.strip(), decision.about, by=by, login=catalog.login, holds=False)
    _record(catalog, verdict.asset, day, check, taken_back)


def _record(catalog: Catalog, asset: str, day: dt.date, check: str, decision: Decision) -> None:
    """Record a decision, first in the ledger: none is in force that the ledger does not hold."""
    about = {
        "asset": asset,
        "day": str(day),
        "check": check,
        "digest": decision.about,
        "holds": decision.holds,
    }
    catalog.ledger.append("override", decision, about)
    catalog.overrides.record(override_name(asset, day, check), decision)


def asset_of(catalog: Catalog, table: str) -> str:
    """The asset of a table.

    Args:
        catalog: its settings name the tables.
        table: a table of the settings, ``features``, or the asset's own name.

    Raises:
        AmlError: there is no such table.
    """
    name = table.removeprefix(f"{TABLES}/")
    if name in catalog.settings.joined_tables:
        return f"{TABLES}/{name}"
    if table in (FRAME, FEATURES):
        return FEATURES
    raise AmlError(
        f"there is no table {table!r}",
        remedy=f"Choose from {', '.join((*catalog.settings.joined_tables, FRAME))}.",
    )
