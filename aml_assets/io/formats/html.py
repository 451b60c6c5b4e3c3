"""HTML pages: one file that a person opens, with its sealed manifest in a data block.

Belongs here: the manifest inside the page. Does not belong here: the page (``core.pages``).
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import ClassVar

from aml_assets.errors import StoreError
from aml_assets.io.formats.base import (
    Format,
    Published,
    corrupt,
    keep_versions,
    parse_manifest,
    sealed,
    tidy_versions,
)
from aml_assets.io.manifest import Manifest, verify_seal
from aml_assets.io.store import Store

_BEGIN = b'<script type="application/json" id="manifest">'
_END = b"</script>\n"
_BODY = b"</body>"


class HtmlFormat(Format[str]):
    """A page as text; its manifest stands before the end of its body, and is shown nowhere.

    The digest is the sha256 of the page without the manifest. A replaced page stays readable under
    `version_path`.
    """

    suffix: ClassVar[str] = ".html"

    def write(self, store: Store, path: str, value: str, manifest: Manifest) -> Published:
        """See `Format.write`.

        Raises:
            StoreError: it is no page, or holds a manifest already.
        """
        page = value.encode()
        if page.count(_BODY) != 1 or _BEGIN in page:
            raise StoreError(
                "this is no page without a manifest",
                path=path,
                operation="write",
                remedy="Give one HTML document with one body",
            )
        digest = hashlib.sha256(page).hexdigest()
        complete = replace(manifest, digest=digest, rows=None, data_sha256=None, data_length=None)
        # In JSON a "<" stands in texts only, and nothing else could end the block too early.
        text = complete.to_sealable_json().replace("<", "\\u003c").encode()
        data = page.replace(_BODY, _BEGIN + text + _END + _BODY)
        tidy_versions(store, path)
        keep = keep_versions(path, digest, lambda old: _parse(old, path)[1].digest)
        written = store.publish_bytes(path, sealed(data, path), keep_as=keep)
        return Published(written.changed, complete)

    def read(self, store: Store, path: str) -> str:
        """The page, without its manifest."""
        return store.load(path, lambda file: _parse(file.read(), path))[0]

    def read_manifest(self, store: Store, path: str) -> Manifest:
        """The manifest alone; the whole file is verified."""
        return store.load(path, lambda file: _parse(file.read(), path))[1]


def _parse(data: bytes, path: str) -> tuple[str, Manifest]:
    if not verify_seal(data):
        raise corrupt(path, "the page was altered, or is not one of ours")
    head, begin, rest = data.partition(_BEGIN)
    text, end, tail = rest.partition(_END)
    if not begin or not end:
        raise corrupt(path, "the page is not one of ours")
    return (head + tail).decode(), parse_manifest(text, path)
