"""Models: one XGBoost booster, its encoder and its manifest, in one UBJSON file.

Belongs here: the bytes of a model file. Does not belong here: training, encoding, which model
scores a day.
"""

from __future__ import annotations

import hashlib
import re
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, BinaryIO, ClassVar

from aml_assets.core.model.training import load_xgboost
from aml_assets.errors import ModelError
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

if TYPE_CHECKING:
    import xgboost

ENCODER = "aml_assets.encoder"
"""The booster's attribute that holds its encoder as JSON."""

REFERENCE = "aml_assets.reference"
"""The attribute that holds what its training rows looked like, as JSON; older models lack it."""

_MANIFEST = "aml_assets.manifest"

# In UBJSON a key is its length (L: 8 bytes, big-endian) and its bytes; a text value is S and
# the same again.
_KEY = b"L" + len(_MANIFEST).to_bytes(8, "big") + _MANIFEST.encode() + b"SL"
_PLACE = re.compile(re.escape(_KEY) + b"(.{8})", re.DOTALL)

_ATTRIBUTES = threading.Lock()
"""Held while a booster carries a manifest: two threads may store one and the same booster."""


class ModelFormat(Format["xgboost.Booster"]):
    """A booster that carries its encoder as the attribute ``aml_assets.encoder``.

    The manifest is one more attribute, so that nothing else is needed to score and nothing can
    be mixed up. The digest is the sha256 of the booster's UBJSON without the manifest. Reading
    checks the stored bytes and never serializes again, so that a model stays verifiable under
    later XGBoost versions. A replaced model stays readable under `version_path`.
    """

    suffix: ClassVar[str] = ".ubj"

    def write(
        self, store: Store, path: str, value: xgboost.Booster, manifest: Manifest
    ) -> Published:
        """See `Format.write`; the booster is given back as it was.

        Raises:
            ModelError: the booster carries no encoder.
        """
        if value.attr(ENCODER) is None:
            raise ModelError(
                f"the booster has no attribute {ENCODER}", table=path, remedy="Attach its encoder"
            )
        with _ATTRIBUTES:
            carried = value.attr(_MANIFEST)
            try:
                value.set_attr(**{_MANIFEST: None})
                digest = hashlib.sha256(bytes(value.save_raw("ubj"))).hexdigest()
                complete = replace(
                    manifest, digest=digest, rows=None, data_sha256=None, data_length=None
                )
                value.set_attr(**{_MANIFEST: complete.to_sealable_json()})
                data = sealed(bytes(value.save_raw("ubj")), path)
            finally:
                value.set_attr(**{_MANIFEST: carried})
        tidy_versions(store, path)
        keep = keep_versions(path, digest, lambda old: _verified_manifest(old, path).digest)
        written = store.publish_bytes(path, data, keep_as=keep)
        return Published(written.changed, complete)

    def read(self, store: Store, path: str) -> xgboost.Booster:
        """The booster, with its attributes.

        Raises:
            ModelError: the file is not one of our models.
            CorruptFile: it is, but was altered.
        """
        xgb = load_xgboost()
        data = self._load(store, path)[0]
        booster = xgb.Booster()
        try:
            # Only ever verified bytes: given others, XGBoost 3.2 ends the whole process.
            booster.load_model(bytearray(data))
        except xgb.core.XGBoostError:
            raise ModelError(
                f"XGBoost {xgb.__version__} cannot read this model",
                table=path,
                remedy="Score with the XGBoost version that trained it, or retrain",
            ) from None
        return booster

    def read_manifest(self, store: Store, path: str) -> Manifest:
        """The manifest alone; the whole file is verified, no booster is built.

        Raises:
            ModelError: the file is not one of our models.
            CorruptFile: it is, but was altered.
        """
        return self._load(store, path)[1]

    def _load(self, store: Store, path: str) -> tuple[bytes, Manifest]:
        def use(file: BinaryIO) -> tuple[bytes, Manifest]:
            data = file.read()
            return data, _verified_manifest(data, path)

        return store.load(path, use)


def manifest_of(booster: xgboost.Booster, path: str) -> Manifest:
    """The manifest that a booster carries since it was read from ``path``.

    Raises:
        CorruptFile: it carries none.
    """
    return parse_manifest((booster.attr(_MANIFEST) or "").encode(), path)


def _verified_manifest(data: bytes, path: str) -> Manifest:
    places = list(_PLACE.finditer(data))
    if len(places) == 1 and verify_seal(data):
        start = places[0].end()
        length = int.from_bytes(places[0][1], "big")
        return parse_manifest(data[start : start + length], path)
    cut = not data or (data.startswith(b"{") and not data.rstrip().endswith(b"}"))
    if cut or b"aml_assets." in data or b'"seal":"sha256:' in data:
        raise corrupt(path, "the model was altered or cut")
    raise ModelError(
        "this file is not one of our models",
        table=path,
        remedy="Retrain: other programs' models, and old binary .model files, cannot be read",
    )
