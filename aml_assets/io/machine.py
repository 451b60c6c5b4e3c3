"""How much of the machine's memory this process may have.

Belongs here: the limits of cgroups (version 1 and 2), of the process, and the machine's memory.
Does not belong here: what a step makes of them (``settings.engine_settings``).
"""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from pathlib import Path

_ROOT = Path("/sys/fs/cgroup")
_OWN = Path("/proc/self/cgroup")


def memory_limit(own: Path = _OWN, root: Path = _ROOT) -> int:
    """Return the bytes of memory that this process may have, before it is killed or refused any.

    Args:
        own: the file that says in which cgroups the process is.
        root: where the cgroups are mounted.
    """
    limits = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"), *_of_cgroups(own, root)]
    for kind in (resource.RLIMIT_AS, resource.RLIMIT_DATA):
        soft, _ = resource.getrlimit(kind)
        if soft != resource.RLIM_INFINITY:
            limits.append(soft)
    return min(limits)


def _of_cgroups(own: Path, root: Path) -> Iterator[int]:
    """Yield the limits of the process's cgroups, and of those that they are in."""
    try:
        lines = own.read_text().splitlines()
    except OSError:  # no Linux
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            folder, name = root, "memory.max"
            if not (root / "cgroup.controllers").exists():
                folder = root / "unified"
        elif "memory" in controllers.split(","):
            folder, name = root / "memory", "memory.limit_in_bytes"
        else:
            continue
        # In a container, the path can be the host's, and what is mounted the container's own.
        inside = folder / path.strip("/")
        for place in (inside, *inside.parents):
            if place.is_relative_to(folder) and (limit := _number(place / name)) is not None:
                yield limit


def _number(file: Path) -> int | None:
    try:
        text = file.read_text().strip()
    except OSError:
        return None
    return int(text) if text.isdigit() else None  # "max": there is no limit
