"""JSON documents: metrics, checks' verdicts, whatever people open in a browser.

Belongs here: the document's text with its sealed manifest in it. Does not belong here: which
figures a document holds.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import Any, ClassVar

from aml_assets.errors import AmlError, ForeignFile, StoreError
from aml_assets.io.formats.base import (
    Format,
    Published,
    corrupt,
    keep_versions,
    sealed,
    tidy_versions,
)
from aml_assets.io.manifest import Manifest, canonical_json, verify_seal
from aml_assets.io.store import Store

_KEY = "_manifest"


class JsonFormat(Format[dict[str, Any]]):
    """A JSON object, indented, in the order given, with its manifest under ``_manifest``.

    The digest is the sha256 of the object's canonical JSON, so order is no content. A replaced
    document stays readable under `version_path`.
    """

    suffix: ClassVar[str] = ".json"

    def write(
        self, store: Store, path: str, value: dict[str, Any], manifest: Manifest
    ) -> Published:
        """See `Format.write`.

        Raises:
            StoreError: not JSON, NaN or an infinity in it, or a key ``_manifest``.
        """
        if _KEY in value:
            raise _refusal(path, f"the key {_KEY} is the store's own")
        try:
            digest = hashlib.sha256(canonical_json(dict(value)).encode()).hexdigest()
            complete = replace(
                manifest, digest=digest, rows=None, data_sha256=None, data_length=None
            )
            document = {**value, _KEY: json.loads(complete.to_sealable_json())}
            text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)
            data = f"{text}\n".encode()
        except AmlError as error:
            raise _refusal(path, error.what) from None
        except UnicodeEncodeError:
            raise _refusal(path, "a text in it is not Unicode") from None
        tidy_versions(store, path)
        keep = keep_versions(path, digest, lambda old: _parse(old, path)[1].digest)
        written = store.publish_bytes(path, sealed(data, path), keep_as=keep)
        return Published(written.changed, complete)

    def read(self, store: Store, path: str) -> dict[str, Any]:
        """The object, without its manifest."""
        return store.load(path, lambda file: _parse(file.read(), path))[0]

    def read_manifest(self, store: Store, path: str) -> Manifest:
        """The manifest alone; the whole file is verified."""
        return store.load(path, lambda file: _parse(file.read(), path))[1]


def _parse(data: bytes, path: str) -> tuple[dict[str, Any], Manifest]:
    if not verify_seal(data):
        if _is_foreign(data):
            raise ForeignFile(
                "the document is not one of ours",
                path=path,
                operation="read",
                remedy="Materialize the day with --remake, which keeps what lies there",
            )
        raise corrupt(path, "the document was altered, or is not one of ours")
    try:
        value = json.loads(data)
        manifest = Manifest.from_dict(value.pop(_KEY))
    except (ValueError, KeyError, AttributeError, RecursionError):
        raise corrupt(path, "the document is not one of ours") from None
    return value, manifest


def _is_foreign(data: bytes) -> bool:
    """Whether it is a whole document, and never had a manifest of ours."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) and _KEY not in value


def _refusal(path: str, what: str) -> StoreError:
    return StoreError(what, path=path, operation="write")
