"""Verdicts: the results of a stored partition's checks, kept in the store.

Belongs here: checking a partition once, keeping its verdict, and refusing what the verdict blocks.
Does not belong here: the figures (``steps.checking.measures``), the checks themselves
(``core.tables.checks``), or overriding a failed one (``steps.checking.overrides``).

A verdict is about one content, named by its digest. While a partition holds that content, a failed
check stays failed: only a restated day or an override lifts its block. Another run, a wiped run
history, changes of other days or looser thresholds do not (docs/design.md).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from aml_assets.core.graph import TABLES
from aml_assets.core.tables.checks import Figures, Result
from aml_assets.errors import CheckFailed, CorruptFile, NotFound, NotReady
from aml_assets.io.catalog import Catalog
from aml_assets.io.formats import JsonFormat
from aml_assets.io.manifest import Manifest
from aml_assets.steps.checking.measures import (
    compares_days,
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
"""To find ``trailing_days`` days with rows, this many times as many stored days are read."""


@dataclass(frozen=True)
class Verdict:
    """The results of the checks of one content of a partition.

    Attributes:
        asset: ``tables/<table>``, ``features/merged_features`` or ``predictions/predictions``.
        day: the partition.
        digest: the digest of the content that was checked.
        settings: a hash of the thresholds that were applied.
        figures: the counts of the day, with which later days are compared. They hold the time of
            landing, which no manifest of a table may.
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
        """The results of the checks that failed, blocking or not."""
        return [result for result in self.results if not result.passed]

    @property
    def blocking(self) -> list[Result]:
        """The failures that block, overridden or not."""
        return [result for result in self.results if result.blocks]


def stored_verdict(catalog: Catalog, asset: str, day: dt.date) -> Verdict | None:
    """The stored verdict on the content that a partition holds now.

    Returns:
        ``None`` if this content was not checked yet, or if the partition is not stored.

    Raises:
        CorruptFile: the verdict, or the partition, is not what was published.
    """
    try:
        kept = _load(catalog, asset, day)
    except NotFound:
        return None
    try:
        digest = catalog.of(asset).manifest(day).digest
    except NotReady:
        return None
    return kept if kept.digest == digest else None


def override_name(asset: str, day: dt.date, check: str) -> str:
    """The name under which ``catalog.overrides`` keeps the override of a check."""
    return f"{table_of(asset)}.{check}.{day}"


def override_of(catalog: Catalog, verdict: Verdict, check: str) -> Decision | None:
    """The decision to override a check; ``None`` if there is none about the verdict's content."""
    decision = catalog.overrides.find(override_name(verdict.asset, verdict.day, check))
    return decision if decision is not None and decision.about == verdict.digest else None


def blocks_of(catalog: Catalog, verdict: Verdict) -> list[Result]:
    """The failures that block and that nobody has overridden."""
    return [each for each in verdict.blocking if not override_of(catalog, verdict, each.name)]


def refuse_blocked(
    catalog: Catalog, day: dt.date, asset: str, manifest: Manifest | None = None
) -> None:
    """Refuse to read a partition that failed a blocking check.

    Args:
        catalog: where to read; a partition without a verdict is checked, and the verdict kept.
        day: the partition.
        asset: the asset that would be read.
        manifest: the manifest of the stored partition, if it has been read already.

    Raises:
        CheckFailed: names table, day, check, figure and threshold.
        NotReady: the partition is not stored.
    """
    verdict = Verdicts(catalog).get_or_create(asset, day, manifest)
    blocks = blocks_of(catalog, verdict)
    if blocks:
        raise CheckFailed(
            _sentence(blocks),
            table=table_of(asset),
            day=day,
            remedy=_remedy(catalog, verdict, blocks),
        )


def blocked(catalog: Catalog, day: dt.date) -> str | None:
    """The reason why a day's features cannot be built: a stored table failed a blocking check.

    Nothing is written: a table without a verdict is checked for this answer only.

    Returns:
        ``<table>: <sentence>`` for the first such table; ``None`` if there is none.
    """
    for name in catalog.settings.joined_tables:
        asset = f"{TABLES}/{name}"
        try:
            verdict = Verdicts(catalog).evaluate(asset, day)
        except NotReady:
            continue
        if blocks := blocks_of(catalog, verdict):
            return f"{name}: {_sentence(blocks)}"
    return None


