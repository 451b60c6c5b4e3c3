"""Name services: which NameNodes stand behind one name, and with which of them to begin.

Belongs here: reading that from the client's settings or Hadoop's files, and putting it into
another order. Does not belong here: finding the active one (the client asks one after the other,
and goes on where one refuses or says that it is on standby; where one says nothing, it stays).
"""

from __future__ import annotations

import os
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aml_assets.settings.store_settings import HdfsSettings

_NAMENODES = "dfs.ha.namenodes."


def beginning_with(turn: int, settings: HdfsSettings) -> dict[str, str]:
    """Settings of the client by which each name service begins with another NameNode.

    Args:
        turn: 0 gives the configured order, each further one begins with the next NameNode.
        settings: the client's own ones, and where Hadoop's files lie.
    """
    if turn == 0:
        return {}
    known = {**_from_files(settings.config_dir), **settings.client}
    rotated = {}
    for key, value in known.items():
        if key.startswith(_NAMENODES):
            names = value.split(",")
            at = turn % len(names)
            rotated[key] = ",".join(names[at:] + names[:at])
    return rotated


def _from_files(config_dir: str | None) -> dict[str, str]:
    """The settings in Hadoop's files, found where the client finds them."""
    home = os.environ.get("HADOOP_HOME")
    folder = config_dir or os.environ.get("HADOOP_CONF_DIR") or (home and f"{home}/etc/hadoop")
    found: dict[str, str] = {}
    for name in ("core-site.xml", "hdfs-site.xml") if folder else ():
        try:
            root = ET.parse(Path(str(folder)) / name).getroot()
        except (OSError, ET.ParseError):
            continue  # the client says what is wrong with it
        for each in root.iter("property"):
            found[each.findtext("name", "").strip()] = each.findtext("value", "").strip()
    return found
