"""The catalog: every asset's partitions by asset name, and the landing.

Belongs here: which asset lies where and in which format, from the settings. Does not belong
here: Dagster (``assets.hdfs_io_manager`` wraps this) or what the assets hold.
"""

from __future__ import annotations

import copy
import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from aml_assets.core.bank_graph import asset_graph
from aml_assets.core.graph import (
    ALERT_PAGE,
    BEHAVIOUR,
    LABEL_HISTORY,
    NETWORK,
    QUEUE,
    REPORTS,
    TABLES,
    TUNING,
    Asset,
    Graph,
    Line,
)
from aml_assets.io.decisions import Decisions
from aml_assets.io.deletions import Deletions
from aml_assets.io.disposition_store import DispositionStore
from aml_assets.io.filesystems import Modes, is_on_cluster
from aml_assets.io.formats import (
    CsvFormat,
    Format,
    HtmlFormat,
    JsonFormat,
    ModelFormat,
    ParquetFormat,
)
from aml_assets.io.holds import Holds
from aml_assets.io.landing_reader import Landing
from aml_assets.io.ledger import Ledger
from aml_assets.io.partition_store import PartitionStore, SnapshotStore
from aml_assets.io.paths import Template
from aml_assets.io.scratch import no_core_dumps
from aml_assets.io.seals import Seals, read_keys
from aml_assets.io.store import Store
from aml_assets.io.surroundings import SurroundingsStore
from aml_assets.io.upstream import Upstream
from aml_assets.settings.of_line import of_line
from aml_assets.settings.table_settings import DISPOSITIONS, STR, TRX

if TYPE_CHECKING:
    import pyarrow as pa
    import xgboost

    from aml_assets.settings.load import Settings

T = TypeVar("T")

RECEIPTS = "receipts"
"""The folder of receipts, ``receipts/<table>``: from which landed files a table was built."""


