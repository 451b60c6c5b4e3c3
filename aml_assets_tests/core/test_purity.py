"""The core is pure: it loads no framework, reads no file, no clock and no environment."""

import ast
import json
import pkgutil
import subprocess
import sys
from collections.abc import Iterator

import pytest

import aml_assets.core
import aml_assets.io
import aml_assets.steps
from aml_assets_tests.sources import Module, imports, modules, running


def modules_of(package):
    found = pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    return sorted(module.name for module in found)


MODULES = modules_of(aml_assets.core)
DAGSTER = {"dagster", "dagster_shared", "dagster_webserver"}
HEAVY = ("pandas", "xgboost", "sklearn", "duckdb")
SETTINGS_LOADER = {"pydantic_settings", "yaml"}
CLIENTS = {"requests", "urllib3", "hdfs", "hdfs_native"}


def loaded_by(*modules):
    """Names of all modules that a fresh interpreter holds after these imports."""
    code = f"""
import importlib, json, sys
for name in {modules!r}:
    importlib.import_module(name)
print(json.dumps(sorted(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout))


def top(names):
    return {name.partition(".")[0] for name in names}


# -- what is loaded ------------------------------------------------------------------------


def test_the_core_knows_nothing_of_dagster_and_imports_nothing_heavy():
    assert "aml_assets.core.tables.joins" in MODULES
    loaded = top(loaded_by(*MODULES))
    assert "aml_assets" in loaded
    assert not loaded & {*DAGSTER, *HEAVY}


def test_the_core_loads_neither_the_settings_loader_nor_a_client_of_a_store():
    loaded = loaded_by(*MODULES)
    assert not top(loaded) & {*SETTINGS_LOADER, *CLIENTS}
    assert not loaded & {"aml_assets.settings.load", "aml_assets.settings.sources"}


def test_the_steps_and_the_store_know_nothing_of_dagster():
    modules = {*modules_of(aml_assets.steps), *modules_of(aml_assets.io)}
    assert {"aml_assets.steps.builders.build_model", "aml_assets.io.formats.booster"} < modules
    assert not top(loaded_by(*sorted(modules))) & DAGSTER


@pytest.mark.parametrize("layer", ["aml_assets.io", "aml_assets.assets", "aml_assets.steps"])
def test_no_module_of_the_core_imports_the_layers_above_it(layer):
    loaded = loaded_by(*MODULES)
    assert not [name for name in loaded if name == layer or name.startswith(f"{layer}.")]


# -- what is written -----------------------------------------------------------------------

EFFECTFUL_MODULES = {
    *("asyncio", "ctypes", "fcntl", "glob", "http", "logging", "multiprocessing", "os"),
    *("pathlib", "random", "secrets", "shutil", "signal", "socket", "sqlite3", "subprocess"),
    *("tempfile", "threading", "time", "urllib", "uuid", "requests", "hdfs", "hdfs_native"),
}
EFFECTFUL_CALLS = {"open", "print", "input", "exec", "eval", "breakpoint", "__import__"}
EFFECTFUL_METHODS = {
    *("now", "utcnow", "today", "read_text", "read_bytes", "write_text", "write_bytes"),
    *("unlink", "mkdir", "touch", "iterdir", "rglob", "read_table", "write_table", "savefig"),
}

ALLOWED = {
    ("core/language.py", "read_text"): "the package's own catalogs of messages",
    ("core/model/training.py", "os"): "OpenMP reads one variable as XGBoost loads",
    ("core/pages/rendering.py", "read_text"): "the package's own style and script",
    ("core/sql/__init__.py", "read_text"): "the package's own SQL",
}
"""(file, what it uses) → the reason why that is no effect."""


def effects(module: Module) -> Iterator[str]:
    """Names of the effects that a module's own text shows."""
    yield from sorted(top(imports(module)) & EFFECTFUL_MODULES)
    for node in running(module.tree):
        if not isinstance(node, ast.Call):
            continue
        called = node.func
        if isinstance(called, ast.Name) and called.id in EFFECTFUL_CALLS:
            yield called.id
        if isinstance(called, ast.Attribute):
            if called.attr in EFFECTFUL_METHODS:
                yield called.attr
            drawn = ast.unparse(called)
            if drawn.endswith(".random.default_rng") and not (node.args or node.keywords):
                yield "default_rng without a seed"
            if ".random." in drawn and not drawn.endswith("default_rng"):
                yield drawn


def found_in_the_core() -> set[tuple[str, str]]:
    core = [module for name, module in modules().items() if name.startswith("aml_assets.core")]
    assert len(core) > 20
    return {(module.shown, effect) for module in core for effect in effects(module)}


def test_the_core_performs_no_effect():
    assert not found_in_the_core() - ALLOWED.keys()


def test_every_exemption_is_still_needed():
    assert not ALLOWED.keys() - found_in_the_core()


@pytest.mark.parametrize(
    ("text", "effect"),
    [
        ("import os", "os"),
        ("def f():\n    from pathlib import Path", "pathlib"),
        ("import time as t", "time"),
        ("open('x')", "open"),
        ("dt.datetime.now()", "now"),
        ("dt.date.today()", "today"),
        ("np.random.default_rng()", "default_rng without a seed"),
        ("np.random.rand(3)", "np.random.rand"),
        ("files('a').joinpath('b').read_text()", "read_text"),
    ],
)
def test_an_effect_is_found_in_a_text(text, effect):
    module = Module("m", aml_assets_file(), text, ast.parse(text))
    assert list(effects(module)) == [effect]


@pytest.mark.parametrize(
    "text",
    [
        "np.random.default_rng(7)",
        "if TYPE_CHECKING:\n    import os",
        "dt.datetime(2024, 1, 1)",
    ],
)
def test_a_pure_text_has_no_effect(text):
    assert not list(effects(Module("m", aml_assets_file(), text, ast.parse(text))))


def aml_assets_file():
    return modules()["aml_assets"].path
