"""Model selection: the model that scores a day, by policy or by pin, read with all its parts.

Belongs here: resolving today's, the newest or a pinned model to one file, and reading that file.
Does not belong here: training (``steps.builders.build_model``) or scoring
(``steps.builders.build_predictions``). Nothing here needs the day's own training to have succeeded.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from aml_assets.core.graph import FEATURES, MODEL
from aml_assets.core.model import carried
from aml_assets.core.model.encoding import Encoder
from aml_assets.core.model.reference import FeatureDistribution
from aml_assets.core.model.scoring import CHAMPION, LOOKS_AHEAD, NEWEST, PINNED, TODAYS
from aml_assets.errors import ModelError, NotFound, StoreError
from aml_assets.io.formats import version_path
from aml_assets.io.formats.base import VERSIONS
from aml_assets.io.formats.booster import ENCODER, REFERENCE, manifest_of
from aml_assets.io.manifest import Manifest
from aml_assets.io.paths import join_path
from aml_assets.steps.inputs.run_options import RunOptions, model_id_of

if TYPE_CHECKING:
    import xgboost

    from aml_assets.core.governance.chain import Champion
    from aml_assets.io.catalog import Catalog
    from aml_assets.io.partition_store import PartitionStore
    from aml_assets.io.upstream import Upstream
    from aml_assets.settings.scoring_settings import ScoringSettings

CHAMPION_DIGEST = "champion_digest"
"""A fact of a shadow's manifest: the digest of the day's champion, "" if there was none."""

_DIGEST = re.compile(r"[0-9a-f]{12,64}")


@dataclass(frozen=True)
class StoredModel:
    """A stored model with its parts.

    Attributes:
        model_id: its name.
        path: its file, relative to the store's root.
        booster: the trees.
        encoder: how rows become the trees' features.
        manifest: its inputs, and facts of its training.
        because: the reason for its selection: ``today's``, ``newest, 2 days old``, ``pinned``.
        reference: the distribution of each feature in training; ``None`` for a model that was
            trained before distributions were kept.
    """

    model_id: str
    path: str
    booster: xgboost.Booster
    encoder: Encoder
    manifest: Manifest
    because: str = "named"
    reference: list[FeatureDistribution] | None = None

    @property
    def day(self) -> dt.date:
        """The day whose model it is."""
        return dt.date.fromisoformat(self.manifest.partition)

    @property
    def trained_on(self) -> tuple[str, str]:
        """The first and the last day of the window that it was fitted on, in ISO format."""
        return carried.trained_on(self.manifest.facts)

    def looks_ahead(self, day: dt.date) -> dt.date | None:
        """The last day that it has learnt from, if that is ``day`` or a later one.

        Its inputs are the days that it was trained on, and those whose decisions it used.
        """
        frames = carried.frames_of(self.manifest.inputs), self.manifest.inputs.get(FEATURES, {})
        days = (dt.date.fromisoformat(each) for of in frames for each in of)
        last = max(days, default=None)
        return last if last is not None and last >= day else None


def select_model(
    models: Upstream[xgboost.Booster],
    scoring: ScoringSettings,
    day: dt.date,
    pin: str | None,
    look_ahead: str | None = None,
    champion: Champion | None = None,
) -> StoredModel:
    """The model that scores ``day``.

    Args:
        models: the stored models.
        scoring: the policy, and the pin of the settings.
        day: the day to be scored.
        pin: a model_id, a digest (at least 12 hex digits) or a path; over the settings' policy.
        look_ahead: why a pinned model may know the day; the settings' reason by default.
        champion: the model that is promoted for the day, if there is one.

    Raises:
        ModelError: there is none, or the pinned one has learnt from the day or from later ones; it
            says which was looked for and what to do.
    """
    stored = models.partitions
    pin = pin or scoring.pinned_model
    if pin:
        model = read_model(models, pinned_path(stored, pin))
        return replace(model, because=_pinned(model, day, look_ahead or scoring.look_ahead))
    if champion is not None:
        model = model_of_digest(models, champion.model_id, champion.digest, champion.path)
        return replace(model, because=CHAMPION.format(day=champion.from_day))
    if scoring.model_policy == "today":
        if not models.has(day):
            raise ModelError(
                "today's model is not in the store, and scoring.model_policy is `today`",
                table=stored.asset,
                day=day,
                remedy="Train it, or score with scoring.model_policy: newest.",
            )
        return replace(read_model(models, stored.path(day)), because=TODAYS)
    return newest_model(models, day, scoring.max_age_days)


def scoring_id(
    catalog: Catalog, day: dt.date, models: Upstream[xgboost.Booster], options: RunOptions
) -> str:
    """The model_id under which an ad hoc run stored its predictions.

    The model is not recorded as an input.
    """
    pin = options.model or model_id_of(catalog, day, options)
    scoring, champion = catalog.settings.scoring, champion_of(catalog, day)
    found = select_model(models.afresh(), scoring, day, pin, options.look_ahead, champion)
    return found.model_id


def champion_of(catalog: Catalog, day: dt.date) -> Champion | None:
    """The champion of the catalog's line on a day.

    Returns:
        ``None`` before the first one, and where the settings have another model score.

    Raises:
        LedgerError: the ledger is not what was written.
    """
    if catalog.settings.scoring.model_policy != "promoted":
        return None
    return catalog.ledger.champion(catalog.line.name, day)


def champions_of(catalog: Catalog, days: Sequence[dt.date]) -> dict[dt.date, Champion]:
    """The champions of the catalog's line on some days; days before the first one are left out."""
    if catalog.settings.scoring.model_policy != "promoted":
        return {}
    return catalog.ledger.champions(catalog.line.name, days)


