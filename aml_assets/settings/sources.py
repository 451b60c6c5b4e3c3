"""The sources of the settings, file and environment, and what is refused before they are read.

Belongs here: names of variables, malformed files, variables that name no setting, local files
in Kubernetes. Does not belong here: any single setting (the ``*_settings`` modules).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

import yaml

from aml_assets.errors import SettingsError
from aml_assets.settings.alarm_settings import PASSWORD_VARIABLE, WEBHOOK_VARIABLE

CONFIG_VARIABLE = "AML_CONFIG"
"""Names the YAML file; without it every setting has its default (local files, no services)."""

_OTHER_VARIABLES = re.compile(
    f"{CONFIG_VARIABLE}|{PASSWORD_VARIABLE}|{WEBHOOK_VARIABLE}|AML_REQUIRE_ALL|AML_TEST_.*"
)
"""``AML_`` variables that are known and no settings; any other is taken for a misspelt setting."""

_IN_KUBERNETES = "KUBERNETES_SERVICE_HOST"
"""A variable that Kubernetes sets in every pod."""

_SERVICE = re.compile(
    r"AML_([A-Z0-9]+_)*(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT(_\d+_[A-Z]+(_(PROTO|PORT|ADDR))?)?)"
)
"""Variables that Kubernetes sets in every pod for a service whose name begins with ``aml``."""


def refuse_malformed(path: str) -> None:
    """Refuse a configuration file that is missing, not YAML, or no mapping of section names.

    Raises:
        SettingsError: names the file and the problem.
    """
    if not Path(path).is_file():
        raise SettingsError(
            f"{CONFIG_VARIABLE} names {path!r}, which is no file",
            remedy="Correct the path, or unset the variable to use the defaults.",
        )
    try:
        content = yaml.safe_load(Path(path).read_text(encoding="utf-8")) or {}
    except (yaml.YAMLError, ValueError) as error:
        raise SettingsError(
            f"{path} is not YAML ({type(error).__name__})",
            remedy="Check its syntax; see docs/configuration.md.",
        ) from None
    if not isinstance(content, dict) or not all(isinstance(name, str) for name in content):
        raise SettingsError(
            f"{path} is not a mapping of section names to settings",
            remedy="See docs/configuration.md.",
        )


def refuse_unknown_variables(sections: Iterable[str]) -> None:
    """Refuse an environment variable that begins with ``AML_`` and names no known section.

    Args:
        sections: names of the known sections.

    Raises:
        SettingsError: names the variable.
    """
    known = {f"AML_{name}".upper() for name in sections}
    for variable in os.environ:
        if not variable.startswith("AML_") or _OTHER_VARIABLES.fullmatch(variable):
            continue
        if _IN_KUBERNETES in os.environ and _SERVICE.fullmatch(variable):
            continue
        if variable.partition("__")[0] not in known:
            raise SettingsError(
                f"the environment variable {variable} names no setting",
                remedy="Settings are AML_<SECTION>__<NAME>; see docs/configuration.md.",
            )


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
