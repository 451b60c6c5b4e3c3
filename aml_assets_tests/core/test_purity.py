import json
import pkgutil
import subprocess
import sys

import pytest

import aml_assets.core
import aml_assets.io
import aml_assets.steps


def modules_of(package):
    found = pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    return sorted(module.name for module in found)


MODULES = modules_of(aml_assets.core)
DAGSTER = {"dagster", "dagster_shared", "dagster_webserver"}
HEAVY = ("pandas", "xgboost", "sklearn", "matplotlib", "duckdb")


def loaded_by(*modules):
    """Top-level modules that a fresh interpreter holds after these imports."""
    code = f"""
import importlib, json, sys
for name in {modules!r}:
    importlib.import_module(name)
print(json.dumps(sorted({{name.partition(".")[0] for name in sys.modules}})))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout))


def test_the_core_knows_nothing_of_dagster_and_imports_nothing_heavy():
    assert "aml_assets.core.tables.joins" in MODULES
    loaded = loaded_by(*MODULES)
    assert "aml_assets" in loaded
    assert not loaded & {*DAGSTER, *HEAVY}


def test_the_steps_and_the_store_know_nothing_of_dagster_but_for_the_io_manager():
    modules = {*modules_of(aml_assets.steps), *modules_of(aml_assets.io)}
    assert {"aml_assets.steps.builders.build_model", "aml_assets.io.formats.booster"} < modules
    modules.remove("aml_assets.assets.hdfs_io_manager")
    assert not loaded_by(*sorted(modules)) & DAGSTER


@pytest.mark.parametrize("layer", ["aml_assets.io", "aml_assets.assets", "aml_assets.steps"])
def test_no_module_of_the_core_imports_the_layers_above_it(layer):
    code = f"""
import importlib, sys
for name in {MODULES!r}:
    importlib.import_module(name)
assert not [name for name in sys.modules if name == {layer!r} or name.startswith({layer!r} + ".")]
"""
    subprocess.run([sys.executable, "-c", code], check=True)
