"""A builder's result: the value of one partition, its manifest, and figures for people.

Belongs here: the type that all builders return, and its publishing. Does not belong here: any one
builder.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aml_assets.errors import AmlError
from aml_assets.io.formats import Published
from aml_assets.io.manifest import Manifest
from aml_assets.io.partition_store import PartitionStore
from aml_assets.io.upstream import Upstream, inputs_read

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Built:
    """One partition, ready to be published.

    Attributes:
        value: what is stored.
        manifest: its inputs, versions and facts; the digest is filled in by publishing.
        figures: plain numbers, texts and JSON for the UI; never a customer's row.
        pictures: title → SVG.
        landed: daily or static tables read from the landing: table → figures about the files.
        ad_hoc: it has a name of its own and does not stand for the day.
        path: where it is stored, if not under the day's own name.
        publish: publishes it, where that is more or less than to write ``value`` to its path.
    """

    value: Any
    manifest: Manifest
    figures: Mapping[str, Any]
    pictures: Mapping[str, str] = field(default_factory=dict)
    landed: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    ad_hoc: bool = False
    path: str | None = None
    publish: Callable[[], Published] | None = None

    def publish_to(self, partitions: PartitionStore[Any], day: dt.date) -> Published:
        """Publish the partition of ``day``."""
        if self.publish is not None:
            return self.publish()
        return partitions.publish(day, self.value, self.manifest, path=self.path)


def built_of_frame(
    frame: Any, asset: str, day: dt.date, code_version: str, inputs: Iterable[Upstream[Any]]
) -> Built:
    """A frame as a partition of an asset, with a manifest that names the inputs read for it.

    Args:
        frame: a ``pa.Table`` or ``pd.DataFrame``.
        asset: the asset.
        day: the partition.
        code_version: the asset's.
        inputs: all inputs of its builder.

    Raises:
        AmlError: it is no frame.
    """
    table = frame_as_table(frame, asset, day)
    manifest = Manifest(asset, str(day), inputs=inputs_read(*inputs), code_version=code_version)
    return Built(table, manifest, {"rows": table.num_rows})


def frame_as_table(value: Any, asset: str, day: dt.date) -> pa.Table:
    """An Arrow table of what a builder or a foreign asset returned.

    Raises:
        AmlError: it is ``None``, no frame, or a frame with a column of mixed types.
    """
    import pyarrow as pa

    if type(value).__name__ == "DataFrame" and type(value).__module__.startswith("pandas"):
        try:
            return pa.Table.from_pandas(value, preserve_index=False)
        except pa.ArrowException:
            raise AmlError(
                "the frame has a column of mixed types",
                table=asset,
                day=day,
                remedy="Give each column one type.",
            ) from None
    if isinstance(value, pa.Table):
        return value
    raise AmlError(
        "it returned None, and nothing is not content"
        if value is None
        else f"it returned a {type(value).__name__}, which is no frame",
        table=asset,
        day=day,
        remedy="Return a pa.Table or a pd.DataFrame (without rows, if there are none).",
    )
