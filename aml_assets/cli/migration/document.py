"""The migrated configuration as YAML, with the source of each setting in a comment.

Belongs here: the file's text. Does not belong here: the settings in it (``mapping``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

import yaml

from aml_assets.cli.migration.outcomes import Migration, Setting
from aml_assets.cli.migration.variable import NAME, shown

_HEAD = f"""\
# Made by `aml migrate` from the Airflow Variable {NAME}; each setting follows what it comes from.
# Use it with `export AML_CONFIG=<this file>`. What every setting means: docs/configuration.md;
# the old flow's words, and both side by side: docs/migration.md.
"""


def document(migration: Migration) -> str:
    """The YAML file's text, with the dropped keys and their reasons at its end."""
    lines = [_HEAD, *_sections(migration.settings, depth=0)]
    dropped = [outcome for outcome in migration.outcomes if not outcome.places]
    if dropped:
        lines.append("\n# Not taken over:")
        lines += [f"#   {shown(outcome.key)}: {outcome.reason}" for outcome in dropped]
    return "\n".join(lines).replace("\n\n\n", "\n\n") + "\n"


def _sections(settings: Sequence[Setting], depth: int) -> Iterator[str]:
    indent = "  " * depth
    for name, group in groupby(settings, key=lambda each: each.place.split(".")[depth]):
        inner = list(group)
        if depth == 0:
            yield ""
        if len(inner) == 1 and inner[0].place.count(".") == depth:
            yield f"{indent}# {inner[0].source}"
            yield f"{indent}{name}: {_value(inner[0].value)}"
        else:
            yield f"{indent}{name}:"
            yield from _sections(inner, depth + 1)


def _value(value: object) -> str:
    text = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=10_000)
    return text.removesuffix("\n").removesuffix("\n...")