class Catalog:
    """Every asset's place in the store, and the landing.

    Args:
        settings: the whole configuration; the store and the landing are opened from it.
        rows: further assets of the graph, beside our own; each keeps frames.
    """

    def __init__(self, settings: Settings, rows: Sequence[Asset] = ()) -> None:
        no_core_dumps()  # whoever has a catalog handles customers' data
        self.settings = settings
        self.line = REPORTS
        self._lines: dict[Line, Catalog] = {REPORTS: self}
        self.graph: Graph = asset_graph(
            settings.joined_tables,
            beside=settings.tables_beside,
            customers=settings.customer_tables,
            trx=TRX,
            histories=_histories(settings),
            refit=settings.training.refit,
            tuned=settings.training.tuning is not None,
            lines={name: line.earlier_days for name, line in settings.lines.items()},
            queued=settings.queued_lines,
            known=settings.knows_customers,
            promoted=settings.scoring.model_policy == "promoted",
        ).extended(rows)

    def of_line(self, line: Line) -> Catalog:
        """The catalog of a model line: this store and landing, with the line's settings and paths.

        Each line has one object.
        """
        if line not in self._lines:
            found = self._lines[line] = copy.copy(self)
            found.settings, found.line = of_line(self._lines[REPORTS].settings, line.name), line
            # All lines share these; surroundings record the settings of all lines.
            found.store, found.landing = self.store, self.landing
            found.surroundings, found.ledger = self.surroundings, self.ledger
        return self._lines[line]

    @cached_property
    def store(self) -> Store:
        """The store under the configured root."""
        return self.store_at(self.settings.store.url)

    def store_at(self, url: str) -> Store:
        """A store under another root, with the connection, permissions and keys of ours."""
        of = self.settings.store
        modes = Modes(int(of.file_permissions, 8), int(of.folder_permissions, 8))
        seals = Seals(read_keys(of.seal_keys)) if of.seal_keys else Seals()
        return Store(url, hdfs=self.settings.hdfs, modes=modes, seals=seals)

    @cached_property
    def landing(self) -> Landing:
        """The landing under the configured root."""
        settings = self.settings
        store = Store(settings.landing.url, name="landing", hdfs=settings.hdfs)
        return Landing(
            store, settings.tables, settings.partitions.time_zone, settings.landing.limits
        )

    @cached_property
    def surroundings(self) -> SurroundingsStore:
        """The settings and libraries under which partitions were built."""
        return SurroundingsStore(self.store, self.settings)

    @property
    def login(self) -> str | None:
        """The name as which the store's cluster knows us; ``None`` where nobody checks names."""
        of = self.settings.hdfs
        checks = is_on_cluster(self.settings.store.url) and of.authentication == "kerberos"
        return of.principal if checks else None

    @cached_property
    def skips(self) -> Decisions:
        """Decisions to skip a day, by its ISO date."""
        return Decisions(self.store, "skips")

    @cached_property
    def overrides(self) -> Decisions:
        """Decisions to override a failed check."""
        return Decisions(self.store, "overrides")

    @cached_property
    def ledger(self) -> Ledger:
        """The record of what people and rules decided."""
        return Ledger(self.store, self._decided_before)

    def _decided_before(self) -> dict[str, Any]:
        """The decisions in force from before there was a ledger, by kind and name."""
        found = {"skips": self.skips.all(), "overrides": self.overrides.all()}
        return {
            kind: {name: asdict(decision) for name, decision in of.items()}
            for kind, of in found.items()
            if of
        }

    @cached_property
    def holds(self) -> Holds:
        """The holds: customers and days of which nothing is deleted."""
        return Holds(self.store)

    @cached_property
    def deletions(self) -> Deletions:
        """The partitions that were deleted under a rule."""
        return Deletions(self.store)

    @cached_property
    def dispositions(self) -> DispositionStore:
        """What investigators have decided about reports and customers."""
        landed = self.table(DISPOSITIONS) if self.settings.tables_beside else None
        return DispositionStore(self.store, self.settings.tables[STR].key, landed)

    def frames(self, asset: str) -> PartitionStore[pa.Table]:
        """The partitions of any frame asset, by its name."""
        name, _, table = asset.rpartition("/")
        template = _inside(self.settings.store.frames.replace("{asset}", asset))
        spec = self.settings.tables.get(table) if name == TABLES else None
        if spec is not None and not spec.daily:
            return SnapshotStore(self.store, asset, template, self.surroundings)
        return self._partitions(asset, template, ParquetFormat())

    def table(self, name: str) -> PartitionStore[pa.Table]:
        """The partitions of a checked table."""
        return self.frames(f"{TABLES}/{name}")

    def receipts(self, name: str) -> PartitionStore[Any]:
        """The receipts of a daily table: for each day the signature of its landed files."""
        folder = f"{RECEIPTS}/{name}"
        return PartitionStore(self.store, folder, Template(f"{folder}/{{date}}.json"), JsonFormat())

    def snapshots(self, name: str) -> SnapshotStore:
        """The days of a checked static table."""
        asset, template = f"{TABLES}/{name}", self.table(name).template
        return SnapshotStore(self.store, asset, template, self.surroundings)

    @property
    def features(self) -> PartitionStore[pa.Table]:
        """The frames that the line's models learn from; of the line of reports, merged frames."""
        return self.frames(self.line.features)

    @property
    def models(self) -> PartitionStore[xgboost.Booster]:
        """The models that score."""
        return self._models(self.line.model, self.settings.store.model)

    @property
    def measured_models(self) -> PartitionStore[xgboost.Booster]:
        """The models that metrics measure; with a refit, others than those that score."""
        return self._models(self.line.measured_model, self.settings.store.measured_model)

    def _models(self, asset: str, template: str) -> PartitionStore[xgboost.Booster]:
        place = _inside(template, "model_id")
        return self._partitions(asset, place, ModelFormat(), self.model_id)

    @property
    def studies(self) -> PartitionStore[Any]:
        """The studies that choose training parameters."""
        template = _inside(self.settings.store.tuning)
        return self._partitions(TUNING, template, JsonFormat())

    @property
    def metrics(self) -> PartitionStore[Any]:
        """The metrics of the models."""
        template = _inside(self.settings.store.metrics, "model_id")
        return self._partitions(self.line.metrics, template, JsonFormat(), self.model_id)

    @property
    def model_cards(self) -> PartitionStore[Any]:
        """The cards of the models, which are made with the model pages."""
        template = _inside(self.settings.store.model_card, "model_id")
        return PartitionStore(self.store, self.line.card, template, JsonFormat(), self.model_id)

    @property
    def predictions(self) -> PartitionStore[pa.Table]:
        """The prediction CSVs."""
        of = self.settings.store
        text = of.predictions.replace("{prefix}", of.predictions_prefix)
        legacy = self.settings.output.style == "legacy"
        return self._partitions(self.line.scores, _inside(text), CsvFormat(include_index=legacy))

    @property
    def gates(self) -> PartitionStore[Any]:
        """The gate's comparisons of challengers with champions."""
        template = _inside(self.settings.store.gate)
        return self._partitions(self.line.gate, template, JsonFormat())

    @property
    def shadows(self) -> PartitionStore[pa.Table]:
        """The scores of challengers, in files of their own."""
        template = _inside(self.settings.store.shadow)
        return self._partitions(self.line.shadow, template, CsvFormat())

    @property
    def assets(self) -> list[str]:
        """The names of all assets, upstream first."""
        return self.graph.names

    @property
    def queues(self) -> PartitionStore[pa.Table]:
        """The days' queues of customers."""
        return self._partitions(QUEUE, _inside(self.settings.store.queue), CsvFormat())

    @property
    def alert_pages(self) -> PartitionStore[str]:
        """The pages of the days' alerts."""
        return self._pages(ALERT_PAGE, self.settings.store.alert_report)

    @property
    def model_pages(self) -> PartitionStore[str]:
        """The pages of the days' models."""
        return self._pages(self.line.page, self.settings.store.model_report)

    def _pages(self, asset: str, template: str) -> PartitionStore[str]:
        return self._partitions(asset, _inside(template), HtmlFormat())

    def _partitions(
        self,
        asset: str,
        template: Template,
        format_: Format[T],
        name_of: Callable[[dt.date], str] = str,
    ) -> PartitionStore[T]:
        return PartitionStore(self.store, asset, template, format_, name_of, self.surroundings)

    def of(self, asset: str) -> PartitionStore[Any]:
        """The partitions of any asset; one without a place of its own is stored as frames."""
        if (line := self.graph.line_of(asset)) != self.line:
            return self.of_line(line).of(asset)
        special = {
            self.line.model: self.models,
            self.line.measured_model: self.measured_models,
            TUNING: self.studies,
            self.line.metrics: self.metrics,
            self.line.gate: self.gates,
            self.line.scores: self.predictions,
            self.line.shadow: self.shadows,
            QUEUE: self.queues,
            ALERT_PAGE: self.alert_pages,
            self.line.page: self.model_pages,
            **{
                f"{RECEIPTS}/{name}": self.receipts(name)
                for name in (*self.settings.daily_tables, *self.settings.tables_beside)
            },
        }
        return special.get(asset) or self.frames(asset)

    def upstream(self, asset: str) -> Upstream[Any]:
        """An asset's partitions as a builder reads them."""
        return Upstream(self.of(asset))

    def inputs(self, asset: str) -> dict[str, Upstream[Any]]:
        """All that an asset reads of the store, by the last part of each name."""
        names = [name for name in self.graph[asset].upstream if name in self.graph]
        return {name.rpartition("/")[2]: self.upstream(name) for name in names}

    def model_id(self, day: dt.date) -> str:
        """The name of the day's own model."""
        return f"{self.settings.store.model_prefix}_{day}"


def _histories(settings: Settings) -> dict[str, int]:
    """The features that read a history, and how many days before their own they read."""
    features = settings.features
    found = {NETWORK: features.network.earlier_days} if settings.has_network else {}
    if settings.has_behaviour:
        found[BEHAVIOUR] = features.behaviour.earlier_days
    if settings.has_label_history:
        found[LABEL_HISTORY] = features.label_history.earlier_days
    return found


def _inside(text: str, placeholder: str = "date") -> Template:
    """A template relative to the root; paths of the flow of 2019 begin with a slash."""
    return Template(text.strip("/"), placeholder)
