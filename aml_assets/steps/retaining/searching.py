"""Searching: whether a stored file names one of some customers.

Belongs here: looking into files of each format, kept versions among them. Does not belong here:
what follows for their partitions (``steps.retaining.planning``).

A file that cannot be read counts as naming them, and is kept: a deletion cannot be undone.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from aml_assets.core.cases.dispositions import as_texts
from aml_assets.errors import AmlError, CorruptFile
from aml_assets.io.formats import CsvFormat, ParquetFormat
from aml_assets.io.formats.csv import columns_in
from aml_assets.steps.inputs.customer_columns import customer_columns

if TYPE_CHECKING:
    from aml_assets.io.catalog import Catalog

REPORT_DAY = "report_day"
"""The column of a file of dispositions with the days of the reports that it is about."""


class Search:
    """Looks for customers in the files of a store.

    Args:
        catalog: the store, and the roles of columns.
        customers: the texts of their ids.
    """

    def __init__(self, catalog: Catalog, customers: Iterable[str]) -> None:
        self._store, self._settings = catalog.store, catalog.settings
        self._customers = pa.array(sorted(set(customers)), pa.string())
        self._known: dict[str, bool] = {}
        ids = {form for one in self._customers.to_pylist() for form in (one, html.escape(one))}
        words = b"|".join(re.escape(one.encode()) for one in sorted(ids))
        self._words = re.compile(rb"(?<!\w)(?:" + words + rb")(?!\w)")

    def finds(self, path: str) -> bool:
        """Whether a file names one of the customers.

        Raises:
            TransientStoreError: the store is away.
        """
        if not len(self._customers):
            return False
        if path not in self._known:
            try:
                self._known[path] = self._finds(path)
            except AmlError as error:
                if error.retryable:
                    raise
                self._known[path] = True
        return self._known[path]

    def report_days(self, path: str) -> set[str]:
        """The days of the reports that a file of dispositions is about; none of another file.

        Raises:
            StoreError: it cannot be read.
        """
        if REPORT_DAY not in self._names(path):
            return set()
        table = ParquetFormat().read(self._store, path, [REPORT_DAY])
        return {str(day) for day in table.column(REPORT_DAY).unique().to_pylist()}

    def _finds(self, path: str) -> bool:
        suffix = path.rpartition(".")[2]
        if suffix == "parquet":
            names = customer_columns(self._settings, self._names(path))
            table = ParquetFormat().read(self._store, path, names) if names else None
        elif suffix == "csv":
            csv = CsvFormat()
            names = customer_columns(
                self._settings, columns_in(csv.read_manifest(self._store, path))
            )
            table = csv.read(self._store, path, names) if names else None
        elif suffix == "html":
            return self._words.search(self._store.read(path)) is not None
        else:  # models and figures name nobody
            return False
        return table is not None and any(
            pc.any(pc.is_in(as_texts(column), value_set=self._customers)).as_py()
            for column in table.columns
        )

    def _names(self, path: str) -> list[str]:
        """The columns of a Parquet file."""
        try:
            return self._store.load(path, lambda file: pq.read_schema(file).names)
        except pa.ArrowException:
            raise CorruptFile("it is no Parquet file", path=path, operation="read") from None
