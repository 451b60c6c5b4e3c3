"""CSV files of any origin as columns of text: ours, those of pandas, those of the flow of 2019.

Belongs here: parsing without guessing types, and dropping the index that pandas writes. Does not
belong here: our own CSV with its types and manifest (``formats.csv``), or what the columns mean.
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from aml_assets.errors import InputError

if TYPE_CHECKING:
    import pyarrow as pa

_INDEX = ("", "Unnamed: 0")
"""Names of the index that pandas writes: at first, and after reading and writing it again."""


def read_texts(data: bytes, name: str) -> pa.Table:
    """Parse a CSV with a header; an empty field becomes null, and pandas' index is left out.

    Args:
        data: the file's bytes, UTF-8.
        name: the file's name in errors.

    Returns:
        A table of text columns.

    Raises:
        InputError: the file has no header, a name twice, or rows that do not fit the header.
    """
    import pyarrow as pa
    import pyarrow.csv as pc

    try:
        names = next(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    except (UnicodeDecodeError, StopIteration, csv.Error):
        raise _refusal(f"{name} is empty, or no CSV in UTF-8") from None
    if len(set(names)) < len(names):
        raise _refusal(f"{name} has two columns of one name")
    kept = [column for place, column in enumerate(names) if place or column not in _INDEX]
    try:
        table = pc.read_csv(
            pa.py_buffer(data),
            # One block, because pyarrow cuts blocks at wrong places if values hold line ends.
            read_options=pc.ReadOptions(block_size=min(len(data) + 1, 2**31 - 1)),
            parse_options=pc.ParseOptions(newlines_in_values=True),
            convert_options=pc.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                include_columns=kept,
                null_values=[""],
                strings_can_be_null=True,
            ),
        )
    except (pa.ArrowException, ValueError, KeyError):
        # The library's texts quote the row.
        raise _refusal(f"{name} has a row that does not fit its header") from None
    return table


def _refusal(what: str) -> InputError:
    return InputError(what, remedy="Give a CSV of predictions, as ours or the old flow's.")
