"""A scored day: its scores with what they were built from, so that they can be explained.

Belongs here: reading the frame and the model of stored scores, of any line, or refusing. Does not
belong here: reasons (``core.pages.reasons``), or selecting a model (``model_selection``).

Stored scores are explained by the very model and features that they were built from, which their
manifest names by digest.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from aml_assets.core.graph import REPORTS
from aml_assets.core.language import Language
from aml_assets.core.model import scoring
from aml_assets.core.model.encoding import Frame
from aml_assets.core.pages import reasons
from aml_assets.core.pages.reasons import Explanation
from aml_assets.core.tables.chunks import Keep, in_memory, taken
from aml_assets.errors import Outdated
from aml_assets.io.manifest import Manifest
from aml_assets.io.paths import beside
from aml_assets.io.spill import Spill
from aml_assets.io.upstream import Upstream
from aml_assets.settings.table_settings import STR
from aml_assets.steps.inputs.model_selection import StoredModel, model_of_digest
from aml_assets.steps.inputs.stored_table import kept_frame
from aml_assets.steps.inputs.window_frames import as_known

if TYPE_CHECKING:
    import xgboost
    from numpy.typing import NDArray

    from aml_assets.io.catalog import Catalog


@dataclass(frozen=True)
class ScoredDay:
    """The stored scores of a day, with what they were built from.

    Attributes:
        manifest: the scores'.
        path: where the scores are.
        frame: the rows for display: all stored columns, labels as known at the day's end.
        known: the same rows as the model scored them, without what reports were told later.
        model: the model that scored them.
        scores: shape (rows,), in the frame's order.
    """

    manifest: Manifest
    path: str
    frame: Frame
    known: Frame
    model: StoredModel
    scores: NDArray[Any]

    @property
    def below(self) -> NDArray[Any]:
        """For each score the share of all scores below it, shape (rows,)."""
        return np.searchsorted(np.sort(self.scores), self.scores) / max(1, len(self.scores))

    def rows(self, places: Sequence[int] | NDArray[Any]) -> Frame:
        """Some rows of the frame, in this order."""
        return _taken(self.frame, places)

    def explained(
        self, places: Sequence[int] | NDArray[Any], *, most: int, threads: int, language: Language
    ) -> list[Explanation]:
        """The reasons of some rows' scores.

        Args:
            places: the rows.
            most: reasons per row.
            threads: the number of threads to use.
            language: of the reasons.
        """
        encoder, reference = self.model.encoder, self.model.reference
        values = encoder.transform(_taken(self.known, places)).values
        contributed = reasons.contributions(self.model.booster, values, threads=threads)
        return reasons.explain(
            encoder, reference, self.rows(places), contributed, most=most, language=language
        )


def scored_day(
    catalog: Catalog,
    day: dt.date,
    scores: Upstream[pa.Table],
    features: Upstream[pa.Table],
    models: Upstream[xgboost.Booster],
    *,
    ad_hoc: str = "",
    part: Callable[[Frame], Frame] = lambda whole: whole,
) -> ScoredDay:
    """Read the scores of a day, and what they were built from.

    Args:
        catalog: settings, as the line has them.
        day: the partition.
        scores: those that are stored.
        features: the line's frames.
        models: the stored models.
        ad_hoc: the name under which an ad hoc run has stored its own scores; "" for the day's.
        part: takes the needed rows from the frame; all by default.

    Raises:
        NotReady: the day has no scores, or no features.
        Outdated: its features are no longer those scored.
        ModelError: the model that scored is no longer in the store.
    """
    stored = scores.partitions
    path = stored.path(day)
    if ad_hoc:
        path = beside(path, ad_hoc)
        manifest = stored.format.read_manifest(stored.store, path)
        scores.record(str(day), manifest.digest)
    else:
        manifest = scores.manifest(day)
    with Spill(catalog.settings.engine) as spill:
        frame = frame_scored(manifest, features, day, spill.keep)
    model = model_of_digest(models, *model_named(manifest, models.asset))
    frame = part(frame)
    known = as_known(catalog, frame)
    if catalog.line == REPORTS:
        frame = _with_labels_of(known, frame, catalog.settings.tables[STR].column("label"))
    threads = catalog.settings.training.threads
    scored = scoring.score(model.booster, model.encoder, known, threads=threads)
    return ScoredDay(manifest, path, frame, known, model, scored.scores)


def frame_scored(
    manifest: Manifest, features: Upstream[pa.Table], day: dt.date, keep: Keep
) -> Frame:
    """The very frame that stored scores were built from.

    Args:
        manifest: the scores'.
        features: the line's frames.
        day: the partition.
        keep: where the rows of a large frame are kept.

    Raises:
        NotReady: the day has no features.
        Outdated: they are no longer those scored.
    """
    frame, scored_from = kept_frame(features, day, keep)
    if manifest.inputs.get(features.asset) != {str(day): scored_from.digest}:
        raise Outdated(
            "the day was scored with other features than are stored now, so its scores can neither "
            "be explained nor checked any more",
            table=manifest.asset,
            day=day,
            remedy=f"Score it again: aml backfill --from {day} --to {day} "
            f"--select {manifest.asset} --remake",
        )
    return frame


def model_named(manifest: Manifest, models: str) -> tuple[str, str, str]:
    """The model_id, the digest and the path of the model that stored scores name.

    Args:
        manifest: the scores'.
        models: the name of the line's models.
    """
    ((model_id, digest),) = manifest.inputs[models].items()
    # "": scored before paths were kept
    return model_id, digest, str(manifest.facts.get("model_path", ""))


def _taken(frame: Frame, places: Sequence[int] | NDArray[Any]) -> Frame:
    rows = np.asarray(places, np.int64)
    return Frame(frame.day, taken(frame.table, rows, in_memory), frame.columns)


def _with_labels_of(known: Frame, frame: Frame, label: str | None) -> Frame:
    """The whole frame for display, with no label that was not known at its day's end."""
    if known is frame or label is None:
        return frame
    place = frame.table.schema.get_field_index(label)
    table = frame.table.set_column(place, label, known.table.column(label))
    return Frame(frame.day, table, frame.columns)
