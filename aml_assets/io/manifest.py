"""The manifest: inputs, settings and digest of one stored partition.

Belongs here: the manifest and its canonical JSON. Does not belong here: its seal (``seals``), where
a format keeps its manifest (``formats``), or what counts as stale.

A manifest holds no time, run id or host name, so the same inputs give the same bytes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, TypeAlias

from aml_assets.core.staleness import ABSENT as ABSENT
from aml_assets.errors import AmlError

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

UNSEALED = "sha256:" + "0" * 64
"""A seal that is not filled in yet; ``seals`` replaces it by one of the same length."""


@dataclass(frozen=True)
class Manifest:
    """The inputs, settings and content digest of one partition.

    Attributes:
        asset: the asset's key, e.g. ``features/merged_features``.
        partition: the day, e.g. ``2024-03-01``.
        digest: sha256 (hex) of the content's identity; "" until a format fills it in.
        rows: row count; ``None`` where the content has no rows.
        inputs: upstream asset → day → the digest that was read, or ``ABSENT``.
        code_version: the version of the code that built the partition.
        settings: hash of the settings that change content.
        facts: further facts as JSON, e.g. the dates of a model's windows.
        data_sha256: sha256 (hex) of the first ``data_length`` bytes, where a format records it.
        data_length: bytes before the part that holds the manifest.
        surroundings: digest of the settings and libraries that it was built with (see
            ``surroundings``); "" where they are not recorded, and then no part of the JSON.
    """

    asset: str
    partition: str
    digest: str = ""
    rows: int | None = None
    inputs: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    code_version: str = ""
    settings: str = ""
    facts: Mapping[str, Json] = field(default_factory=dict)
    data_sha256: str | None = None
    data_length: int | None = None
    surroundings: str = ""

    def __post_init__(self) -> None:
        """Copy the caller's mappings."""
        inputs = {name: dict(days) for name, days in self.inputs.items()}
        object.__setattr__(self, "inputs", inputs)
        object.__setattr__(self, "facts", dict(self.facts))

    def to_json(self) -> str:
        """Return canonical JSON: sorted keys, no spaces, ASCII, no NaN.

        Raises:
            AmlError: a fact is not JSON.
        """
        return canonical_json(self.to_dict(), of=self)

    def to_sealable_json(self) -> str:
        """Return `to_json` with an unfilled seal in it, which `Seals.seal` fills in."""
        return canonical_json({**self.to_dict(), "seal": UNSEALED}, of=self)

    def to_dict(self) -> dict[str, Json]:
        """Return the manifest as plain JSON values."""
        own = {each.name: getattr(self, each.name) for each in fields(self)}
        if not self.surroundings:  # as in manifests written before there was this field
            del own["surroundings"]
        return {
            **own,
            "inputs": {name: dict(days) for name, days in self.inputs.items()},
            "facts": dict(self.facts),
        }

    @classmethod
    def from_json(cls, text: str | bytes) -> Manifest:
        """Parse the text of `to_json` or of `to_sealable_json`, sealed or not.

        Raises:
            ValueError: the text is not a manifest; the error does not quote it.
        """
        try:
            value = json.loads(text)
        except ValueError:
            raise ValueError("the manifest is not JSON") from None
        return cls.from_dict(value)

    @classmethod
    def from_dict(cls, value: object) -> Manifest:
        """Read the mapping that `to_dict` returns.

        Raises:
            ValueError: the value is not a manifest.
        """
        if not isinstance(value, dict):
            raise ValueError("the manifest is not a JSON object")
        # Fields that a later version adds are ignored, and fields that it drops have defaults, so
        # that no deploy makes stored partitions unreadable.
        names = {each.name for each in fields(cls)}
        given: dict[str, Any] = {name: each for name, each in value.items() if name in names}
        if not {"asset", "partition", "digest"} <= set(given):
            raise ValueError("the manifest lacks its asset, partition or digest")
        if not all(_FIELDS[name](each) for name, each in given.items()):
            raise ValueError("a field of the manifest has another type than this version's")
        return cls(**given)


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_count(value: object) -> bool:
    return value is None or (type(value) is int and value >= 0)


def _is_inputs(value: object) -> bool:
    return isinstance(value, dict) and all(
        isinstance(days, dict) and all(map(_is_text, days.values())) for days in value.values()
    )


_FIELDS: dict[str, Callable[[object], bool]] = {
    "asset": _is_text,
    "partition": _is_text,
    "digest": _is_text,
    "rows": _is_count,
    "inputs": _is_inputs,
    "code_version": _is_text,
    "settings": _is_text,
    "facts": lambda value: isinstance(value, dict),
    "data_sha256": lambda value: value is None or _is_text(value),
    "data_length": _is_count,
    "surroundings": _is_text,
}


def settings_hash(*values: Any) -> str:
    """Return a short hash (16 hex digits) of the settings that change a partition's content.

    Args:
        *values: values that have a JSON form; paths must not be among them.
    """
    text = json.dumps(values, sort_keys=True, default=str, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def canonical_json(value: object, *, of: Manifest | None = None) -> str:
    """Return JSON with sorted keys, no spaces, ASCII only: equal values give equal bytes.

    Args:
        value: the value.
        of: the manifest that errors name.

    Raises:
        AmlError: the value is not JSON, or holds NaN or an infinity.
    """
    try:
        return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        raise AmlError(
            "what should be stored is not JSON (NaN and infinities are not)",
            table=of.asset if of else None,
            day=of.partition if of else None,
            remedy="Write null, with its reason beside it",
        ) from None
