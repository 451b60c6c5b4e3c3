"""What Dagster loads: the definitions under the configured settings."""

from aml_assets.build import build_definitions

defs = build_definitions()
