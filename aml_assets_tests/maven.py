"""Jars of the Java programs that tests run: Maven fetches them once into the checkout's `var/`.

Belongs here: finding Java and Maven, fetching what a `pom.xml` names, and the class path. Does not
belong here: which jars, and starting anything (`hadoop`, `spark`).
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from aml_assets_tests.requirements import require

ROOT = Path(__file__).resolve().parents[1]
"""The checkout."""
VAR = ROOT / "var"
"""Its folder for what is not tracked."""
JAVA_AT_LEAST = 17
MAVEN_TIMEOUT = 900.0


class ArtefactError(Exception):
    """Jars could not be fetched, or are not those that they should be."""


@cache
def java() -> str | None:
    """The path of a Java that is new enough, of JAVA_HOME or else of PATH, or None."""
    home = os.environ.get("JAVA_HOME")
    path = shutil.which("java", path=f"{home}/bin" if home else None)
    if path is None:
        return None
    shown = subprocess.run([path, "-version"], capture_output=True, text=True, check=False)
    version = re.search(r'version "(\d+)', shown.stderr)
    return path if version and int(version[1]) >= JAVA_AT_LEAST else None


@dataclass(frozen=True)
class Artefacts:
    """The jars of one program.

    Attributes:
        program: its name, for messages and for the folder.
        pom: the file that names the jars; nothing is built from it. ``jars.sha256`` beside it
            lists them as `sha256sum` does.
    """

    program: str
    pom: Path

    @property
    def folder(self) -> Path:
        """Where the jars lie that the pom names today; it may not exist yet."""
        digest = hashlib.sha256(self.pom.read_bytes()).hexdigest()[:12]
        return VAR / f"{self.program.lower()}-jars" / digest

    def missing(self) -> list[str]:
        """What this machine lacks to run the program."""
        lacks = []
        if java() is None:
            lacks.append(f"Java {JAVA_AT_LEAST} or newer")
        if not self.folder.is_dir() and shutil.which("mvn") is None:
            lacks.append("Maven")
        # It ties a daemon's life to ours.
        if shutil.which("setpriv") is None:
            lacks.append("setpriv (util-linux)")
        return lacks

    def require(self) -> None:
        """Skip aloud (or fail under ``AML_REQUIRE_ALL=1``) where the program cannot run."""
        lacks = self.missing()
        require(not lacks, f"{', '.join(lacks)}, needed to run {self.program}")

    def classpath(self) -> str:
        """Java's class path of the jars, fetched by the first caller of all processes.

        Raises:
            ArtefactError: Maven failed; its last lines are in the message. Or it brought other
                jars.
        """
        folder = self.folder
        if not folder.is_dir():
            folder.parent.mkdir(parents=True, exist_ok=True)
            with folder.with_suffix(".lock").open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                if not folder.is_dir():
                    self._fetch(folder)
        return f"{folder}/*"

    def _fetch(self, folder: Path) -> None:
        """Copy the jars beside ``folder`` and rename, so that a cut leaves no half class path."""
        aside = folder.with_suffix(".tmp")
        shutil.rmtree(aside, ignore_errors=True)
        goal = ["dependency:copy-dependencies", f"-DoutputDirectory={aside}"]
        done = subprocess.run(
            ["mvn", "--quiet", "--batch-mode", "--file", str(self.pom), *goal],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=MAVEN_TIMEOUT,
            check=False,
        )
        if done.returncode != 0:
            lines = (done.stdout + done.stderr).strip().splitlines()
            raise ArtefactError(f"Maven could not fetch {self.program}:\n" + "\n".join(lines[-20:]))
        self.refuse_other_jars(aside)
        aside.rename(folder)

    def refuse_other_jars(self, folder: Path) -> None:
        """Compare the jars of a folder with the list of their hashes.

        Raises:
            ArtefactError: one has another hash, is missing, or is not on the list.
        """
        hashes = self.pom.with_name("jars.sha256")
        found = {
            f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}"
            for path in folder.iterdir()
        }
        other = {line.split()[1] for line in found ^ set(hashes.read_text("utf-8").splitlines())}
        if other:
            raise ArtefactError(
                f"{', '.join(sorted(other))}: not as {hashes.name} lists it. If pom.xml names "
                f"another {self.program} now: LC_ALL=C sha256sum -- *, in {folder}, is the new list"
            )
