"""The limits ``landing.limits`` of one landed table of one day, and what its files have taken.

Belongs here: adding up what the day's files hold, and refusing what is beyond a limit, with file,
figure, limit and setting. Does not belong here: finding out what a file holds (``io.expansion``).
"""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import dataclass, field

from aml_assets.errors import InputError
from aml_assets.settings.store_settings import LandingLimits


@dataclass
class Allowance:
    """What is left of the limits for one table of one day; its seconds run from its creation.

    Each ``refuse_…`` and ``take_…`` raises `InputError` when its limit is exceeded.

    Attributes:
        limits: the settings.
        table: the table's name, for errors.
        day: the partition, for errors.
    """

    limits: LandingLimits
    table: str
    day: dt.date
    _rows: int = 0
    _bytes: int = 0
    _begun: float = field(default_factory=time.monotonic)

    @property
    def bytes_left(self) -> int:
        """Bytes that may still be taken in memory."""
        return self.limits.bytes - self._bytes

    @property
    def seconds_left(self) -> float:
        """Seconds until the time is over; negative after it."""
        return self.limits.seconds - (time.monotonic() - self._begun)

    def refuse_length(self, length: int) -> None:
        """Refuse files that are too long as they are stored; called before they are read."""
        self._refuse_above("bytes", length, f"its files hold {length:,} bytes")

    def refuse_footer(self, file: str, length: int) -> None:
        """Refuse a file whose footer is too long to be parsed."""
        what = f"the file {file} has a footer of {length:,} bytes"
        self._refuse_above("footer_bytes", length, what)

    def refuse_columns(self, file: str, number: int) -> None:
        """Refuse a file with too many columns."""
        remedy = f"Leave columns out (tables.{self.table}.exclude), or raise the limit."
        self._refuse_above(
            "columns", number, f"the file {file} has {number:,} columns", remedy=remedy
        )

    def refuse_text(self, file: str, column: str, length: int) -> None:
        """Refuse a file with too long a text in a column."""
        what = f"the file {file} holds a text of {length:,} bytes there"
        self._refuse_above("text_bytes", length, what, column)

    def take_rows(self, file: str, rows: int) -> None:
        """Count a file's rows; refuse too many of the day."""
        self._rows += rows
        what = f"the file {file} makes it {self._rows:,} rows"
        self._refuse_above("rows", self._rows, what)

    def take_bytes(self, file: str, length: int, column: str | None = None) -> None:
        """Count the bytes of a decoded file, ``column`` being its largest; refuse too many."""
        self._bytes += length
        what = f"the file {file} makes it {self._bytes:,} bytes when it is expanded"
        self._refuse_above("bytes", self._bytes, what, column)

    def refuse_late(self, file: str) -> None:
        """Refuse to go on with a file when the time is over."""
        if self.seconds_left < 0:
            limit = self.limits.seconds
            raise self._error("seconds", limit, f"the file {file} is not decoded in time")

    def _refuse_above(
        self, setting: str, found: int, what: str, column: str | None = None, remedy: str = ""
    ) -> None:
        limit = getattr(self.limits, setting)
        if found > limit:
            raise self._error(setting, limit, what, column, remedy)

    def _error(
        self, setting: str, limit: float, what: str, column: str | None = None, remedy: str = ""
    ) -> InputError:
        return InputError(
            f"{what}, and landing.limits.{setting} is {limit:,}",
            table=self.table,
            day=self.day,
            column=column,
            remedy=remedy or "Have the upstream system look at it, or raise the limit.",
        )
