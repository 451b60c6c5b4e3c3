"""The ledger in the store: a file for each entry, which no writer ever replaces, and the head.

Belongs here: appending an entry, reading them, and verifying what lies there. Does not belong here:
what makes a chain whole (``core.governance.chain``), or deciding anything.

An entry is placed under the next free number, where nothing may lie. Of two writers at once, on any
machines, one succeeds, and the other one takes the next number; nothing is lost. An entry is sealed
like every file of the store: with ``store.seal_keys``, nobody without a key can add one.
"""

from __future__ import annotations

import datetime as dt
import re
import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from aml_assets.core.governance import chain
from aml_assets.core.governance.chain import FIRST, Broken, Champion, Entry, Head, Kind, Link
from aml_assets.errors import CorruptFile, LedgerError, NotFound, StoreError, TransientStoreError
from aml_assets.io.decisions import Decision
from aml_assets.io.formats import JsonFormat
from aml_assets.io.manifest import Manifest, canonical_json
from aml_assets.io.published import sha256_of_bytes

if TYPE_CHECKING:
    from aml_assets.io.store import Store

FOLDER = "ledger"

_HEAD = f"{FOLDER}/head.json"
_NAME = re.compile(r"(\d{8})\.json")
_TRIES = 100
"""How often an append takes another number, because another writer was first."""

_LOOKS, _PAUSE = 5, 0.2
"""How often `verify` tries again where a writer may be adding an entry, and the seconds between."""


