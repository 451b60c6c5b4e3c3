"""Tests of ``aml_assets.steps.inputs``, where a module has a test file of its own name."""
