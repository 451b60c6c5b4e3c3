"""Restatements: a stored table of a day that is about to be replaced by what landed since.

Belongs here: recording that in the ledger. Does not belong here: building the table
(``steps.builders.build_table``), or what is built anew because of it (``core.night.remaking``).
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from aml_assets.core.graph import LANDING, TABLES
from aml_assets.errors import CorruptFile, NotReady
from aml_assets.io.decisions import Decision

if TYPE_CHECKING:
    from aml_assets.io.catalog import Catalog


def record_restatement(catalog: Catalog, table: str, day: dt.date, landed: str) -> None:
    """Record that a stored table will be replaced; nothing if it was built of the same files.

    Args:
        catalog: the store, with its ledger.
        table: its name.
        day: the partition.
        landed: the digest of what lies in the landing now.
    """
    asset = f"{TABLES}/{table}"
    try:
        stored = catalog.table(table).manifest(day)
    except (NotReady, CorruptFile):  # replacing a file that cannot be read is a repair
        return
    before = stored.inputs.get(f"{LANDING}/{table}", {}).get(str(day))
    if before in (None, landed):
        return
    about = {
        "asset": asset,
        "day": str(day),
        "digest": stored.digest,
        "landed_before": before,
        "landed": landed,
    }
    decision = Decision.by_rule("automation.restate_policy", "other files landed for the day")
    catalog.ledger.append("restatement", decision, about)
