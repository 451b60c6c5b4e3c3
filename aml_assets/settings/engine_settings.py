"""The engine as settings: what a step may take of its machine, and a Spark beside the store.

Belongs here: memory, threads and scratch space of a step, and where Spark is. Does not belong here:
what one landed table may be (``store_settings``), or finding out what the machine has
(``io.machine``).
"""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field, field_validator

from aml_assets.settings.section import Section
from aml_assets.settings.urls import Url, is_url

Count = Annotated[int, Field(ge=1)]

_CONNECT = re.compile(r"sc://[^/:;@\s]+(:\d{1,5})?(/(;[^;=\s]+=[^;=\s]*)*)?")
_OURS = ("token", "session_id")
"""Parameters that an address may not have: a secret, and the id that we give to a session."""

SPARK_TOKEN = "AML_SPARK_TOKEN"
"""Environment variable with the token that Spark Connect asks for, which is no setting."""


def _is_connect(url: str) -> str:
    if not _CONNECT.fullmatch(url):
        raise ValueError("the address of a Spark Connect server is written sc://host:port")
    for name in _OURS:
        if f";{name}=" in url:
            raise ValueError(
                f"{name} is no part of the address; a token is read from {SPARK_TOKEN}"
            )
    return url


class SparkSettings(Section):
    """A Spark Connect server, on whose executors what is too large for one machine is computed.

    ``url``: its address, ``sc://host:port`` with parameters of Spark's own, such as
    ``/;use_ssl=true``; without it all is computed by the step itself. The token that it asks for is
    read from ``AML_SPARK_TOKEN``. ``store_url`` (default: ``store.url``): the store as executors
    open it, where they know it by another name. ``deadline_seconds``: a query for whose rows a step
    has to wait longer is ended.
    """

    url: Annotated[str, AfterValidator(_is_connect)] | None = None
    store_url: Url | None = None
    deadline_seconds: Annotated[float, Field(gt=0, le=604_800)] = 3600.0


class EngineSettings(Section):
    """What a step may take of its machine; none of it changes a byte of what is built.

    ``memory`` (default: three quarters of what the cgroup of the process has, or the machine; below
    5 GB, all but 1.25 GB; below 2 GB, three eighths): bytes that the SQL engine may take; a table
    is held in memory if it is small beside them, else it lies in a private folder on disk, which is
    deleted with the step. ``threads``: of the SQL engine. ``spill_folder`` (default: the system's
    folder for temporary files): where that folder lies. ``spill`` (default: no bound but the disk):
    the most bytes that a step may write there; its SQL engine may write as many besides.
    ``spark``: where a Spark is.
    """

    memory: Count | None = None
    threads: Count = 1
    spill_folder: Url | None = None
    spill: Count | None = None
    spark: SparkSettings = SparkSettings()

    @field_validator("spill_folder")
    @classmethod
    def _is_on_this_machine(cls, folder: str | None) -> str | None:
        if folder is not None and is_url(folder):
            raise ValueError("engine.spill_folder is a folder of the machine that runs the step")
        return folder
