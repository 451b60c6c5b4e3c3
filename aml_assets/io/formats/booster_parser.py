"""Parsing a model's bytes in a child process first, so that this one loads only what was checked.

Belongs here: starting that process, its deadline, which bytes need no such process, and loading.
Does not belong here: what it does (``booster_child``), which trees are ours (``core.model.trees``).

XGBoost 3.2 reads outside of its memory where a model's lengths or types are wrong, and who forges a
model can compute its checksum, too. A forged model may make the child answer anything. So this
process checks the document in the answer, loads that very document, and attaches the attributes,
which are texts, itself. Bytes that this process wrote are trusted; so are those with a keyed seal,
since only a holder of the key could have written them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError

from aml_assets.core.model import trees
from aml_assets.core.model.training import load_xgboost
from aml_assets.errors import ModelError
from aml_assets.io.formats import booster_child
from aml_assets.io.formats.base import corrupt
from aml_assets.io.seals import checksum

if TYPE_CHECKING:
    import xgboost

_DEADLINE = 60.0
"""Seconds for one model; a large one takes less than a second."""

_TEXTS = TypeAdapter(dict[str, str])

_safe: set[str] = set()
"""Checksums of bytes that XGBoost itself has written in this form."""


def trust(data: bytes) -> None:
    """Remember that these bytes, whatever their seal, come from our own booster."""
    if (known := checksum(data)) is not None:
        _safe.add(known)


def loaded(data: bytes, path: str) -> xgboost.Booster:
    """Load a booster into this process.

    Args:
        data: bytes that are trusted: others can crash the process in XGBoost 3.2.
        path: for errors.

    Raises:
        ModelError: this version of XGBoost cannot read the model.
    """
    xgb = load_xgboost()
    booster = xgb.Booster()
    try:
        booster.load_model(bytearray(data))
    except xgb.core.XGBoostError:
        raise unreadable(xgb, path) from None
    return booster


def parsed_apart(data: bytes, path: str) -> xgboost.Booster:
    """Return the booster in bytes that are not trusted, after another process has parsed them.

    Args:
        data: a model's file with its manifest and seal.
        path: the file's path, for errors.

    Raises:
        CorruptFile: the bytes made the process that parsed them crash, or took it too long.
        ModelError: XGBoost refuses them, or the trees are none of ours.
    """
    if checksum(data) in _safe:
        return loaded(data, path)
    document, rest = _parse(data, path)
    try:
        # Written again, so that no name stands twice: two parsers may take different values of it.
        document, attributes = json.dumps(_json(document)).encode(), _texts(rest)
        trees.check(document)
    except ValueError as error:
        raise ModelError(
            f"the model cannot be ours: {error}",
            table=path,
            remedy="Restore the file, or retrain",
        ) from None
    booster = loaded(document, path)
    booster.set_attr(**attributes)
    if bytes(booster.save_raw("ubj")) == data:
        trust(data)
    return booster


def _json(text: bytes) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError("its text is no JSON") from None


def _texts(text: bytes) -> dict[str, str]:
    try:
        return _TEXTS.validate_json(text)
    except ValidationError:
        raise ValueError("its attributes are no texts") from None


def _parse(data: bytes, path: str) -> tuple[bytes, bytes]:
    xgb = load_xgboost()
    command = [sys.executable, "-I", booster_child.__file__, _library(xgb)]
    kept = {name: os.environ[name] for name in ("LD_LIBRARY_PATH",) if name in os.environ}
    try:
        done = subprocess.run(
            command,
            input=data,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**kept, "OMP_NUM_THREADS": "1"},
            timeout=_DEADLINE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise corrupt(path, f"the model could not be parsed within {_DEADLINE:g} s") from None
    if done.returncode == booster_child.REFUSED:
        raise unreadable(xgb, path)
    length = int.from_bytes(done.stdout[:8], "big") + 8
    if done.returncode or len(done.stdout) <= length:
        raise corrupt(path, "the model made the process that parsed it crash")
    return done.stdout[8:length], done.stdout[length:]


def _library(xgb: Any) -> str:
    return str(xgb.libpath.find_lib_path()[0])


def unreadable(xgb: Any, path: str) -> ModelError:
    """Return the error for a model that XGBoost itself refuses; its own text is withheld."""
    return ModelError(
        f"XGBoost {xgb.__version__} cannot read this model",
        table=path,
        remedy="Score with the XGBoost version that trained it, or retrain",
    )
