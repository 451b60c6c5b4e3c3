"""The sensor's cursor: what the night's decisions remember from one tick to the next.

Belongs here: the cursor's types and its text. Does not belong here: which entries are still needed
(``core.night.pruning``), or keeping the text (Dagster does).
"""

from __future__ import annotations

import base64
import datetime as dt
import json
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

from aml_assets.core.night.readiness import SettleState
from aml_assets.core.staleness import Fingerprint

_VERSION = 2

_COMPRESSED = "zlib:"
"""Begins a cursor whose JSON is compressed, by zlib and base64.

Dagster keeps a copy with every tick, and the sensor's page fetches those of all ticks that it
shows.
"""

WITH_TABLES: Fingerprint = "with tables"
"""Remembered in place of a fingerprint if a partition was requested in one run with its inputs,
whose digests were not known yet: features with their day's tables, a further line's frames with
the merged features."""


class Stage(StrEnum):
    """What a run was requested for, and so which inputs the fingerprint covers.

    Each attribute names first what is built, then these inputs.

    Attributes:
        TABLES: a day's tables; the landed files of its daily tables.
        STATICS: a day's tables; the landed files of the static tables at that time.
        TRANSACTIONS: the transactions alone, for later days to look back into; their landed files.
        BESIDE: a table for which no day waits; its landed files.
        FEATURES: a day's features; its tables, and the transactions of the days it looks back to.
            Of a further line: its frames of a day; all that these read.
        LEARNING: a day's model and metrics; the features of its windows.
        SCORING: a day's scores; its features and the models that may score them.
        REMAKE: a stale partition of any asset; the inputs that its manifest names.
        PAGE: a missing page; the partition that it describes.
    """

    TABLES = "tables"
    STATICS = "statics"
    TRANSACTIONS = "transactions"
    BESIDE = "beside"
    FEATURES = "features"
    LEARNING = "learn"
    SCORING = "score"
    REMAKE = "remake"
    PAGE = "page"


class RequestKey(NamedTuple):
    """What was requested: a stage and a day; for some, as ``REMAKE``, also the asset.

    ``REMAKE``, ``PAGE`` and ``BESIDE`` name it. In the other stages, ``asset`` is the name of a
    further line, and empty for the reports'.
    """

    stage: Stage
    day: dt.date
    asset: str = ""


@dataclass
class Cursor:
    """What the sensor remembers from tick to tick.

    Losing it costs nothing but time: the store says what is built, and of which landed files.

    Attributes:
        settling: day → daily table, or table beside → its settle state.
        settling_statics: static table → its settle state.
        requested: what was requested → the fingerprint of its inputs at the last request.
        partial_since: day → when a part of it had landed first, POSIX seconds.
        alarmed: overdue days of which an alarm was sent.
        left_alone: days before this one are ignored, because too many of them have failed;
            ``None`` if there is no such day.
    """

    settling: dict[dt.date, dict[str, SettleState]] = field(default_factory=dict)
    settling_statics: dict[str, SettleState] = field(default_factory=dict)
    requested: dict[RequestKey, Fingerprint] = field(default_factory=dict)
    partial_since: dict[dt.date, float] = field(default_factory=dict)
    alarmed: set[dt.date] = field(default_factory=set)
    left_alone: dt.date | None = None

    def was_tried(self, day: dt.date, further: Iterable[str] = ()) -> bool:
        """Whether a run was requested for a day's tables or for its model.

        Args:
            day: the day.
            further: the names of further lines, whose frames and models count too.
        """
        keys = [RequestKey(Stage.TABLES, day), RequestKey(Stage.LEARNING, day)]
        for stage in (Stage.FEATURES, Stage.LEARNING):
            keys += [RequestKey(stage, day, line) for line in further]
        return any(key in self.requested for key in keys)

    def to_text(self) -> str:
        """The cursor as text, as short as is practical: compressed JSON."""
        requested: dict[str, dict[str, dict[str, str]]] = {}
        for (stage, day, asset), inputs in self.requested.items():
            requested.setdefault(stage, {}).setdefault(asset, {})[str(day)] = inputs
        value = {
            "version": _VERSION,
            "settling": {str(day): _to_json(states) for day, states in self.settling.items()},
            "settling_statics": _to_json(self.settling_statics),
            "requested": requested,
            "partial_since": {str(day): since for day, since in self.partial_since.items()},
            "alarmed": [str(day) for day in sorted(self.alarmed)],
            "left_alone": self.left_alone and str(self.left_alone),
        }
        written = json.dumps(value, separators=(",", ":")).encode()
        return _COMPRESSED + base64.b64encode(zlib.compress(written, 9)).decode()

    @classmethod
    def from_text(cls, text: str | None) -> Cursor:
        """Read a cursor, compressed or plain as before 0.2.

        Returns:
            An empty cursor if the text is missing, damaged or of an unknown version.
        """
        try:
            value = json.loads(_plain(text or "{}"))
            if value.get("version") == 1:
                value = _of_version_1(value)
            if value.get("version") != _VERSION:
                return cls()
            return cls(
                settling={_day(day): _states(each) for day, each in value["settling"].items()},
                settling_statics=_states(value["settling_statics"]),
                requested={
                    RequestKey(Stage(stage), _day(day), asset): inputs
                    for stage, assets in value["requested"].items()
                    for asset, days in assets.items()
                    for day, inputs in days.items()
                },
                partial_since={_day(day): at for day, at in value["partial_since"].items()},
                alarmed=set(map(_day, value["alarmed"])),
                left_alone=_day(before) if (before := value.get("left_alone")) else None,
            )
        except (ValueError, TypeError, KeyError, AttributeError, zlib.error):
            return cls()


def _plain(text: str) -> str | bytes:
    """The JSON of a cursor's text."""
    if not text.startswith(_COMPRESSED):
        return text
    return zlib.decompress(base64.b64decode(text.removeprefix(_COMPRESSED)))


def _day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def _to_json(states: Mapping[str, SettleState]) -> dict[str, list[Any]]:
    return {table: state.to_json() for table, state in states.items()}


def _states(value: Mapping[str, list[Any]]) -> dict[str, SettleState]:
    return {table: SettleState.from_json(each) for table, each in value.items()}


def _of_version_1(old: Mapping[str, Any]) -> dict[str, Any]:
    """A cursor of version 1, whose requests were keyed by texts such as ``learn 2024-02-14``."""
    requested: dict[str, dict[str, dict[str, str]]] = {"tables": {"": old["built"]}}
    for text, inputs in old["asked"].items():
        what, day = text.rsplit(" ", 1)
        stage, _, asset = what.partition(" ")
        stage = "page" if stage == "report" else stage
        inputs = WITH_TABLES if inputs.startswith(WITH_TABLES) else inputs
        requested.setdefault(stage, {}).setdefault(asset, {})[day] = inputs
    return {
        "version": _VERSION,
        "settling": {day: states for day, states in old["seen"].items() if day != "static"},
        "settling_statics": old["seen"].get("static", {}),
        "requested": requested,
        "partial_since": old["since"],
        "alarmed": old["alarmed"],
    }
