"""Write `hashes.txt`: each package that constraints.txt pins, with the hashes of its files.

`make hashes` calls it after each change of the pins; a test compares the two. pip itself says what
it would install (its report) for each group of packages, and by which hash it would know the files,
for both processors that the image is built for. No place that a file came from is kept. It needs
Linux, since pip decides by this machine which packages another system would need.
"""

import json
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
GROUPS: Mapping[str, list[str]] = {
    "common": ["kerberos"],
    "deploy": ["deploy", "spark", "tuning"],
    "notebook": ["notebook"],
    "build": ["build"],
    "sbom": ["sbom"],
    "development": ["dev"],
}
"""The extras behind each group. One that stands alone is installed into a place of its own."""

ALONE = {"build", "sbom"}
GLIBC = 36
"""Debian 12 has 2.36: files for newer ones do not run there."""

HEAD = """\
# Each package of constraints.txt with the hashes of its files for CPython 3.11 on Linux, x86_64 and
# aarch64. Written by `make hashes`; the image installs from here (deploy/requirements.py).
"""


def pip(*words: str) -> list[dict[str, Any]]:
    """What pip would install."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed"]
    done = subprocess.run([*command, "--report", "-", *words], stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)["install"]


def pins(found: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Name → version."""
    return {each["metadata"]["name"]: each["metadata"]["version"] for each in found}


def closure(requirements: Iterable[str]) -> dict[str, str]:
    """All that some requirements bring under constraints.txt."""
    return pins(pip("-c", str(ROOT / "constraints.txt"), *requirements))


def target(machine: str) -> list[str]:
    """Pip's words for CPython 3.11 on Debian 12 on a processor, whatever this machine is."""
    tags = [f"manylinux_2_{minor}_{machine}" for minor in range(GLIBC, 4, -1)]
    tags += [f"{name}_{machine}" for name in ("manylinux2014", "manylinux2010", "linux")]
    words = ["--implementation=cp", "--python-version=3.11", "--abi=cp311"]
    return [*words, *(f"--platform={tag}" for tag in tags)]


def hashes(pinned: Mapping[str, str], machine: str) -> dict[str, str]:
    """The hash of the one file of each package that a machine takes."""
    asked = [f"{name}=={version}" for name, version in pinned.items()]
    found = pip("--no-deps", "--target=nowhere", *target(machine), *asked)
    return {
        each["metadata"]["name"]: each["download_info"]["archive_info"]["hashes"]["sha256"]
        for each in found
    }


def main() -> None:
    """Write the file."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    lines, common = [HEAD], dict[str, str]()
    for group, extras in GROUPS.items():
        asked = [] if group in ALONE else [*project["dependencies"]]
        for extra in extras:
            asked += [
                each for each in project["optional-dependencies"][extra] if "aml_assets" not in each
            ]
        pinned = closure(asked)
        if group not in ALONE:
            pinned = {name: each for name, each in pinned.items() if name not in common}
        common = common or pinned  # the first group is below the other images' own
        by_machine = [hashes(pinned, machine) for machine in ("x86_64", "aarch64")]
        lines.append(f"# -- {group}\n")
        for name in sorted(pinned, key=str.lower):
            known = dict.fromkeys(each[name] for each in by_machine)
            text = " ".join(f"--hash=sha256:{each}" for each in known)
            lines.append(f"{name}=={pinned[name]} {text}\n")
    (ROOT / "hashes.txt").write_text("".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
