"""The places of the old flow's files, turned into our URLs and path templates.

Belongs here: connection URLs, the old path templates (``{}``), and the folder that all paths of
one kind have in common. Does not belong here: opening any of them.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from aml_assets.cli.migration.variable import problem
from aml_assets.errors import SettingsError

OPTION = "--connection"
_WEB = {"http": "webhdfs", "https": "swebhdfs"}
_SCHEMES = ("file", "hdfs", "viewfs", "webhdfs", "swebhdfs")
_EXAMPLE = "Give it as hdfs://user@host:8020."
_SLOT = re.compile(r"\{(\d?)\}")


@dataclass(frozen=True)
class Place:
    """The file system that the old flow worked on.

    Attributes:
        base: the URL before a path, e.g. ``hdfs://host:8020``; without user and password.
        user: name of the user; "" where nothing names one.
        gateway: the path before WebHDFS' own, behind a gateway; "" without one.
        dropped: parts of the URL that are not taken over, each with the reason.
    """

    base: str
    user: str = ""
    gateway: str = ""
    dropped: tuple[tuple[str, str], ...] = ()

    @property
    def is_hadoop(self) -> bool:
        """``True`` for a cluster, ``False`` for local files."""
        return "://" in self.base and not self.base.startswith("file://")

    def url(self, path: str) -> str:
        """The URL of an absolute path."""
        return self.base + path


def place_of_connection(url: str) -> Place:
    """The place that ``--connection`` names, as ``hdfs://user@host:8020`` or any URL of ours.

    A path in the URL is put before every path.

    Raises:
        SettingsError: it is no such URL. The error never quotes it, as it may hold a password.
    """
    scheme, separator, _ = url.partition("://")
    if not separator:
        return Place(url.rstrip("/"))
    if scheme not in _SCHEMES:
        raise problem(OPTION, "its scheme is none of " + ", ".join(_SCHEMES), _EXAMPLE)
    hosts, user, path, dropped = _parts(OPTION, url)
    if scheme == "file":
        if hosts:
            raise problem(OPTION, "a file:// URL names a path of this machine", "file:///path")
        return Place(f"file://{path}", dropped=dropped)
    if not hosts:
        raise problem(OPTION, "it names no host", _EXAMPLE)
    return Place(f"{scheme}://{hosts}{path}", user=user, dropped=dropped)


def place_of_hdfs_url(url: str) -> Place:
    """The place that the old flow's ``hdfs_url`` names.

    Args:
        url: the address of WebHDFS, or several of them separated by ``;``.

    Raises:
        SettingsError: it names no address at which the cluster can be reached.
    """
    key = "hdfs_url"
    if "://" not in url:
        raise problem(
            key,
            "it names a host alone, not by which port and protocol it is reached",
            f"Say so: {OPTION} hdfs://hdfs@host:8020 (RPC), or webhdfs://host:9870.",
        )
    each = [_of_one_address(key, one) for one in re.split("[;,]", url) if one]
    if len({(scheme, user, path) for scheme, _, user, path, _ in each}) != 1:
        raise problem(key, "its addresses differ in more than the host", f"Use {OPTION}.")
    scheme, _, user, path, _ = each[0]
    dropped = tuple(dict.fromkeys(part for *_, parts in each for part in parts))
    hosts = ",".join(host for _, host, *_ in each)
    return Place(f"{scheme}://{hosts}", user=user, gateway=path, dropped=dropped)


def template(key: str, text: str, *values: str) -> str:
    """Fill a path template of the old flow, which filled it by Python's ``format``.

    Args:
        key: the template's key, for errors.
        text: an absolute path with ``{}`` (or ``{0}``, ``{1}``) for each value.
        *values: texts to fill in; they may be our own placeholders, such as ``{date}``.

    Raises:
        SettingsError: not absolute, too many or too few placeholders, or other braces.
    """
    numbers = [match[1] for match in _SLOT.finditer(text)]
    wanted = [str(n) for n in range(len(values))]
    if numbers != [""] * len(values) and sorted(numbers) != wanted:
        raise problem(
            key,
            f"must hold {{}} {len(values)} times and does so {len(numbers)} times",
            "Give the path as the old flow had it.",
        )
    if set("{}") & set(_SLOT.sub("", text)):
        raise problem(key, "holds a brace that is no {}", "Give the path as the old flow had it.")
    if not text.startswith("/") or {".", ".."} & set(text.split("/")):
        raise problem(key, "must be an absolute path, without . and ..", "Begin it with a slash.")
    given = iter(values)
    filled = _SLOT.sub(lambda m: values[int(m[1])] if m[1] else next(given), text)
    return re.sub("/{2,}", "/", filled).rstrip("/")


def common_folder(paths: Mapping[str, str], what: str, keys: str) -> str:
    """The deepest folder that holds all of these paths.

    Args:
        paths: absolute paths by name; a part with a placeholder is never part of the folder.
        what: a name for the files there, for the error.
        keys: the keys that give the paths, for the error.

    Raises:
        SettingsError: the paths have only the root in common.
    """
    heads = [posixpath.dirname(path.partition("{")[0]) for path in paths.values()]
    folder = posixpath.commonpath(heads)
    if folder == "/":
        raise SettingsError(
            f"{keys}: {what} have no folder in common below /",
            remedy="Ours lie under one folder: move or copy them under one, and give the "
            "variable with those paths.",
        )
    return folder


def below(folder: str, path: str) -> str:
    """The path relative to the folder."""
    return path.removeprefix(f"{folder}/")


def _of_one_address(key: str, url: str) -> tuple[str, str, str, str, tuple[tuple[str, str], ...]]:
    """Our name of the scheme, host, user, path, and the parts that are not taken over."""
    scheme = url.partition("://")[0]
    if scheme not in (*_WEB, *_SCHEMES[1:]):
        raise problem(key, "its scheme is none that leads to HDFS", f"Use {OPTION}.")
    hosts, user, path, dropped = _parts(key, url)
    if not hosts:
        raise problem(key, "it names no host", f"Use {OPTION}.")
    return _WEB.get(scheme, scheme), hosts, user, path, dropped


def _parts(key: str, url: str) -> tuple[str, str, str, tuple[tuple[str, str], ...]]:
    """Hosts, user, path without a slash at its end, and the parts that are not taken over."""
    try:
        parts = urlsplit(url)
    except ValueError:
        raise problem(key, "it is no URL", _EXAMPLE) from None
    login, _, hosts = parts.netloc.rpartition("@")
    user, colon, _ = login.partition(":")
    dropped = []
    if colon:
        dropped.append((
            f"{key} password",
            "a configuration holds no secret, and HDFS asks for none: it takes a user's word, or "
            "Kerberos (docs/hdfs.md)",
        ))  # fmt: skip
    if parts.query or parts.fragment:
        dropped.append((f"{key} extras", "Airflow's options of a connection mean nothing here"))
    user, path = unquote(user), unquote(parts.path).rstrip("/")
    if not all(text.isprintable() and not set(text) & set(" {}") for text in (hosts, user, path)):
        raise problem(key, "it holds a character that no host, user or folder has", _EXAMPLE)
    return hosts, user, path, tuple(dropped)
