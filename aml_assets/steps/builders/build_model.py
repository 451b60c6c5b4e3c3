"""The model of a day: trained on the window before it, with its encoder and manifest in one file.

Belongs here: assembling the training window, and the model's manifest. Does not belong here:
encoding and training themselves (``core.model``), or which model scores a day
(``steps.inputs.model_selection``).
"""

from __future__ import annotations

import datetime as dt
import json
import platform
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from aml_assets.core.days import ONE_DAY
from aml_assets.core.graph import MODEL
from aml_assets.core.model import encoding, reference, scoring, training
from aml_assets.core.model.constants import without_constants
from aml_assets.core.model.encoding import Encoder
from aml_assets.core.model.training import Batch
from aml_assets.core.model.windows import Windows
from aml_assets.core.pages import plots
from aml_assets.errors import NotTrainable, SettingsError
from aml_assets.io.formats.booster import ENCODER, REFERENCE
from aml_assets.io.manifest import Manifest, settings_hash
from aml_assets.io.upstream import Upstream, inputs_read
from aml_assets.settings.training_settings import TrainingSettings
from aml_assets.steps.builders.built import Built
from aml_assets.steps.inputs.run_options import RunOptions, model_id_of
from aml_assets.steps.inputs.window_frames import (
    decided,
    read_training_window,
    read_window,
    report_columns,
    select_reports,
    windows_of,
)

if TYPE_CHECKING:
    import pyarrow as pa
    import xgboost

    from aml_assets.io.catalog import Catalog

CODE_VERSION = "3"


@dataclass(frozen=True)
class TrainingData:
    """A training window as XGBoost receives it, one batch a day.

    Attributes:
        batches: per day, features of shape (decided rows, features) and labels of shape (rows,).
        encoder: fitted on the whole window.
        reports: how many STRs the window holds, decided or not.
        days: the days read, oldest first.
        empty: days without features that the window may ignore.
    """

    batches: list[Batch]
    encoder: Encoder
    reports: int
    days: list[str]
    empty: list[dt.date]

    @property
    def rows(self) -> int:
        """The number of rows that are trained on."""
        return sum(len(truth) for _, truth in self.batches)

    @property
    def positives(self) -> int:
        """The number of those rows with label 1."""
        return int(sum(float(truth.sum()) for _, truth in self.batches))


def training_data(catalog: Catalog, features: Upstream[pa.Table], windows: Windows) -> TrainingData:
    """Put a training window together: select its decided STRs, fit the encoder, encode.

    Raises:
        NotTrainable: a hole in the window, labels of one class only, or constant features only.
    """
    settings = catalog.settings
    train = read_training_window(catalog, features, windows.train_days)
    delay = read_window(catalog, features, windows.delay_days, report_columns(catalog))
    known_by = windows.eval_start - ONE_DAY
    selected = select_reports(catalog, train, known_by=known_by, deciding=[delay])
    known = [decided(each) for each in selected]
    training.refuse_one_class([each.labels for each in known])
    encoder = encoding.fit(
        train.frames,
        max_text_distinct_share=settings.features.max_text_distinct_share,
        min_category_rows=settings.features.min_category_rows,
        report_features=settings.report_features,
    )
    days, matrices = train.days, list[np.ndarray]()
    for each in known:
        # Taken out, so that the window is never in memory twice.
        matrices.append(encoder.transform(train.frames.pop(0), each.rows).values)
    reports = sum(len(each.rows) for each in selected)
    encoder = without_constants(encoder, matrices)
    batches = [(values, each.labels) for values, each in zip(matrices, known, strict=True)]
    return TrainingData(batches, encoder, reports, days, train.empty)


