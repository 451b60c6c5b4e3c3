"""Pages and files for people as settings: the section ``reports`` and the section ``output``.

Belongs here: how much a page shows, and the style of the files. Does not belong here: rendering
a page (``core.pages``) or writing a file (``io.formats``).
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from aml_assets.settings.section import Section


class PageSettings(Section):
    """Contents of the HTML pages; the section is called ``reports`` in the configuration.

    ``alerts``: number of a day's highest scores that the alert page shows and explains.
    ``reasons``: number of columns spelt out for each of them. ``name_columns``: names that a
    column with the customer's name may have; the first one that a customer table has is shown
    beside the id. ``history_days``: number of days whose metrics the model page shows.
    """

    alerts: Annotated[int, Field(ge=1)] = 1000
    reasons: Annotated[int, Field(ge=1)] = 8
    name_columns: list[str] = Field(
        default_factory=lambda: ["name", "full_name", "customer_name", "company_name"]
    )
    history_days: Annotated[int, Field(ge=1)] = 30


class OutputSettings(Section):
    """Style of predictions and metrics; ``legacy`` writes them exactly as the flow of 2019 did."""

    style: Literal["default", "legacy"] = "default"