def _pinned(model: StoredModel, day: dt.date, look_ahead: str | None) -> str:
    """The reason to select a pinned model: that it is pinned, and what it knows of the day.

    Raises:
        ModelError: it has learnt from the day or from later ones, and nobody asked for that.
    """
    last = model.looks_ahead(day)
    if last is None:
        return PINNED
    if not look_ahead:
        raise ModelError(
            f"the pinned model {model.model_id} has learnt from days up to {last}: its scores of "
            f"{day} would look ahead",
            table=MODEL,
            day=day,
            remedy="Pin a model that was trained on earlier days, or say why this one may: "
            "scoring.look_ahead, or look_ahead of the run.",
        )
    return LOOKS_AHEAD.format(last=last, why=look_ahead)


def newest_model(models: Upstream[xgboost.Booster], day: dt.date, max_age_days: int) -> StoredModel:
    """The newest model that is not newer than a day and at most so many days old.

    Raises:
        ModelError: there is none.
    """
    stored = models.partitions
    oldest = day - dt.timedelta(days=max_age_days)
    foreign = ""
    for candidate in reversed(stored.days()):
        if oldest <= candidate <= day:
            age = (day - candidate).days
            reason = TODAYS if age == 0 else NEWEST.format(age=age)
            path = stored.path(candidate)
            try:
                return replace(read_model(models, path), because=reason)
            except ModelError:
                if _digest_of(stored, path):
                    raise
                # The flow of 2019 left its models under the same names.
                foreign = ", and what lies there under a model's name is none of ours"
    raise ModelError(
        f"no model of {oldest} … {day} is in the store{foreign}",
        table=stored.asset,
        day=day,
        remedy="Train one, pin one (scoring.pinned_model), or raise scoring.max_age_days.",
    )


def pinned_path(models: PartitionStore[xgboost.Booster], pin: str) -> str:
    """The path, relative to the store's root, of a model pinned by path, digest or id.

    Raises:
        ModelError: nothing fits, or several do. Like a `StoreError` it does not quote the pin,
            which somebody may have typed into the launchpad.
    """
    store = models.store
    is_path = "/" in pin
    path = pin.removeprefix(f"{store.url.rstrip('/')}/") if is_path else models.template.fill(pin)
    try:
        if store.exists(path):
            return path
    except StoreError as error:
        raise error.at("the pinned model") from None
    if is_path:
        raise _unknown("no file lies there")
    if not _DIGEST.fullmatch(pin):
        raise _unknown("no model has that id")
    return _path_of_digest(models, pin)


