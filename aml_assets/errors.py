"""The errors that this package raises on purpose.

Belongs here: one exception type per kind of remedy, and the sentence that they share: what is
wrong, where (table or asset, day, column), and what the reader should do about it. Does not
belong here: catching errors. No error carries a value of a customer's row; where a library's
message would quote one, raise our error ``from None``.
"""

from __future__ import annotations

import datetime as dt
from typing import Self


class AmlError(Exception):
    """Base of all our errors; ``str(error)`` is one sentence that a user can act on.

    Args:
        what: what is wrong, without any customer's value.
        table: the table or asset concerned, e.g. ``trx`` or ``features/merged_features``.
        day: the partition concerned.
        column: the column (or columns) concerned.
        remedy: what to do about it.
    """

    retryable = False
    """True if the same run may succeed later although nobody changes anything here."""

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
            f"{name} {shown(value)}"
            for name, value in (
                ("table", self.table),
                ("day", self.day),
                ("column", self.column),
            )
            if value is not None
        ]
        sentence = f"{', '.join(where)}: {self.what}" if where else self.what
        return f"{sentence}. {self.remedy}" if self.remedy else sentence


def shown(name: str) -> str:
    """A name for people, on one line: escaped where it cannot be printed, ``''`` if it is empty."""
    escaped = (
        each if each.isprintable() else each.encode("unicode_escape").decode() for each in name
    )
    return "".join(escaped) or "''"


class SettingsError(AmlError):
    """A setting is unknown, has the wrong type, or contradicts another one."""


class PartitionError(AmlError):
    """A run has no partition, or its day is not one of the partitions."""


class InputError(AmlError):
    """A landed table breaks its contract: the upstream system or the settings must be corrected."""


class NotLanded(AmlError):
    """A day's table has not landed yet."""

    retryable = True


class NotReady(AmlError):
    """An upstream partition can be built, but is not stored yet."""

    retryable = True


class DeletedUnderRule(NotReady):
    """A partition's term has passed, and it was deleted; it is not built again by itself."""

    retryable = False


class Outdated(AmlError):
    """A stored partition is stale: its inputs changed since; waiting does not mend it."""


class UpstreamFailed(AmlError):
    """A partition was not built because one that it needs failed in the same run."""


class CheckFailed(AmlError):
    """A partition failed a check that blocks its dependents, and nobody has overridden it."""


class NotTrainable(AmlError):
    """A model cannot be trained for this day: too early, incomplete window, or no labels."""


class ModelError(AmlError):
    """There is no model to score with, or a file is not one of our models."""


class LedgerError(AmlError):
    """The ledger is not what was written, or an entry cannot be added to it."""


class StoreError(AmlError):
    """The store refused or broke an operation.

    Args:
        reason: what happened, without the path.
        path: the path concerned, relative to the store's root.
        operation: ``read``, ``write``, ``list``, ``rename`` or ``delete``.
        remedy: what to do about it.
        place: ``landing`` or ``store`` with its URL, as far as it is known where it is raised.
    """

    def __init__(
        self,
        reason: str,
        *,
        path: str,
        operation: str,
        remedy: str | None = None,
        place: str | None = None,
    ) -> None:
        self.reason = reason
        self.path = path
        self.operation = operation
        self.place = place
        super().__init__(f"{operation} {path}: {self.reason_with_place}", remedy=remedy)

    @property
    def reason_with_place(self) -> str:
        """The reason and the place, for a sentence that names the path itself."""
        return f"{self.reason} ({self.place})" if self.place else self.reason

    def at(self, path: str, place: str | None = None) -> Self:
        """Return the same error under another path, and with its place."""
        return type(self)(
            self.reason,
            path=path,
            operation=self.operation,
            remedy=self.remedy,
            place=place or self.place,
        )


class NotFound(StoreError):
    """Nothing is stored under this path."""


class AlreadyThere(StoreError):
    """Something is stored under this path, where something new was to be put."""


class CorruptFile(StoreError):
    """A stored file differs from what was published: it was altered or cut afterwards."""


class ForeignFile(CorruptFile):
    """Another program wrote the whole file that lies under our name, e.g. the flow of 2019."""


class UnprovenFile(CorruptFile):
    """A whole stored file has no seal by one of our keys: nothing shows that we wrote it."""


class DamagedFile(CorruptFile):
    """The file system cannot give a file's bytes back: its blocks are rotten, or lost."""


class TransientStoreError(StoreError):
    """A fault that may pass: the whole operation was retried within its time and still failed."""

    retryable = True


class Unreachable(TransientStoreError):
    """The whole landing or store cannot be reached: other operations would wait in vain, too."""


class NotTried(AmlError):
    """Partitions were left as they are, since the landing or the store could not be reached."""

    retryable = True


class AlarmError(AmlError):
    """An alarm could not be sent.

    Args:
        what: the reason of each channel; never a password, nor a URL that may hold a secret.
        delivered: channels that accepted the alarm and must not get it again.
    """

    retryable = True

    def __init__(
        self, what: str, *, delivered: tuple[str, ...] = (), remedy: str | None = None
    ) -> None:
        self.delivered = delivered
        super().__init__(what, remedy=remedy)
