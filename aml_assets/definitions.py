"""The definitions under the configured settings, which Dagster loads.

Belongs here: that one call. Does not belong here: anything that another module could import, since
importing this one reads the settings.
"""

from aml_assets.build import build_definitions

defs = build_definitions()
