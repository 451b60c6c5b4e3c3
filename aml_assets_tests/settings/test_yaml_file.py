"""YAML as people write it: nothing is lost or becomes something else, and an error has a line."""

from pathlib import Path
from typing import Any

import pytest

from aml_assets.errors import SettingsError
from aml_assets.settings.yaml_file import YamlFile, read_yaml


@pytest.fixture
def read(tmp_path: Path):
    def read(text: str) -> YamlFile:
        path = tmp_path / "bank.yaml"
        path.write_text(text, encoding="utf-8")
        return read_yaml(str(path))

    return read


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("10:30", "10:30"),
        ("18:30:15", "18:30:15"),
        ("190:20:30.15", "190:20:30.15"),
        ("010", "010"),
        ("0o10", "0o10"),
        ("1_000", "1_000"),
        ("no", "no"),
        ("off", "off"),
        ("2024-02-30", "2024-02-30"),
        ("=", "="),
        ("12", 12),
        ("1e3", "1e3"),
        ("-1.5e+3", -1500.0),
        ("true", True),
        ("~", None),
        ("", None),
    ],
)
def test_a_text_is_what_it_looks_like(read: Any, text: str, value: object):
    assert read(f"a: {text}\n").content == {"a": value}


def test_what_is_merged_lies_below_a_mappings_own_keys_and_each_has_its_line(read: Any):
    found = read("a: &a\n  x: 1\n  y: 1\nb:\n  x: 2\n  <<: *a\nc:\n  - *a\n")
    assert found.content["b"] == {"x": 2, "y": 1}
    assert found.lines["b", "x"] == 5
    assert found.lines["b", "y"] == 3
    assert found.lines["c", 0, "x"] == 2


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n", "\ufeff"])
def test_an_empty_file_has_no_sections(read: Any, text: str):
    assert read(text).content == {}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a: 1\nb: 2\na: 3\n", "line 3: the key 'a' stands already in line 1"),
        ("a:\n  - {b: {c: 1,\n  'c': 2}}\n", "line 3: the key 'c' stands already in line 2"),
        ("a: &a {b: 1,\n  b: 2}\nc: {<<: *a}\n", "line 2: the key 'b' stands already in line 1"),
        ("a: &a {x: 1}\nb:\n  <<: *a\n  <<: *a\n", "line 4: the key '<<' stands already"),
        ("a:\n  b: 1\n\tc: 2\n", "line 3: a tab"),
        ("a:\n\tb: 1\n", "line 2: a tab"),
        ("a: 1\nb: [1\n", "is not YAML"),
        ("a: 1\n---\nb: 2\n", "line 2: it is not YAML"),
        ("a: 1\nb: \x07\n", "line 2: a character that YAML does not allow"),
        ("a: 1\nb: !!timestamp 2024-02-30\n", "line 2: this is no timestamp"),
        ("a: 1\nb: !!timestamp soon\n", "line 2: this is no timestamp"),
        ("a: 1\nb: !!bool maybe\n", "line 2: this is no bool"),
        ("a: 1\nb: !!int ''\n", "line 2: this is no int"),
        ("a: 1\nb: !!python/object:os.system {}\n", "line 2: it is not YAML"),
        ("a: 1\nb: *c\n", "line 2: it is not YAML: found undefined alias 'c'"),
        ("a: 1\nb: &b [*b]\n", "line 2: an alias stands for what it is a part of"),
        ("[" * 1000, "nested too deeply"),
        ("- a\n", "not a mapping of section names"),
        ("1: {a: 2}\n", "not a mapping of section names"),
    ],
)
def test_what_is_no_configuration_is_refused_with_file_and_line(
    read: Any, text: str, sentence: str
):
    with pytest.raises(SettingsError) as raised:
        read(text)
    assert "bank.yaml" in str(raised.value)
    assert sentence in str(raised.value)
    assert "\n" not in str(raised.value)


def test_aliases_of_aliases_do_not_fill_the_memory(read: Any):
    lines = ["a0: &a0 [1]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    with pytest.raises(SettingsError, match="too many values"):
        read("\n".join(lines))


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path):
    with pytest.raises(SettingsError, match=f"{tmp_path}: cannot be read: Is a directory"):
        read_yaml(str(tmp_path))
