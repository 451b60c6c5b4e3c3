"""The package's source files as syntax trees, for tests of its structure."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import aml_assets

ROOT = Path(aml_assets.__file__).parent


@dataclass(frozen=True)
class Module:
    """One source file of the package."""

    name: str
    path: Path
    text: str
    tree: ast.Module

    @property
    def is_package(self) -> bool:
        return self.path.name == "__init__.py"

    @property
    def shown(self) -> str:
        """The path below the package, for messages."""
        return str(self.path.relative_to(ROOT))


@cache
def modules() -> Mapping[str, Module]:
    """Every module of the package by its dotted name."""
    found = {}
    for path in sorted(ROOT.rglob("*.py")):
        parts = [ROOT.name, *path.relative_to(ROOT).with_suffix("").parts]
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        text = path.read_text(encoding="utf-8")
        found[name] = Module(name, path, text, ast.parse(text))
    return found


def imports(module: Module) -> set[str]:
    """Dotted names that a module imports when it runs, inside of its functions, too.

    Imports for type checkers alone are left out. Of our own package the most exact module is named:
    ``from aml_assets.core import days`` imports ``aml_assets.core.days``.
    """
    found: set[str] = set()
    for node in running(module.tree):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module.shown}: a relative import"
            for alias in node.names:
                member = f"{node.module}.{alias.name}"
                found.add(member if member in modules() else str(node.module))
    return found


def running(tree: ast.AST) -> Iterator[ast.AST]:
    """All nodes but those below ``if TYPE_CHECKING``."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            for other in node.orelse:
                yield other
                yield from running(other)
            continue
        yield node
        yield from running(node)


def ours(module: Module) -> set[str]:
    """The modules of our own package that a module imports."""
    return {name for name in imports(module) if name.partition(".")[0] == ROOT.name}


def layer(name: str) -> str:
    """The entry at the top of the package that a module lies in; "" is the package itself."""
    return name.partition(".")[2].partition(".")[0]
