"""Hadoop's jars and what runs them: fetched once by Maven, kept under the checkout's `var/`.

Belongs here: finding Java and Maven, and the class path. Does not belong here: which jars
(`pom.xml`, and `jars.sha256` with the hash of each), and starting anything of Hadoop's.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

from aml_assets_tests.requirements import require

POM = Path(__file__).with_name("pom.xml")
HASHES = POM.with_name("jars.sha256")
"""The jars as `sha256sum` lists them; the build of compose's HDFS compares by it, too."""
ROOT = Path(__file__).resolve().parents[2]
"""The checkout."""
VAR = ROOT / "var"
"""Its folder for what is not tracked."""
JAVA_AT_LEAST = 17
MAVEN_TIMEOUT = 900.0


class ArtefactError(Exception):
    """Hadoop's jars could not be fetched, or are not those that they should be."""


@cache
def java() -> str | None:
    """The path of a Java that can run Hadoop, of JAVA_HOME or else of PATH, or None."""
    home = os.environ.get("JAVA_HOME")
    path = shutil.which("java", path=f"{home}/bin" if home else None)
    if path is None:
        return None
    shown = subprocess.run([path, "-version"], capture_output=True, text=True, check=False)
    version = re.search(r'version "(\d+)', shown.stderr)
    return path if version and int(version[1]) >= JAVA_AT_LEAST else None


def jars() -> Path:
    """The folder of the jars that `pom.xml` names today; it may not exist yet."""
    digest = hashlib.sha256(POM.read_bytes()).hexdigest()[:12]
    return VAR / "hadoop-jars" / digest


def missing() -> list[str]:
    """What this machine lacks to run Hadoop."""
    lacks = []
    if java() is None:
        lacks.append(f"Java {JAVA_AT_LEAST} or newer")
    if not jars().is_dir() and shutil.which("mvn") is None:
        lacks.append("Maven")
    # It ties a daemon's life to ours.
    if shutil.which("setpriv") is None:
        lacks.append("setpriv (util-linux)")
    return lacks


def require_hadoop() -> None:
    """Skip aloud (or fail under ``AML_REQUIRE_ALL=1``) where Hadoop cannot run."""
    lacks = missing()
    require(not lacks, f"{', '.join(lacks)}, needed to run Hadoop")


def classpath() -> str:
    """Java's class path of Hadoop's jars, fetched by the first caller of all processes.

    Raises:
        ArtefactError: Maven failed; its last lines are in the message. Or it brought other jars.
    """
    folder = jars()
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with folder.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not folder.is_dir():
                _fetch(folder)
    return f"{folder}/*"


def _fetch(folder: Path) -> None:
    """Copy the jars beside ``folder`` and rename, so that a cut leaves no half class path."""
    aside = folder.with_suffix(".tmp")
    shutil.rmtree(aside, ignore_errors=True)
    goal = ["dependency:copy-dependencies", f"-DoutputDirectory={aside}"]
    done = subprocess.run(
        ["mvn", "--quiet", "--batch-mode", "--file", str(POM), *goal],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=MAVEN_TIMEOUT,
        check=False,
    )
    if done.returncode != 0:
        lines = (done.stdout + done.stderr).strip().splitlines()
        raise ArtefactError("Maven could not fetch Hadoop:\n" + "\n".join(lines[-20:]))
    refuse_other_jars(aside)
    aside.rename(folder)


def refuse_other_jars(folder: Path) -> None:
    """Compare the jars of a folder with the list of their hashes.

    Raises:
        ArtefactError: one has another hash, is missing, or is not on the list.
    """
    found = {
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}" for path in folder.iterdir()
    }
    other = {line.split()[1] for line in found ^ set(HASHES.read_text("utf-8").splitlines())}
    if other:
        raise ArtefactError(
            f"{', '.join(sorted(other))}: not as {HASHES.name} lists it. If pom.xml names another "
            f"Hadoop now: LC_ALL=C sha256sum -- *, in {folder}, is the new list"
        )
