"""Imports are declared, extras hold what their targets need, and packaging files agree."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
EXTRAS: dict[str, list[str]] = PROJECT["optional-dependencies"]
BY_EXTRA = {
    "dagster_k8s": "deploy",
    "gssapi": "kerberos",
    "requests_gssapi": "kerberos",
    "IPython": "notebook",
    "grpc": "spark",
    "optuna": "tuning",
    "pyspark": "spark",
} | dict.fromkeys(("jupyterlab", "jupyter_server", "traitlets"), "notebook")
"""Modules that only an extra brings; the rest of the package does without them."""
BROUGHT_BY = {
    "dagster_shared": "dagster",
    "graphql": "dagster-webserver",
    "grpc": "pyspark-client",
    "gssapi": "requests-gssapi",
    "jupyter_server": "jupyterlab",
    "starlette": "dagster-webserver",
    "traitlets": "jupyterlab",
    "urllib3": "requests",
    "uvicorn": "dagster-webserver",
}
"""Modules that come with another package, which we name in their place."""
BUILDS_OF_XGBOOST = {"xgboost-cpu", "xgboost"}


def distribution(requirement: str) -> str:
    """The normalized name of the package that a requirement asks for."""
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert found, requirement
    return re.sub(r"[-_.]+", "-", found[0]).lower()


@cache
def distributions() -> Mapping[str, list[str]]:
    """Module → the installed packages that bring it."""
    return packages_distributions()


@cache
def imported() -> dict[str, set[str]]:
    """The modules of others that the package imports at run time, and where."""
    found: dict[str, set[str]] = {}
    for path in sorted((ROOT / "aml_assets").rglob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        for node in running(tree):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module or ""]
            for name in names:
                top = name.partition(".")[0]
                if top not in sys.stdlib_module_names and top != "aml_assets":
                    found.setdefault(top, set()).add(str(path.relative_to(ROOT)))
    return found


def running(node: ast.AST) -> Iterator[ast.AST]:
    """All nodes below one, without those that only a type checker reads."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test):
            continue
        yield child
        yield from running(child)


def make(*words: str) -> str:
    """What `make` prints."""
    done = subprocess.run(
        ["make", "-C", str(ROOT), *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


# -- dependencies --------------------------------------------------------------------------


@pytest.mark.parametrize("module", sorted(imported()))
def test_what_the_package_imports_is_declared(module):
    where = sorted(imported()[module])
    declared = EXTRAS[BY_EXTRA[module]] if module in BY_EXTRA else PROJECT["dependencies"]
    offered = {distribution(each) for each in declared}
    brings = (
        {BROUGHT_BY[module]}
        if module in BROUGHT_BY
        else {re.sub(r"[-_.]+", "-", name).lower() for name in distributions().get(module, [])}
    )
    assert brings & offered, f"{module} is imported by {', '.join(where)} and declared nowhere"


def test_every_dependency_is_imported_or_runs_beside_us():
    beside = {"dagster-webserver"}
    needed = {BROUGHT_BY.get(module, module) for module in imported()}
    brought = {
        re.sub(r"[-_.]+", "-", name).lower()
        for module in needed
        for name in (*distributions().get(module, []), module)
    }
    idle = {distribution(each) for each in PROJECT["dependencies"]} - brought - beside
    assert idle <= BUILDS_OF_XGBOOST


def test_each_machine_is_given_one_build_of_xgboost():
    markers = pytest.importorskip("packaging.markers")
    builds = [each for each in PROJECT["dependencies"] if distribution(each) in BUILDS_OF_XGBOOST]
    ranges = {each.partition(";")[0].removeprefix(distribution(each)) for each in builds}
    assert len(ranges) == 1

    def given(system: str, machine: str) -> list[str]:
        where = {"sys_platform": system, "platform_machine": machine}
        return [
            distribution(each)
            for each in builds
            if markers.Marker(each.partition(";")[2]).evaluate(where)
        ]

    assert given("linux", "x86_64") == ["xgboost-cpu"]
    assert given("linux", "aarch64") == ["xgboost-cpu"]
    assert given("linux", "ppc64le") == ["xgboost"]
    assert given("darwin", "arm64") == ["xgboost"]


def test_every_dependency_is_pinned():
    pins = (ROOT / "constraints.txt").read_text("utf-8").split()
    pinned = {distribution(each.partition("==")[0]) for each in pins}
    asked = [*PROJECT["dependencies"], *(each for extra in EXTRAS.values() for each in extra)]
    assert {distribution(each) for each in asked} - {"aml-assets"} <= pinned


def test_the_developers_tools_are_no_dependency_of_users():
    tools = {"pytest", "pytest-xdist", "ruff", "pyright", "playwright", "coverage", "pre-commit"}
    assert tools <= {distribution(each) for each in EXTRAS["dev"]}
    for name, requirements in (("", PROJECT["dependencies"]), *EXTRAS.items()):
        if name != "dev":
            assert tools.isdisjoint(map(distribution, requirements))


# -- make ----------------------------------------------------------------------------------


def test_make_without_a_target_lists_the_targets():
    listed = make()
    assert listed == make("help")
    for target in (
        "demo",
        "ui",
        "test",
        "test-all",
        "coverage",
        "lint",
        "install",
        "install-dev",
        "clean",
    ):
        assert re.search(rf"^make {target} +\S", listed, re.MULTILINE), target


def test_the_demo_installs_no_tools_and_the_tests_do():
    assert not re.search(r"\[(dev|notebook)", make("-n", "-W", "pyproject.toml", "demo"))
    assert "[notebook" in make("-n", "-W", "pyproject.toml", "notebook")
    for target in ("test", "lint", "test-all"):
        assert "[dev" in make("-n", "-W", "pyproject.toml", target)


def test_before_a_commit_runs_what_make_lint_runs():
    hooks = (ROOT / ".pre-commit-config.yaml").read_text("utf-8")
    targets = re.findall(r"entry: make ([a-z-]+)", hooks)
    lint = re.search(
        r"^lint: ([a-z -]+?) *##", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE
    )
    assert lint is not None
    assert targets == lint[1].split()


# -- licence and changes -------------------------------------------------------------------


def test_the_licence_is_named_and_there():
    text = (ROOT / "LICENSE").read_text("utf-8")
    assert PROJECT["license"] == "Apache-2.0"
    assert PROJECT["license-files"] == ["LICENSE"]
    assert "Apache License" in text
    assert "Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text


def test_the_changelog_knows_the_version():
    log = (ROOT / "CHANGELOG.md").read_text("utf-8")
    titles = re.findall(r"^## (.+)$", log, re.MULTILINE)
    assert any(PROJECT["version"] in title for title in titles)
