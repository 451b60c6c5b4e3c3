"""What building one partition gives: the value, its manifest, and figures for people.

Belongs here: the type that all steps return, and its publishing. Does not belong here: any one
step.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aml_assets.io.formats import Published
from aml_assets.io.manifest import Manifest
from aml_assets.io.partition_store import PartitionStore


@dataclass(frozen=True)
class Built:
    """One partition, ready to be published.

    Attributes:
        value: what is stored.
        manifest: what it was made of.
        figures: plain numbers, texts and JSON for the UI; never a customer's row.
        pictures: title → PNG.
        landed: daily or static tables read from the landing: table → figures about the files.
        ad_hoc: it has a name of its own and does not stand for the day.
        path: where it is stored, if not under the day's own name.
        publish: how to publish it, where nothing is written as usual.
    """

    value: Any
    manifest: Manifest
    figures: Mapping[str, Any]
    pictures: Mapping[str, bytes] = field(default_factory=dict)
    landed: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    ad_hoc: bool = False
    path: str | None = None
    publish: Callable[[], Published] | None = None

    def publish_to(self, partitions: PartitionStore[Any], day: dt.date) -> Published:
        """Publish the partition of ``day``."""
        if self.publish is not None:
            return self.publish()
        return partitions.publish(day, self.value, self.manifest, path=self.path)
