"""The tables in the old flow's lists of folders.

Belongs here: which listed folder holds which of our tables. Does not belong here: the paths of
those folders (``legacy_paths``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from aml_assets.cli.migration.variable import problem
from aml_assets.settings.table_settings import STR, TRX

OURS = (STR, TRX, "retail", "corporate", "account")
"""The tables that the old flow joined, by these very names; ``str`` and ``trx`` are needed."""

DAILY_LIST = "daily_dir_list"
STATIC_LIST = "static_dir_list"


@dataclass(frozen=True)
class TableFolder:
    """A table's folder in the old lists.

    Attributes:
        name: the folder's name.
        key: the list that names it, ``DAILY_LIST`` or ``STATIC_LIST``.
    """

    name: str
    key: str


def find_folders(
    daily: Sequence[str],
    static: Sequence[str],
    *,
    renamed: Mapping[str, str],
    without: Sequence[str],
) -> dict[str, TableFolder]:
    """Find each of our tables in the old lists.

    Args:
        daily: names of the list of daily tables.
        static: names of the list of static tables.
        renamed: our table → its name in the lists, where the names differ.
        without: names of the lists to leave out.

    Returns:
        Our table → its folder, for the tables that the lists name.

    Raises:
        SettingsError: a name stands for no table or for two, an option names nothing, or a table
            that is needed is missing.
    """
    for name in sorted(set(daily) & set(static)):
        raise problem(STATIC_LIST, f"{name!r} is in daily_dir_list, too", "Name it once.")
    listed = dict.fromkeys(daily, DAILY_LIST) | dict.fromkeys(static, STATIC_LIST)
    for option, what, remedy in _wrong_options(listed, renamed, without):
        raise problem(option, what, remedy)
    taken = {**{name: name for name in OURS if name in listed}, **renamed}
    found = {
        table: TableFolder(name, listed[name])
        for table, name in taken.items()
        if name not in without
    }
    _refuse_unclear(listed, [folder.name for folder in found.values()], without)
    for table in (STR, TRX):
        if table not in found or found[table].key != DAILY_LIST:
            raise problem(
                DAILY_LIST,
                f"names no table {table}, and nothing goes without it",
                f"If it has another name there, say so: --table {table}=NAME.",
            )
    return found


def _wrong_options(
    listed: Mapping[str, str], renamed: Mapping[str, str], without: Sequence[str]
) -> Iterator[tuple[str, str, str]]:
    """Options that name nothing: the option, the problem, the remedy."""
    for table, name in renamed.items():
        if table not in OURS:
            yield "--table", f"there is no table {table!r}", f"Of {', '.join(OURS)}."
        if name not in listed:
            yield "--table", f"no list names {name!r}", "Give a name of the lists."
    for name in without:
        if name not in listed:
            yield "--without", f"no list names {name!r}", "Give a name of the lists."


def _refuse_unclear(listed: Mapping[str, str], used: Sequence[str], without: Sequence[str]) -> None:
    """Refuse a listed name that would be two of our tables, or none of them."""
    for name, key in listed.items():
        if used.count(name) > 1:
            raise problem(key, f"{name!r} would be two tables", "Correct --table.")
        if name not in used and name not in without:
            raise problem(
                key,
                f"which table {name!r} is, is unclear: the old flow joined none of that name",
                f"Say which of ours it is (--table account={name}), or leave it out "
                f"(--without {name}); a sixth table is added by hand under tables and joins.",
            )
