"""A pack for filing: all that is stored of one case, as files for an authority or an archive.

Belongs here: the files of a pack, and their list with digests. Does not belong here: writing them
(``cli.case_command``), the page (``steps.builders.build_alert_page``), or the codes of an authority
(``core.cases.filed_codes``).

Nothing is filed anywhere by us. The page in a pack is the stored alert page with one case alone. If
an input of that page, or a setting, has changed since, the pack is refused.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import posixpath
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from aml_assets.core.cases.dispositions import Disposition, Key, as_texts
from aml_assets.core.cases.filed_codes import filed
from aml_assets.core.cases.queue import CUSTOMER
from aml_assets.core.days import days_between
from aml_assets.core.graph import ALERT_PAGE, FEATURES, MODEL, PREDICTIONS
from aml_assets.core.pages.alert_page import AlertPage
from aml_assets.core.relations.account_codes import plain_type
from aml_assets.core.relations.timeline import transactions_of
from aml_assets.errors import InputError, NotReady, Outdated
from aml_assets.io.formats.csv import csv_text
from aml_assets.io.manifest import Manifest
from aml_assets.io.upstream import Upstream
from aml_assets.settings.table_settings import STR, TRX
from aml_assets.steps.builders.build_alert_page import page_of
from aml_assets.steps.inputs.evidence import by_customer, columns_named, first_counted
from aml_assets.steps.inputs.labelling import unit_places
from aml_assets.steps.inputs.run_options import RunOptions
from aml_assets.steps.inputs.window_frames import read_stored

if TYPE_CHECKING:
    from aml_assets.io.catalog import Catalog

CASE, MODEL_PAGE, TRANSACTIONS, DECISIONS = (
    "case.html", "model.html", "transactions.csv", "decisions.csv",
)  # fmt: skip
MANIFEST = "manifest.json"


def case_pack(catalog: Catalog, customer: str, day: dt.date) -> dict[str, bytes]:
    """The files of a pack, by name.

    Args:
        catalog: settings, store and dispositions.
        customer: the text of the customer's id.
        day: of the alert page on which the customer has a case.

    Raises:
        NotReady: the alert page, or the page of the model that scored, is not stored.
        Outdated: an input of the page, or a setting, has changed since.
        InputError: the customer has no case on that day, or a transaction has no code.
    """
    page, manifest, path = _stored_page(catalog, day)
    case = page.only(customer)
    if case is None:
        raise InputError(
            "the customer has no case on this day",
            table=ALERT_PAGE,
            day=day,
            remedy="Take the id and the day from an alert page; queue.budget and reports.alerts "
            "say how many cases it has.",
        )
    settings = catalog.settings.filing
    transactions = _transactions(catalog, customer, day)
    files = {
        CASE: replace(case, predictions="", model_report=MODEL_PAGE).to_html().encode(),
        MODEL_PAGE: _model_page(catalog, page, path, day),
        TRANSACTIONS: csv_text(filed(transactions, settings.columns, settings.values, day)),
        DECISIONS: csv_text(_decisions(catalog, customer, day)),
    }
    about = {"customer": customer, "day": str(day), "model": page.model_id}
    return {**files, MANIFEST: _listed(about, files, manifest)}


def _stored_page(catalog: Catalog, day: dt.date) -> tuple[AlertPage, Manifest, str]:
    """The content of the stored alert page, its manifest and its path."""
    stored = catalog.alert_pages.manifest(day)
    inputs = catalog.inputs(ALERT_PAGE)
    predictions, features, models = (
        inputs.pop(name.rpartition("/")[2]) for name in (PREDICTIONS, FEATURES, MODEL)
    )
    page, again, path = page_of(catalog, day, predictions, features, models, inputs, RunOptions())
    parts = ("inputs", "settings", "code_version", "facts")
    if any(getattr(again, part) != getattr(stored, part) for part in parts):
        raise Outdated(
            "an input of the page has changed since, or the settings have",
            table=ALERT_PAGE,
            day=day,
            remedy=f"Build it again: aml backfill --from {day} --to {day} --select {ALERT_PAGE} "
            "--remake",
        )
    return page, stored, path


def _model_page(catalog: Catalog, page: AlertPage, path: str, day: dt.date) -> bytes:
    """The page of the model that scored the day."""
    place = posixpath.normpath(posixpath.join(posixpath.dirname(path), page.model_report))
    pages = catalog.model_pages
    if not pages.store.exists(place):
        raise NotReady(
            f"the page of the model {page.model_id} is not stored",
            table=pages.asset,
            day=day,
            remedy="Build it: aml backfill with --select and the model's day.",
        )
    pages.format.read_manifest(pages.store, place)  # verifies the page, too
    return pages.store.read(place)


def _transactions(catalog: Catalog, customer: str, day: dt.date) -> pa.Table:
    """The customer's transactions of the days that the page tells of, oldest first."""
    spec, stored = catalog.settings.tables[TRX], catalog.table(TRX)
    days = [of for of in days_between(first_counted(catalog, day), day) if stored.has(of)]
    tables = [transactions_of(stored.load(of), spec, {customer}) for of in days]
    plain = [
        pa.table([each.cast(plain_type(each.type)) for each in of.columns], of.column_names)
        for of in tables
    ]
    try:
        return pa.concat_tables(plain, promote_options="permissive")
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        raise InputError(
            f"a column changes its type between {days[0]} and {days[-1]}",
            table=TRX,
            day=day,
            remedy="Say the type under tables.trx.kinds, and restate the days.",
        ) from None


