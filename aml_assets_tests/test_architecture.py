"""The package's structure: layers, circles of imports, sizes, names, and module docstrings.

The rules are those of docs/design.md and CONTRIBUTING; what the core may do is tested in
``core/test_purity.py``.
"""

import ast
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter

import pytest

from aml_assets_tests.sources import ROOT, imports, layer, modules, ours

BELOW: Mapping[str, set[str]] = {
    "errors": set(),
    "settings": {"errors"},
    "core": {"errors", "settings"},
    "io": {"errors", "settings", "core"},
    "steps": {"errors", "settings", "core", "io"},
    "assets": {"errors", "settings", "core", "io", "steps"},
    "automation": {"errors", "settings", "core", "io", "steps", "assets"},
    "notebook": {"errors", "settings", "core", "io", "steps", "assets", "automation"},
    "build": {"errors", "settings", "core", "io", "steps", "assets", "automation"},
    "definitions": {"build"},
    "launcher": {"automation"},
    "cli": {
        *("errors", "settings", "core", "io", "steps", "assets", "automation"),
        *("notebook", "build", "definitions"),
    },
}
"""Each entry at the top of the package, and the entries that it may import besides itself."""

WITHOUT_DAGSTER = {"errors", "settings", "core", "io", "steps"}

TESTS = ROOT.with_name("aml_assets_tests")

MOST_ENTRIES, MOST_LINES, MOST_LINES_OF_FUNCTION = 12, 400, 60


def refuse_circles(graph: Mapping[str, set[str]]) -> None:
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"a circle of imports: {' <- '.join(error.args[1])}")


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node


# -- layers --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(BELOW))
def test_a_layer_imports_only_the_layers_below_it(name):
    broken = [
        f"{module.shown} imports {target}"
        for module in modules().values()
        if layer(module.name) == name
        for target in sorted(ours(module))
        if layer(target) not in {name, *BELOW[name]}
    ]
    assert not broken


def test_every_entry_of_the_package_has_its_place_among_the_layers():
    assert {layer(name) for name in modules()} - {""} == BELOW.keys()


def test_the_layers_below_the_assets_import_no_dagster():
    found = [
        module.name
        for module in modules().values()
        if layer(module.name) in WITHOUT_DAGSTER
        if any(name.partition(".")[0].startswith("dagster") for name in imports(module))
    ]
    assert not found


def test_the_core_takes_sections_from_the_settings_and_not_the_loader():
    taken = {
        target
        for module in modules().values()
        if layer(module.name) == "core"
        for target in ours(module)
        if layer(target) == "settings"
    }
    assert taken
    assert all(name.endswith("_settings") for name in taken)


# -- circles -------------------------------------------------------------------------------


def test_no_modules_import_each_other_in_a_circle():
    refuse_circles({module.name: ours(module) for module in modules().values()})


PACKAGES = sorted(module.name for module in modules().values() if module.is_package)


@pytest.mark.parametrize("package", PACKAGES)
def test_the_entries_of_a_package_do_not_import_each_other_in_a_circle(package):
    graph: dict[str, set[str]] = {}

    def entry(name: str) -> str | None:
        inside = name.removeprefix(f"{package}.")
        return inside.partition(".")[0] if inside != name else None

    for module in modules().values():
        for target in ours(module):
            one, other = entry(module.name), entry(target)
            if one and other and one != other:
                graph.setdefault(one, set()).add(other)
    refuse_circles(graph)


# -- sizes and names -----------------------------------------------------------------------


def test_the_package_has_at_most_twelve_entries():
    ignored = {"__init__.py", "__pycache__", "py.typed"}
    entries = sorted(path.name for path in ROOT.iterdir() if path.name not in ignored)
    assert len(entries) <= MOST_ENTRIES, entries


def test_no_two_modules_have_one_name():
    names = Counter(module.path.name for module in modules().values() if not module.is_package)
    twice = [module.shown for module in modules().values() if names[module.path.name] > 1]
    assert not twice


def test_no_file_is_longer_than_four_hundred_lines():
    lengths = {module.shown: len(module.text.splitlines()) for module in modules().values()}
    assert not {name: lines for name, lines in lengths.items() if lines > MOST_LINES}


def test_no_function_is_longer_than_sixty_lines():
    lengths = {
        f"{module.shown}: {function.name}": (function.end_lineno or 0) - function.lineno + 1
        for module in modules().values()
        for function in functions(module.tree)
    }
    assert not {name: lines for name, lines in lengths.items() if lines > MOST_LINES_OF_FUNCTION}


# -- docstrings ----------------------------------------------------------------------------


def test_every_module_says_what_belongs_in_it_and_what_does_not():
    silent = []
    for module in modules().values():
        words = " ".join((ast.get_docstring(module.tree) or "").split())
        if "Belongs here:" not in words or "Does not belong here:" not in words:
            silent.append(module.shown)
    assert not silent


