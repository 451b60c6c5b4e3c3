"""The bank's own table of dispositions of a day, as dispositions of ours.

Belongs here: reading the landed rows, and one error for all that cannot be taken. Does not belong
here: what is wrong with a row (``core.cases.disposition_file``), whether its subject is one of ours
(``steps.inputs.known_subjects``), or which dispositions count (``core.cases.dispositions``).

The table is stored as ``aml decide`` keeps its files, and read with them: its rows are known from
the day after the partition's. It may land on a day or not, and no day waits for it.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from aml_assets.core.cases import disposition_file as file
from aml_assets.core.cases.disposition_file import Fault, read_row
from aml_assets.core.cases.dispositions import Disposition, as_texts
from aml_assets.core.graph import LANDING, TABLES
from aml_assets.core.tables import contracts
from aml_assets.errors import InputError
from aml_assets.io.disposition_store import table_of
from aml_assets.io.formats import Published
from aml_assets.io.manifest import ABSENT, Manifest, settings_hash
from aml_assets.io.spill import Spill
from aml_assets.settings.table_settings import (
    DISPOSITION_ROLES,
    DISPOSITIONS,
    STR,
    TableSettings,
    key_of_decided,
)
from aml_assets.steps.builders.build_table import with_receipt
from aml_assets.steps.builders.built import Built
from aml_assets.steps.inputs.known_subjects import doubts

if TYPE_CHECKING:
    from aml_assets.io.catalog import Catalog

CODE_VERSION = "1"

_BY = "by"
_ROLE_OF = {file.CUSTOMER: "cust_id"} | {
    name: name for name in (file.DAY, file.DISPOSITION, file.REASON, file.NOTE, _BY)
}
"""Column of ours → the role of the bank's column."""

_TWICE = "it is decided twice, and the table does not say which decision is newer"
_NOBODY = "it does not say who decided"
_LATER = "its day lies after that of the table"
_DECIDED_LATER = "it was decided after the day of the table"


@dataclass(frozen=True)
class _Row:
    """A readable row, and when it was decided; ``None`` where the table does not say."""

    said: Disposition
    decided: dt.datetime | None

    @property
    def order(self) -> tuple[Any, ...]:
        """The sort key: oldest first, then by content, so that equal rows are stored equally."""
        at, said = str(self.decided or ""), self.said
        return (at, said.day, said.key, said.customer, said.person, said.disposition)


def build_dispositions(catalog: Catalog, day: dt.date) -> Built:
    """Take the dispositions that landed from the bank's own tool on a day: all rows, or none.

    Args:
        catalog: the landing; the stored reports, queues and scores.
        day: the partition. If no table has landed, the stored one stays; if there is none, an
            empty one is built.

    Raises:
        InputError: the table breaks its contract, or rows of it cannot be taken.
        NotReady: it is still being written.
    """
    if not catalog.landing.has(DISPOSITIONS, day):
        return _kept(catalog, day) or _built(catalog, day, [], ABSENT)
    spec, key = _contract(catalog), catalog.settings.tables[STR].key
    with Spill(catalog.settings.engine) as spill:
        landed = catalog.landing.read(DISPOSITIONS, day, spill)
        frame = landed.table if landed.table is not None else contracts.empty(spec, _key(catalog))
        checked = contracts.check(
            frame,
            spec,
            name=DISPOSITIONS,
            day=day,
            join_columns=_key(catalog),
            index_columns=landed.index_columns,
            max_abs_number=catalog.settings.features.max_abs_number,
            time_zone=catalog.settings.partitions.time_zone,
            keep=landed.keep,
        )
    faults = Counter[Fault]()
    rows = list(_readable(catalog, checked.table, day, faults))
    faults.update(_contradicting(rows))
    rows.sort(key=lambda row: row.order)
    given = [row.said for row in rows]
    found = doubts(catalog, given, key)
    faults.update(Fault("", doubt) for doubt in found if doubt and not doubt.is_open)
    if faults:
        raise _refused(catalog, day, faults)
    built = _built(catalog, day, given, landed.digest)
    figures = {"unchecked": sum(bool(doubt) for doubt in found)}
    files = {"files": landed.files, "bytes": landed.length, "digest": landed.digest}
    built = replace(built, figures={**built.figures, **figures}, landed={DISPOSITIONS: files})
    return replace(built, publish=with_receipt(catalog, DISPOSITIONS, day, built, landed))


def _kept(catalog: Catalog, day: dt.date) -> Built | None:
    """The stored table of a day that has not landed, as it is; ``None`` if there is none."""
    stored = catalog.table(DISPOSITIONS)
    if not stored.has(day):
        return None
    manifest = stored.manifest(day)
    figures = {"rows": manifest.rows, "kept": True}
    return Built(None, manifest, figures, publish=lambda: Published(False, manifest))


