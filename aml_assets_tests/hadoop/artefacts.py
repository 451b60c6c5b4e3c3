"""Hadoop's jars and what runs them.

Belongs here: Hadoop's place among the jars that Maven fetches (`maven`). Does not belong here:
which jars (`pom.xml`, and `jars.sha256` with the hash of each, by which the build of compose's HDFS
compares, too), and starting anything of Hadoop's.
"""

from __future__ import annotations

from pathlib import Path

from aml_assets_tests.maven import ROOT as ROOT
from aml_assets_tests.maven import VAR as VAR
from aml_assets_tests.maven import ArtefactError as ArtefactError
from aml_assets_tests.maven import Artefacts
from aml_assets_tests.maven import java as java

HADOOP = Artefacts("Hadoop", Path(__file__).with_name("pom.xml"))


def jars() -> Path:
    """The folder of the jars; it may not exist yet."""
    return HADOOP.folder


def missing() -> list[str]:
    """What this machine lacks to run Hadoop."""
    return HADOOP.missing()


def require_hadoop() -> None:
    """Skip aloud (or fail under ``AML_REQUIRE_ALL=1``) where Hadoop cannot run."""
    HADOOP.require()


def classpath() -> str:
    """Java's class path of Hadoop's jars."""
    return HADOOP.classpath()


def refuse_other_jars(folder: Path) -> None:
    """Refuse jars that are not those of `jars.sha256`."""
    HADOOP.refuse_other_jars(folder)
