"""Access from a notebook: any partition of any asset, a model, a what-if, a comparison of two days.

Belongs here: `Bank`, which a notebook imports (``bank``, ``stored_model``), the notebook that
shows it (``explore.ipynb``, kept without outputs, which would be customers' data), and JupyterLab
on loopback (``jupyter_command``, ``jupyter_lab``). Does not belong here: writing into the store,
or Dagster.
"""

from aml_assets.notebook.bank import Bank
from aml_assets.notebook.stored_model import Model, WhatIf

__all__ = ["Bank", "Model", "WhatIf"]
