"""What one stored partition is made of, and the seal that makes a whole file tamper-evident.

Belongs here: the manifest, its canonical JSON, sealing and checking bytes. Does not belong here:
where a format keeps its manifest (``formats``), or what counts as stale.

A manifest holds no time, run id or host name: the same inputs give the same bytes.

**The seal.** The manifest lies inside the file that it describes, so the file's checksum cannot
simply be written into it. The JSON carries ``"seal": "sha256:<64 zeros>"``; the sha256 of the
bytes *with the zeros in place* is then patched over the zeros. The length does not change, so
containers that prefix lengths (Parquet's thrift, UBJSON) stay valid, and a checker puts the
zeros back, hashes and compares. It shows damage and careless edits; it is no signature.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, TypeAlias

from aml_assets.core.staleness import ABSENT as ABSENT
from aml_assets.errors import AmlError

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

_UNSEALED = "sha256:" + "0" * 64
_MARKER = re.compile(rb'"seal": ?"sha256:([0-9a-f]{64})"')


@dataclass(frozen=True)
class Manifest:
    """What one partition is made of.

    Attributes:
        asset: the asset's key, e.g. ``features/merged_features``.
        partition: the day, e.g. ``2024-03-01``.
        digest: sha256 (hex) of the content's identity; "" until a format fills it in.
        rows: row count; ``None`` where the content has no rows.
        inputs: upstream asset → day → the digest that was read, or ``ABSENT``.
        code_version: the version of the code that made it.
        settings: hash of the settings that change content.
        facts: whatever else is worth telling, as JSON.
        data_sha256: sha256 (hex) of the first ``data_length`` bytes, where a format records it.
        data_length: bytes before the part that holds the manifest.
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

    def __post_init__(self) -> None:
        """Detach from the caller's mappings."""
        inputs = {name: dict(days) for name, days in self.inputs.items()}
        object.__setattr__(self, "inputs", inputs)
        object.__setattr__(self, "facts", dict(self.facts))

    def to_json(self) -> str:
        """Canonical JSON: sorted keys, no spaces, ASCII, no NaN.

        Raises:
            AmlError: a fact is not JSON.
        """
        return canonical_json(self.to_dict(), of=self)

    def to_sealable_json(self) -> str:
        """``to_json`` with the place for a seal in it; see `seal`."""
        return canonical_json({**self.to_dict(), "seal": _UNSEALED}, of=self)

    def to_dict(self) -> dict[str, Json]:
        """The manifest as plain JSON values."""
        return {
            **{each.name: getattr(self, each.name) for each in fields(self)},
            "inputs": {name: dict(days) for name, days in self.inputs.items()},
            "facts": dict(self.facts),
        }

    @classmethod
    def from_json(cls, text: str | bytes) -> Manifest:
        """Read what ``to_json`` or ``to_sealable_json`` wrote, sealed or not.

        Raises:
            ValueError: it is not a manifest (without a quote of the text).
        """
        try:
            value = json.loads(text)
        except ValueError:
            raise ValueError("the manifest is not JSON") from None
        return cls.from_dict(value)

    @classmethod
    def from_dict(cls, value: object) -> Manifest:
        """Read what ``to_dict`` gave.

        Raises:
            ValueError: it is not a manifest.
        """
        if not isinstance(value, dict):
            raise ValueError("the manifest is not a JSON object")
        # Fields that a later version adds are passed over, those that it leaves out have
        # defaults: a deploy never makes what is stored unreadable.
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
}


def settings_hash(*values: Any) -> str:
    """A short hash of settings that change content, for a manifest.

    Args:
        *values: JSON-able values; paths must not be among them.
    """
    text = json.dumps(values, sort_keys=True, default=str, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def canonical_json(value: object, *, of: Manifest | None = None) -> str:
    """JSON with sorted keys, no spaces, ASCII only, no NaN: equal values, equal bytes.

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


def seal(data: bytes) -> bytes:
    """Patch the sha256 of ``data`` over the zeros of the one seal in it.

    Raises:
        ValueError: there is not exactly one seal, or it is not zeros.
    """
    place = _find_seal(data)
    if place is None or data[place] != b"0" * 64:
        raise ValueError("the bytes hold no single unfilled seal")
    digest = hashlib.sha256(data).hexdigest().encode()
    return data[: place.start] + digest + data[place.stop :]


def verify_seal(data: bytes) -> bool:
    """Whether ``data`` holds exactly one seal and is, byte for byte, what was sealed."""
    place = _find_seal(data)
    if place is None:
        return False
    check = hashlib.sha256(memoryview(data)[: place.start])
    check.update(b"0" * 64)
    check.update(memoryview(data)[place.stop :])
    return check.hexdigest().encode() == data[place]


def _find_seal(data: bytes) -> slice | None:
    found = [slice(*match.span(1)) for match in _MARKER.finditer(data)]
    return found[0] if len(found) == 1 else None
