"""The errors this package raises on purpose.

Belongs here: one exception type per kind of remedy, and the sentence they share: what is
wrong, where (table or asset, day, column) and what to do about it. Does not belong here:
catching anything. No error carries a value of a customer's row; where a library's own message
would quote one, raise ours ``from None``.
"""

from __future__ import annotations

import datetime as dt


class AmlError(Exception):
    """Something named went wrong; ``str(error)`` is one sentence a user can act on.

    Args:
        what: what is wrong, without any customer's value.
        table: the table or asset concerned, e.g. ``trx`` or ``features/merged_features``.
        day: the partition concerned.
        column: the column (or columns) concerned.
        remedy: what to do about it.
    """

    retryable = False
    """Whether the same run may succeed later without anybody changing anything here."""

    def __init__(
        self,
        what: str,
        *,
        table: str | None = None,
        day: dt.date | str | None = None,
        column: str | None = None,
        remedy: str | None = None,
    ) -> None:
        self.what = what
        self.table = table
        self.day = None if day is None else str(day)
        self.column = column
        self.remedy = remedy
        super().__init__(self._sentence())

    def _sentence(self) -> str:
        where = [
            f"{name} {value}"
            for name, value in (
                ("table", self.table),
                ("day", self.day),
                ("column", self.column),
            )
            if value
        ]
        sentence = f"{', '.join(where)}: {self.what}" if where else self.what
        return f"{sentence}. {self.remedy}" if self.remedy else sentence


class SettingsError(AmlError):
    """A setting is unknown, of the wrong type, or contradicts another one."""


class PartitionError(AmlError):
    """A run without a day, or a day outside the partitions."""


class InputError(AmlError):
    """A landed table breaks its contract: the bank's upstream has to mend it, or the config."""


class NotLanded(AmlError):
    """A day's table has not landed yet."""

    retryable = True


class NotReady(AmlError):
    """An upstream partition can be built, but is not in the store yet."""

    retryable = True


class Outdated(AmlError):
    """What is stored was made of something else than is stored now; waiting does not mend it."""


class UpstreamFailed(AmlError):
    """A partition was not built because one that it needs failed in the same run."""


class CheckFailed(AmlError):
    """A day failed a check that blocks what would be made of it, and nobody has overridden it."""


class NotTrainable(AmlError):
    """No model can be trained for this day: too early, an incomplete window, or no labels."""


class ModelError(AmlError):
    """No model to score with, or a file that is not one of our models."""


class StoreError(AmlError):
    """The store refused or broke an operation.

    Args:
        what: what happened.
        path: the path concerned, relative to the store's root.
        operation: ``read``, ``write``, ``list``, ``rename`` or ``delete``.
    """

    def __init__(self, what: str, *, path: str, operation: str, remedy: str | None = None) -> None:
        self.path = path
        self.operation = operation
        super().__init__(f"{operation} {path}: {what}", remedy=remedy)


class NotFound(StoreError):
    """Nothing is stored under this path."""


class CorruptFile(StoreError):
    """A stored file is not what its manifest says: it was altered after it was published."""


class ForeignFile(CorruptFile):
    """A whole file under our name that another program wrote: the flow of 2019, for one."""


class TransientStoreError(StoreError):
    """A fault that may pass: the operation was retried whole, in bounds, and still failed."""

    retryable = True


class AlarmError(AmlError):
    """An alarm could not be sent.

    Args:
        what: why, by channel; never a password, nor a URL that may hold a secret.
        delivered: channels that did take it, and must not get it twice.
    """

    retryable = True

    def __init__(
        self, what: str, *, delivered: tuple[str, ...] = (), remedy: str | None = None
    ) -> None:
        self.delivered = delivered
        super().__init__(what, remedy=remedy)
