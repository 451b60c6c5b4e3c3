"""Java's archive of Hadoop's classes, with which daemons and tools start at half the cost.

Belongs here: recording which classes are loaded, and archiving them. Does not belong here: the jars
(`artefacts`), command lines (`jvm`).

Java calls this class data sharing. Without an archive everything works, only slower; so one is made
beside the tests of the first run, and used by all that starts later.
"""

from __future__ import annotations

import fcntl
import hashlib
import subprocess
import sys
from functools import cache
from pathlib import Path

from aml_assets_tests.hadoop.artefacts import classpath, jars, java

DUMP_SECONDS = 600.0


@cache
def archive() -> Path:
    """Where the archive of these jars lies for this Java; it may not exist yet."""
    # Java gives up on an archive that another Java made, and may print so.
    version = subprocess.run([java() or "java", "-version"], capture_output=True, check=False)
    digest = hashlib.sha256(version.stderr).hexdigest()[:12]
    return jars().with_name(f"{jars().name}-{digest}.jsa")


def options() -> list[str]:
    """Options by which a Java process uses the archive, if there is one."""
    return [f"-XX:SharedArchiveFile={archive()}"] if archive().exists() else []


def recording(folder: Path) -> list[str]:
    """Options by which each Java process lists the classes that it loads, in a file of its own."""
    return [] if archive().exists() else [f"-XX:DumpLoadedClassList={folder}/classes-%p.txt"]


def make(folder: Path) -> None:
    """Archive the classes that were recorded in a folder, unless it is done or being done.

    It takes some twenty seconds of a processor, with the lowest priority.
    """
    aside = archive().with_suffix(".tmp")
    with archive().with_suffix(".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        if not archive().exists() and _dump(_recorded(folder), aside):
            aside.rename(archive())


def _recorded(folder: Path) -> Path:
    """One list of all classes that were recorded in a folder."""
    found = {
        line
        for path in folder.glob("classes-*.txt")
        for line in path.read_text(encoding="utf-8").splitlines()
        if not line.startswith(("#", "@"))  # headers, and lambdas by their call sites
    }
    listed = folder / "classes.txt"
    listed.write_text("\n".join(sorted(found)), encoding="utf-8")
    return listed


def _dump(listed: Path, target: Path) -> bool:
    # It dies with this process: nothing of a test run goes on after it.
    command = ["nice", "-n", "19", "setpriv", "--pdeathsig", "KILL", java() or "java"]
    command += ["-XX:+UseSerialGC", "-Xmx512m", "-Xshare:dump"]
    command += [f"-XX:SharedClassListFile={listed}", f"-XX:SharedArchiveFile={target}"]
    done = subprocess.run(
        [*command, "-classpath", classpath()],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=DUMP_SECONDS,
        check=False,
    )
    return done.returncode == 0


if __name__ == "__main__":
    make(Path(sys.argv[1]))
