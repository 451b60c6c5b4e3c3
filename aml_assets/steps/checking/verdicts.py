"""Verdicts: what the checks say of a stored day, kept beside it by the content's digest.

Belongs here: making a verdict once, keeping it, and refusing what it blocks. Does not belong here:
its figures (``steps.checking.measures``), the checks themselves (``core.tables.checks``), or
overriding one (``steps.checking.overrides``).

A verdict is about a content. As long as a day holds that content, what it failed stays failed:
neither another run, nor a wiped run history, nor other days that come or go, nor a threshold that
is loosened later lifts a block; only a restated day or an override does. The verdict holds the
time of landing, which no manifest of a table may.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from aml_assets.core.graph import TABLES
from aml_assets.core.tables.checks import CHECKS, Figures, Result
from aml_assets.errors import CheckFailed, CorruptFile, NotFound, NotReady
from aml_assets.io.catalog import Catalog
from aml_assets.io.formats import JsonFormat
from aml_assets.io.manifest import Manifest
from aml_assets.steps.checking.measures import (
    checks_of,
    figures_by_manifest,
    figures_of,
    results_of,
    table_of,
    thresholds_hash,
)

if TYPE_CHECKING:
    from aml_assets.io.decisions import Decision

CODE_VERSION = "1"

_FOLDER = "checks"
_SEARCHED = 4
"""As many times ``trailing_days`` stored days are looked at for days that hold rows."""


@dataclass(frozen=True)
class Verdict:
    """What the checks say of one content of a day.

    Attributes:
        asset: ``tables/<table>``, ``features/merged_features`` or ``predictions/predictions``.
        day: the partition.
        digest: the content that was checked.
        settings: a hash of the thresholds it was measured by.
        figures: what is known of the day, for the days that come after it.
        results: one per check.
    """

    asset: str
    day: dt.date
    digest: str
    settings: str
    figures: Figures
    results: tuple[Result, ...]

    @property
    def failed(self) -> list[Result]:
        """The checks that failed, blocking or not."""
        return [result for result in self.results if not result.passed]

    @property
    def blocking(self) -> list[Result]:
        """The failures that stop something, overridden or not."""
        return [result for result in self.results if result.blocks]


def verdict_of(catalog: Catalog, asset: str, day: dt.date) -> Verdict | None:
    """The kept verdict on what a day holds; ``None`` if there is none, or no such day."""
    kept = _kept(catalog, asset, day)
    if kept is None:
        return None
    try:
        digest = catalog.of(asset).manifest(day).digest
    except NotReady:
        return None
    return kept if kept.digest == digest else None


def override_name(asset: str, day: dt.date, check: str) -> str:
    """Under which name an override of a check is kept."""
    return f"{table_of(asset)}.{check}.{day}"


def override_of(catalog: Catalog, verdict: Verdict, check: str) -> Decision | None:
    """The decision to overrule a check, if it is about the content that the verdict is about."""
    decision = catalog.overrides.find(override_name(verdict.asset, verdict.day, check))
    return decision if decision is not None and decision.about == verdict.digest else None


def blocks_of(catalog: Catalog, verdict: Verdict) -> list[Result]:
    """The failures that stop something and that nobody has overridden."""
    return [each for each in verdict.blocking if not override_of(catalog, verdict, each.name)]


def refuse_blocked(
    catalog: Catalog, day: dt.date, asset: str, manifest: Manifest | None = None
) -> None:
    """Refuse to go on from a day that failed a check.

    Args:
        catalog: where to read; a verdict that is missing is made and kept.
        day: the partition.
        asset: what would be read.
        manifest: of what is stored for the day, if it has been read already.

    Raises:
        CheckFailed: names table, day, check, figure and threshold.
        NotReady: the day is not stored.
    """
    verdict = Verdicts(catalog).of(asset, day, manifest)
    blocks = blocks_of(catalog, verdict)
    if blocks:
        raise CheckFailed(
            _said(blocks), table=table_of(asset), day=day, remedy=_remedy(catalog, verdict, blocks)
        )


def blocked(catalog: Catalog, day: dt.date) -> str | None:
    """Why the day's features cannot be built from its stored tables; ``None`` if they can.

    Nothing is written: a verdict that is missing is made for this answer only.
    """
    for name in catalog.settings.tables:
        asset = f"{TABLES}/{name}"
        try:
            verdict = Verdicts(catalog).look(asset, day)
        except NotReady:
            continue
        if blocks := blocks_of(catalog, verdict):
            return f"{name}: {_said(blocks)}"
    return None


class Verdicts:
    """Makes and keeps verdicts; remembers the days it has seen, so make one per run.

    Args:
        catalog: where to read and to keep them.
    """

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._days: dict[str, set[dt.date]] = {}
        self._seen: dict[tuple[str, dt.date], tuple[str, Figures] | None] = {}

    def of(self, asset: str, day: dt.date, manifest: Manifest | None = None) -> Verdict:
        """The verdict on what a day holds: the kept one, else one that is made and kept.

        Args:
            asset: the asset.
            day: the partition.
            manifest: of what is stored for the day, if it has been read already.

        Raises:
            NotReady: the day is not stored.
        """
        verdict, inputs = self._decide(asset, day, manifest)
        if inputs is not None:
            path = _path(asset, day)
            JsonFormat().write(
                self._catalog.store, path, _document(verdict), self._manifest(verdict, inputs)
            )
        if asset in self._days:  # else the listing is still to come, and will hold it
            self._days[asset].add(day)
        self._seen[asset, day] = self._usable(verdict)
        return verdict

    def look(self, asset: str, day: dt.date) -> Verdict:
        """The verdict on what a day holds; one that has to be made is not kept.

        Raises:
            NotReady: the day is not stored.
        """
        return self._decide(asset, day, None)[0]

    def _decide(
        self, asset: str, day: dt.date, manifest: Manifest | None
    ) -> tuple[Verdict, dict[str, str] | None]:
        """A verdict, and the digests that it was made of unless it was there."""
        manifest = manifest or self._catalog.of(asset).manifest(day)
        kept = _kept(self._catalog, asset, day)
        if kept is None or kept.digest != manifest.digest:
            return self._make(asset, day, manifest)
        if kept.settings == thresholds_hash(self._catalog.settings, asset):
            return kept, None
        verdict, inputs = self._make(asset, day, manifest)
        # Other thresholds count for what is checked from now on; they lift no block.
        results = {each.name: each for each in (*verdict.results, *kept.blocking)}
        return replace(verdict, results=tuple(results.values())), inputs

    def _make(self, asset: str, day: dt.date, manifest: Manifest) -> tuple[Verdict, dict[str, str]]:
        today = figures_of(self._catalog, asset, day, manifest)
        limits = checks_of(self._catalog.settings, asset)
        past = list(self._past(asset, day)) if any(CHECKS[name].compares for name in limits) else []
        usual = [figures for _, figures in past]
        results = results_of(self._catalog, asset, manifest, today, usual)
        inputs = {str(figures.day): digest for digest, figures in past}
        inputs[str(day)] = manifest.digest
        hashed = thresholds_hash(self._catalog.settings, asset)
        return Verdict(asset, day, manifest.digest, hashed, today, tuple(results)), inputs

    def _past(self, asset: str, day: dt.date) -> Iterator[tuple[str, Figures]]:
        """Digests and figures of earlier days that tell what is usual, newest first."""
        wanted = self._catalog.settings.checks.trailing_days
        if asset not in self._days:
            self._days[asset] = set(self._catalog.of(asset).days())
        earlier = sorted((each for each in self._days[asset] if each < day), reverse=True)
        found = 0
        for each in earlier[: wanted * _SEARCHED]:
            known = self._known(asset, each)
            if known is not None:
                yield known
                found += 1
            if found == wanted:
                return

    def _known(self, asset: str, day: dt.date) -> tuple[str, Figures] | None:
        if (asset, day) not in self._seen:
            kept = _kept(self._catalog, asset, day)
            known = self._usable(kept) if kept else self._unchecked(asset, day)
            self._seen[asset, day] = known
        return self._seen[asset, day]

    def _usable(self, verdict: Verdict) -> tuple[str, Figures] | None:
        """A blocked day is no measure of what is usual, and neither is an empty one."""
        if not verdict.figures.rows or blocks_of(self._catalog, verdict):
            return None
        return verdict.digest, verdict.figures

    def _unchecked(self, asset: str, day: dt.date) -> tuple[str, Figures] | None:
        try:
            manifest = self._catalog.of(asset).manifest(day)
        except (NotReady, CorruptFile):
            return None
        figures = figures_by_manifest(day, manifest)
        return (manifest.digest, figures) if figures.rows else None

    def _manifest(self, verdict: Verdict, inputs: dict[str, str]) -> Manifest:
        return Manifest(
            asset=f"{_FOLDER}/{verdict.asset}",
            partition=str(verdict.day),
            inputs={verdict.asset: inputs},
            code_version=CODE_VERSION,
            settings=verdict.settings,
        )


def _said(blocks: list[Result]) -> str:
    return "; ".join(
        f"check {each.name} failed: {each.figure:g}, where the threshold is {each.threshold} "
        f"({each.detail})"
        for each in blocks
    )


def _remedy(catalog: Catalog, verdict: Verdict, blocks: list[Result]) -> str:
    table = table_of(verdict.asset)
    spec = catalog.settings.tables.get(table)
    static = spec is not None and not spec.daily
    restate = f"the table restated (and the day run with restate: [{table}])" if static else ""
    return (
        f"Have {restate or 'the day restated'}; or decide that it is right: aml override {table} "
        f"{verdict.day} --check {blocks[0].name} --why '…'"
    )


def _path(asset: str, day: dt.date) -> str:
    return f"{_FOLDER}/{asset}/{day}{JsonFormat.suffix}"


def _document(verdict: Verdict) -> dict[str, Any]:
    figures = asdict(verdict.figures)
    del figures["day"]
    return {
        "asset": verdict.asset,
        "day": str(verdict.day),
        "digest": verdict.digest,
        "settings": verdict.settings,
        "results": [asdict(result) for result in verdict.results],
        "figures": figures,
    }


def _kept(catalog: Catalog, asset: str, day: dt.date) -> Verdict | None:
    """The verdict in the store, whatever content it is about; a damaged one counts as none."""
    try:
        read: dict[str, Any] = JsonFormat().read(catalog.store, _path(asset, day))
        figures = Figures(day=day, **read["figures"])
        results = tuple(Result(**each) for each in read["results"])
        return Verdict(asset, day, read["digest"], read["settings"], figures, results)
    except (NotFound, CorruptFile, KeyError, TypeError):
        return None
