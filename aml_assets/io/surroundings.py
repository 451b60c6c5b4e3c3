"""Surroundings: the settings and the versions of libraries under which a partition was built.

Belongs here: what they are, and keeping each of them once, under its digest. Does not belong here:
which settings count (``settings.recorded``), or building anything again (``steps.reproducing``).

A manifest names its surroundings by their digest, so that years later they are known. A store holds
few of them, one for each release and configuration that built its partitions. They are no part of
any content's digest.
"""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from aml_assets.errors import CorruptFile, NotFound
from aml_assets.io.formats import JsonFormat
from aml_assets.io.manifest import Manifest, canonical_json
from aml_assets.settings.recorded import recorded_settings

if TYPE_CHECKING:
    from aml_assets.io.store import Store
    from aml_assets.settings.load import Settings

FOLDER = "surroundings"

_PACKAGES = (
    *("aml_assets", "numpy", "pandas", "pyarrow", "duckdb", "scikit-learn", "scipy"),
    *("xgboost", "xgboost-cpu", "jinja2", "optuna"),
)
"""Distributions whose versions can change what is built, as far as they are installed."""


@dataclass(frozen=True)
class Surroundings:
    """What a partition depends on beside its inputs and its code.

    Attributes:
        settings: those that can change content, as JSON values.
        libraries: name → version; Python and the kind of processor among them.
    """

    settings: Mapping[str, Any]
    libraries: Mapping[str, str]

    @classmethod
    def present(cls, settings: Settings) -> Surroundings:
        """The surroundings of this process under some settings."""
        return cls(recorded_settings(settings), libraries())

    @property
    def digest(self) -> str:
        """The sha256 (hex) of their canonical JSON."""
        return hashlib.sha256(canonical_json(asdict(self)).encode()).hexdigest()


class SurroundingsStore:
    """The surroundings that a store was built in.

    Args:
        store: where they are kept.
        settings: the whole configuration, for those of this process.
    """

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._settings = settings
        self._format = JsonFormat()
        self._kept: str | None = None

    def keep(self) -> str:
        """Store the surroundings of this process, unless they are there; return their digest."""
        if self._kept is None:
            found = Surroundings.present(self._settings)
            path = _path(found.digest)
            if not self._store.exists(path):
                manifest = Manifest(asset=FOLDER, partition=found.digest)
                self._format.write(self._store, path, asdict(found), manifest)
            self._kept = found.digest
        return self._kept

    def find(self, digest: str) -> Surroundings | None:
        """The surroundings of this digest; ``None`` if the store does not have them.

        Raises:
            CorruptFile: they were altered.
        """
        path = _path(digest)
        try:
            found = Surroundings(**self._format.read(self._store, path))
        except NotFound:
            return None
        except TypeError:
            raise CorruptFile("it holds no surroundings", path=path, operation="read") from None
        if found.digest != digest:
            raise CorruptFile("it holds other surroundings", path=path, operation="read")
        return found


def _path(digest: str) -> str:
    return f"{FOLDER}/{digest}{JsonFormat.suffix}"


def libraries() -> dict[str, str]:
    """The versions of Python and of what is installed, and the kind of processor."""
    found = {"python": platform.python_version(), "processor": platform.machine()}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
