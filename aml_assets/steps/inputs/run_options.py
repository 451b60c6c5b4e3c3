"""Run options: what a single run may do differently from the settings.

Belongs here: the options as builders take them, and the names of ad hoc models. Does not belong
here: how a run is given its options (``assets.resources``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aml_assets.errors import SettingsError
from aml_assets.io.manifest import settings_hash
from aml_assets.settings.training_settings import TrainingSettings

if TYPE_CHECKING:
    from aml_assets.io.catalog import Catalog
    from aml_assets.settings.window_settings import FixedWindows


@dataclass(frozen=True)
class RunOptions:
    """The options of one run; everything else is a setting.

    Attributes:
        windows: training and evaluation dates given by hand.
        training: XGBoost parameters over those of the settings.
        replace: let the model of such a run stand for its day, instead of under its own name.
        model: the model that scores: a model_id, a digest or a path, over the settings' policy.
        look_ahead: the reason why this model may have learnt from the day it scores, or later.
        restate: static tables whose stored snapshot is replaced by what has landed since.
    """

    windows: FixedWindows | None = None
    training: Mapping[str, Any] = field(default_factory=dict)
    replace: bool = False
    model: str | None = None
    look_ahead: str | None = None
    restate: tuple[str, ...] = ()

    @property
    def ad_hoc(self) -> bool:
        """True for a run whose model must not stand for the day."""
        return bool(self.windows or self.training) and not self.replace

    def parameters(self, base: TrainingSettings) -> TrainingSettings:
        """The run's parameters over the settings'; a preset named by the run replaces them all.

        ``refit`` and ``tuning`` stay as the settings say, since they decide which assets there are.

        Raises:
            SettingsError: a parameter that XGBoost or our bounds refuse, or another ``refit`` or
                ``tuning``.
        """
        from pydantic import ValidationError

        whole = base.model_dump()
        kept = {name: whole[name] for name in ("refit", "tuning")}
        for name, value in kept.items():
            if self.training.get(name, value) != value:
                raise SettingsError(
                    f"training parameters of this run: {name}: all runs do as the settings say",
                    remedy=f"Change training.{name}, and load the definitions again.",
                )
        start = kept if "preset" in self.training else whole
        try:
            return TrainingSettings.model_validate({**start, **self.training})
        except ValidationError as error:
            problems = dict.fromkeys(f"{_known(p['loc'])}{p['msg']}" for p in error.errors())
            raise SettingsError(
                f"training parameters of this run: {'; '.join(problems)}",
                remedy="Correct them in the launchpad; see docs/configuration.md.",
            ) from None


def _known(place: tuple[int | str, ...]) -> str:
    """The parameter that a problem is about, as its text begins; an unknown one is not quoted."""
    name = str(place[0]) if place else ""
    if not name:
        return ""
    return f"{name}: " if name in TrainingSettings.model_fields else "an unknown name: "


def model_id_of(catalog: Catalog, day: dt.date, options: RunOptions) -> str:
    """The day's model_id; for an ad hoc run its own: the day's, and a hash of its options."""
    own = catalog.model_id(day)
    if not options.ad_hoc:
        return own
    dates = options.windows.model_dump(mode="json") if options.windows else None
    return f"{own}_adhoc_{settings_hash(dates, dict(options.training))[:8]}"
