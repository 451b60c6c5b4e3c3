"""What is wrong with given settings, in one sentence that says where each was given.

Belongs here: the words for a validation's errors, and the place of a setting. Does not belong
here: reading or validating (``load``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from aml_assets.errors import shown
from aml_assets.settings.variables import Place
from aml_assets.settings.yaml_file import YamlFile


@dataclass(frozen=True)
class Places:
    """Where each setting was given: a line of the file, or a variable over it."""

    file: YamlFile
    variables: Mapping[Place, str]

    def of(self, place: Place) -> str | None:
        """The variable or line that gives the setting at a place, or the section that holds it."""
        for length in range(len(place), 0, -1):
            part = place[:length]
            if part in self.variables:
                return self.variables[part]
            within = [name for each, name in self.variables.items() if each[:length] == part]
            if len(within) == 1 and part not in self.file.lines:
                return within[0]
            if part in self.file.lines:
                return f"{self.file.path}, line {self.file.lines[part]}"
        return None


def problems_of(error: ValidationError, places: Places) -> str:
    """All problems in one sentence, each with the setting's place and without its value."""
    return "; ".join(_problem(dict(problem), places) for problem in error.errors())


def _problem(problem: Mapping[str, Any], places: Places) -> str:
    name = ".".join(shown(str(part)) for part in problem["loc"])
    given = places.of(problem["loc"])
    where = f" ({given})" if given else ""
    if problem["type"] == "extra_forbidden":
        return f"unknown setting {name}{where}"
    if problem["type"] == "model_type":
        return f"{name}: Input should be a mapping of settings{where}"
    message = str(problem["msg"]).removeprefix("Value error, ")
    return f"{name}: {message}{where}" if name else message
