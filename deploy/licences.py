"""List the licences of what an SBOM names, and refuse those that nobody has allowed.

    python licences.py sbom.json [NAME …]      only these packages, if any are named

`make lint` calls it for what the images hold, and their build for what they do hold.
"""

import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

ALLOWED = {
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "CC0-1.0",
    "ISC",
    "MIT",
    "MIT-0",
    "MPL-2.0",
    "PSF-2.0",
    "Python-2.0",
    "Zlib",
    # As older packages name them.
    "Apache Software License",
    "BSD License",
    "Mozilla Public License 2.0 (MPL 2.0)",
}
"""By their names in SPDX. Each lets a bank use a package, and pass it on with what it likes."""

READ = {
    "antlr4-python3-runtime": "BSD-3-Clause",
    "asttokens": "Apache-2.0",
    "bleach": "Apache-2.0",
    "hdfs-native": "Apache-2.0",
    "overrides": "Apache-2.0",
    "protobuf": "BSD-3-Clause",
}
"""Packages that do not declare it in a field for programs: what a person has read in them."""

SINGLE = {
    # Allows use as a library of its own that is passed on unchanged; so we install and call it.
    "psycopg2-binary": "GNU Library or Lesser General Public License (LGPL)",
}
"""Licences that are allowed for one package, not for another."""

_CLASSIFIER = "License :: OSI Approved :: "


def licences(component: Mapping[str, Any]) -> Iterator[str]:
    """The names that a package's licence consists of, as its authors declare it."""
    for each in component.get("licenses", ()):
        license = each.get("license", {})
        if expression := each.get("expression"):
            yield from re.split(r" (?:AND|OR|WITH) ", re.sub("[()]", "", expression))
        else:
            yield license.get("id") or license.get("name", "").removeprefix(_CLASSIFIER)


def main(path: str, *names: str) -> int:
    """Print each package with its licence; the exit code is 1 if one is not allowed."""
    refused: list[str] = []
    wanted = {name.lower() for name in names}
    for component in json.loads(Path(path).read_text("utf-8"))["components"]:
        name = component["name"]
        if wanted and name.lower() not in wanted:
            continue
        declared = list(dict.fromkeys(licences(component))) or [READ.get(name, "none")]
        sys.stdout.write(f"{name} {component['version']}: {', '.join(declared)}\n")
        if not {SINGLE.get(name), *ALLOWED}.issuperset(declared):
            refused.append(name)
    if refused:
        sys.stderr.write(f"not allowed, or not declared: {', '.join(refused)}\n")
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