def test_every_test_file_says_what_it_tests():
    files = TESTS.rglob("test_*.py")
    silent = [path for path in files if not ast.get_docstring(ast.parse(path.read_text("utf-8")))]
    assert not silent


ELSEWHERE: Mapping[str, str] = {
    "assets": "assets/test_graph.py",
    "automation/alarms/log_position": "automation/alarms/test_alarm_events.py",
    "automation/backfill_runs": "automation/test_backfill_plan.py",
    "automation/jobs": "assets/test_graph.py",
    "build": "test_definitions.py",
    "core/night": "core/night/test_decide.py",
    "io/spark_session": "io/test_spark_engine.py",
    "cli/card_command": "assets/test_model_card.py",
    "core/governance/card_markdown": "core/governance/test_card_sections.py",
    "core/governance/card_shapes": "core/governance/test_card_sections.py",
    "core/model/batches": "core/model/test_training.py",
    "core/model/fitting": "core/model/test_encoding.py",
    "core/model/ruled_out": "core/model/test_encoding.py",
    "core/pages/alerts": "core/pages/test_alert_page.py",
    "core/pages/case_rows": "core/pages/test_alert_page.py",
    "core/pages/figures": "core/pages/test_model_page.py",
    "core/pages/shown_case": "core/pages/test_alert_page.py",
    "core/tables/join_columns": "core/tables/test_joins.py",
    "core/tables/refusals": "core/tables/test_contracts.py",
    "io/catalog": "assets/test_graph.py",
    "io/filesystems": "io/test_promises_adapter.py",
    "io/formats": "io/test_promises_formats.py",
    "io/formats/booster_child": "io/test_booster_parser.py",
    "io/formats/booster_parser": "io/test_booster_parser.py",
    "io/formats/footer": "io/test_seals.py",
    "io/julian": "io/test_landed_times.py",
    "io/landed_file": "io/test_landed_orc.py",
    "io/landed_parts": "io/test_landing_reader.py",
    "io/orc_child": "io/test_orc_process.py",
    "io/published": "io/test_promises_store.py",
    "io/upstream": "io/test_promises_io_manager.py",
    "launcher": "automation/test_run_launcher.py",
    "settings/of_line": "settings/test_line_settings.py",
    "settings/sections": "settings/test_load.py",
    "settings/problems": "settings/test_load.py",
    "steps/builders": "assets/test_graph.py",
    "steps/builders/build_gate": "steps/test_promoting.py",
    "steps/builders/build_shadow": "steps/test_promoting.py",
    "steps/watching/model_board": "cli/test_promote.py",
    "steps/inputs/decisions_of_then": "steps/test_reproducing.py",
    "steps/inputs/judged_days": "steps/test_promoting.py",
    "steps/builders/build_features": "assets/test_reports_lag.py",
    "steps/builders/build_model_page": "assets/test_reports.py",
    "steps/differing": "steps/test_reproducing.py",
    "steps/builders/model_cards": "assets/test_model_card.py",
    "steps/inputs": "assets/test_windows.py",
    "steps/inputs/compared_models": "assets/test_model_card.py",
    "steps/inputs/customer_names": "assets/test_reports.py",
    "steps/inputs/drawn_cases": "steps/inputs/test_worked_queues.py",
    "steps/inputs/exemptions": "cli/test_skip.py",
    "steps/inputs/model_selection": "assets/test_model_policy.py",
    "steps/inputs/run_options": "assets/test_resources.py",
}
"""Module, or package for all in it, → what tests it where that is no file of its own name."""


def test_the_test_of_each_module_is_found_by_its_name_or_in_a_list():
    lost, needed = list[str](), set[str]()
    for module in modules().values():
        place = module.path.relative_to(ROOT).with_suffix("")
        if module.is_package or (TESTS / place.parent / f"test_{place.name}.py").exists():
            continue
        entry = next((str(each) for each in (place, place.parent) if str(each) in ELSEWHERE), None)
        if entry is None:
            lost.append(module.shown)
        else:
            needed.add(entry)
    assert not lost
    assert needed == ELSEWHERE.keys()
    assert not [name for name in ELSEWHERE.values() if not (TESTS / name).exists()]


def test_a_module_that_a_docstring_points_to_exists():
    known = [f".{name}" for name in modules()]
    elsewhere = {"run_retries"}  # a setting of Dagster's instance
    lost = [
        f"{module.shown}: {name}"
        for module in modules().values()
        for name in re.findall(r"\(``([a-z_.]+)``", ast.get_docstring(module.tree) or "")
        if not name.endswith(".ipynb") and name not in elsewhere
        if not any(each.endswith(f".{name.removesuffix('.py')}") for each in known)
    ]
    assert not lost
