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
    "CNRI-Python",
    "ISC",
    "MIT",
    "MIT-CMU",
    "MPL-2.0",
    "PSF-2.0",
    "Python-2.0",
    "Unlicense",
    "Zlib",
}
"""By their names in SPDX. Each lets a bank use a package, and pass it on with what it likes."""


def licences(component: Mapping[str, Any]) -> Iterator[str]:
    """The names that a package's licence consists of, as its authors declare it."""
    for each in component.get("licenses", ()):
        license = each.get("license", {})
        text = each.get("expression") or license.get("id") or license.get("name", "")
        yield from re.split(r" (?:AND|OR|WITH) ", re.sub("[()]", "", text))


def main(path: str, *names: str) -> int:
    """Print each package with its licence; the exit code is 1 if one is not allowed."""
    refused: list[str] = []
    wanted = {name.lower() for name in names}
    for component in json.loads(Path(path).read_text("utf-8"))["components"]:
        name = component["name"]
        if wanted and name.lower() not in wanted:
            continue
        declared = list(dict.fromkeys(licences(component)))
        sys.stdout.write(f"{name} {component['version']}: {', '.join(declared) or 'none'}\n")
        if not declared or not ALLOWED.issuperset(declared):
            refused.append(name)
    if refused:
        sys.stderr.write(f"not allowed, or not declared: {', '.join(refused)}\n")
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
