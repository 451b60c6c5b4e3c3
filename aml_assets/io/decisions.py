"""Decisions of people about a day, kept in the store: skips, and overrides of checks.

Belongs here: recording a decision with its reason, and finding it again. Does not belong here:
the consequences of a decision (``steps.inputs.exemptions``, ``steps.checking.verdicts``).

A decision applies to what the person saw: the landed files of a day, or a table's content. Once
other files land or the content changes, it no longer applies. The store keeps it, so that it
outlives Dagster's run history.
"""

from __future__ import annotations

import datetime as dt
import logging
import os
import pwd
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from aml_assets.core.governance.chain import in_words
from aml_assets.errors import CorruptFile, NotFound, StoreError, TransientStoreError
from aml_assets.io.formats import JsonFormat
from aml_assets.io.manifest import Manifest

if TYPE_CHECKING:
    from aml_assets.io.store import Store

_log = logging.getLogger(__name__)

_FOLDER = "decisions"


@dataclass(frozen=True)
class Decision:
    """A person's decision.

    Attributes:
        why: the reason, in the person's words.
        by: the person's name.
        at: the time of the decision, as an ISO time in UTC.
        about: what the decision applies to: a signature of files, or a content's digest.
        holds: false once the decision was taken back.
        known: how we know ``by``: ``login`` if the store's cluster checked it, ``rule`` if a rule
            of the settings decided, else ``claim``.
        login: the name as which the store's cluster knew the writer; ``None`` if it checks none.
        user: the user of the machine that wrote it; ``None`` in records of before 0.2.
    """

    why: str
    by: str
    at: str
    about: str
    holds: bool = True
    known: Literal["claim", "login", "rule"] = "claim"
    login: str | None = None
    user: str | None = None

    @classmethod
    def now(
        cls,
        why: str,
        about: str,
        *,
        by: str | None = None,
        login: str | None = None,
        holds: bool = True,
    ) -> Decision:
        """Return a decision of this moment.

        Args:
            why: the reason.
            about: what it applies to.
            by: who claims to decide; by default the login, or the process' user without one.
            login: the name as which the store's cluster knows this process, if it checks names.
            holds: false to take an earlier decision back.
        """
        instant = dt.datetime.now(dt.UTC).replace(microsecond=0).isoformat()
        user = this_user()
        known = "login" if login and by in (None, login) else "claim"
        return cls(why, by or login or user, instant, about, holds, known, login, user)

    @classmethod
    def by_rule(cls, rule: str, why: str, about: str = "") -> Decision:
        """Return a decision of this moment that a rule of the settings made.

        Args:
            rule: the setting.
            why: the reason.
            about: what it applies to.
        """
        return replace(cls.now(why, about, by=f"the rule {rule}"), known="rule")

    @property
    def who(self) -> str:
        """The name of who decided, for people: one that nobody checked is called a claim."""
        return in_words(self.by, self.known, self.login or self.user)


def this_user() -> str:
    """The name of this process' user by the machine's list; its number if that has none.

    The variables ``LOGNAME`` and ``USER``, which anybody may set, are not asked.
    """
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"user {os.getuid()}"


class Decisions:
    """All decisions of one kind, each under a name; replaced ones stay under ``.versions``.

    Args:
        store: the store that keeps them.
        kind: ``skips`` or ``overrides``.
    """

    def __init__(self, store: Store, kind: str) -> None:
        self._store = store
        self._kind = kind
        self._format = JsonFormat()

    def record(self, name: str, decision: Decision) -> None:
        """Store a decision under a name; it replaces an earlier one."""
        manifest = Manifest(asset=f"{_FOLDER}/{self._kind}", partition=name)
        self._format.write(self._store, self._path(name), asdict(decision), manifest)

    def find(self, name: str) -> Decision | None:
        """Return the decision under this name; ``None`` if there is none or it was taken back."""
        decision = self.last(name)
        return decision if decision and decision.holds else None

    def last(self, name: str) -> Decision | None:
        """Return the last decision under this name, one that was taken back, too."""
        try:
            return self._read(self._path(name))
        except NotFound:
            return None
        except TransientStoreError:
            raise
        except StoreError as error:  # no single file may hide all days from the sensor
            _log.warning("ignored a decision whose file cannot be read: %s", error)
            return None

    def _read(self, path: str) -> Decision:
        found: dict[str, Any] = self._format.read(self._store, path)
        try:
            return Decision(**found)
        except TypeError:
            raise CorruptFile("it holds no decision", path=path, operation="read") from None

    def all(self) -> dict[str, Decision]:
        """Return all decisions that hold, by name; one that cannot be read is left out."""
        found = {name: self.find(name) for name in self.names()}
        return {name: decision for name, decision in found.items() if decision}

    def names(self) -> list[str]:
        """Return all names with a decision, taken back or not, sorted; one listing."""
        suffix = self._format.suffix
        entries = self._store.list(f"{_FOLDER}/{self._kind}")
        return [each.name.removesuffix(suffix) for each in entries if not each.is_directory]

    def _path(self, name: str) -> str:
        return f"{_FOLDER}/{self._kind}/{name}{self._format.suffix}"
