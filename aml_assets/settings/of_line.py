"""The settings as the models of a further line have them.

Belongs here: what of the whole configuration differs for one line. Does not belong here: a line's
own settings (``line_settings``), or reading them (``load``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aml_assets.settings.page_settings import OutputSettings
from aml_assets.settings.scoring_settings import ScoringSettings

if TYPE_CHECKING:
    from aml_assets.settings.load import Settings

_PLACES = (
    *("model", "measured_model", "metrics", "model_card", "predictions", "model_report"),
    *("gate", "shadow"),
)


def of_line(settings: Settings, name: str) -> Settings:
    """The settings of a further line's models.

    Its labels ripen later than those of reports, by the line's horizon, and the delay is longer by
    the same; its models lie in a folder of their own.
    """
    line, store = settings.lines[name], settings.store
    labels, windows, scoring = settings.labels, settings.windows, settings.scoring
    later = {"maturity_days": labels.maturity_days + line.horizon_days}
    delayed = {"delay_days": settings.delay_days + line.horizon_days}
    places = {each: f"lines/{name}/{getattr(store, each).strip('/')}" for each in _PLACES}
    names = {
        "model_prefix": f"{store.model_prefix}_{name}",
        "predictions_prefix": f"{name}_scores_",
    }
    return settings.model_copy(
        update={
            "labels": labels.model_copy(update=later),
            "windows": windows.model_copy(update=delayed),
            "training": line.trained(settings.training),
            "scoring": ScoringSettings(
                # A pinned model is one of the line of reports.
                model_policy="promoted" if scoring.model_policy == "promoted" else "newest",
                max_age_days=scoring.max_age_days,
                threshold=scoring.threshold,
            ),
            "output": OutputSettings(),
            "store": store.model_copy(update={**places, **names}),
        }
    )
