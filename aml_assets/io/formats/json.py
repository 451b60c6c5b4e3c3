"""JSON documents: metrics, verdicts of checks, and whatever else people open in a browser.

Belongs here: the document's text with its sealed manifest in it. Does not belong here: which
figures a document holds.
"""

from __future__ import annotations

import json
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, ClassVar

from aml_assets.errors import AmlError, ForeignFile, StoreError
from aml_assets.io.formats.base import SealedFormat, corrupt
from aml_assets.io.manifest import Manifest, canonical_json
from aml_assets.io.seals import Seals

_KEY = "_manifest"


class JsonFormat(SealedFormat[dict[str, Any]]):
    """A JSON object, indented, in the order given, with its manifest under ``_manifest``.

    The digest is the sha256 of the object's canonical JSON, so the order of keys does not
    count.
    """

    suffix: ClassVar[str] = ".json"

    def identity(self, value: dict[str, Any], path: str) -> bytes:
        """Return the object's canonical JSON.

        Raises:
            StoreError: the value is not JSON, or holds NaN, an infinity or a key ``_manifest``.
        """
        if _KEY in value:
            raise _refusal(path, f"the key {_KEY} is the store's own")
        with _refusing(path):
            return canonical_json(dict(value)).encode()

    def encode(self, value: dict[str, Any], manifest: Manifest, path: str) -> bytes:
        """See `SealedFormat.encode`.

        Raises:
            StoreError: a text is not Unicode, or a fact of the manifest is not JSON.
        """
        with _refusing(path):
            document = {**value, _KEY: json.loads(manifest.to_sealable_json())}
            text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)
            return f"{text}\n".encode()

    def manifest_in(self, data: bytes, path: str, seals: Seals) -> Manifest:
        """See `SealedFormat.manifest_in`.

        Raises:
            ForeignFile: the file is a whole document that another program wrote.
        """
        if not seals.verify(data, path):
            if _is_foreign(data):
                raise ForeignFile(
                    "the document is not one of ours",
                    path=path,
                    operation="read",
                    remedy="Materialize the day with --remake, which keeps what lies there",
                )
            raise corrupt(path, "the document was altered, or is not one of ours")
        try:
            return Manifest.from_dict(json.loads(data)[_KEY])
        except (ValueError, KeyError, TypeError, RecursionError):
            raise corrupt(path, "the document is not one of ours") from None

    def decode(self, data: bytes, path: str) -> dict[str, Any]:
        """See `SealedFormat.decode`."""
        value = json.loads(data)
        del value[_KEY]
        return value


def _is_foreign(data: bytes) -> bool:
    """Return whether the bytes are a whole JSON object that has no manifest of ours."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) and _KEY not in value


@contextmanager
def _refusing(path: str) -> Generator[None]:
    """Raise `StoreError` with the path for a value that is not JSON."""
    try:
        yield
    except AmlError as error:
        raise _refusal(path, error.what) from None
    except UnicodeEncodeError:
        raise _refusal(path, "a text in it is not Unicode") from None


def _refusal(path: str, what: str) -> StoreError:
    return StoreError(what, path=path, operation="write")