class Verdicts:
    """Checks partitions and keeps the verdicts.

    An instance remembers the earlier days that it has read, so that a run of a range reads each
    once. Use one per run: what others store meanwhile is not seen.

    Args:
        catalog: where to read partitions and to keep verdicts.
    """

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._stored_days: dict[str, set[dt.date]] = {}
        self._comparable: dict[tuple[str, dt.date], tuple[str, Figures] | None] = {}

    def get_or_create(self, asset: str, day: dt.date, manifest: Manifest | None = None) -> Verdict:
        """Return the stored verdict on what a partition holds; if there is none, check and keep it.

        Args:
            asset: the asset.
            day: the partition.
            manifest: the manifest of the stored partition, if it has been read already.

        Raises:
            NotReady: the partition is not stored.
        """
        verdict, inputs = self._decide(asset, day, manifest)
        if inputs is not None:
            _write(self._catalog, verdict, inputs)
        if asset in self._stored_days:  # else the days will be listed later, with this one
            self._stored_days[asset].add(day)
        self._comparable[asset, day] = self._if_usual(verdict)
        return verdict

    def evaluate(self, asset: str, day: dt.date) -> Verdict:
        """Return the verdict on what a partition holds, without keeping a new one.

        Raises:
            NotReady: the partition is not stored.
        """
        return self._decide(asset, day, None)[0]

    def _decide(
        self, asset: str, day: dt.date, manifest: Manifest | None
    ) -> tuple[Verdict, dict[str, str] | None]:
        """The verdict, and the digests of its inputs (by day) if it is new."""
        manifest = manifest or self._catalog.of(asset).manifest(day)
        kept = _read(self._catalog, asset, day)
        if kept is None or kept.digest != manifest.digest:
            return self._check(asset, day, manifest)
        if kept.settings == thresholds_hash(self._catalog.settings, asset):
            return kept, None
        verdict, inputs = self._check(asset, day, manifest)
        # New thresholds apply from now on, but they lift no block of the same content.
        results = {each.name: each for each in (*verdict.results, *kept.blocking)}
        return replace(verdict, results=tuple(results.values())), inputs

    def _check(
        self, asset: str, day: dt.date, manifest: Manifest
    ) -> tuple[Verdict, dict[str, str]]:
        """Check a partition; returns the verdict and the digests of its inputs, by day."""
        settings = self._catalog.settings
        today = figures_of(self._catalog, asset, day, manifest)
        past = list(self._earlier_days(asset, day)) if compares_days(settings, asset) else []
        results = results_of(
            self._catalog, asset, manifest, today, [figures for _, figures in past]
        )
        inputs = {str(figures.day): digest for digest, figures in past}
        inputs[str(day)] = manifest.digest
        hashed = thresholds_hash(settings, asset)
        return Verdict(asset, day, manifest.digest, hashed, today, tuple(results)), inputs

    def _earlier_days(self, asset: str, day: dt.date) -> Iterator[tuple[str, Figures]]:
        """Digests and figures of the earlier days that show what is usual, newest first."""
        wanted = self._catalog.settings.checks.trailing_days
        if asset not in self._stored_days:
            self._stored_days[asset] = set(self._catalog.of(asset).days())
        earlier = sorted((each for each in self._stored_days[asset] if each < day), reverse=True)
        found = 0
        for each in earlier[: wanted * _SEARCHED]:
            comparable = self._figures_to_compare(asset, each)
            if comparable is not None:
                yield comparable
                found += 1
            if found == wanted:
                return

    def _figures_to_compare(self, asset: str, day: dt.date) -> tuple[str, Figures] | None:
        """The digest and figures of an earlier day; ``None`` if it does not show what is usual."""
        if (asset, day) not in self._comparable:
            kept = _read(self._catalog, asset, day)
            self._comparable[asset, day] = (
                self._if_usual(kept) if kept else self._unchecked(asset, day)
            )
        return self._comparable[asset, day]

    def _if_usual(self, verdict: Verdict) -> tuple[str, Figures] | None:
        """The digest and figures of a checked day; ``None`` for a blocked or an empty one."""
        if not verdict.figures.rows or blocks_of(self._catalog, verdict):
            return None
        return verdict.digest, verdict.figures

    def _unchecked(self, asset: str, day: dt.date) -> tuple[str, Figures] | None:
        """The digest and figures of a day without a verdict, by its manifest; ``None`` if empty."""
        try:
            manifest = self._catalog.of(asset).manifest(day)
        except (NotReady, CorruptFile):
            return None
        figures = figures_by_manifest(day, manifest)
        return (manifest.digest, figures) if figures.rows else None


def _sentence(blocks: list[Result]) -> str:
    """The failed checks, each with its figure and threshold."""
    return "; ".join(
        f"check {each.name} failed: {each.figure:g}, where the threshold is {each.threshold} "
        f"({each.detail})"
        for each in blocks
    )


def _remedy(catalog: Catalog, verdict: Verdict, blocks: list[Result]) -> str:
    """The two ways to lift a block: restate, or override the first of the checks."""
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


def _write(catalog: Catalog, verdict: Verdict, inputs: dict[str, str]) -> None:
    """Keep a verdict, with the digests of the days that it was computed from."""
    figures = asdict(verdict.figures)
    del figures["day"]
    document = {
        "asset": verdict.asset,
        "day": str(verdict.day),
        "digest": verdict.digest,
        "settings": verdict.settings,
        "results": [asdict(result) for result in verdict.results],
        "figures": figures,
    }
    manifest = Manifest(
        asset=f"{_FOLDER}/{verdict.asset}",
        partition=str(verdict.day),
        inputs={verdict.asset: inputs},
        code_version=CODE_VERSION,
        settings=verdict.settings,
    )
    JsonFormat().write(catalog.store, _path(verdict.asset, verdict.day), document, manifest)


def _read(catalog: Catalog, asset: str, day: dt.date) -> Verdict | None:
    """The verdict in the store, on whatever content; a damaged one is as good as none."""
    try:
        return _load(catalog, asset, day)
    except (NotFound, CorruptFile):
        return None


def _load(catalog: Catalog, asset: str, day: dt.date) -> Verdict:
    path = _path(asset, day)
    read: dict[str, Any] = JsonFormat().read(catalog.store, path)
    try:
        figures = Figures(day=day, **read["figures"])
        results = tuple(Result(**each) for each in read["results"])
        return Verdict(asset, day, read["digest"], read["settings"], figures, results)
    except (KeyError, TypeError):
        raise CorruptFile("it is no verdict", path=path, operation="read") from None
