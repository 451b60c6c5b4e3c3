"""Models: one XGBoost booster, its encoder and its manifest in one UBJSON file.

Belongs here: the bytes of a model file. Does not belong here: training, encoding, which model
scores a day.
"""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, ClassVar

from aml_assets.errors import ModelError
from aml_assets.io.formats.base import SealedFormat, corrupt, parse_manifest
from aml_assets.io.formats.booster_parser import loaded, parsed_apart, trust
from aml_assets.io.manifest import Manifest
from aml_assets.io.seals import Seals

if TYPE_CHECKING:
    import xgboost

    from aml_assets.io.store import Store

ENCODER = "aml_assets.encoder"
"""Name of the booster's attribute that holds its encoder as JSON."""

REFERENCE = "aml_assets.reference"
"""Name of the attribute that holds the distribution of the training rows as JSON; older models
lack it."""

_MANIFEST = "aml_assets.manifest"

# In UBJSON a key is its length (L: 8 bytes, big-endian) and its bytes; a text value is S, its
# length and its bytes.
_KEY = b"L" + len(_MANIFEST).to_bytes(8, "big") + _MANIFEST.encode() + b"SL"
_PLACE = re.compile(re.escape(_KEY) + b"(.{8})", re.DOTALL)

_ATTRIBUTES = threading.Lock()
"""Held while a booster's manifest is exchanged: two threads may store the same booster."""


class ModelFormat(SealedFormat["xgboost.Booster"]):
    """A booster that carries its encoder as the attribute ``aml_assets.encoder``.

    The manifest is one more attribute, so that scoring needs this one file only. The digest is
    the sha256 of the booster's UBJSON without the manifest. Reading checks the stored bytes and
    never serializes the booster again, so that later versions of XGBoost can verify it too.
    """

    suffix: ClassVar[str] = ".ubj"

    def identity(self, value: xgboost.Booster, path: str) -> bytes:
        """Return the booster's UBJSON without a manifest; the booster is left as it was.

        Raises:
            ModelError: the booster carries no encoder.
        """
        if value.attr(ENCODER) is None:
            raise ModelError(
                f"the booster has no attribute {ENCODER}", table=path, remedy="Attach its encoder"
            )
        with _carrying(value, None):
            return bytes(value.save_raw("ubj"))

    def encode(self, value: xgboost.Booster, manifest: Manifest, path: str) -> bytes:
        """See `SealedFormat.encode`; the booster is left as it was."""
        with _carrying(value, manifest.to_sealable_json()):
            data = bytes(value.save_raw("ubj"))
        trust(data)
        return data

    def manifest_in(self, data: bytes, path: str, seals: Seals) -> Manifest:
        """See `SealedFormat.manifest_in`.

        Raises:
            ModelError: the file is not one of our models.
        """
        places = list(_PLACE.finditer(data))
        if len(places) == 1 and seals.verify(data, path):
            start = places[0].end()
            length = int.from_bytes(places[0][1], "big")
            return parse_manifest(data[start : start + length], path)
        cut = not data or (data.startswith(b"{") and not data.rstrip().endswith(b"}"))
        if cut or b"aml_assets." in data or b'"seal":"' in data:
            raise corrupt(path, "the model was altered or cut")
        raise ModelError(
            "this file is not one of our models",
            table=path,
            remedy="Retrain: other programs' models, and old binary .model files, cannot be read",
        )

    def read(self, store: Store, path: str) -> xgboost.Booster:
        """Read and verify the whole file; see `Format.read`.

        A file without a keyed seal is parsed in another process first, which it could crash.

        Raises:
            ModelError: this version of XGBoost cannot read the model, or it is none of ours.
        """
        data, _ = self.load(store, path)
        return self.decode(data, path) if store.seals.keyed else parsed_apart(data, path)

    def read_content(self, store: Store, path: str) -> tuple[bytes, Manifest]:
        """Return the booster's UBJSON without the manifest, and the manifest; without XGBoost.

        The digest is computed from these bytes again and compared with the manifest's.

        Raises:
            NotFound: nothing is stored there.
            ModelError: the file is none of our models.
            CorruptFile: it is not what was published.
        """
        data, manifest = self.load(store, path)
        place = _PLACE.search(data)
        assert place is not None  # the manifest was found there
        content = data[: place.start()] + data[place.end() + int.from_bytes(place[1], "big") :]
        if hashlib.sha256(content).hexdigest() != manifest.digest:
            raise corrupt(path, "its manifest is another model's")
        return content, manifest

    def decode(self, data: bytes, path: str) -> xgboost.Booster:
        """Return the booster with its attributes, the manifest among them.

        Args:
            data: bytes that are trusted: others can crash the process in XGBoost 3.2.
            path: for errors.

        Raises:
            ModelError: this version of XGBoost cannot read the model.
        """
        return loaded(data, path)


@contextmanager
def _carrying(booster: xgboost.Booster, manifest: str | None) -> Generator[None]:
    """Exchange the booster's manifest within the block, and put the former one back."""
    with _ATTRIBUTES:
        carried = booster.attr(_MANIFEST)
        booster.set_attr(**{_MANIFEST: manifest})
        try:
            yield
        finally:
            booster.set_attr(**{_MANIFEST: carried})


def manifest_of(booster: xgboost.Booster, path: str) -> Manifest:
    """Return the manifest that a booster carries since it was read from ``path``.

    Raises:
        CorruptFile: the booster carries none.
    """
    return parse_manifest((booster.attr(_MANIFEST) or "").encode(), path)
