"""Model lines beside the reports': their frames, models, metrics, scores and model pages.

Belongs here: the declaration of one line's assets. Does not belong here: how they are built
(``steps.builders``; all but the frames as those of reports), or the lines themselves
(``settings.line_settings``).
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from aml_assets.assets.day_asset import DayAsset, day_asset
from aml_assets.assets.day_step import StepRun
from aml_assets.core.graph import FEATURES, NETWORK, Line
from aml_assets.settings.table_settings import TRX
from aml_assets.steps.builders import build_gate as _judging
from aml_assets.steps.builders import build_metrics as _metrics
from aml_assets.steps.builders import build_model as _model
from aml_assets.steps.builders import build_model_page as _page
from aml_assets.steps.builders import build_predictions as _predictions
from aml_assets.steps.builders import build_shadow as _shadowing
from aml_assets.steps.builders import build_units as _units
from aml_assets.steps.builders.built import Built

if TYPE_CHECKING:
    from aml_assets.io.upstream import Upstream


def line_assets(name: str, unit: str, *, refit: bool, promoted: bool) -> list[DayAsset]:
    """The assets of a further line, upstream first.

    Args:
        name: the line's.
        unit: what it scores.
        refit: whether the model that scores is fitted again, after another one was measured.
        promoted: whether champions score, and challengers are judged.
    """
    line = Line(name)
    learnt = [_measured_model(line)] if refit else []
    return [
        *_frames(line, unit),
        *learnt,
        _scoring_model(line),
        _measures(line),
        *((_gate(line), _scores(line), _shadow(line)) if promoted else (_scores(line),)),
        _model_page(line),
    ]


def _frames(line: Line, unit: str) -> tuple[DayAsset, DayAsset]:
    @day_asset(
        line.partial,
        kinds={"duckdb", "parquet"},
        code_version=_units.CODE_VERSION,
        description=f"Each {unit} of the day: what it paid and was paid, the largest features of "
        "its pairs in the network, and its reports, without their labels.",
    )
    def partial(day: dt.date, run: StepRun, **inputs: Upstream[Any]) -> Built:
        trx, merged = inputs[TRX], inputs[_last(FEATURES)]
        return _units.build_unit_day(
            run.catalog, line, day, trx, merged, inputs.get(_last(NETWORK))
        )

    @day_asset(
        line.features,
        kinds={"duckdb", "parquet"},
        code_version=_units.CODE_VERSION,
        description=f"Each {unit} that moved money lately, reported or not: its partials of the "
        "windows' days, added up.",
    )
    def frame(day: dt.date, run: StepRun, **inputs: Upstream[Any]) -> Built:
        return _units.build_unit_features(run.catalog, line, day, inputs[_last(line.partial)])

    return partial, frame


def _measured_model(line: Line) -> DayAsset:
    @day_asset(
        line.measured_model,
        kinds={"xgboost"},
        code_version=_model.CODE_VERSION,
        description=f"XGBoost, trained on {line.features} of the training window, for "
        f"{line.metrics} to measure; labels come from the reports of the horizon after each day.",
    )
    def measured_model(day: dt.date, run: StepRun, **inputs: Upstream[Any]) -> Built:
        frames, reports = inputs[_last(line.features)], inputs[_last(FEATURES)]
        return _model.build_measured_model(
            run.catalog.of_line(line), day, frames, run.options, reports=reports
        )

    return measured_model


def _scoring_model(line: Line) -> DayAsset:
    @day_asset(
        line.model,
        kinds={"xgboost"},
        code_version=_model.CODE_VERSION,
        description=f"XGBoost, trained on {line.features} of the training window; with a refit, up "
        "to the last day whose horizon is over.",
    )
    def model(day: dt.date, run: StepRun, **inputs: Upstream[Any]) -> Built:
        frames, reports = inputs[_last(line.features)], inputs[_last(FEATURES)]
        measured = inputs.get(_last(line.measured_model))
        return _model.build_model(
            run.catalog.of_line(line), day, frames, run.options, measured, reports=reports
        )

    return model


def _measures(line: Line) -> DayAsset:
    @day_asset(
        line.metrics,
        kinds={"json"},
        code_version=_metrics.CODE_VERSION,
        description=f"Metrics of {line.model} on the evaluation window, of the days whose horizon "
        "is over.",
    )
    def metrics(day: dt.date, run: StepRun, **inputs: Upstream[Any]) -> Built:
        return _metrics.build_metrics(
            run.catalog.of_line(line),
            day,
            inputs[_last(line.model)],
            inputs[_last(line.features)],
            run.options,
            inputs.get(_last(line.measured_model)),
            inputs[_last(FEATURES)],
        )

    return metrics


def _scores(line: Line) -> DayAsset:
    @day_asset(
        line.scores,
        kinds={"csv"},
        code_version=_predictions.CODE_VERSION,
        description=f"{line.features} of the day, scored and ranked, each with the model_id that "
        "scored it.",
    )
    def scores(day: dt.date, run: StepRun, **inputs: Upstream[Any]) -> Built:
        return _predictions.build_predictions(
            run.catalog.of_line(line),
            day,
            inputs[_last(line.features)],
            inputs[_last(line.model)],
            run.options,
            inputs.get(_last(line.gate)),
        )

    return scores


def _gate(line: Line) -> DayAsset:
    @day_asset(
        line.gate,
        kinds={"json"},
        code_version=_judging.CODE_VERSION,
        description=f"Champion and challenger of {line.model} compared on ripe days from which "
        "neither has learnt: may it score?",
    )
    def gate(day: dt.date, run: StepRun, **inputs: Upstream[Any]) -> Built:
        return _judging.build_gate(
            run.catalog.of_line(line),
            day,
            inputs[_last(line.model)],
            inputs[_last(line.features)],
            run.options,
            inputs[_last(FEATURES)],
        )

    return gate


def _shadow(line: Line) -> DayAsset:
    @day_asset(
        line.shadow,
        kinds={"csv"},
        code_version=_shadowing.CODE_VERSION,
        description=f"The day as the challengers of {line.model} score it, to compare models "
        f"with {line.scores}; no alert comes of it.",
    )
    def shadow(day: dt.date, run: StepRun, **inputs: Upstream[Any]) -> Built:
        return _shadowing.build_shadow(
            run.catalog.of_line(line),
            day,
            inputs[_last(line.features)],
            inputs[_last(line.model)],
            run.options,
            inputs.get(_last(line.gate)),
        )

    return shadow


def _model_page(line: Line) -> DayAsset:
    @day_asset(
        line.page,
        kinds={"html"},
        code_version=_page.CODE_VERSION,
        description=f"{line.model} of the day: windows, metrics over time, calibration, drift, and "
        "its features.",
    )
    def model_page(day: dt.date, run: StepRun, **inputs: Upstream[Any]) -> Built:
        return _page.build_model_page(
            run.catalog.of_line(line),
            day,
            inputs[_last(line.model)],
            inputs[_last(line.metrics)],
            inputs[_last(line.features)],
            run.options,
            inputs.get(_last(line.measured_model)),
            inputs[_last(FEATURES)],
        )

    return model_page


def _last(asset: str) -> str:
    """An asset's name as an input has it: its last part."""
    return asset.rpartition("/")[2]
