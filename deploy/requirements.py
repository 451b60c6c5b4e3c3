"""Print what pip installs for some groups of `hashes.txt`, each package with its hashes.

The Dockerfile calls it, so that a change of our code leaves the layers with packages as they are::

    python3 requirements.py common > common.txt
"""

import re
import sys
from pathlib import Path

# Beside this file in the build, a folder above it in the repository.
folder = Path(__file__).resolve().parent
path = next(each for each in (folder, folder.parent) if (each / "hashes.txt").exists())
text = (path / "hashes.txt").read_text("utf-8")
groups = dict(re.findall(r"^# -- (\w+)\n(.*?)(?=^# -- |\Z)", text, re.MULTILINE | re.DOTALL))
sys.stdout.write("--require-hashes\n" + "".join(groups[name] for name in sys.argv[1:]))