def _decisions(catalog: Catalog, customer: str, day: dt.date) -> pa.Table:
    """All that was decided on the customer, or on his reports until the day, oldest first.

    Dispositions that others have replaced, or that wait for a second person, are among them.
    """
    names, keys = catalog.settings.tables[STR].key, _reports(catalog, customer, day)
    found: list[Disposition] = [
        each
        for each in catalog.dispositions.brought().given
        if each.customer == customer or each.key in keys
    ]

    def texts(values: list[str]) -> pa.Array:
        return pa.array(values, pa.string())

    columns: dict[str, Any] = {"day": pa.array([each.day for each in found], pa.date32())}
    for place, name in enumerate(names):
        columns[f"{STR}.{name}"] = texts([each.key[place] if each.key else "" for each in found])
    for name in ("customer", "disposition", "reason", "note", "by"):
        columns[name] = texts([getattr(each, name) for each in found])
    return pa.table(columns)


def _reports(catalog: Catalog, customer: str, day: dt.date) -> set[Key]:
    """The keys of the customer's reports of the days that the page tells of."""
    places, key = unit_places(catalog, CUSTOMER), catalog.settings.tables[STR].key
    merged: Upstream[pa.Table] = Upstream(catalog.features)
    found = set[Key]()
    days = days_between(first_counted(catalog, day), day)
    for frame in read_stored(catalog, merged, days, places).frames:
        keys = {name: frame.table.column(name) for name in key}
        rows = by_customer(
            frame.table, columns_named(frame.columns, places), frame.day,
            **{f"key {place}": keys[name] for place, name in enumerate(key)},
        )  # fmt: skip
        texts = zip(*(as_texts(column).to_pylist() for column in rows.columns), strict=True)
        found |= {tuple(of) for one, *of in texts if one == customer}
    return found


def _listed(about: Mapping[str, str], files: Mapping[str, bytes], page: Manifest) -> bytes:
    """The list of a pack's files with their digests, and the page's inputs, as JSON."""
    content = {
        "case": about,
        "files": {name: hashlib.sha256(files[name]).hexdigest() for name in sorted(files)},
        "page": {"digest": page.digest, "inputs": page.inputs},
    }
    return (json.dumps(content, ensure_ascii=False, indent=2, sort_keys=True) + "\n").encode()
