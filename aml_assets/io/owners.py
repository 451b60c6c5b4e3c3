"""Owners: to which kind, asset and day each file of a store belongs, by its path.

Belongs here: reading paths, also of kept versions, hidden companions, ad hoc runs, and of tables
and model lines that the settings no longer have. Does not belong here: listing them
(``io.usage``), or what is deleted (``steps.retaining.planning``).
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aml_assets.core.days import parse_day
from aml_assets.core.graph import ALERT_PAGE, QUEUE, TUNING, Line
from aml_assets.io.catalog import RECEIPTS
from aml_assets.io.disposition_store import FOLDER as IMPORTS
from aml_assets.io.paths import join_path, split_path
from aml_assets.io.seals import VERSIONS
from aml_assets.settings.retention_settings import KINDS, Kind
from aml_assets.settings.table_settings import DISPOSITIONS

if TYPE_CHECKING:
    from aml_assets.settings.store_settings import StoreSettings

CHECKS = "checks"
"""The folder of verdicts; a verdict belongs to the partition that it is about."""

_OUR_GROUPS = ("tables", "features")
_KIND: dict[str, Kind] = {kind: kind for kind in KINDS}
_NEVER = re.compile(r"(ledger|holds|retention|decisions|surroundings)/")
_DAY = r"\d{4}-\d{2}-\d{2}"
_ASSET = r"[^/.][^/]*(?:/[^/.][^/]*)*?"
_LINE = r"lines/(?P<line>[^/]+)/"


@dataclass(frozen=True, order=True)
class Owner:
    """The partition that a file belongs to.

    Attributes:
        kind: the kind of asset, on which its term depends.
        asset: the asset; of imports of dispositions, their folder.
        day: the partition.
    """

    kind: Kind
    asset: str
    day: dt.date


class Owners:
    """Tells the owner of each file of a store.

    Args:
        store: its path templates.
        groups: a bank's own asset groups, whose frames the store holds beside ours.
    """

    def __init__(self, store: StoreSettings, groups: Iterable[str] = ()) -> None:
        self._patterns = list(_patterns(store, sorted({*_OUR_GROUPS, *groups})))

    def of(self, path: str) -> Owner | None:
        """The owner of a file; ``None`` for one that belongs to no partition."""
        if _NEVER.match(path):
            return None
        plain = _beside_its_file(path)
        for pattern, kind, role in self._patterns:
            match = pattern.fullmatch(plain)
            day = parse_day(match["date"]) if match else None
            if match is None or day is None:
                continue
            named = match.groupdict()
            asset = named.get("asset") or _asset(role, Line(named.get("line") or ""))
            return Owner(kind or kind_of(asset), asset, day)
        return None


def kind_of(asset: str) -> Kind:
    """The kind of an asset by its name; one in a bank's own asset group counts as features."""
    group, _, name = asset.partition("/")
    if name == DISPOSITIONS or group == IMPORTS:
        return "dispositions"
    return _KIND.get(group, "features")


def _beside_its_file(path: str) -> str:
    """The path as if a kept version or hidden companion lay, unhidden, beside its file."""
    folder, name = split_path(path)
    parent, last = split_path(folder)
    return join_path(parent if last == VERSIONS else folder, name.removeprefix("."))


def _patterns(
    store: StoreSettings, groups: Sequence[str]
) -> Iterator[tuple[re.Pattern[str], Kind | None, str]]:
    """The pattern of each place, special ones first, with its kind (``None``: by asset) and role.

    The role is the name of the path's setting; "" where the pattern itself names the asset.
    """
    yield re.compile(rf"(?P<asset>{IMPORTS})/(?P<date>{_DAY})/.+"), "dispositions", ""
    yield _pattern("{asset}/{date}.json", within=rf"{RECEIPTS}/[^/]+"), "receipts", ""
    yield _pattern(f"{CHECKS}/{{asset}}/{{date}}.json"), None, ""
    places: tuple[tuple[str, Kind], ...] = (
        ("queue", "reports"),
        ("alert_report", "reports"),
        ("tuning", "models"),
    )
    for role, kind in places:
        yield _pattern(getattr(store, role)), kind, role
    of_lines: tuple[tuple[str, Kind], ...] = (
        ("model_report", "reports"),
        ("gate", "metrics"),
        ("shadow", "predictions"),
        ("metrics", "metrics"),
        ("model_card", "metrics"),
        ("measured_model", "models"),
        ("model", "models"),
        ("predictions", "predictions"),
    )
    for role, kind in of_lines:
        for line in (_LINE, ""):
            yield _pattern(getattr(store, role), line), kind, role
    # Landed files, which may lie in the same folder, are in no group.
    within = rf"(?:{'|'.join(map(re.escape, groups))})/[^/.][^/]*"
    yield _pattern(store.frames, within=within), None, ""


def _asset(role: str, line: Line) -> str:
    names = {
        "queue": QUEUE,
        "alert_report": ALERT_PAGE,
        "tuning": TUNING,
        "model_report": line.page,
        "metrics": line.metrics,
        "model_card": line.card,
        "gate": line.gate,
        "shadow": line.shadow,
        "measured_model": line.measured_model,
        "model": line.model,
        "predictions": line.scores,
    }
    return names[role]


def _pattern(template: str, before: str = "", within: str = _ASSET) -> re.Pattern[str]:
    """The pattern of all files that lie where a template says, or beside, for its partitions.

    A file's name may go on after a dot: with a digest, an ad hoc model's name, or the kind of a
    hidden companion. Placeholders that give neither day nor asset match anything.

    Args:
        template: a path with placeholders.
        before: the pattern of what stands before it.
        within: the pattern of an asset.
    """
    folder, name = split_path(template.strip("/"))
    text = re.escape(join_path(folder, name.rpartition(".")[0] or name))
    slots = {
        "asset": (f"(?P<asset>{within})", "(?P=asset)"),
        "date": (f"(?P<date>{_DAY})", "(?P=date)"),
        "model_id": (f"[^/]*?(?P<date>{_DAY})(?:_[^/.]*)?", "[^/]+"),
        "prefix": ("[^/]*?", "[^/]*?"),
    }
    for slot, (first, again) in slots.items():
        written = re.escape(f"{{{slot}}}")
        text = text.replace(written, first, 1).replace(written, again)
    return re.compile(rf"{before}{text}(?:\.[^/]*)?")
