"""Name services: the NameNodes behind one name, and the order in which the client asks them.

Belongs here: reading the NameNodes from the client's settings or Hadoop's files, and changing
their order. Does not belong here: finding the active NameNode. The client does that: it goes on
to the next one if a NameNode refuses or is on standby, but waits for one that does not answer.
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
    """Return settings of the client that let each name service begin with another NameNode.

    Args:
        turn: 0 keeps the configured order; each further turn begins with the next NameNode.
        settings: the client's settings, and the folder of Hadoop's files.
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
    """Return the settings in Hadoop's files, from the folder in which the client finds them."""
    home = os.environ.get("HADOOP_HOME")
    folder = config_dir or os.environ.get("HADOOP_CONF_DIR") or (home and f"{home}/etc/hadoop")
    found: dict[str, str] = {}
    for name in ("core-site.xml", "hdfs-site.xml") if folder else ():
        try:
            root = ET.parse(Path(str(folder)) / name).getroot()
        except (OSError, ET.ParseError):
            continue  # the client reports the fault of the file
        for each in root.iter("property"):
            found[each.findtext("name", "").strip()] = each.findtext("value", "").strip()
    return found