class Ledger:
    """The ledger of a store.

    Args:
        store: the store that keeps it.
        earlier: returns the decisions from before there was a ledger, by kind and name; called
            when the first entry is written.
    """

    def __init__(
        self, store: Store, earlier: Callable[[], Mapping[str, Any]] = dict[str, Any]
    ) -> None:
        self._store = store
        self._earlier = earlier
        self._format = JsonFormat()
        self._known: dict[int, Link] = {}

    # -- reading -----------------------------------------------------------------------------

    def last(self) -> Entry | None:
        """The last entry; ``None`` of an empty ledger.

        Raises:
            LedgerError: an entry that the head names is missing.
            CorruptFile: the entry or the head was altered.
        """
        link = self.end()
        return link.entry if link else None

    def end(self) -> Link | None:
        """The last entry with its digest; ``None`` of an empty ledger.

        Raises:
            LedgerError: an entry that the head names is missing.
            CorruptFile: the entry or the head was altered.
        """
        head = self._head()  # before the list: it may move on at any moment
        number = max(self._numbers(), default=0)
        if head and head.number > number:  # somebody may have removed what came after this one
            raise LedgerError(
                f"entry {head.number} of the ledger is missing",
                remedy="Restore it from a backup; aml ledger verify says what else is not as "
                "written.",
            )
        return self._link(number) if number else None

    def entry(self, number: int) -> Entry:
        """Read an entry by its number.

        Raises:
            LedgerError: there is none, or another one lies in its place.
            CorruptFile: it was altered.
        """
        return self._link(number).entry

    def entries(self) -> Iterator[Entry]:
        """All entries, oldest first."""
        for number in range(1, max(self._numbers(), default=0) + 1):
            yield self.entry(number)

    def champion(self, line: str, day: dt.date) -> Champion | None:
        """The champion of a model line on a day; ``None`` before the first one."""
        return chain.champion(self.last(), line, day, self.entry)

    def champions(self, line: str, days: Iterable[dt.date]) -> dict[dt.date, Champion]:
        """The champion of a line on each of some days, without those before the first one."""
        last = self.last()
        found = {day: chain.champion(last, line, day, self.entry) for day in days}
        return {day: champion for day, champion in found.items() if champion}

    def before(self, current: Champion) -> Champion | None:
        """The champion before another one; see `chain.predecessor`."""
        return chain.predecessor(current, self.entry)

    def verify(self) -> Broken | None:
        """The first place at which the ledger is not what was written; ``None`` if it is whole.

        Raises:
            TransientStoreError: the store cannot be reached.
        """
        broken = self._verify()
        for _ in range(_LOOKS):
            if broken is None or not broken.may_pass:
                break
            time.sleep(_PAUSE)
            broken = self._verify()
        return broken

    def _verify(self) -> Broken | None:
        names = [each.name for each in self._store.list(FOLDER) if each.name != "head.json"]
        strange = [name for name in names if not _NAME.fullmatch(name)]
        if strange:
            return Broken(0, f"{FOLDER}/{strange[0]} is no entry: somebody put it there")
        last = max((int(name[:8]) for name in names), default=0)
        self._known.clear()
        links = [self._link_or_reason(number) for number in range(1, last + 1)]
        return chain.first_broken(links, self._head_or_reason())

    # -- writing -----------------------------------------------------------------------------

    def append(self, kind: Kind, decision: Decision, about: Mapping[str, Any]) -> Entry:
        """Add an entry to the end; see `append_while`, without a condition."""
        entry = self.append_while(lambda _: True, kind, decision, about)
        assert entry is not None
        return entry

    def append_while(
        self,
        holds: Callable[[Entry | None], bool],
        kind: Kind,
        decision: Decision,
        about: Mapping[str, Any],
    ) -> Entry | None:
        """Add an entry to the end.

        Args:
            holds: given the last entry, tells whether the new one is still right after it.
            kind: what was decided.
            decision: who decided, when, and why.
            about: what the entry is about, as JSON values.

        Returns:
            The entry, as it is stored now; ``None`` if ``holds`` was false, and nothing is added.

        Raises:
            LedgerError: the ledger's end is not what was written, or it is written without pause.
            StoreError: nothing was added.
        """
        for _ in range(_TRIES):
            end = self.end()
            if end is None and kind != "beginning" and (earlier := self._earlier()):
                self.append_while(lambda last: last is None, "beginning", _beginning(), earlier)
                continue
            if not holds(end.entry if end else None):
                return None
            entry = _next(end, kind, decision, about)
            if self._add(entry):
                self._move_head()
                return entry
        raise LedgerError(
            "others write into the ledger without pause", remedy="Try again in a moment."
        )

    def _add(self, entry: Entry) -> bool:
        path = _path(entry.number)
        manifest = Manifest(asset=FOLDER, partition=f"{entry.number:08}")
        data, _ = self._format.sealed_file(self._store, path, entry.to_dict(), manifest)
        return self._store.add_bytes(path, data)

    def _move_head(self) -> None:
        """Let the head name the last entry.

        Of several writers at once, each lists the entries once more after it has written the head,
        and writes it again if there are newer ones. So the head ends at the last entry.
        """
        while True:
            number = max(self._numbers())
            value = {"number": number, "digest": self._link(number).digest}
            manifest = Manifest(asset=FOLDER, partition="head")
            data, _ = self._format.sealed_file(self._store, _HEAD, value, manifest)
            self._store.publish_bytes(_HEAD, data)
            if max(self._numbers()) == number:
                return

    # -- files -------------------------------------------------------------------------------

    def _numbers(self) -> list[int]:
        found = (_NAME.fullmatch(each.name) for each in self._store.list(FOLDER))
        return [int(each[1]) for each in found if each]

    def _link(self, number: int) -> Link:
        if number not in self._known:
            self._known[number] = self._read(number)
        return self._known[number]

    def _read(self, number: int) -> Link:
        path = _path(number)
        try:
            digest, value = self._document(path)
        except NotFound:
            raise LedgerError(
                f"entry {number} of the ledger is missing", remedy="See aml ledger verify."
            ) from None
        try:
            entry = Entry.from_dict(value)
        except ValueError as error:
            raise CorruptFile(str(error), path=path, operation="read") from None
        if entry.number != number:
            raise LedgerError(
                f"entry {entry.number} lies in the place of entry {number} of the ledger",
                remedy="See aml ledger verify.",
            )
        return Link(entry, digest)

    def _document(self, path: str) -> tuple[str, dict[str, Any]]:
        """The digest and the content of a file, verified."""
        data = self._store.read(path)
        self._format.manifest_in(data, path, self._store.seals)
        value = self._format.decode(data, path)
        return sha256_of_bytes(canonical_json(value).encode()), value

    def _head(self) -> Head | None:
        try:
            _, value = self._document(_HEAD)
        except NotFound:
            return None
        try:
            return Head(int(value["number"]), str(value["digest"]))
        except (KeyError, TypeError, ValueError):
            raise CorruptFile("it is no head", path=_HEAD, operation="read") from None

    def _link_or_reason(self, number: int) -> Link | str | None:
        try:
            digest, value = self._document(_path(number))
            return Link(Entry.from_dict(value), digest)
        except NotFound:
            return None
        except TransientStoreError:
            raise
        except StoreError as error:
            return error.reason
        except ValueError as error:
            return str(error)

    def _head_or_reason(self) -> Head | str | None:
        try:
            return self._head()
        except TransientStoreError:
            raise
        except StoreError as error:
            return error.reason


def _path(number: int) -> str:
    return f"{FOLDER}/{number:08}.json"


def _next(end: Link | None, kind: Kind, decision: Decision, about: Mapping[str, Any]) -> Entry:
    return Entry(
        number=end.entry.number + 1 if end else 1,
        previous=end.digest if end else FIRST,
        kind=kind,
        why=decision.why,
        by=decision.by,
        at=decision.at,
        about=dict(about),
        known=decision.known,
        login=decision.login,
        user=decision.user,
        champions=end.entry.champions_after if end else {},
        token=secrets.token_hex(8),
    )


def _beginning() -> Decision:
    return Decision.now("decisions of before there was a ledger were taken over", "")
