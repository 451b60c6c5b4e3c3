"""One stored model for a notebook: its training data, its features, scores and what-ifs.

Belongs here: inspecting a stored model and scoring rows with it. Does not belong here: training
(``steps.builders.build_model``), or selecting a day's model (``steps.inputs.model_selection``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from aml_assets.core.graph import REPORTS
from aml_assets.core.model import scoring
from aml_assets.core.model.encoding import Frame
from aml_assets.core.pages import reasons
from aml_assets.core.tables.join_columns import EVENT_DAY
from aml_assets.errors import AmlError
from aml_assets.steps.inputs.stored_frames import load_frame

if TYPE_CHECKING:
    import pandas as pd

    from aml_assets.core.model.encoding import Matrix
    from aml_assets.io.catalog import Catalog
    from aml_assets.steps.inputs.model_selection import StoredModel


@dataclass(frozen=True)
class WhatIf:
    """The score of a row without and with some changed values.

    Attributes:
        before: the score of the row as it is, in [0, 1].
        after: the score of the row with the changes, in [0, 1].
        contributions: one row per feature, the largest change first: its contribution to the
            log-odds ``before`` and ``after`` (SHAP values of the trees) and the ``change``. With
            the row ``(base)`` they sum to the log-odds.
        unseen: features whose new value the model has never seen and scores like a missing one.
    """

    before: float
    after: float
    contributions: pd.DataFrame
    unseen: tuple[str, ...]

    def __repr__(self) -> str:
        more = f", never seen in training: {', '.join(self.unseen)}" if self.unseen else ""
        return f"{self.before:.4f} → {self.after:.4f}{more}"


class Model:
    """A stored model.

    Args:
        catalog: the store with the features to score.
        stored: the model as it was read.
    """

    def __init__(self, catalog: Catalog, stored: StoredModel) -> None:
        self._catalog = catalog
        self._stored = stored
        self.id = stored.model_id
        self.day = stored.day
        self.digest = stored.manifest.digest
        self.facts: Mapping[str, Any] = stored.manifest.facts
        """Windows, days read, rows, positives."""

    def __repr__(self) -> str:
        first, last = self._stored.trained_on
        return (
            f"Model({self.id}: {len(self._stored.encoder.features)} features, "
            f"{self._stored.booster.num_boosted_rounds()} trees, "
            f"trained on {first} … {last})"
        )

    @property
    def features(self) -> pd.DataFrame:
        """Every feature of the model, the most important first.

        Returns:
            One row per feature: its table and column, its encoding, the number of values that its
            vocabulary holds, and its share of the total gain.
        """
        import pandas as pd

        encoder = self._stored.encoder
        gains = scoring.importance(self._stored.booster, encoder)
        total = sum(gains.values()) or 1.0
        rows = [
            (f.name, f.table, f.column, f.encoding, len(f.vocabulary), gains.get(f.name, 0) / total)
            for f in encoder.features
        ]
        names = ["feature", "table", "column", "encoding", "values_known", "gain"]
        table = pd.DataFrame(rows, columns=names).set_index("feature")
        return table.sort_values("gain", ascending=False, kind="stable")

    @property
    def left_out(self) -> dict[str, str]:
        """Columns that are no feature → the reason."""
        return dict(self._stored.encoder.left_out)

    def score(self, day: dt.date | str) -> pd.Series:
        """Score all reports of a day with this model, or all whom its line scores.

        Returns:
            One score in [0, 1] per row of ``features/merged_features``, or of the line's frames, in
            its order.

        Raises:
            NotReady: the day has no features.
        """
        import pandas as pd

        frame = self._frame(dt.date.fromisoformat(str(day)))
        return pd.Series(self._scores(self._stored.encoder.transform(frame)), name="pred_score")

    def what_if(
        self, row: pd.Series, changes: Mapping[str, Any] | None = None, /, **more: Any
    ) -> WhatIf:
        """Score a row of ``features/merged_features`` without and with some values changed.

        A row of a line's frames does not name its day: its columns are taken for those of the last
        day that the model has learnt from.

        Args:
            row: e.g. ``bank.load("merged_features", day).iloc[0]``.
            changes: new values by column; None for missing.
            **more: further new values, for columns whose names Python allows: ``amount=1000``.

        Raises:
            AmlError: a changed column is missing or no feature of this model, or a value does
                not fit the column's type.
        """
        wanted = {**(changes or {}), **more}
        day = row.get(EVENT_DAY) if self._catalog.line == REPORTS else self._stored.trained_on[1]
        if day is None:
            raise AmlError("the row is none of merged_features", remedy="Take one from there.")
        frame = self._frame(dt.date.fromisoformat(str(day)[:10]))
        self._refuse_without_effect(frame, wanted)
        rows = [_one_row(frame, row, {}), _one_row(frame, row, wanted)]
        matrices = [self._stored.encoder.transform(each) for each in rows]
        before, after = (float(self._scores(each)[0]) for each in matrices)
        unseen = tuple(n for n, count in matrices[1].unseen.items() if count)
        return WhatIf(before, after, self._contributions(*matrices), unseen)

    def _frame(self, day: dt.date) -> Frame:
        """The frame of a day that the model's line scores."""
        return load_frame(self._catalog.upstream(self._catalog.line.features), day)[0]

    def _refuse_without_effect(self, frame: Frame, wanted: Mapping[str, Any]) -> None:
        """Refuse a change of a column that is no feature of the model."""
        used = {(feature.table, feature.column) for feature in self._stored.encoder.features}
        for name in wanted:
            column = frame.columns.get(name)
            if column is None:
                raise AmlError(
                    "the frame has no such column",
                    column=name,
                    remedy=f'See bank.load("{self._catalog.line.features}", day).columns.',
                )
            if (column.table, column.source) not in used:
                why = self.left_out.get(f"{column.table}.{column.source}", "not a feature")
                raise AmlError(
                    f"the model does not look at it ({why}), so changing it changes nothing",
                    column=name,
                    remedy="Change one of model.features.",
                )

    def _scores(self, matrix: Matrix) -> Any:
        threads = self._catalog.settings.training.threads
        return scoring.predict(self._stored.booster, matrix, threads=threads)

    def _contributions(self, before: Matrix, after: Matrix) -> pd.DataFrame:
        import pandas as pd

        booster, threads = self._stored.booster, self._catalog.settings.training.threads
        names = [*(feature.name for feature in self._stored.encoder.features), "(base)"]
        found = {
            name: reasons.contributions(booster, each.values, threads=threads)[0]
            for name, each in (("before", before), ("after", after))
        }
        table = pd.DataFrame(found, index=pd.Index(names, name="feature"))
        table["change"] = table["after"] - table["before"]
        return table.iloc[np.argsort(-table["change"].abs().to_numpy(), kind="stable")]


def _one_row(frame: Frame, row: pd.Series, changes: Mapping[str, Any]) -> Frame:
    """A frame of this one row, in the given frame's types, with some values changed."""
    import pandas as pd

    columns = []
    for field in frame.table.schema:
        if field.name not in row.index:
            raise AmlError(
                "the row has no such column",
                column=field.name,
                remedy="Take a whole row of the frames that the model scores.",
            )
        value: Any = changes[field.name] if field.name in changes else row[field.name]
        is_text = pa.types.is_dictionary(field.type)
        type_ = field.type.value_type if is_text else field.type
        missing = value is None or value is pd.NA or value is pd.NaT or value != value
        try:
            array = pa.array([None if missing else value], type=type_)
        except (pa.ArrowException, TypeError, ValueError, OverflowError):
            raise AmlError(
                f"the value is no {type_}", column=field.name, remedy="Give one of its type."
            ) from None
        columns.append(array.cast(field.type) if not is_text else array.dictionary_encode())
    return Frame(frame.day, pa.table(columns, names=frame.table.column_names), frame.columns)
