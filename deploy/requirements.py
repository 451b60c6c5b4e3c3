"""Print what the image installs, for pip: the project's own dependencies and those of some extras.

The Dockerfile calls it, so that a change of our code leaves the layer with the packages as it is::

    python3 requirements.py kerberos deploy > requirements.txt
"""

import sys
import tomllib
from pathlib import Path

project = tomllib.loads(Path(__file__).with_name("pyproject.toml").read_text("utf-8"))["project"]
wanted = [*project["dependencies"]]
for extra in sys.argv[1:]:
    wanted += project["optional-dependencies"][extra]
sys.stdout.writelines(f"{each}\n" for each in wanted)
