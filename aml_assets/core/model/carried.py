"""The parts of a model's file beside its trees: encoder, training distribution, facts; checked.

Belongs here: reading them back from their JSON, strictly. Does not belong here: writing them (their
own ``to_dict``), or the trees (``core.model.trees``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Annotated, Any

import numpy as np
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
)

from aml_assets.core.graph import FEATURES
from aml_assets.core.model.encoding import Encoder, Encoding
from aml_assets.core.model.reference import FeatureDistribution


def _iso(text: str) -> str:
    dt.date.fromisoformat(text)
    return text


_Rows = Annotated[int, Field(ge=0, lt=2**53)]
_Day = Annotated[str, AfterValidator(_iso)]


class _Part(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, allow_inf_nan=False)


class _Feature(_Part):
    table: str
    column: str
    encoding: Encoding
    vocabulary: list[str]


class _Encoder(_Part):
    features: Annotated[list[_Feature], Field(min_length=1)]
    left_out: dict[str, str]


class _Distribution(_Part):
    rows: _Rows
    values: list[float]
    below: list[_Rows]
    upto: list[_Rows]
    exact: bool
    unseen: _Rows | None = None


class _Windows(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")

    train_start: _Day
    train_end: _Day
    eval_start: _Day
    eval_end: _Day


class _Study(_Part):
    day: _Day
    digest: str
    parameters: dict[str, int | float]


class _Facts(_Part):
    model_id: str
    rows: _Rows
    positives: _Rows
    train_days_read: list[str]
    windows: _Windows
    refit_until: _Day | None = None
    parameters: dict[str, Any] = {}
    libraries: dict[str, Any] = {}
    study: _Study | None = None


_DISTRIBUTIONS = TypeAdapter(list[_Distribution])
_DAYS = TypeAdapter(Annotated[list[_Day], Field(min_length=2)])


def encoder_of(text: str) -> Encoder:
    """Read an encoder.

    Raises:
        ValueError: the text holds none.
    """
    try:
        return Encoder.from_dict(_Encoder.model_validate_json(text).model_dump())
    except ValidationError:
        raise ValueError("its encoder is none of ours") from None


def reference_of(text: str, features: int) -> list[FeatureDistribution]:
    """Read the training distribution of each feature.

    Raises:
        ValueError: the text holds none, or not one for each feature.
    """
    try:
        found = _DISTRIBUTIONS.validate_json(text)
    except ValidationError:
        raise ValueError("its training distribution is none of ours") from None
    distributions = [FeatureDistribution.from_dict(each.model_dump()) for each in found]
    if len(distributions) != features or not all(map(_is_whole, distributions)):
        raise ValueError("its training distribution is none of ours")
    return distributions


def check_facts(facts: Mapping[str, Any], partition: str, trained_on: Mapping[str, str]) -> None:
    """Check what scoring and pages take from a model's manifest.

    Args:
        facts: its facts.
        partition: its day, as the manifest says.
        trained_on: the features' days among its inputs.

    Raises:
        ValueError: a fact is missing or of another type, or a day is none.
    """
    try:
        _Facts.model_validate(dict(facts))
        _DAYS.validate_python([partition, *trained_on])
    except ValidationError:
        raise ValueError("its manifest is none of a model of ours") from None


def frames_of(inputs: Mapping[str, Mapping[str, str]]) -> Mapping[str, str]:
    """The frames that a model was fitted on: day → digest.

    Args:
        inputs: of its manifest. For a further line they name the merged features, too, whose
            reports label the rows of its own frames.
    """
    own = [name for name in inputs if name.startswith("features/") and name != FEATURES]
    return inputs.get(own[0] if own else FEATURES, {})


def trained_on(facts: Mapping[str, Any]) -> tuple[str, str]:
    """The first and the last day that a model was fitted on, in ISO format.

    Args:
        facts: of its manifest, checked. After a refit, the last day is later than that of the
            training window.
    """
    windows = facts["windows"]
    return windows["train_start"], facts.get("refit_until") or windows["train_end"]


def _is_whole(each: FeatureDistribution) -> bool:
    if (each.unseen or 0) > each.rows - each.present:
        return False
    counts = np.concatenate([[0], np.stack([each.below, each.upto], axis=1).ravel(), [each.rows]])
    return len(each.values) == len(each.below) and bool((np.diff(counts) >= 0).all())
