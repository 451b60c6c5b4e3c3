"""File systems: one adapter per protocol, all with the same operations and promises.

Belongs here: creating, replacing, listing, opening and deleting files, and which of a protocol's
faults may pass. Does not belong here: what is stored, retries, temporary names (``store.py``).
"""

from __future__ import annotations

import logging
import os
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from aml_assets.errors import SettingsError
from aml_assets.io.filesystems.adapter import PIECE, FileStatus, FileSystem, Listing, Modes, RawSink
from aml_assets.io.filesystems.local import LocalFileSystem, local_store_error
from aml_assets.settings.urls import is_url

if TYPE_CHECKING:
    from aml_assets.settings.store_settings import HdfsSettings

__all__ = [
    "PIECE",
    "FileStatus",
    "FileSystem",
    "Listing",
    "LocalFileSystem",
    "Modes",
    "RawSink",
    "filesystem_for",
    "is_on_cluster",
    "local_store_error",
]

_WEB = {"webhdfs": "http", "swebhdfs": "https"}
_RPC = ("hdfs", "viewfs")

log = logging.getLogger("aml_assets.hdfs")


def is_on_cluster(url: str) -> bool:
    """Return whether a URL names a file system of Hadoop's, by RPC or by HTTP."""
    return url.partition("://")[0] in (*_RPC, *_WEB)


def filesystem_for(
    url: str, hdfs: HdfsSettings | None = None, modes: Modes | None = None
) -> tuple[FileSystem, str]:
    """Return the adapter for a URL, and the path of the URL's root.

    Args:
        url: a bare local path or ``file:///path``; ``hdfs://host:port/path``,
            ``hdfs://service/path`` or ``viewfs://table/path`` (RPC); ``webhdfs://`` or
            ``swebhdfs://host:port[,host:port]/path`` (HTTP, HTTPS). A user may come before the
            host: ``hdfs://user@host:8020/path``.
        hdfs: settings of HDFS; their defaults if not given.
        modes: permission bits of new files and folders.

    Returns:
        The adapter, and the root as a path that it understands, without a trailing ``/``.

    Raises:
        SettingsError: the scheme is unknown, the URL lacks a host or a folder, or it is misspelt.
    """
    modes = modes or Modes()
    try:
        local = not is_url(url)
    except ValueError as error:
        raise SettingsError(str(error)) from None
    if local:
        return LocalFileSystem(modes), os.path.abspath(url)
    scheme, _, rest = url.partition("://")
    if scheme == "file":
        parts = urlsplit(url)
        if parts.netloc not in ("", "localhost") or not parts.path.startswith("/"):
            raise SettingsError("a file:// URL names a path of this machine: file:///path")
        return LocalFileSystem(modes), os.path.abspath(unquote(parts.path))
    if not is_on_cluster(url):
        raise SettingsError(
            f"no file system for {scheme}://",
            remedy="Use a local path, file://, hdfs://, viewfs://, webhdfs:// or swebhdfs://.",
        )
    return _hadoop(scheme, rest, hdfs, modes)


def _hadoop(
    scheme: str, rest: str, settings: HdfsSettings | None, modes: Modes
) -> tuple[FileSystem, str]:
    from aml_assets.settings.store_settings import HdfsSettings

    settings = settings or HdfsSettings()
    authority, _, path = rest.partition("/")
    user, _, hosts = authority.rpartition("@")
    if not hosts or not path.strip("/"):
        raise SettingsError(
            f"a {scheme}:// URL names a host and a folder: {scheme}://host:port/folder",
            remedy="Correct it; the root of a cluster cannot be the folder.",
        )
    if user and settings.authentication != "insecure":
        raise SettingsError(
            f"the {scheme}:// URL names a user, but nothing would prove that we are that user",
            remedy="Leave the user out; or, if the cluster trusts the name that it is given, set "
            "hdfs.authentication: insecure.",
        )
    if settings.authentication == "token" and scheme in _RPC:
        raise SettingsError(
            f"hdfs.authentication: token is for WebHDFS, not for {scheme}://",
            remedy="Use kerberos for it, or webhdfs:// or swebhdfs://.",
        )
    root = "/" + path.strip("/")
    if scheme in _WEB:
        from aml_assets.io.filesystems.webhdfs import WebHdfsFileSystem

        if scheme == "webhdfs" and settings.authentication != "insecure":
            _warn_of_plain_http(hosts, settings.authentication)
        urls = [f"{_WEB[scheme]}://{host}" for host in hosts.split(",")]
        return WebHdfsFileSystem(urls, settings, modes, user or None), root
    from aml_assets.io.filesystems.hdfs import HdfsFileSystem

    return HdfsFileSystem(f"{scheme}://{hosts}", settings, modes, user or None), root


@cache
def _warn_of_plain_http(hosts: str, authentication: str) -> None:
    """Warn, once per process and cluster, of what others on the network can do."""
    log.warning(
        "webhdfs://%s with hdfs.authentication: %s is plain HTTP: who is in between reads the "
        "bank's data, changes it, and takes the cookie or token that stands for us; use "
        "swebhdfs:// (docs/hdfs.md)",
        hosts,
        authentication,
    )
