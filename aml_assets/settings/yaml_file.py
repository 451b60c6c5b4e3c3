"""The configuration's YAML file: its content, and the line of every setting in it.

Belongs here: reading YAML so that nothing is dropped or becomes something else in silence. Does not
belong here: what a setting means (the ``*_settings`` modules), or which file it is (``sources``).

A text is a number, a truth value or null only where YAML 1.1, PyYAML's, and YAML 1.2 agree on it.
By YAML 1.1 alone ``10:30`` is the number 630, ``010`` is 8, ``no`` is false, and ``2024-02-30`` is
an error without a place. All others stay texts, which the settings' types read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from aml_assets.errors import SettingsError
from aml_assets.settings.text_file import decoded

_Place = tuple[str | int, ...]

_MOST_NODES = 100_000
"""No configuration has so many values; aliases of aliases can stand for more than memory holds."""


@dataclass(frozen=True)
class YamlFile:
    """A configuration file.

    Attributes:
        path: the file as it was named; empty if there is none.
        content: section names → settings, as plain values.
        lines: place of a setting → its line in the file, counted from 1.
    """

    path: str = ""
    content: Mapping[str, Any] = field(default_factory=dict)
    lines: Mapping[_Place, int] = field(default_factory=dict)


def read_yaml(path: str) -> YamlFile:
    """Read a configuration file; an empty one has no sections.

    Raises:
        SettingsError: names file, line and problem: it cannot be read, is not YAML, is no mapping,
            or has a key twice.
    """
    try:
        text = decoded(Path(path).read_bytes())
    except OSError as error:
        raise _refusal(path, f"cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise _refusal(path, str(error)) from None
    try:
        content, lines = _parsed(text)
    except yaml.MarkedYAMLError as error:
        raise _refusal(path, _sentence(text, error)) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise _refusal(path, f"line {line}: a character that YAML does not allow") from None
    except RecursionError:
        raise _refusal(path, "it is nested too deeply") from None
    if not isinstance(content, dict) or not all(isinstance(name, str) for name in content):
        raise _refusal(path, "it is not a mapping of section names to settings")
    return YamlFile(path, content, lines)


def _parsed(text: str) -> tuple[Any, dict[_Place, int]]:
    """The content of a YAML text and the lines of its places; both empty for an empty text."""
    loader = _Loader(text)
    root = loader.get_single_node()
    if root is None:
        return {}, {}
    lines: dict[_Place, int] = {}
    for place, line in _lines(root):
        lines.setdefault(place, line)
    content = loader.construct_document(root)
    return ({} if content is None else content), lines


class _Loader(yaml.SafeLoader):
    """Reads plain values, by the rule of the module's docstring; refuses a key given twice."""

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        """Compose a mapping, and refuse a key that stands twice; merged ones (``<<``) may."""
        node: yaml.MappingNode = super().compose_mapping_node(anchor)
        first: dict[tuple[str, str], int] = {}
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                name = (key.tag, key.value)
                if name in first:
                    twice = f"the key {key.value!r} stands already in line {first[name]}"
                    raise _Refused(f"{twice}; write it once", key.start_mark)
                first[name] = key.start_mark.line + 1
        return node

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        """Return a node's value; for a value that its tag does not allow, raise with its line."""
        try:
            return super().construct_object(node, deep=deep)
        except (ValueError, TypeError, OverflowError, LookupError, AttributeError):
            # PyYAML takes it for granted that a text fits its tag, as `!!bool maybe` does not.
            kind = node.tag.rpartition(":")[2]
            raise _Refused(f"this is no {kind}", node.start_mark) from None


_Loader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?(?:0|[1-9][0-9]*)", "-+0123456789"),
    (
        "float",
        r"[-+]?(?:(?:0|[1-9][0-9]*)\.[0-9]*|\.[0-9]+)(?:[eE][-+][0-9]+)?"
        r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
        "-+.0123456789",
    ),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("merge", r"<<", "<"),
):
    _Loader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}", re.compile(rf"^(?:{_pattern})$"), list(_first)
    )


class _Refused(yaml.MarkedYAMLError):
    """The text is YAML, and not allowed in a configuration."""

    def __init__(self, problem: str, mark: yaml.Mark | None) -> None:
        super().__init__(problem=problem, problem_mark=mark)


def _lines(root: yaml.Node) -> Iterator[tuple[_Place, int]]:
    """Yield the line of each key and item; where a place comes twice, the first one is in force."""
    waiting: list[tuple[_Place, yaml.Node, frozenset[int]]] = [((), root, frozenset())]
    for _ in range(_MOST_NODES):
        if not waiting:
            return
        place, node, above = waiting.pop()
        if id(node) in above:
            raise _Refused("an alias stands for what it is a part of", node.start_mark)
        yield place, node.start_mark.line + 1
        waiting += [(*part, above | {id(node)}) for part in _parts(place, node)]
    raise _Refused("its aliases stand for too many values", root.start_mark)


def _parts(place: _Place, node: yaml.Node) -> list[tuple[_Place, yaml.Node]]:
    """The parts of a node, to be put on a stack: own keys come last, and so are popped first.

    So an own key is in force over one that is merged (``<<``).
    """
    if isinstance(node, yaml.SequenceNode):
        return [((*place, number), each) for number, each in enumerate(node.value)]
    merged: list[tuple[_Place, yaml.Node]] = []
    own: list[tuple[_Place, yaml.Node]] = []
    for key, value in node.value if isinstance(node, yaml.MappingNode) else ():
        if key.tag == "tag:yaml.org,2002:merge":
            several = value.value if isinstance(value, yaml.SequenceNode) else [value]
            merged += [(place, each) for each in reversed(several)]
        elif isinstance(key, yaml.ScalarNode):
            own.append(((*place, key.value), value))
    return [*merged, *own]


def _sentence(text: str, error: yaml.MarkedYAMLError) -> str:
    """Line and problem of an error of PyYAML's, which never quotes more than one name."""
    mark = error.problem_mark or error.context_mark
    if mark is None:
        return f"it is not YAML: {error.problem}"
    lines = text.splitlines()
    line = lines[mark.line] if mark.line < len(lines) else ""
    if "\t" in line[: mark.column + 1]:
        return f"line {mark.line + 1}: a tab; YAML is indented by spaces"
    problem = error.problem if isinstance(error, _Refused) else f"it is not YAML: {error.problem}"
    return f"line {mark.line + 1}: {problem}"


def _refusal(path: str, problem: str) -> SettingsError:
    sign = ", " if problem.startswith("line ") else ": "
    return SettingsError(
        f"{path}{sign}{problem}", remedy="Correct the file; see docs/configuration.md."
    )
