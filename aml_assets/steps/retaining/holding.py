"""Holding: a person forbids the deletion of a customer's or a day's partitions until a release.

Belongs here: placing a hold and releasing it, each with an entry of the ledger. Does not belong
here: keeping holds (``io.holds``), or what a hold keeps (``steps.retaining.planning``).
"""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING

from aml_assets.errors import AmlError
from aml_assets.io.decisions import Decision
from aml_assets.io.holds import FOLDER, Hold

if TYPE_CHECKING:
    from aml_assets.io.catalog import Catalog


def hold(
    catalog: Catalog,
    why: str,
    *,
    customer: str | None = None,
    day: dt.date | None = None,
    by: str | None = None,
) -> Hold:
    """Place a hold on a customer or on a day.

    Args:
        catalog: the store, with its ledger.
        why: the reason; it must not name the customer, since the ledger keeps it for good.
        customer: the text of the customer's id.
        day: the day.
        by: who claims to decide; the login or user of this process by default.

    Raises:
        AmlError: there is no reason, it names the customer, or the hold is there already.
    """
    decision = _decision(catalog, why, customer, by)
    if _find(catalog, customer, day) is not None:
        raise AmlError(f"{_named(day)} is on hold already", remedy="See aml retain.")
    text = None if day is None else str(day)
    placed = Hold(customer, text, decision.why, decision.who, decision.at)
    _record(catalog, placed, decision, holds=True)
    catalog.holds.add(placed)
    return placed


def release(
    catalog: Catalog,
    why: str,
    *,
    customer: str | None = None,
    day: dt.date | None = None,
    by: str | None = None,
) -> Hold:
    """Release a hold; its file is deleted. The arguments are those of `hold`.

    Raises:
        AmlError: there is no reason, it names the customer, or there is no such hold.
    """
    decision = _decision(catalog, why, customer, by)
    placed = _find(catalog, customer, day)
    if placed is None:
        raise AmlError(
            f"{_named(day)} is not on hold", remedy="See aml retain, which names all holds."
        )
    _record(catalog, placed, decision, holds=False)
    catalog.holds.remove(placed)
    return placed


def _decision(catalog: Catalog, why: str, customer: str | None, by: str | None) -> Decision:
    if not why.strip():
        raise AmlError("a hold needs its reason", remedy="Give one: --why '…'.")
    if customer is not None and not customer.strip():
        raise AmlError("a hold needs its customer", remedy="Give the id: --customer ID.")
    for name, text in (("reason", why), ("name of who decides", by or "")):
        if customer is not None and re.search(rf"(?<!\w){re.escape(customer)}(?!\w)", text):
            raise AmlError(
                f"the {name} holds the customer's id, and the ledger keeps it for good",
                remedy="Name the file of the authority instead.",
            )
    return Decision.now(why.strip(), "", by=by, login=catalog.login)


def _find(catalog: Catalog, customer: str | None, day: dt.date | None) -> Hold | None:
    text = None if day is None else str(day)
    return next(
        (each for each in catalog.holds.all() if (each.customer, each.day) == (customer, text)),
        None,
    )


def _named(day: dt.date | None) -> str:
    return "this customer" if day is None else str(day)


def _record(catalog: Catalog, placed: Hold, decision: Decision, *, holds: bool) -> None:
    """Record a hold in the ledger by its file and digest, which do not name a customer."""
    about: dict[str, object] = {
        "file": f"{FOLDER}/{placed.name}.json",
        "digest": placed.digest,
        "holds": holds,
    }
    if placed.day is not None:
        about["day"] = placed.day
    catalog.ledger.append("hold", decision, about)
