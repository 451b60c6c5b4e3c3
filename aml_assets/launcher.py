"""The old name of ``automation.run_launcher``, kept for one release.

Belongs here: the alias alone. Does not belong here: anything new. A ``dagster.yaml`` written before
0.2 names ``aml_assets.launcher.WatchedRunLauncher``; write ``aml_assets.automation.run_launcher``
as its module instead.
"""

import warnings

from aml_assets.automation.run_launcher import WatchedRunLauncher as WatchedRunLauncher

warnings.warn(
    "aml_assets.launcher is now aml_assets.automation.run_launcher: change run_launcher.module in "
    "dagster.yaml; the old name works until 0.3",
    DeprecationWarning,
    stacklevel=2,
)
