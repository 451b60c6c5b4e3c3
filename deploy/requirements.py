"""Print what pip installs for some groups of `hashes.txt`, each package with its hashes.

The Dockerfile calls it, so that a change of our code leaves the layers with packages as they are::

    python3 requirements.py common > common.txt
"""

import re
import sys
from pathlib import Path

text = Path(__file__).with_name("hashes.txt").read_text("utf-8")
groups = dict(re.findall(r"^# -- (\w+)\n(.*?)(?=^# -- |\Z)", text, re.MULTILINE | re.DOTALL))
sys.stdout.write("--require-hashes\n" + "".join(groups[name] for name in sys.argv[1:]))
