"""File formats of partitions: Parquet frames, models, JSON, CSV and HTML.

Belongs here: one format per module, with the manifest inside the file (for CSV: beside it) and
the checks of every read. Does not belong here: paths, days, IO managers.
"""

from aml_assets.io.formats.base import Format, Published, version_path
from aml_assets.io.formats.booster import ModelFormat
from aml_assets.io.formats.canonical import canonical
from aml_assets.io.formats.csv import CsvFormat
from aml_assets.io.formats.html import HtmlFormat
from aml_assets.io.formats.json import JsonFormat
from aml_assets.io.formats.parquet import ParquetFormat

__all__ = [
    "CsvFormat",
    "Format",
    "HtmlFormat",
    "JsonFormat",
    "ModelFormat",
    "ParquetFormat",
    "Published",
    "canonical",
    "version_path",
]
