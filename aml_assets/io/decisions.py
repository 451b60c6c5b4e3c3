"""What a person decided about a day, kept in the store: skips, and overrides of checks.

Belongs here: recording a decision with its reason, and finding it again. Does not belong here:
what follows from one (``steps.inputs.exemptions``, ``steps.checking.verdicts``).

A decision is about something that was seen: a day as it lay in the landing, a table's content.
When that is another by now, the decision says nothing of it any more. It is kept in the store
and not in Dagster's database, so that a wiped run history lifts nothing.
"""

from __future__ import annotations

import datetime as dt
import getpass
import logging
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from aml_assets.errors import CorruptFile, NotFound
from aml_assets.io.formats import JsonFormat
from aml_assets.io.manifest import Manifest

if TYPE_CHECKING:
    from aml_assets.io.store import Store

_log = logging.getLogger(__name__)

_FOLDER = "decisions"


@dataclass(frozen=True)
class Decision:
    """One decision.

    Attributes:
        why: the reason, in the words of whoever decided.
        by: who it was.
        at: when, as an ISO time in UTC.
        about: identifies what was decided on: a signature of files, or a content's digest.
        holds: false once it was taken back.
    """

    why: str
    by: str
    at: str
    about: str
    holds: bool = True

    @classmethod
    def now(cls, why: str, about: str, *, by: str | None = None, holds: bool = True) -> Decision:
        """A decision of this moment, by the user of this process unless somebody is named."""
        instant = dt.datetime.now(dt.UTC).replace(microsecond=0)
        return cls(why, by or getpass.getuser(), instant.isoformat(), about, holds)


class Decisions:
    """All decisions of one kind, each under a name. Replaced ones stay under ``.versions``.

    Args:
        store: where they are kept.
        kind: ``skips`` or ``overrides``.
    """

    def __init__(self, store: Store, kind: str) -> None:
        self._store = store
        self._kind = kind
        self._format = JsonFormat()

    def record(self, name: str, decision: Decision) -> None:
        """Keep a decision, in the place of an earlier one."""
        manifest = Manifest(asset=f"{_FOLDER}/{self._kind}", partition=name)
        self._format.write(self._store, self._path(name), asdict(decision), manifest)

    def find(self, name: str) -> Decision | None:
        """The decision under this name, if there is one that was not taken back."""
        try:
            found: dict[str, Any] = self._format.read(self._store, self._path(name))
        except NotFound:
            return None
        except CorruptFile as error:
            _log.warning("a decision that was altered counts for nothing: %s", error)
            return None
        decision = Decision(**found)
        return decision if decision.holds else None

    def names(self) -> list[str]:
        """The names under which something was ever decided, sorted; one listing."""
        suffix = self._format.suffix
        entries = self._store.list(f"{_FOLDER}/{self._kind}")
        return [each.name.removesuffix(suffix) for each in entries if not each.is_directory]

    def _path(self, name: str) -> str:
        return f"{_FOLDER}/{self._kind}/{name}{self._format.suffix}"
