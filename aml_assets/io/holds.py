"""Holds: customers and days of which nothing is deleted while an authority or a court asks for it.

Belongs here: keeping holds, each a file of its own that is deleted with its release. Does not
belong here: placing and releasing one (``steps.retaining.holding``), or what it keeps
(``steps.retaining.planning``).

A hold's file names the customer; the ledger names the file alone, and the digest of its content,
which nobody can guess a customer from, since the file holds a random text, too.
"""

from __future__ import annotations

import datetime as dt
import secrets
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from aml_assets.core.days import parse_day
from aml_assets.errors import CorruptFile
from aml_assets.io.formats import JsonFormat
from aml_assets.io.manifest import Manifest, canonical_json
from aml_assets.io.published import sha256_of_bytes

if TYPE_CHECKING:
    from aml_assets.io.store import Store

FOLDER = "holds"


@dataclass(frozen=True)
class Hold:
    """A hold on one customer or one day.

    Attributes:
        customer: the text of the customer's id; ``None`` of a hold on a day.
        day: the day, as ISO text; ``None`` of a hold on a customer.
        why: the reason.
        who: who placed it, for people.
        at: when, as an ISO time in UTC.
        salt: random.
        name: of its file.
    """

    customer: str | None
    day: str | None
    why: str
    who: str
    at: str
    salt: str = field(default_factory=lambda: secrets.token_hex(16))
    name: str = field(default_factory=lambda: secrets.token_hex(8))

    @property
    def digest(self) -> str:
        """The digest of what its file holds."""
        return sha256_of_bytes(canonical_json(self.content).encode())

    @property
    def subject(self) -> str:
        """What is held, for people; a customer is not named."""
        return f"a customer ({FOLDER}/{self.name}.json)" if self.day is None else self.day

    @property
    def content(self) -> dict[str, Any]:
        """What its file holds, as JSON values."""
        value = asdict(self)
        del value["name"]
        return value


class Holds:
    """All holds of a store.

    Args:
        store: the store that keeps them.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._format = JsonFormat()

    def names(self) -> list[str]:
        """The names of all holds, sorted; one listing."""
        suffix = self._format.suffix
        listed = self._store.list(FOLDER)
        return [each.name.removesuffix(suffix) for each in listed if each.name.endswith(suffix)]

    def all(self) -> list[Hold]:
        """Read all holds, the oldest first.

        Raises:
            CorruptFile: one cannot be read. None is left out: what it keeps would be deleted.
        """
        return sorted(map(self._read, self.names()), key=lambda hold: (hold.at, hold.name))

    def add(self, hold: Hold) -> None:
        """Keep a hold."""
        manifest = Manifest(asset=FOLDER, partition=hold.name)
        self._format.write(self._store, self._path(hold.name), hold.content, manifest)

    def remove(self, hold: Hold) -> None:
        """Delete a hold's file.

        Raises:
            NotFound: it is not there.
        """
        self._store.delete(self._path(hold.name))

    def _path(self, name: str) -> str:
        return f"{FOLDER}/{name}{self._format.suffix}"

    def _read(self, name: str) -> Hold:
        path = self._path(name)
        value = self._format.read(self._store, path)
        try:
            hold = Hold(**value)
            if (hold.customer is None) == (hold.day is None):
                raise TypeError
            if hold.day is not None and parse_day(hold.day) is None:
                raise TypeError
        except TypeError:
            raise CorruptFile("it holds no hold", path=path, operation="read") from None
        return replace(hold, name=name)


def day_of(hold: Hold) -> dt.date | None:
    """The day that a hold is on; ``None`` of a hold on a customer."""
    return None if hold.day is None else dt.date.fromisoformat(hold.day)
