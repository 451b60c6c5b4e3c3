"""Which model scores a day: the policy, a pin, and reading the model behind either.

Belongs here: resolving today's, the newest or a pinned model to one file, and its parts. Does not
belong here: training (``steps.builders.build_models``) or scoring
(``steps.builders.build_predictions``). Nothing here needs the day's own training to have succeeded.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from aml_assets.core.model.encoding import Encoder
from aml_assets.core.model.reference import Spread
from aml_assets.errors import ModelError, NotFound
from aml_assets.io.catalog import MODEL, Catalog
from aml_assets.io.formats import version_path
from aml_assets.io.formats.booster import ENCODER, REFERENCE, manifest_of
from aml_assets.io.manifest import Manifest

if TYPE_CHECKING:
    import xgboost

_DIGEST = re.compile(r"[0-9a-f]{12,64}")


@dataclass(frozen=True)
class ChosenModel:
    """A model with its encoder, where it lies, and how it came to be chosen.

    ``reference`` is what its training rows looked like, feature by feature; ``None`` for a model
    that was trained before that was kept.
    """

    model_id: str
    path: str
    booster: xgboost.Booster
    encoder: Encoder
    manifest: Manifest
    because: str = "named"
    reference: list[Spread] | None = None

    @property
    def day(self) -> dt.date:
        """The day whose model it is."""
        return dt.date.fromisoformat(self.manifest.partition)


def choose_model(catalog: Catalog, day: dt.date, pin: str | None = None) -> ChosenModel:
    """The model that scores ``day``.

    Args:
        catalog: where to look.
        day: the day to be scored.
        pin: a model_id, a digest (at least 12 hex digits) or a path; over the settings' policy.

    Raises:
        ModelError: there is none, says which was looked for and what to do.
    """
    scoring = catalog.settings.scoring
    pin = pin or scoring.pinned_model
    if pin:
        return replace(read_model(catalog, pinned_path(catalog, pin)), because="pinned")
    models = catalog.models
    if scoring.model_policy == "today":
        if not models.has(day):
            raise ModelError(
                "today's model is not in the store, and scoring.model_policy is `today`",
                table=MODEL,
                day=day,
                remedy="Train it, or score with scoring.model_policy: newest.",
            )
        return replace(read_model(catalog, models.path(day)), because="today's")
    oldest = day - dt.timedelta(days=scoring.max_age_days)
    foreign = ""
    for candidate in reversed(models.days()):
        if oldest <= candidate <= day:
            age = (day - candidate).days
            reason = "today's" if age == 0 else f"newest, {age} days old"
            path = models.path(candidate)
            try:
                return replace(read_model(catalog, path), because=reason)
            except ModelError:
                if _digest_of(catalog, path):
                    raise
                # The flow of 2019 left its models under the same names.
                foreign = ", and what lies there under a model's name is none of ours"
    raise ModelError(
        f"no model of {oldest} … {day} is in the store{foreign}",
        table=MODEL,
        day=day,
        remedy="Train one, pin one (scoring.pinned_model), or raise scoring.max_age_days.",
    )


def pinned_path(catalog: Catalog, pin: str) -> str:
    """The path, relative to the store's root, of a model pinned by path, digest or id.

    Raises:
        ModelError: nothing fits, or several do.
    """
    store, models = catalog.store, catalog.models
    if "/" in pin:
        relative = pin.removeprefix(catalog.settings.store.url.rstrip("/") + "/")
        if store.exists(relative):
            return relative
        raise _unknown(pin, "no file lies there")
    by_id = models.template.fill(pin)
    if store.exists(by_id):
        return by_id
    if not _DIGEST.fullmatch(pin):
        raise _unknown(pin, "no model has that id")
    folder = models.template.folder
    versions = f"{folder}/.versions" if folder else ".versions"
    kept = [
        f"{versions}/{entry.name}"
        for entry in store.list(versions)
        if re.search(rf"\.{pin}[0-9a-f]*(\.|$)", entry.name)
    ]
    ids = models.template.values(e.name for e in store.list(folder) if not e.is_directory)
    current = [models.template.fill(each) for each in ids]
    # Files of other programs, the 2019 flow's for one, may lie there: they have no digest.
    fitting = [path for path in current if _digest_of(catalog, path).startswith(pin)]
    found = fitting or [path for path in kept if _digest_of(catalog, path)]
    digests = {_digest_of(catalog, path) for path in found}
    if len(digests) != 1:
        reason = "several models have a digest that starts so" if digests else "no model has it"
        raise _unknown(pin, reason)
    return found[0]


def read_model(catalog: Catalog, path: str) -> ChosenModel:
    """Read a model file and what it carries.

    Raises:
        ModelError: it is not there, or is not one of our models.
        CorruptFile: it was altered.
    """
    try:
        booster = catalog.models.format.read(catalog.store, path)
    except NotFound:
        raise ModelError(
            f"there is no model under {path}",
            table=MODEL,
            remedy="Train it (job self_learning), or choose another one.",
        ) from None
    # Not read a second time: the day may be trained again in between.
    manifest = manifest_of(booster, path)
    encoder = Encoder.from_dict(json.loads(booster.attr(ENCODER) or "{}"))
    kept = booster.attr(REFERENCE)
    reference = [Spread.from_dict(each) for each in json.loads(kept)] if kept else None
    model_id = str(manifest.facts["model_id"])
    return ChosenModel(model_id, path, booster, encoder, manifest, reference=reference)


def model_of_digest(catalog: Catalog, model_id: str, digest: str) -> ChosenModel:
    """The very model of this content, be it replaced by now.

    Raises:
        ModelError: it is nowhere in the store.
        CorruptFile: it was altered.
    """
    path = catalog.models.template.fill(model_id)
    for candidate in (path, version_path(path, digest)):
        if catalog.store.exists(candidate) and _digest_of(catalog, candidate) == digest:
            return read_model(catalog, candidate)
    return read_model(catalog, pinned_path(catalog, digest))


def _digest_of(catalog: Catalog, path: str) -> str:
    """A model's digest; "" for a file that is not one of our models."""
    try:
        return catalog.models.format.read_manifest(catalog.store, path).digest
    except ModelError:
        return ""


def _unknown(pin: str, why: str) -> ModelError:
    return ModelError(
        f"the pinned model {pin!r} cannot be found: {why}",
        table=MODEL,
        remedy="Correct scoring.pinned_model (a model_id, a digest, or a path in the store).",
    )