def _path_of_digest(models: PartitionStore[xgboost.Booster], pin: str) -> str:
    """The path of the one model, current or replaced, whose digest begins so."""
    store, folder = models.store, models.template.folder
    versions = join_path(folder, VERSIONS)
    kept = [
        f"{versions}/{entry.name}"
        for entry in store.list(versions)
        if re.search(rf"\.{pin}[0-9a-f]*(\.|$)", entry.name)
    ]
    ids = models.template.values(e.name for e in store.list(folder) if not e.is_directory)
    current = [models.template.fill(each) for each in ids]
    # Files of other programs, the 2019 flow's for one, may lie there: they have no digest.
    fitting = [path for path in current if _digest_of(models, path).startswith(pin)]
    found = fitting or [path for path in kept if _digest_of(models, path)]
    digests = {_digest_of(models, path) for path in found}
    if len(digests) != 1:
        reason = "several models have a digest that starts so" if digests else "no model has it"
        raise _unknown(reason)
    return found[0]


def read_model(models: Upstream[xgboost.Booster], path: str) -> StoredModel:
    """Read a model file and what it carries; it counts as read, under its model_id.

    Raises:
        ModelError: it is not there, or is not one of our models.
        CorruptFile: it was altered, or forged so that parsing it crashes.
    """
    stored = models.partitions
    try:
        booster = stored.format.read(stored.store, path)
    except NotFound:
        raise ModelError(
            f"there is no model under {path}",
            table=stored.asset,
            remedy="Train it (job self_learning), or choose another one.",
        ) from None
    # Taken from the booster: the file, read again, may be another one by now.
    manifest = manifest_of(booster, path)
    try:
        frames = carried.frames_of(manifest.inputs)
        carried.check_facts(manifest.facts, manifest.partition, frames)
        encoder = carried.encoder_of(booster.attr(ENCODER) or "")
        kept, features = booster.attr(REFERENCE), len(encoder.features)
        reference = carried.reference_of(kept, features) if kept else None
        if booster.num_features() != features or booster.feature_names:
            raise ValueError("its trees are of other features than its encoder")
    except ValueError as error:
        raise ModelError(
            f"the model cannot be ours: {error}",
            table=path,
            remedy="Restore the file, or retrain.",
        ) from None
    model_id = str(manifest.facts["model_id"])
    models.record(model_id, manifest.digest)
    return StoredModel(model_id, path, booster, encoder, manifest, reference=reference)


def model_of_digest(
    models: Upstream[xgboost.Booster], model_id: str, digest: str, path: str = ""
) -> StoredModel:
    """The very model of this content, even if it has been replaced since.

    Args:
        models: the stored models.
        model_id: its name.
        digest: its content's.
        path: where it lay when it was read; a pinned model may lie anywhere in the store.

    Raises:
        ModelError: it is nowhere in the store.
        CorruptFile: it was altered.
    """
    return read_model(models, path_of_model(models.partitions, model_id, digest, path))


def path_of_model(
    models: PartitionStore[xgboost.Booster], model_id: str, digest: str, path: str = ""
) -> str:
    """The file that holds the model of this content; arguments and errors as `model_of_digest`."""
    own = models.template.fill(model_id)
    for candidate in (own, version_path(own, digest), path):
        if candidate and models.store.exists(candidate) and _digest_of(models, candidate) == digest:
            return candidate
    try:
        return pinned_path(models, digest)
    except ModelError:
        raise ModelError(
            f"the model {model_id} is not in the store any more, or not with this content",
            table=models.asset,
            remedy="Restore its file. Another champion: aml promote MODEL --against-the-gate.",
        ) from None


def _digest_of(models: PartitionStore[xgboost.Booster], path: str) -> str:
    """A model's digest; "" for a file that is not one of our models."""
    try:
        return models.format.read_manifest(models.store, path).digest
    except ModelError:
        return ""


def _unknown(why: str) -> ModelError:
    return ModelError(
        f"the pinned model cannot be found: {why}",
        table=MODEL,
        remedy="Correct scoring.pinned_model, or model of the run: a model_id, a digest, or a path "
        "in the store.",
    )
