"""What the tests of `io` store: one value of each format in several versions, and its manifest.

Belongs here: values that tell their version, so that whoever reads one knows which it is. Does
not belong here: where they are stored (`places`), expectations.
"""

from __future__ import annotations

import datetime as dt
import functools
from decimal import Decimal
from typing import Any

import pyarrow as pa

from aml_assets.io.formats import (
    CsvFormat,
    Format,
    HtmlFormat,
    JsonFormat,
    ModelFormat,
    ParquetFormat,
)
from aml_assets.io.manifest import Manifest
from aml_assets.io.store import Store

PATH = "out/part of D.bin"
ENCODER = "aml_assets.encoder"
FORMATS: dict[str, Format[Any]] = {
    "parquet": ParquetFormat(rows_per_group=20_000),
    "csv": CsvFormat(),
    "json": JsonFormat(),
    "html": HtmlFormat(),
    "model": ModelFormat(),
}
KINDS = sorted(FORMATS)


def manifest(version: str) -> Manifest:
    """A manifest that tells which of the values it goes with."""
    return Manifest(
        asset="features/x",
        partition="2024-03-01",
        inputs={"tables/trx": {"2024-03-01": version, "2024-02-29": "absent"}},
        code_version=version,
    )


@functools.cache
def value(kind: str, version: str, rows: int = 50) -> Any:
    """A value of a format, different for each version.

    Args:
        kind: the format.
        version: ``new`` is also longer than the others.
        rows: how large, also for what has no rows.
    """
    rows += rows // 10 if version == "new" else 0
    if kind == "json":
        return {"precision": None, "version": version, "numbers": list(range(rows))}
    if kind == "model":
        return booster(version, rows)
    if kind == "html":
        return page("".join(f"<p>{version} {n}</p>\n" for n in range(rows)))
    ids = [f"{version}-{n}" for n in range(rows)]
    return pa.table({"id": ids, "amount": [n * 0.37 for n in range(rows)]})


def content(kind: str, stored: Any) -> Any:
    """What of a value read can be compared."""
    return stored.attr(ENCODER) if kind == "model" else stored


def is_version(kind: str, stored: Any, version: str, rows: int = 50) -> bool:
    """Whether a value read is this version, whole."""
    return content(kind, stored) == content(kind, value(kind, version, rows))


def write(store: Store, kind: str, version: str, rows: int = 50) -> Manifest:
    """Store a version under `PATH`; gives the manifest as stored."""
    return FORMATS[kind].write(store, PATH, value(kind, version, rows), manifest(version)).manifest


def state(store: Store, kind: str) -> str:
    """Which version is stored under `PATH`; fails if value and manifest are not of one version."""
    found = FORMATS[kind].read_manifest(store, PATH)
    version = found.code_version
    assert is_version(kind, FORMATS[kind].read(store, PATH), version)
    assert found.inputs == manifest(version).inputs
    return version


def page(body: str) -> str:
    """A small HTML document."""
    return f"<!doctype html>\n<html><body>\n{body}</body></html>\n"


def booster(version: str = "old", padding: int = 0) -> Any:
    """A small real booster whose encoder tells its version."""
    import numpy as np
    import xgboost

    rows = np.random.default_rng(0).normal(size=(60, 2))
    data = xgboost.DMatrix(rows, (rows[:, 0] > 0).astype(int), feature_names=["a", "b"])
    trained = xgboost.train({"objective": "binary:logistic", "nthread": 1}, data, 2)
    padded = f',"padding":"{version * padding}"' if padding else ""
    trained.set_attr(**{ENCODER: f'{{"version":"{version}"{padded}}}'})
    return trained


def small_table() -> pa.Table:
    """Forty rows of text, numbers with nulls, and a dictionary."""
    return pa.table(
        {
            "id": [f"T{n:03}" for n in range(40)],
            "amount": pa.array([n / 4 if n % 7 else None for n in range(40)]),
            "kind": pa.array(["cash", "wire"] * 20).dictionary_encode(),
        }
    )


def odd_table() -> pa.Table:
    """Two rows and a null of the types that frames have, with texts that need quotes."""
    noon = dt.datetime(2024, 3, 1, 12, 30, 0, 123456)  # noqa: DTZ001
    return pa.table(
        {
            "text": ["", 'a,"b"\r\nc', None],
            "öd 数": ["00123", " padded ", None],
            "flag": [True, False, None],
            "count": pa.array([2**63 - 1, -(2**63), None], pa.int64()),
            "amount": [0.1, -0.0, None],
            "sum": pa.array([Decimal("1.230"), Decimal("-0.001"), None], pa.decimal128(12, 3)),
            "day": pa.array([dt.date(1970, 1, 1), dt.date(2400, 2, 29), None]),
            "at": pa.array([noon, noon, None], pa.timestamp("us")),
            "kind": pa.array(["wire", "cash", None]).dictionary_encode(),
            "nothing": pa.nulls(3),
        }
    )
