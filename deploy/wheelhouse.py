"""Write a wheelhouse: a folder from which pip installs everything on a machine without an index.

`make wheelhouse` calls it on a machine that has one, by the Python of the other machine (3.11)::

    python3.11 deploy/wheelhouse.py wheelhouse [linux/amd64 | linux/arm64]

Every file is checked by its hash in `hashes.txt` before it is taken. A package without a wheel is
built into one here, with tools that are installed by hash, too. `requirements.txt` in the folder
names all of it with the hashes of the files that lie there, so that pip checks them once more.
"""

import hashlib
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator
from pathlib import Path

from hashes import ROOT, target

GROUPS = ("common", "deploy", "notebook")
"""What users need of `hashes.txt`, and not what only developers do."""

MACHINES = {"linux/amd64": "x86_64", "linux/arm64": "aarch64"}
"""Platforms, in the words of docker and podman → the processor in the names of wheels."""

SOURCES = {
    "docopt": "pure Python, released before wheels were usual",
    "gssapi": "compiled against the machine's own Kerberos (libkrb5-dev), for Kerberos over HTTP",
    "hdfs": "pure Python, released as source only",
    "pyspark-client": "pure Python, released as source only; for developers",
}
"""Packages without any wheel, and why that is no harm on another processor."""

KERBEROS = {"gssapi", "requests-gssapi"}
"""What is left out where it cannot be compiled: everything but Kerberos over HTTP does without."""

_NAME = re.compile(r"^([\w.-]+)==")


def normal(name: str) -> str:
    """A package's name as pip compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def wanted() -> list[str]:
    """The lines of `hashes.txt` for users, each a package with its hashes."""
    command = [sys.executable, str(ROOT / "deploy/requirements.py"), *GROUPS]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return [line for line in done.stdout.splitlines() if _NAME.match(line)]


def name_of(line: str) -> str:
    """The package that a line of requirements names."""
    found = _NAME.match(line)
    return normal(found[1]) if found else ""


def tools(folder: Path) -> Path:
    """A Python with what builds packages, installed by hash."""
    venv.create(folder, with_pip=True)
    python = folder / "bin/python"
    lines = subprocess.run(
        [sys.executable, str(ROOT / "deploy/requirements.py"), "build"],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout
    install = ["install", "--quiet", "--no-deps", "--disable-pip-version-check"]
    pip(python, *install, "-r", written(folder / "build.txt", lines))
    return python


def pip(python: Path, *words: str) -> None:
    """Run pip; what it says goes to the terminal."""
    subprocess.run([str(python), "-m", "pip", *words], check=True, stdin=subprocess.DEVNULL)


def written(path: Path, text: str) -> str:
    """The path of a file with this text."""
    path.write_text(text, encoding="utf-8")
    return str(path)


def collect(folder: Path, machine: str, scratch: Path) -> list[str]:
    """Fill the folder; the packages that were left out.

    Args:
        folder: where the wheels go.
        machine: the processor that they are for.
        scratch: an empty folder.
    """
    python, lines = tools(scratch / "tools"), wanted()
    built = [line for line in lines if name_of(line) in SOURCES]
    given = [line for line in lines if line not in built]
    left: list[str] = []
    if machine != platform.machine() or shutil.which("krb5-config") is None:
        left = sorted(KERBEROS)
        built, given = ([each for each in of if name_of(each) not in left] for of in (built, given))
    checked = ["--quiet", "--no-deps", "--require-hashes", "--disable-pip-version-check"]
    files = written(scratch / "given.txt", "\n".join(given))
    where = target(machine)
    pip(python, "download", *checked, "--only-binary=:all:", *where, "-d", str(folder), "-r", files)
    files = written(scratch / "built.txt", "\n".join(built))
    pip(python, "wheel", *checked, "--no-build-isolation", "-w", str(folder), "-r", files)
    ours = ["--quiet", "--no-deps", "--no-build-isolation", "--disable-pip-version-check"]
    pip(python, "wheel", *ours, "-w", str(folder), str(source(scratch / "source")))
    return left


def source(folder: Path) -> Path:
    """A copy of what our own wheel is made of: a build beside it would keep deleted modules."""
    folder.mkdir()
    for name in ("LICENSE", "README.md", "pyproject.toml"):
        shutil.copy(ROOT / name, folder)
    unwanted = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "aml_assets", folder / "aml_assets", ignore=unwanted)
    return folder


def listed(folder: Path) -> Iterator[str]:
    """A line for each wheel of the folder: name, version and the file's own hash."""
    for path in sorted(folder.glob("*.whl")):
        name, version, *_ = path.name.split("-")
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        yield f"{normal(name)}=={version} --hash=sha256:{digest}\n"


def main(into: str, wanted_platform: str = "") -> int:
    """Write the wheelhouse, anew where there is one."""
    machine = MACHINES.get(wanted_platform) if wanted_platform else platform.machine()
    if machine not in MACHINES.values() or sys.platform != "linux":
        here = wanted_platform or f"{sys.platform}, {platform.machine()}"
        sys.stderr.write(f"hashes.txt is for {' and '.join(MACHINES)}, not for {here}\n")
        return 1
    if sys.version_info[:2] != (3, 11):
        sys.stderr.write("hashes.txt is for Python 3.11: make wheelhouse PYTHON=python3.11\n")
        return 1
    folder = Path(into)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as scratch:
        left = collect(folder, machine, Path(scratch))
    lines = list(listed(folder))
    digest = hashlib.sha256("".join(lines).encode()).hexdigest()
    (folder / "requirements.txt").write_text("".join(lines), encoding="utf-8")
    size = sum(path.stat().st_size for path in folder.iterdir()) // 10**6
    sys.stdout.write(f"{folder}: {len(lines)} packages for {machine}, {size} MB\n")
    sys.stdout.write(f"sha256 of its requirements.txt: {digest}\n")
    if left:
        sys.stdout.write(
            f"Left out, as only the machine itself can compile them: {', '.join(left)} (Kerberos "
            "over HTTP)\n"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
