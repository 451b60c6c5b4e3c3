"""History: the partials of many days as one table, for the SQL that reads them together.

Belongs here: putting days together, with one code for each account. Does not belong here: which
days are read (``steps.builders.build_relations``), or what is computed of them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from aml_assets.core.days import number_of
from aml_assets.core.relations.account_codes import (
    AccountCodes,
    account_codes,
    plain_type,
    with_dictionaries,
)
from aml_assets.core.tables.chunks import Keep, in_memory
from aml_assets.core.tables.contracts import Column
from aml_assets.core.tables.join_columns import different_types
from aml_assets.core.tables.values import WHOLE, common_type

SHORT_HISTORY = "short_history"
"""Column: true while less than the horizon is known, so that "new" may only mean "not known"."""

_AT_ONCE = 64 * 1024
"""The most rows of a chunk of the column ``day``; all of a day's share their memory."""


def described(
    table: pa.Table,
    family: str,
    ids: Sequence[str],
    *,
    flag: str,
    is_short: bool,
    keep: Keep = in_memory,
) -> tuple[pa.Table, dict[str, Column]]:
    """A day's features as they are stored, with the flag, and what each column is.

    Args:
        table: the ids and the features, sorted by the ids.
        family: the table that the merged frame names for these columns.
        ids: the columns of accounts.
        flag: the column, true in each row or in none, that says whether the history is short.
        is_short: whether it is.
        keep: where the columns of ids are kept.
    """
    table = table.append_column(flag, pa.repeat(pa.scalar(is_short), table.num_rows))
    kinds = {**dict.fromkeys(ids, "id"), flag: "boolean"}
    columns = {n: Column(family, n, kinds.get(n, "numeric")) for n in table.column_names}
    return with_dictionaries(table, ids, keep), columns


def one_table(
    partials: Mapping[dt.date, pa.Table],
    *,
    ids: Sequence[str],
    columns: Sequence[str],
    keep: Keep = in_memory,
) -> tuple[pa.Table, AccountCodes]:
    """Stack the partials of some days into one table, with codes in place of ids.

    Args:
        partials: day → its rows; at least one day.
        ids: the columns of accounts.
        columns: the other columns; of one type on all days.
        keep: where the codes are kept.

    Returns:
        The table: ``day`` (a number), the columns of ids as codes, the other columns. And the
        codes, with the id of each.

    Raises:
        InputError: the ids of two days differ in type.
    """
    days = sorted(partials)
    typed = _with_one_type_for_nulls(partials, ids)
    accounts = account_codes([_ids(typed, days, name) for name in ids], keep)
    numbers = (part for each in days for part in _repeated(each, partials[each].num_rows))
    arrays = {"day": pa.chunked_array(numbers, pa.int64())}
    arrays |= dict(zip(ids, accounts.columns, strict=True))
    for name in columns:
        type_ = partials[days[-1]].schema.field(name).type
        chunks = [chunk for each in days for chunk in partials[each].column(name).chunks]
        arrays[name] = pa.chunked_array(chunks, type_)
    return pa.table(arrays), accounts


def _repeated(day: dt.date, rows: int) -> Iterator[pa.Array]:
    """A day's number for each of its rows, in chunks that share their memory."""
    numbers = pa.repeat(pa.scalar(number_of(day), pa.int64()), min(rows, _AT_ONCE))
    for start in range(0, rows, _AT_ONCE):
        yield numbers[: rows - start]


def of_accounts(partial: pa.Table, wanted: pa.Table, name: str) -> pa.Table:
    """The rows of a partial whose account occurs in another day's partial, too.

    All rows if the ids of the two days differ in type: `one_table` then refuses and names the days.

    Args:
        partial: of any day.
        wanted: the partial with the accounts.
        name: the column of accounts in both.
    """
    own, ids = (table.column(name).combine_chunks() for table in (partial, wanted))
    if plain_type(own.type) != plain_type(ids.type):
        return partial
    values = ids.dictionary if pa.types.is_dictionary(ids.type) else ids
    if not pa.types.is_dictionary(own.type):
        return partial.filter(pc.is_in(own, value_set=values))
    # Each account is looked up once, not each row.
    return partial.filter(pc.is_in(own.dictionary, value_set=values).take(own.indices))


def _with_one_type_for_nulls(
    partials: Mapping[dt.date, pa.Table], ids: Sequence[str]
) -> Mapping[dt.date, pa.Table]:
    """The partials; a column of ids without any value gets the type of the columns with values."""
    columns = {(each, name): partials[each].column(name) for each in partials for name in ids}
    empty = [place for place, column in columns.items() if column.null_count == len(column)]
    types = {plain_type(columns[place].type) for place in columns.keys() - set(empty)}
    if not empty or len(types) != 1:
        return partials
    (type_,) = types
    found = dict(partials)
    for each, name in empty:
        table = found[each]
        place = table.schema.get_field_index(name)
        found[each] = table.set_column(place, name, pa.nulls(table.num_rows, type_))
    return found


def _ids(partials: Mapping[dt.date, pa.Table], days: list[dt.date], name: str) -> pa.ChunkedArray:
    """One column of all days, in one type; a day without a row takes the others' type."""
    columns = {each: partials[each].column(name) for each in days if partials[each].num_rows}
    type_ = type_of_ids({each: column.type for each, column in columns.items()}, name)
    if type_ is None:
        type_ = plain_type(partials[days[-1]].column(name).type)
        return pa.chunked_array([], type_)
    if type_ == WHOLE:
        columns = {each: column.cast(WHOLE) for each, column in columns.items()}
    return pa.chunked_array([chunk for column in columns.values() for chunk in column.chunks])


def type_of_ids(types: Mapping[dt.date, pa.DataType], name: str) -> pa.DataType | None:
    """The one type that holds the ids of some days; ``None`` if no day is given.

    Args:
        types: day → the type of a column of ids, which may be a dictionary.
        name: of the column, for errors.

    Raises:
        InputError: no type holds those of all days.
    """
    found = {each: plain_type(type_) for each, type_ in sorted(types.items())}
    distinct = {*found.values()}
    type_ = common_type(distinct)
    if type_ is None and distinct:
        last = list(found.values())[-1]
        odd = next(each for each in reversed(found) if found[each] != last)
        raise different_types("trx", name, odd, sorted(distinct, key=str))
    return type_
