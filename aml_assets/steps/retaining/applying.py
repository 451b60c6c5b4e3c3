"""Applying: deleting expired partitions, after an entry of the ledger that lists them.

Belongs here: the entry, the index, and the deletion, which a later one completes if it is stopped.
Does not belong here: what has expired (``steps.retaining.planning``).

The entry comes first, and lists what will be deleted. If a deletion is stopped, the partitions that
are left have expired all the same: the next deletion lists them again, and deletes them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING

from aml_assets.core.governance.terms import Expired, record_of
from aml_assets.errors import AmlError, NotFound, StoreError, TransientStoreError
from aml_assets.io.decisions import Decision
from aml_assets.io.paths import split_path
from aml_assets.io.usage import days_named

if TYPE_CHECKING:
    from aml_assets.core.governance.chain import Entry
    from aml_assets.io.catalog import Catalog
    from aml_assets.io.store import Store
    from aml_assets.steps.retaining.planning import RetentionPlan


def apply_retention(
    catalog: Catalog, plan: RetentionPlan, tell: Callable[[Expired], None] = lambda _: None
) -> Entry | None:
    """Delete what has expired.

    If nothing has expired, the ledger gets no entry; the index of deletions is written anew.

    Args:
        catalog: the store, with its ledger.
        plan: what has expired; it was made a moment ago.
        tell: called for each partition that is about to be deleted.

    Returns:
        The ledger's entry about it; ``None`` if nothing has expired.

    Raises:
        AmlError: a hold was placed meanwhile; what was not deleted by then stays.
        LedgerError: the ledger is not what was written; nothing was deleted.
        StoreError: a file could not be deleted.
    """
    before = [hold.name for hold in plan.holds]
    about = {
        "today": str(plan.today),
        "years": dict(catalog.settings.retention.years),
        "deleted": record_of(plan.expired),
        "deleted_in_part": record_of(plan.expired, whole=False),
        "files": sum(len(each.files) for each in plan.expired),
        "kept": len(plan.kept),
    }
    decision = Decision.by_rule("retention.years", "the term has passed")
    _refuse_new_holds(catalog, before)
    entry = catalog.ledger.append("retention", decision, about) if plan.expired else None
    catalog.deletions.index(catalog.ledger.entries())
    # Downstream first, so that no partition stays whose inputs are gone.
    order = {asset: place for place, asset in enumerate(catalog.assets)}
    for each in sorted(plan.expired, key=lambda of: (of.day, -order.get(of.asset, -1), of.asset)):
        _refuse_new_holds(catalog, before)
        tell(each)
        for path in each.files:
            with suppress(NotFound):  # another deletion was faster
                catalog.store.delete(path)
        _delete_empty_folders(catalog.store, each.files)
    return entry


def _refuse_new_holds(catalog: Catalog, before: list[str]) -> None:
    """Stop the deletion if a hold was placed after the plan was made."""
    if set(catalog.holds.names()) - set(before):
        raise AmlError(
            "a hold was placed meanwhile, and nothing more is deleted",
            remedy="See what it keeps, and go on: aml retain, then aml retain --apply.",
        )


def _delete_empty_folders(store: Store, paths: Iterable[str]) -> None:
    """Delete the folders of a partition's own that have no entry any more."""
    folders = {folder for path in paths if days_named(folder := split_path(path)[0])}
    folders |= {above for of in folders if days_named(above := split_path(of)[0])}
    for folder in sorted(folders, key=len, reverse=True):
        try:
            if store.status(folder) is not None and not store.list(folder, hidden=True):
                store.delete(folder)
        except TransientStoreError:
            raise
        except StoreError:  # somebody writes into it again
            continue
