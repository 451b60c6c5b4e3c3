"""Standard metadata: what Dagster shows of every asset and every partition, beside its figures.

Belongs here: schemas, URIs, row counts, links and code references, under Dagster's own keys. Does
not belong here: figures (the builders), or the events that carry all this (``events``). No entry
holds a value of a row.
"""

from __future__ import annotations

import datetime as dt
import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import dagster as dg
import pyarrow as pa

from aml_assets.core.graph import ALERT_PAGE, QUEUE, TABLES
from aml_assets.settings.calendar_settings import WEEKDAYS

if TYPE_CHECKING:
    from aml_assets.io.catalog import Catalog
    from aml_assets.settings.load import Settings
    from aml_assets.settings.table_settings import TableSettings
    from aml_assets.steps.builders.built import Built

URI, ROW_COUNT, COLUMNS = "dagster/uri", "dagster/row_count", "dagster/column_schema"
_CODE = "dagster/code_references"

_ROLES: Mapping[str, str] = {
    "trx_id": "Id of the transaction.",
    "ins_id": "Id of the institution that reported it.",
    "cust_id": "Id of the customer.",
    "account_id": "Id of the customer's account.",
    "target_cust_id": "Id of the counterparty.",
    "target_account_id": "Id of the counterparty's account.",
    "amount": "Amount of the transaction.",
    "timestamp": "Time of the transaction.",
    "decided_at": "When investigators decided.",
    "day": "Day of the report or the queue that was decided on.",
    "disposition": "What an investigator decided, in the bank's words.",
    "reason": "Code of the reason.",
    "note": "The investigator's own words.",
    "by": "Who decided.",
    "label": "What investigators decided: 1 suspicious, 0 not, null undecided.",
}
_OURS: Mapping[str, str] = {
    "event_day": "Day of the report.",
    "trx_day": "Day whose transactions hold the report's; null where none does.",
    "pred_score": "The model's probability, 0 to 1.",
    "rank": "Position by score; 1 is the highest.",
    "model_id": "Name of the model that scored the row.",
}


def definition_metadata(catalog: Catalog, asset: str, build: Callable[..., Any]) -> dict[str, Any]:
    """Return the metadata of a built asset: its place, its code, its declared columns.

    Args:
        catalog: where it is stored.
        asset: group/name.
        build: the function that builds a day; the UI links to its source.
    """
    group, _, name = asset.partition("/")
    found: dict[str, Any] = {URI: f"{catalog.store.url}/{catalog.of(asset).template.text}"}
    if (source := inspect.getsourcefile(build)) is not None:
        line = inspect.getsourcelines(build)[1]
        reference = dg.LocalFileCodeReference(file_path=source, line_number=line)
        found[_CODE] = dg.CodeReferencesMetadataValue(code_references=[reference])
    if group == TABLES:
        found[COLUMNS] = _declared(catalog.settings.tables[name])
    return found


def landing_metadata(settings: Settings, table: str) -> dict[str, Any]:
    """Return the metadata of a landed table: its place, and its contract's columns."""
    spec = settings.tables[table]
    return {URI: f"{settings.landing.url}/{spec.path}", COLUMNS: _declared(spec)}


def partition_metadata(
    catalog: Catalog, asset: str, day: dt.date, built: Built, seconds: float
) -> dict[str, Any]:
    """Return the metadata of a published partition: its file, and a frame's rows and columns.

    Args:
        catalog: where it is stored.
        asset: group/name.
        day: the partition.
        built: its content.
        seconds: how long it took to build and publish.
    """
    path = built.path or catalog.of(asset).stored_file(day)
    found: dict[str, Any] = {
        URI: f"{catalog.store.url}/{path}",
        "seconds": float(f"{seconds:.2g}"),
        **dict(_links(catalog, asset, day)),
    }
    if isinstance(built.value, pa.Table):
        found[ROW_COUNT] = built.value.num_rows
        found[COLUMNS] = _schema(catalog.settings, built)
    return found


def freshness_policy(settings: Settings) -> dg.FreshnessPolicy | None:
    """A new partition by the landing deadline of each landing day; ``None`` if partitions end.

    Dagster judges by the last materialization, of whichever partition. A single late day is for
    the alarms of the landing sensor.
    """
    if settings.partitions.last_day is not None:
        return None
    automation = settings.automation
    landing = (WEEKDAYS.index(name) for name in settings.partitions.landing_days)
    # cron counts weekdays from Sunday, and a day is due some days after it.
    weekdays = sorted((number + 1 + automation.deadline_days) % 7 for number in landing)
    at = automation.deadline
    return dg.FreshnessPolicy.cron(
        deadline_cron=f"{at.minute} {at.hour} * * {','.join(map(str, weekdays))}",
        lower_bound_delta=dt.timedelta(days=1),
        timezone=settings.partitions.time_zone,
    )


def _links(catalog: Catalog, asset: str, day: dt.date) -> Iterator[tuple[str, dg.MetadataValue]]:
    """Links to the day's pages of the asset's line, if pages are served."""
    base = catalog.settings.reports.base_url
    graph = catalog.graph
    if base is None or asset not in graph.learning:
        return
    line = graph.line_of(asset)
    names = {ALERT_PAGE: "alert page", line.page: "model page", QUEUE: "queue"}
    for page in graph.followers:
        if graph.line_of(page) != line:
            continue
        name = names.get(page, page)
        yield name, dg.MetadataValue.url(f"{base.rstrip('/')}/{catalog.of(page).path(day)}")


def _declared(spec: TableSettings) -> dg.TableSchema:
    """The columns that a table's settings name; the types are known once a day is stored."""
    roles = _roles(spec)
    names = dict.fromkeys([*spec.key, *roles, *spec.kinds])
    return dg.TableSchema(
        [_column(name, spec.kinds.get(name, "any"), roles.get(name)) for name in names]
    )


def _schema(settings: Settings, built: Built) -> dg.TableSchema:
    """The columns of a stored frame, with type, role and origin."""
    facts: Any = built.manifest.facts.get("columns", ())
    origins = {fact["name"]: fact["column"] for fact in facts}
    roles = {name: _roles(spec) for name, spec in settings.joined_tables.items()}
    everywhere = {name: role for each in roles.values() for name, role in each.items()}
    columns: list[dg.TableColumn] = []
    for each in built.value.schema:
        role, came = everywhere.get(each.name), ""
        if (origin := origins.get(each.name)) and origin["table"] in roles:
            role = roles[origin["table"]].get(origin["source"])
            came = f"From {origin['table']}.{origin['source']}, taken as {origin['kind']}."
        columns.append(_column(each.name, str(each.type), role, came))
    return dg.TableSchema(columns)


def _roles(spec: TableSettings) -> dict[str, str]:
    """Column → its role."""
    return {name: role for role, name in spec.roles.items() if name}


def _column(name: str, kind: str, role: str | None, came: str = "") -> dg.TableColumn:
    text = _ROLES[role] if role else _OURS.get(name, "")
    description = f"{text} {came}".strip()
    return dg.TableColumn(
        name, kind, description=description or None, tags={"role": role} if role else None
    )
