"""Schema changes: the columns that came, went, or hold something else than the day before.

Belongs here: comparing two days' columns. Does not belong here: the check that uses it
(``core.tables.checks``), or refusing a table (``core.tables.contracts``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

_NAMED = 5
"""Changed columns that a sentence names."""


def schema_change(
    today: Mapping[str, str], past: Sequence[Mapping[str, str]]
) -> tuple[float | None, str]:
    """The number of columns that differ from those of the newest earlier day, and a sentence.

    Args:
        today: column → the kind that it is treated as.
        past: the same of earlier days, newest first; empty where it is not known.

    Returns:
        ``None`` as the number if there is nothing to compare.
    """
    before = next((each for each in past if each), None)
    if not today or before is None:
        return None, "no earlier day whose columns are known"
    changes = [
        *(f"{name} is new" for name in today if name not in before),
        *(f"{name} is gone" for name in before if name not in today),
        *(
            f"{name} was {before[name]} and is {kind}"
            for name, kind in today.items()
            if before.get(name, kind) != kind
        ),
    ]
    if not changes:
        return 0.0, f"{len(today)} columns, as on the day before"
    more = f", and {len(changes) - _NAMED} more" if len(changes) > _NAMED else ""
    return float(len(changes)), f"column {', '.join(changes[:_NAMED])}{more}"
