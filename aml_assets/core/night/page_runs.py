"""Page runs: HTML pages that are missing although the partition that they describe is stored.

Belongs here: requesting a page alone. Does not belong here: pages that are built by the run that
builds what they describe (``core.night.learning``), or stale ones (``core.night.remaking``).
"""

from __future__ import annotations

import datetime as dt

from aml_assets.core.night.candidate import DayWork
from aml_assets.core.night.cursor import RequestKey, Stage
from aml_assets.core.night.finding import CURRENT, NOTHING, Finding, Outcome, failed
from aml_assets.core.night.tick import Tick
from aml_assets.core.staleness import Fingerprint, StoredPartition, changed_inputs


def request_pages(tick: Tick) -> None:
    """Propose the missing pages that no candidate run builds already.

    The pages of a day share a run, since one may read another.
    """
    proposed = {(asset, day) for run in tick.candidates for asset in run.assets for day in run.days}
    work: dict[dt.date, DayWork] = {}
    for day in tick.view.days:
        remember: dict[RequestKey, Fingerprint] = {}
        for page, described in tick.rules.pages.items():
            is_coming = not proposed.isdisjoint({(page, day), (described, day)})
            finding = _page(tick, page, day, is_coming=is_coming)
            key = RequestKey(Stage.PAGE, day, page)
            tick.record(key, finding)
            if finding.outcome is Outcome.BUILD:
                remember[key] = finding.fingerprint
        if remember:
            work[day] = DayWork(tuple(key.asset for key in remember), remember)
    tick.propose_days(Stage.PAGE, work)


def _page(tick: Tick, page: str, day: dt.date, *, is_coming: bool) -> Finding:
    """The finding about a day's page.

    Args:
        tick: the tick.
        page: the page's asset.
        day: the day.
        is_coming: whether a candidate run builds the page, or what it describes.
    """
    described = tick.view.partition(tick.rules.pages[page], day)
    if described is None or not described.digest or tick.view.partition(page, day):
        return CURRENT
    frames = tick.rules.line_of(page).features
    if day in tick.coming(frames) or is_coming:
        return NOTHING
    if _features_changed(tick, described, frames):
        name = page.rpartition("/")[2]
        note = f"{name}: the features that it describes have changed since"
        return Finding(Outcome.NOTHING, note, is_minor=True)
    if tick.requested(Stage.PAGE, day, page) == described.digest:
        return failed(page, described.digest, is_minor=True)
    return Finding(Outcome.BUILD, fingerprint=described.digest)


def _features_changed(tick: Tick, described: StoredPartition, frames: str) -> bool:
    """Whether the features that a partition was built from have changed, so no page can explain it.

    Args:
        tick: the tick.
        described: the partition.
        frames: the frames of its line, which are labelled by the merged features.
    """
    features = {tick.rules.features, frames}
    return any(asset in features for asset, _ in changed_inputs(described, tick.current))