def _built(catalog: Catalog, day: dt.date, given: Sequence[Disposition], digest: str) -> Built:
    settings = catalog.settings
    counts = Counter(each.disposition for each in given)
    figures = {"rows": len(given), **counts, "of_customers": sum(bool(e.customer) for e in given)}
    manifest = Manifest(
        asset=f"{TABLES}/{DISPOSITIONS}",
        partition=str(day),
        inputs={f"{LANDING}/{DISPOSITIONS}": {str(day): digest}},
        code_version=CODE_VERSION,
        settings=settings_hash(
            settings.tables[DISPOSITIONS].model_dump(exclude={"path"}),
            settings.tables[STR].key,
            settings.dispositions.model_dump(mode="json", exclude={"four_eyes"}),
            settings.partitions.time_zone,
        ),
        facts=figures,
    )
    return Built(table_of(given, settings.tables[STR].key), manifest, figures)


def _key(catalog: Catalog) -> list[str]:
    """The table's columns that name a report; none where it is about customers alone."""
    tables = catalog.settings.tables
    return key_of_decided(tables[DISPOSITIONS], tables[STR])


def _contract(catalog: Catalog) -> TableSettings:
    """The table's settings without roles that dispositions do not have."""
    spec = catalog.settings.tables[DISPOSITIONS]
    kept = (*DISPOSITION_ROLES, "cust_id", "decided_at")
    roles = {role: name for role, name in spec.roles.items() if role in kept}
    return spec.model_copy(update={"roles": roles})


def _readable(
    catalog: Catalog, table: pa.Table, day: dt.date, faults: Counter[Fault]
) -> Iterator[_Row]:
    """The rows that can be read; what is wrong with the others is added to the faults."""
    settings, spec = catalog.settings.dispositions, _contract(catalog)
    columns = _key(catalog)
    key = dict(zip(file.columns_of_file(columns)[1:], columns, strict=False))
    named = {ours: name for ours, role in _ROLE_OF.items() if (name := spec.column(role))}
    texts = {ours: _texts(table.column(name)) for ours, name in {**key, **named}.items()}
    decided_at = spec.column("decided_at")
    times = table.column(decided_at).to_pylist() if decided_at else [None] * table.num_rows
    for number, at in enumerate(times):
        cells = {ours: of[number] for ours, of in texts.items()}
        cells[file.DISPOSITION] = settings.meaning(cells[file.DISPOSITION].strip())
        by = cells.pop(_BY).strip()
        said = read_row(cells, list(key), settings.reasons, by)
        if isinstance(said, Fault):
            faults[said] += 1
        elif not by:
            faults[Fault(_BY, _NOBODY)] += 1
        elif said.day > day:
            faults[Fault(file.DAY, _LATER)] += 1
        elif at is not None and (at.date() if isinstance(at, dt.datetime) else at) > day:
            faults[Fault("decided_at", _DECIDED_LATER)] += 1
        else:
            yield _Row(said, at)


def _texts(column: pa.ChunkedArray) -> list[str]:
    """A column's values as texts, "" where there is none; times as their days."""
    if pa.types.is_temporal(column.type):
        column = column.cast(pa.date32(), safe=False)
    return [text or "" for text in as_texts(column).to_pylist()]


def _contradicting(rows: Iterable[_Row]) -> Iterator[Fault]:
    """A fault for each row that contradicts or repeats another one of its subject and moment.

    Two people may say the same; one person may say nothing twice.
    """
    before: dict[Any, list[Disposition]] = {}
    for row in rows:
        others = before.setdefault((row.said.subject, row.decided), [])
        if any(
            o.person == row.said.person or o.disposition != row.said.disposition for o in others
        ):
            yield Fault("", _TWICE)
        others.append(row.said)


def _refused(catalog: Catalog, day: dt.date, faults: Mapping[Fault, int]) -> InputError:
    """One error that names the columns, what is wrong, and in how many rows."""
    ordered = sorted(faults.items(), key=lambda each: (each[0].column, each[0].sentence))
    columns = dict.fromkeys(name for fault, _ in ordered for name in _of_bank(catalog, fault))
    said = "; ".join(
        f"{count} {'row' if count == 1 else 'rows'}: {fault.sentence}" for fault, count in ordered
    )
    return InputError(
        f"nothing of it was taken: {said}",
        table=DISPOSITIONS,
        day=day,
        column=", ".join(columns),
        remedy="Have the day restated; the bank's words for a disposition are named under "
        "dispositions.words.",
    )


def _of_bank(catalog: Catalog, fault: Fault) -> list[str]:
    """The bank's columns that a fault is about: those that name the subject, if no other."""
    spec = catalog.settings.tables[DISPOSITIONS]
    if fault.column:
        names = [spec.column(_ROLE_OF.get(fault.column, fault.column))]
    else:
        names = [*_key(catalog), spec.column("cust_id")]
    return [name for name in names if name]
