"""Installed libraries: their versions, and digests of their files.

Belongs here: reading the metadata that pip leaves. Does not belong here: which libraries made a
model (its manifest says it).

pip keeps no digest of the wheel that it installed, unless that came from a URL of its own; then
``direct_url.json`` has it. It does keep the digest of each file, in ``RECORD``. The digest of that
list, less what differs from one machine to the next, is the same wherever the same wheel is
installed.
"""

from __future__ import annotations

import hashlib
import json
from importlib import metadata

from aml_assets.core.governance.model_card import Library


def library(name: str, version: str) -> Library:
    """What is known of a library that made a model.

    Args:
        name: as it is imported; ``python`` is the interpreter, of which no digest is known.
        version: the version with which the model was made.

    Returns:
        Its name is as pip has it: ``xgboost`` may come as ``xgboost-cpu``.
    """
    owners = metadata.packages_distributions().get(name, ())
    if not owners:
        return Library(name, version, None, None, None)
    found = metadata.distribution(owners[0])
    if found.version != version:
        return Library(found.name, version, found.version, None, None)
    return Library(found.name, version, version, _files(found), _wheel(found))


def _files(found: metadata.Distribution) -> str | None:
    """The sha256 of the list of its files with their digests; ``None`` without such a list."""
    lines = sorted(
        f"{each},{each.hash.mode}={each.hash.value}"
        for each in found.files or ()
        if each.hash and ".dist-info/" not in str(each) and not str(each).startswith("..")
    )
    return hashlib.sha256("\n".join(lines).encode()).hexdigest() if lines else None


def _wheel(found: metadata.Distribution) -> str | None:
    """The sha256 of the wheel itself, where it was installed from a URL that told it."""
    text = found.read_text("direct_url.json")
    if text is None:
        return None
    archive = json.loads(text).get("archive_info", {})
    return archive.get("hashes", {}).get("sha256")
