"""The sources of the settings, file and environment, and what is refused before they are read.

Belongs here: names of variables, which file is read, variables that name no setting, local files
in Kubernetes. Does not belong here: reading the file (``yaml_file``) or a variable (``variables``),
or any single setting (the ``*_settings`` modules).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable

from aml_assets.errors import SettingsError
from aml_assets.settings.alarm_settings import PASSWORD_VARIABLE, WEBHOOK_VARIABLE
from aml_assets.settings.engine_settings import SPARK_TOKEN
from aml_assets.settings.variables import PREFIX
from aml_assets.settings.yaml_file import YamlFile, read_yaml

CONFIG_VARIABLE = "AML_CONFIG"
"""Names the YAML file; without it every setting has its default (local files, no services)."""

_OTHER_VARIABLES = re.compile(
    f"{CONFIG_VARIABLE}|{PASSWORD_VARIABLE}|{WEBHOOK_VARIABLE}|{SPARK_TOKEN}|AML_REQUIRE_ALL|AML_TEST_.*"
)
"""``AML_`` variables that are known and no settings; any other is taken for a misspelt setting."""

_IN_KUBERNETES = "KUBERNETES_SERVICE_HOST"
"""A variable that Kubernetes sets in every pod."""

_SERVICE = re.compile(
    r"AML_([A-Z0-9]+_)*(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT(_\d+_[A-Z]+(_(PROTO|PORT|ADDR))?)?)"
)
"""Variables that Kubernetes sets in every pod for a service whose name begins with ``aml``."""


def configuration_file() -> YamlFile:
    """The file that ``AML_CONFIG`` names; an empty one if the variable is empty or not set.

    Raises:
        SettingsError: names file, line and problem.
    """
    path = os.environ.get(CONFIG_VARIABLE)
    if not path:
        return YamlFile()
    if not os.path.isfile(path):
        raise SettingsError(
            f"{CONFIG_VARIABLE} names {path!r}, which is no file",
            remedy="Correct the path, or unset the variable to use the defaults.",
        )
    return read_yaml(path)


def refuse_unknown_variables(sections: Iterable[str]) -> None:
    """Refuse an environment variable that begins with ``AML_``, in any case, and names no section.

    Args:
        sections: names of the known sections.

    Raises:
        SettingsError: names the variable.
    """
    known = {f"{PREFIX}{name}".upper() for name in sections}
    for variable in os.environ:
        if not variable.upper().startswith(PREFIX) or _OTHER_VARIABLES.fullmatch(variable):
            continue
        if _IN_KUBERNETES in os.environ and _SERVICE.fullmatch(variable):
            continue
        section = variable.partition("__")[0]
        if section in known:
            continue
        upper = variable.upper()
        if section.upper() in known or _OTHER_VARIABLES.fullmatch(upper):
            remedy = f"Write it in upper case: {upper}."
        else:
            remedy = "Settings are AML_<SECTION>__<NAME>; see docs/configuration.md."
        raise SettingsError(f"the environment variable {variable} names no setting", remedy=remedy)


def refuse_local_files_in_pods(**urls: str) -> None:
    """Refuse local files in Kubernetes, where each run is a pod that sees no other pod's files.

    Args:
        **urls: section → its ``url``.

    Raises:
        SettingsError: names the section.
    """
    if _IN_KUBERNETES not in os.environ:
        return
    for name, url in urls.items():
        if url.partition("://")[0] == "file" or "://" not in url:
            raise SettingsError(
                f"{name}.url is local files, and in Kubernetes each pod would see its own",
                remedy=f"Set AML_{name.upper()}__URL to hdfs://, viewfs:// or webhdfs://.",
            )