def build_model(
    catalog: Catalog,
    day: dt.date,
    features: Upstream[pa.Table],
    options: RunOptions | None = None,
) -> Built:
    """Train the model of a day; it needs nothing of the day itself.

    Args:
        catalog: settings, landing and decisions.
        day: the partition.
        features: the merged frames.
        options: of this run.

    Raises:
        NotTrainable: too early, a hole in the window, labels of one class only, or no
            early-stopping day with STRs.
        SettingsError: contradictory dates or parameters.
    """
    options = options or RunOptions()
    parameters = options.parameters(catalog.settings.training)
    windows = windows_of(catalog, day, options.windows)
    _refuse_stopping_on_all(parameters, windows, day)
    data = training_data(catalog, features, windows)
    booster = _train(data, parameters, windows, day)
    model_id = model_id_of(catalog, day, options)
    gains = scoring.importance(booster, data.encoder)
    facts: dict[str, Any] = {
        "model_id": model_id,
        "ad_hoc": options.ad_hoc,
        "windows": windows.as_dict(),
        "rows": data.rows,
        "positives": data.positives,
        "features": len(data.encoder.features),
    }
    figures = facts | {
        "undecided": data.reports - data.rows,
        "trees": booster.num_boosted_rounds(),
        "days_read": len(data.days),
        "empty_days": [str(each) for each in data.empty],
        "left_out": dict(data.encoder.left_out),
        "most_important": dict(list(gains.items())[:10]),
    }
    provenance = _provenance(parameters)
    manifest = Manifest(
        asset=MODEL,
        partition=str(day),
        inputs=inputs_read(features),
        code_version=CODE_VERSION,
        settings=settings_hash(
            provenance["parameters"],
            catalog.settings.features.max_text_distinct_share,
            catalog.settings.features.min_category_rows,
            windows.as_dict(),
        ),
        facts={**facts, "train_days_read": [*data.days], **provenance},
    )
    pictures = {"Most important features": plots.importance(list(gains), list(gains.values()))}
    path = catalog.models.template.fill(model_id)
    return Built(booster, manifest, figures, pictures, ad_hoc=options.ad_hoc, path=path)


def _provenance(parameters: TrainingSettings) -> dict[str, Any]:
    """The parameters, and the versions of what a model's numbers depend on."""
    import pyarrow as pa
    import xgboost

    return {
        # The same trees come of any number of threads.
        "parameters": parameters.model_dump(mode="json", exclude={"preset", "threads"}),
        "libraries": {
            "python": platform.python_version(),
            "numpy": np.__version__,
            "pyarrow": pa.__version__,
            "xgboost": xgboost.__version__,
        },
    }


def _refuse_stopping_on_all(parameters: TrainingSettings, windows: Windows, day: dt.date) -> None:
    if parameters.early_stopping_days >= len(windows.train_days):
        raise SettingsError(
            f"training.early_stopping_days leaves no day of the training window "
            f"{windows.train_start} … {windows.train_end} to train on",
            day=day,
            remedy="Lower it, or widen the window.",
        )


def _train(
    data: TrainingData, parameters: TrainingSettings, windows: Windows, day: dt.date
) -> xgboost.Booster:
    """Train on all days but the last ones, which tell when to stop, if there are to be such."""
    cut = len(data.days)
    if parameters.early_stopping_days:
        first = windows.train_end - (parameters.early_stopping_days - 1) * ONE_DAY
        cut = sum(each < str(first) for each in data.days)
        if cut == len(data.days):
            raise NotTrainable(
                f"the early-stopping days {first} … {windows.train_end} are empty by design",
                table=MODEL,
                day=day,
                remedy="Raise training.early_stopping_days, or switch early stopping off.",
            )
    booster = training.train(data.batches[:cut], parameters, stopping=data.batches[cut:])
    distributions = reference.fit(
        [values for values, _ in data.batches],
        [feature.encoding == "category" for feature in data.encoder.features],
    )
    attributes = {
        ENCODER: data.encoder.to_dict(),
        REFERENCE: [each.to_dict() for each in distributions],
    }
    booster.set_attr(
        **{name: json.dumps(value, sort_keys=True) for name, value in attributes.items()}
    )
    return booster
