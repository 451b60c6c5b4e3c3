"""Pages and files for people as settings: the section ``reports`` and the section ``output``.

Belongs here: how much a page shows, and the style of the files. Does not belong here: rendering
a page (``core.pages``) or writing a file (``io.formats``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from aml_assets.settings.section import Section
from aml_assets.settings.table_settings import STR, TableSettings


def _one_line(text: str) -> str:
    if not text.isprintable():
        raise ValueError("it must be one line of printable characters")
    return text


def _qualified(name: str) -> str:
    table, _, column = name.partition(".")
    if not table or not column:
        raise ValueError(f"write {name!r} as table.column")
    return name


LanguageCode = Literal["en", "zh"]
"""A language that people read: English, or Chinese."""

QualifiedColumn = Annotated[str, AfterValidator(_qualified)]
"""A column as ``table.column``."""


class PageSettings(Section):
    """Contents of the HTML pages; the section is called ``reports`` in the configuration.

    ``alerts``: number of a day's highest scores that the alert page shows and explains.
    ``reasons``: number of columns spelt out for each of them. ``name_columns``: names that a
    column with the customer's name may have; the first one that a customer table has is shown
    beside the id. ``columns``: the bank's own columns on the alert page, each as
    ``table.column``. ``marking``: the line that marks a page for its readers, such as the bank's
    word for confidential. ``history_days``: number of days whose metrics the model page shows.
    ``segments``: categories, each as ``table.column``, by which the model page splits the
    evaluation; without any it takes those that the model uses most.
    ``budget``: the alert budget, which is how many alerts (reports, accounts or customers) the
    investigators can work per day. ``types``: the column that says of what type a report is, as
    ``table.column``, for figures by type; frames may lack it, and ``None`` is for no such figures.
    ``base_url``: where a web server serves the store, for links to the pages in the UI.
    ``language``: the language of the pages.
    """

    alerts: Annotated[int, Field(ge=1)] = 1000
    reasons: Annotated[int, Field(ge=1)] = 8
    name_columns: list[str] = Field(
        default_factory=lambda: ["name", "full_name", "customer_name", "company_name"]
    )
    columns: list[QualifiedColumn] = Field(default_factory=list)
    marking: Annotated[str, AfterValidator(_one_line), Field(max_length=200)] = ""
    history_days: Annotated[int, Field(ge=1)] = 30
    base_url: Annotated[str, Field(pattern=r"^https?://[^\s/]+")] | None = None
    segments: list[QualifiedColumn] = Field(default_factory=list)
    budget: Annotated[int, Field(ge=1)] = 20
    types: QualifiedColumn | None = f"{STR}.report_type"
    language: LanguageCode = "en"

    def refuse_unknown(self, tables: Mapping[str, TableSettings]) -> None:
        """Refuse columns that no page can show.

        Raises:
            ValueError: a column's table is unknown, or the column is never read.
        """
        # Only a type that the bank has set is checked: frames may lack the default's column.
        types = [self.types] if self.types and "types" in self.model_fields_set else []
        chosen = {"columns": self.columns, "segments": self.segments, "types": types}
        for key, names in chosen.items():
            refuse_columns(f"reports.{key}", names, tables)


def refuse_columns(setting: str, names: Iterable[str], tables: Mapping[str, TableSettings]) -> None:
    """Refuse columns that no frame can have.

    Args:
        setting: the setting that names them, for errors.
        names: each as ``table.column``.
        tables: the configured tables.

    Raises:
        ValueError: a column's table is unknown, or the column is never read.
    """
    for name in names:
        table, _, column = name.partition(".")
        if table not in tables:
            raise ValueError(
                f"{setting}: {name}: there is no table {table!r}; tables are {', '.join(tables)}"
            )
        if column in tables[table].exclude:
            raise ValueError(f"{setting}: {name}: tables.{table}.exclude leaves it out")


class OutputSettings(Section):
    """Style of predictions and metrics; ``legacy`` writes them exactly as the flow of 2019 did."""

    style: Literal["default", "legacy"] = "default"
