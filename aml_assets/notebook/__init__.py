"""For a person at a notebook: any asset of any day, a model, a what-if, two days side by side.

Belongs here: `Bank`, the one thing a notebook imports, what it hands out (``bank``, ``model``), the
notebook that shows it (``explore.ipynb``, without outputs: they would be customers' data), and
JupyterLab on loopback (``server``). Does not belong here: writing anything into the store, Dagster.
"""

from aml_assets.notebook.bank import Bank
from aml_assets.notebook.stored_model import Model, WhatIf

__all__ = ["Bank", "Model", "WhatIf"]
