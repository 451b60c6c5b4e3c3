"""Packs for filing as settings: an authority's codes for columns and values of transactions.

Belongs here: codes. Does not belong here: what is in a pack (``steps.filing``).
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from aml_assets.settings.section import Section

Code = Annotated[str, Field(min_length=1, max_length=64)]


class FilingSettings(Section):
    """The form of the transactions in a pack for filing.

    ``columns``: column of ``trx`` → the code under which it is filed, in the order of the file;
    without any, the file has all columns by their own names. ``values``: column of ``trx`` → value,
    as the bank writes it → the code that is filed in its place.
    """

    columns: dict[str, Code] = Field(default_factory=dict)
    values: dict[str, dict[str, Code]] = Field(default_factory=dict)
