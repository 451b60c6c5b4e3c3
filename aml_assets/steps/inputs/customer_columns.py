"""Customer columns: which columns of a stored frame may hold customers' ids.

Belongs here: their names, by the settings. Does not belong here: what customers are called
(``customer_names``), or which of them is meant.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from aml_assets.core.cases.queue import CUSTOMER
from aml_assets.settings.line_settings import UNITS

if TYPE_CHECKING:
    from aml_assets.settings.load import Settings


def customer_columns(settings: Settings, names: Iterable[str]) -> list[str]:
    """The columns among some that may hold customers' ids, in their order.

    A merged frame may have prefixed a name by its table, and the output of 2019 has a suffix where
    two frames share a name.

    Args:
        settings: each table's roles.
        names: of a frame's columns.
    """
    known = {CUSTOMER}
    for table, spec in settings.tables.items():
        for source in filter(None, map(spec.column, UNITS[CUSTOMER])):
            known |= {source, f"{table}_{source}", f"{source}_x", f"{source}_y"}
    return [name for name in names if name in known]
