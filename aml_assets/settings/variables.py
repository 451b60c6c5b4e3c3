"""Settings from environment variables: ``AML_<SECTION>__<NAME>``, deeper places with more ``__``.

Belongs here: which variable sets which place, and reading its JSON so that nothing is dropped in
silence. Does not belong here: variables that name no section (``sources``), or what a setting means
(the ``*_settings`` modules).

A variable's name spells section and setting in upper case. A part of it that is a key of a mapping,
such as a table's name, means the file's key that differs from it in case alone. If the file has no
such key, a part in upper case means the key in lower case, and any other part means itself.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, EnvSettingsSource
from pydantic_settings.exceptions import SettingsError as ParsingError

from aml_assets.errors import SettingsError

PREFIX = "AML_"
_DELIMITER = "__"

Place = tuple[str | int, ...]
"""Where a setting stands: section, name, further keys; a number is a position in a list."""


def values_of_variables(
    settings: type[BaseSettings], file: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[Place, str]]:
    """Return the settings that the environment's variables give.

    Args:
        settings: the model of all sections.
        file: the content of the configuration file, with the keys that variables can mean.

    Returns:
        The values as a file would have them; and place → the variable that sets it.

    Raises:
        SettingsError: names the variable: its JSON is broken or has a key twice, or another
            variable sets the same place, or an enclosing one to no mapping.
    """
    found: dict[Place, str] = {}
    normal: dict[str, str | None] = {}
    for variable, text in os.environ.items():
        place = _place(variable, settings, file)
        if not place:
            continue
        if place in found:
            raise SettingsError(
                f"the environment variables {found[place]} and {variable} set the same",
                remedy="Unset one of them.",
            )
        found[place] = variable
        name = PREFIX + _DELIMITER.join(map(str, place))
        _Source(settings, {name: text}).refuse_broken(variable)
        normal[name] = text
    values = _Source(settings, normal)()
    _refuse_hidden(values, found)
    return values, found


def _refuse_hidden(values: Mapping[str, Any], found: Mapping[Place, str]) -> None:
    """Refuse a variable without effect: another one sets an enclosing place to no mapping."""
    for place in sorted(found, key=len, reverse=True):
        if _is_within(values, place):
            continue
        around = next((found[place[:n]] for n in range(len(place)) if place[:n] in found), None)
        raise SettingsError(
            f"the environment variable {found[place]} has no effect"
            + (f" beside {around}, which gives no mapping" if around else ""),
            remedy="Unset one of them." if around else "Unset it, or give it a value.",
        )


def _is_within(values: Any, place: Place) -> bool:
    """True if there is a value at a place."""
    for part in place:
        if not (isinstance(values, Mapping) and part in values):
            return False
        values = values[part]
    return True


class _Source(EnvSettingsSource):
    """Pydantic's reader of variables, given variables whose names are spelt as the settings."""

    def __init__(self, settings: type[BaseSettings], variables: Mapping[str, str | None]) -> None:
        super().__init__(settings, case_sensitive=True)
        self.env_vars = variables

    def refuse_broken(self, variable: str) -> None:
        """Refuse a variable that cannot be read.

        Raises:
            SettingsError: names the variable, and not its text, which may be long.
        """
        try:
            self()
        except ParsingError as error:
            cause = error.__cause__
            what = str(cause) if isinstance(cause, _Twice) else "is no JSON"
            raise SettingsError(
                f"the environment variable {variable}: its text {what}",
                remedy="Lists and mappings are given as JSON; see docs/configuration.md.",
            ) from None

    def decode_complex_value(self, field_name: str, field: FieldInfo | None, value: Any) -> Any:
        """Parse JSON; a key given twice is refused, as in the file."""
        try:
            return json.loads(value, object_pairs_hook=_unique)
        except RecursionError:
            raise ValueError("nested too deeply") from None


class _Twice(ValueError):
    """A key that its object had already; the text says which."""


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise _Twice(f"has the key {key!r} twice")
        found[key] = value
    return found


def _place(variable: str, settings: type[BaseSettings], file: Mapping[str, Any]) -> Place | None:
    """The place that a variable sets, its keys spelt as they are meant; ``None`` for no section."""
    if not variable.startswith(PREFIX):
        return None
    parts = variable.removeprefix(PREFIX).split(_DELIMITER)
    if parts[0].lower() not in settings.model_fields:
        return None
    place: list[str] = []
    annotation: Any = settings
    known: Any = file
    for part in parts:
        name = _spelt(part, annotation, known)
        place.append(name)
        annotation = _below(annotation, name)
        known = known.get(name) if isinstance(known, Mapping) else None
    return tuple(place)


def _spelt(part: str, annotation: Any, known: Any) -> str:
    """A part of a variable's name as the settings spell it."""
    if _mapping_value(annotation) is None:
        return part.lower()
    keys = known if isinstance(known, Mapping) else ()
    alike = [key for key in keys if str(key).casefold() == part.casefold()]
    if len(alike) == 1:
        return str(alike[0])
    return part.lower() if part == part.upper() else part


def _below(annotation: Any, name: str) -> Any:
    """The type of the part ``name`` of a value of this type; ``None`` where it is not known."""
    if (value := _mapping_value(annotation)) is not None:
        return value
    for each in (annotation, *get_args(annotation)):
        if isinstance(each, type) and issubclass(each, BaseModel) and name in each.model_fields:
            return each.model_fields[name].annotation
    return None


def _mapping_value(annotation: Any) -> Any:
    """The type of a mapping's values; ``None`` if the type is no mapping."""
    for each in (annotation, *get_args(annotation)):
        if get_origin(each) is dict:
            return get_args(each)[1]
    return Any if annotation is Any else None
