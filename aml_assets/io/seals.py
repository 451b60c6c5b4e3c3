"""Seals: the checksum within each stored file, and the keyed seal that shows who wrote it.

Belongs here: filling in, checking and renewing the seal of any bytes, and reading the keys. Does
not belong here: where a format keeps its manifest (``formats``), or walking a store
(``resealing``).

The seal stands in the manifest. A plain one is ``sha256:<64 hex digits>``, the sha256 of the bytes
in which 64 zeros stand for it. It shows damage and careless edits, and anybody can compute it. A
keyed one is ``<key id, filled up with dots>:<first 96 bits of that sha256>:<HMAC-SHA256>``, both in
base64. The HMAC covers the sha256 and the file's path below the root, so a whole file that is
copied to another's place is refused, too. Both kinds have the same length: giving a stored file
another seal changes no other byte of it, and no digest.

Without the key, the checksum in a keyed seal can still be checked, so damage shows.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import os
import re
import secrets
import stat
from collections.abc import Mapping
from pathlib import Path

from aml_assets.errors import SettingsError, UnprovenFile
from aml_assets.io.manifest import UNSEALED
from aml_assets.io.paths import join_path, split_path

VERSIONS = ".versions"
"""The hidden folder, beside a file, of the versions that other content replaced."""

_UNFILLED = UNSEALED.encode()
_PLACE = re.compile(rb'"seal": ?"(sha256:[0-9a-f]{64}|[\w.-]{10}:[\w-]{16}:[\w-]{43})"')
_PLAIN = b"sha256:"
_ID = re.compile(r"[A-Za-z0-9_-]{1,10}")
_SHORTEST = 32  # bytes
_DIGEST = re.compile(r"\.([0-9a-f]{64})(?=\.[^.]*$|$)")
_FORM = (
    "One key a line: an id of at most 10 letters, digits, - or _, a blank, and 64 hex digits or "
    "more (openssl rand -hex 32). The first key seals; all of them are accepted"
)


class Seals:
    """How a store's files are sealed: plainly, or by keys.

    Args:
        keys: secrets by their ids, the one that seals first; without any, seals are plain.
    """

    def __init__(self, keys: Mapping[str, bytes] | None = None) -> None:
        self._keys = dict(keys or {})

    @property
    def keyed(self) -> bool:
        """Whether only what carries a seal by one of the keys is accepted."""
        return bool(self._keys)

    def seal(self, data: bytes, path: str) -> bytes:
        """Return ``data`` with its one unfilled seal filled in, in the same length.

        Args:
            data: the bytes, with the seal of `Manifest.to_sealable_json` in them.
            path: where they will be stored, relative to the store's root.

        Raises:
            ValueError: the bytes do not hold exactly one seal, or it is filled already.
        """
        place = _find(data)
        if place is None or data[place] != _UNFILLED:
            raise ValueError("the bytes hold no single unfilled seal")
        return self._filled(data, place, path)

    def verify(self, data: bytes, path: str) -> bool:
        """Return whether ``data`` holds exactly one seal and no byte changed since it was sealed.

        Raises:
            UnprovenFile: there are keys, and the seal is plain, by none of them, or made for
                another path.
        """
        place = _find(data)
        if place is None:
            return False
        digest, seal = _digest(data, place), data[place]
        if seal.startswith(_PLAIN):
            if seal[len(_PLAIN) :] != digest.hex().encode():
                return False
            if self._keys:
                raise _unproven(path, "it carries no keyed seal", _ADOPT)
            return True
        if seal.split(b":")[1] != _base64(digest[:12]):
            return False
        if self._keys:
            self._prove(seal, digest, path)
        return True

    def renew(self, data: bytes, path: str) -> bytes | None:
        """Return ``data`` sealed by the first key; ``None`` if it is so already.

        Raises:
            ValueError: the bytes hold no single seal, or were changed since they were sealed.
            UnprovenFile: the seal is of a key that is not known, or a wrong one.
        """
        if not Seals().verify(data, path):
            raise ValueError("no seal, or a broken one")
        place = _find(data)
        assert place is not None
        if not data[place].startswith(_PLAIN):
            self._prove(data[place], _digest(data, place), path)
        renewed = self._filled(data, place, path)
        return None if renewed == data else renewed

    def _filled(self, data: bytes, place: slice, path: str) -> bytes:
        digest = _digest(data, place)
        text = _PLAIN + digest.hex().encode()
        if self._keys:
            name = next(iter(self._keys))
            mac = _mac(self._keys[name], digest, path)
            text = b":".join((f"{name:.<10}".encode(), _base64(digest[:12]), mac))
        return data[: place.start] + text + data[place.stop :]

    def _prove(self, seal: bytes, digest: bytes, path: str) -> None:
        id_, _, mac = seal.split(b":")
        name = id_.decode().rstrip(".")
        key = self._keys.get(name)
        if key is None:
            raise _unproven(
                path,
                f"it is sealed by the key {name}, which is not in the file of store.seal_keys",
                "Put that key back below the first one; or materialize the file again",
            )
        if not hmac.compare_digest(_mac(key, digest, path), mac):
            raise _unproven(
                path,
                "its keyed seal is wrong: it was forged, or belongs to another place",
                "Materialize it again, or restore the file",
            )


_ADOPT = (
    "If it was written before store.seal_keys was set, and you trust it: aml seal. Else "
    "materialize it again"
)


def checksum(data: bytes) -> str | None:
    """Return the sha256 (hex) of bytes whose seal is left unfilled; ``None`` without one seal."""
    place = _find(data)
    return None if place is None else _digest(data, place).hex()


def read_keys(path: str) -> dict[str, bytes]:
    """Read the file of keys; errors quote nothing of it.

    Returns:
        Secrets by their ids, in the order of the file.

    Raises:
        SettingsError: it cannot be read, others may read it, or a line is no key.
    """
    try:
        mode = stat.S_IMODE(Path(path).stat().st_mode)
        text = Path(path).read_text("ascii")
    except (OSError, UnicodeDecodeError) as error:
        kind = type(error).__name__
        raise SettingsError(
            f"store.seal_keys: {path} cannot be read ({kind})",
            remedy=f"Name a file of keys that this user may read. {_FORM}.",
        ) from None
    if mode & 0o037:  # a group may read: Kubernetes gives its secrets to one
        raise SettingsError(
            f"store.seal_keys: {path} has mode {mode:o}: others may read it, or its group write",
            remedy=f"chmod 600 {path}, and make a new key if others have read it.",
        )
    keys: dict[str, bytes] = {}
    for number, line in enumerate(text.splitlines(), 1):
        words = line.partition("#")[0].split()
        if words:
            name, secret = _key(words, f"store.seal_keys: {path}, line {number}")
            if name in keys:
                raise _no_key(f"store.seal_keys: {path}, line {number}", "repeats an id")
            keys[name] = secret
    if not keys:
        raise _no_key(f"store.seal_keys: {path}", "holds no key")
    return keys


def add_key(path: str) -> str:
    """Write a new first key into the file of keys, which is created if it is not there.

    The key's id is the day in UTC, followed by a number if that id is taken.

    Returns:
        The key's id.

    Raises:
        SettingsError: the file cannot be read or written, or holds a line that is no key.
    """
    file = Path(path)
    known = read_keys(path) if file.exists() else {}
    day = f"{dt.datetime.now(dt.UTC):%Y%m%d}"
    name = next(each for each in (day, *(f"{day}{n}" for n in range(2, 100))) if each not in known)
    old = file.read_text("ascii") if known else ""
    aside = file.with_name(f".{file.name}.new")
    try:
        handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as new:
            new.write(f"{name} {secrets.token_hex(_SHORTEST)}\n{old}")
        aside.replace(file)
    except FileExistsError:
        raise SettingsError(
            f"store.seal_keys: {aside} is there: a key is being made, or its making was broken off",
            remedy="If no aml seal --new-key is running, remove it: nothing is sealed by it yet.",
        ) from None
    except OSError as error:
        raise SettingsError(
            f"store.seal_keys: {path} cannot be written ({type(error).__name__})",
            remedy=f"Let this user write into its folder, or write the key yourself. {_FORM}.",
        ) from None
    return name


def _key(words: list[str], where: str) -> tuple[str, bytes]:
    if len(words) != 2 or not _ID.fullmatch(words[0]):
        raise _no_key(where, "is no id and secret")
    try:
        secret = bytes.fromhex(words[1])
    except ValueError:
        raise _no_key(where, "has a secret that is not of hex digits") from None
    if len(secret) < _SHORTEST:
        raise _no_key(where, f"has a secret of fewer than {2 * _SHORTEST} hex digits")
    return words[0], secret


def _no_key(where: str, what: str) -> SettingsError:
    return SettingsError(f"{where} {what}", remedy=f"{_FORM}.")


def _unproven(path: str, what: str, remedy: str) -> UnprovenFile:
    return UnprovenFile(what, path=path, operation="read", remedy=remedy)


def _find(data: bytes) -> slice | None:
    found = [slice(*match.span(1)) for match in _PLACE.finditer(data)]
    return found[0] if len(found) == 1 else None


def _digest(data: bytes, place: slice) -> bytes:
    view = memoryview(data)
    digest = hashlib.sha256(view[: place.start])
    digest.update(_UNFILLED)
    digest.update(view[place.stop :])
    return digest.digest()


def _mac(key: bytes, digest: bytes, path: str) -> bytes:
    message = b"\0".join(
        (b"aml_assets seal", _place_of(path).encode("utf-8", "surrogateescape"), digest)
    )
    return _base64(hmac.digest(key, message, "sha256"))


def digest_in(path: str) -> str | None:
    """Return the digest in the path of a kept version; ``None`` for any other path."""
    folder, name = split_path(path)
    found = _DIGEST.search(name) if split_path(folder)[1] == VERSIONS else None
    return found[1] if found else None


def _place_of(path: str) -> str:
    """The path whose file it is or was: a kept version belongs to the file that replaced it."""
    folder, name = split_path(path)
    parent, last = split_path(folder)
    return join_path(parent, _DIGEST.sub("", name)) if last == VERSIONS else path


def _base64(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")
