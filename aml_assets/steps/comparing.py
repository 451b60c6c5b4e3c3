"""The two inputs of ``aml compare``: a day of the store, a day of another store, or a file.

Belongs here: finding and reading the predictions and metrics of one input. Does not belong here:
comparing two of them (``core.compare.file_comparison``) or printing (``cli.compare``).
"""

from __future__ import annotations

import json
import posixpath
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aml_assets.core.days import parse_day
from aml_assets.errors import AmlError, InputError, NotFound, StoreError
from aml_assets.io.catalog import Catalog
from aml_assets.io.formats.base import VERSIONS
from aml_assets.io.paths import split_path
from aml_assets.io.store import Store
from aml_assets.io.texts import read_texts

if TYPE_CHECKING:
    import datetime as dt

    import pyarrow as pa

_DAY = re.compile(r"(\d{4}-\d{2}-\d{2})(?:@([0-9a-f]{6,64}))?")


@dataclass(frozen=True)
class ComparedInput:
    """Predictions, metrics or both, read from one place.

    Attributes:
        name: path or URL of the place, for people.
        predictions: the rows, every column as text; ``None`` where there are none.
        metrics: the document without our manifest; ``None`` where there is none.
        is_day: whether it is a day, whose metrics belong to its predictions.
    """

    name: str
    predictions: pa.Table | None = None
    metrics: dict[str, Any] | None = None
    is_day: bool = False


def read_input(catalog: Catalog, text: str, *, store: str | None = None) -> ComparedInput:
    """Read one of the inputs to compare.

    Args:
        catalog: the configured store; another store is read by its templates and connection.
        text: a day; ``DAY@DIGEST`` for a CSV of that day that was replaced; else a file's path
            or URL.
        store: root of another store that holds the day.

    Raises:
        NotFound: there are no predictions of the day, or no such file.
        InputError: a file is neither a CSV of predictions nor a JSON document of metrics.
        AmlError: the text names no day and no file, or not exactly one CSV has such a digest.
    """
    match = _DAY.fullmatch(text)
    day = parse_day(match[1]) if match else None
    if not match or day is None:
        if store:
            raise AmlError(f"{text!r} is no day, and another store has days", remedy=_USAGE)
        return _read_file(catalog, text)
    if match[2]:
        return _read_version(catalog, day, match[2], store)
    return _read_day(catalog, day, store)


_USAGE = "Give YYYY-MM-DD, YYYY-MM-DD@digest, or the path or URL of a file."


def _read_day(catalog: Catalog, day: dt.date, url: str | None) -> ComparedInput:
    of, metrics = _open(catalog, url), None
    path = catalog.predictions.path(day)
    if url is None:
        catalog.predictions.manifest(day)  # raises CorruptFile for an altered file
    predictions = read_texts(of.read(path), path)
    try:
        metrics = _document(of.read(catalog.metrics.path(day)), catalog.metrics.path(day))
    except NotFound:
        metrics = None  # an input may have none; the comparison says so
    return ComparedInput(f"{of.url}/{path}", predictions, metrics, is_day=True)


def _read_version(catalog: Catalog, day: dt.date, digest: str, url: str | None) -> ComparedInput:
    """Read the CSV, current or replaced, whose digest begins with ``digest``."""
    of, path = _open(catalog, url), catalog.predictions.path(day)
    folder, name = split_path(path)
    stem = name.rpartition(".")[0] or name
    kept = posixpath.join(folder, VERSIONS)
    found = [
        f"{kept}/{entry.name}"
        for entry in of.list(kept)
        if entry.name.startswith(f"{stem}.{digest}")
    ]
    if not found and url is None and catalog.predictions.manifest(day).digest.startswith(digest):
        found = [path]
    if len(found) != 1:
        raise AmlError(
            f"{len(found)} CSVs have a digest that begins with {digest}",
            table=catalog.predictions.asset,
            day=day,
            remedy=f"See what is kept under {of.url}/{kept}.",
        )
    if url is None:
        catalog.predictions.format.read_manifest(of, found[0])  # raises CorruptFile as above
    return ComparedInput(f"{of.url}/{found[0]}", read_texts(of.read(found[0]), found[0]))


def _read_file(catalog: Catalog, text: str) -> ComparedInput:
    folder, slash, name = text.rpartition("/")
    if not name:
        raise AmlError(f"{text!r} is neither a day nor a file", remedy=_USAGE)
    root = folder or ("/" if slash else ".")
    try:
        data = Store(root, hdfs=catalog.settings.hdfs).read(name)
    except StoreError as error:
        raise error.at(text) from None
    if data.lstrip()[:1] == b"{":
        return ComparedInput(text, metrics=_document(data, name))
    return ComparedInput(text, predictions=read_texts(data, name))


def _open(catalog: Catalog, url: str | None) -> Store:
    return Store(url, hdfs=catalog.settings.hdfs) if url else catalog.store


def _document(data: bytes, name: str) -> dict[str, Any]:
    try:
        content = json.loads(data)
        content.pop("_manifest", None)
    except (ValueError, AttributeError, RecursionError):
        raise InputError(
            f"{name} is no JSON object",
            remedy="Give metrics, as ours or the old flow's.",
        ) from None
    return content


def refuse_unlike(left: ComparedInput, right: ComparedInput) -> None:
    """Refuse to compare predictions with metrics.

    Raises:
        AmlError: the inputs have neither predictions nor metrics in common.
    """
    if not (
        (left.predictions is not None and right.predictions is not None)
        or (left.metrics is not None and right.metrics is not None)
    ):
        raise AmlError(
            "one side holds predictions, the other metrics", remedy="Give two of one kind."
        )
