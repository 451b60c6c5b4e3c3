"""What the image installs, for pip: the project's own dependencies and those of some extras.

XGBoost comes as its build for processors: the same version without 469 MB of libraries for graphic
cards and 220 MB of code for them.

    python3 requirements.py kerberos deploy > requirements.txt
"""

import sys
import tomllib
from pathlib import Path

project = tomllib.loads(Path(__file__).with_name("pyproject.toml").read_text("utf-8"))["project"]
wanted = [*project["dependencies"]]
for extra in sys.argv[1:]:
    wanted += project["optional-dependencies"][extra]
sys.stdout.writelines(f"{each.replace('xgboost>', 'xgboost-cpu>')}\n" for each in wanted)
