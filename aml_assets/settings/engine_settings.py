"""The engine as settings: what a step may take of its machine.

Belongs here: memory, threads and scratch space of a step. Does not belong here: what one landed
table may be (``store_settings``), or finding out what the machine has (``io.machine``).
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, field_validator

from aml_assets.settings.section import Section
from aml_assets.settings.urls import Url, is_url

Count = Annotated[int, Field(ge=1)]


class EngineSettings(Section):
    """What a step may take of its machine; none of it changes a byte of what is built.

    ``memory`` (default: three quarters of what the cgroup of the process has, or the machine; below
    5 GB, all but 1.25 GB; below 2 GB, three eighths): bytes that the SQL engine may take, and the
    measure of what is held in memory; what is larger lies in a private folder on disk, which ends
    with the step. ``threads``: of the SQL engine. ``spill_folder`` (default: the system's folder
    for temporary files): where that folder lies. ``spill`` (default: no bound but the disk): the
    most bytes that a step may write there, and its SQL engine besides.
    """

    memory: Count | None = None
    threads: Count = 1
    spill_folder: Url | None = None
    spill: Count | None = None

    @field_validator("spill_folder")
    @classmethod
    def _is_on_this_machine(cls, folder: str | None) -> str | None:
        if folder is not None and is_url(folder):
            raise ValueError("engine.spill_folder is a folder of the machine that runs the step")
        return folder
