"""HTML pages: each is one file for a browser, with its sealed manifest in a data block.

Belongs here: the place of the manifest in the page. Does not belong here: the page itself
(``core.pages``).
"""

from __future__ import annotations

from typing import ClassVar

from aml_assets.errors import StoreError
from aml_assets.io.formats.base import SealedFormat, corrupt, parse_manifest
from aml_assets.io.manifest import Manifest
from aml_assets.io.seals import Seals

_BEGIN = b'<script type="application/json" id="manifest">'
_END = b"</script>\n"
_BODY = b"</body>"


class HtmlFormat(SealedFormat[str]):
    """A page as text; its manifest lies before the end of its body, where no browser shows it.

    The digest is the sha256 of the page without the manifest.
    """

    suffix: ClassVar[str] = ".html"

    def identity(self, value: str, path: str) -> bytes:
        """Return the page's bytes.

        Raises:
            StoreError: the text is not one page, or holds a manifest already.
        """
        page = value.encode()
        if page.count(_BODY) != 1 or _BEGIN in page:
            raise StoreError(
                "this is no page without a manifest",
                path=path,
                operation="write",
                remedy="Give one HTML document with one body",
            )
        return page

    def encode(self, value: str, manifest: Manifest, path: str) -> bytes:
        """See `SealedFormat.encode`."""
        # In JSON a "<" can only be part of a text, and only "<" could end the block too early.
        text = manifest.to_sealable_json().replace("<", "\\u003c").encode()
        return value.encode().replace(_BODY, _BEGIN + text + _END + _BODY)

    def manifest_in(self, data: bytes, path: str, seals: Seals) -> Manifest:
        """See `SealedFormat.manifest_in`."""
        if not seals.verify(data, path):
            raise corrupt(path, "the page was altered, or is not one of ours")
        _, text, _ = _parts(data, path)
        return parse_manifest(text, path)

    def decode(self, data: bytes, path: str) -> str:
        """See `SealedFormat.decode`."""
        head, _, tail = _parts(data, path)
        return (head + tail).decode()


def _parts(data: bytes, path: str) -> tuple[bytes, bytes, bytes]:
    """Return the page before its manifest, the manifest, and the page after it."""
    head, begin, rest = data.partition(_BEGIN)
    text, end, tail = rest.partition(_END)
    if not begin or not end:
        raise corrupt(path, "the page is not one of ours")
    return head, text, tail
