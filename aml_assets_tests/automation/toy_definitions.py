"""A job and an asset without a bank, for tests of who requests runs."""

import dagster as dg

PARTITIONS = dg.StaticPartitionsDefinition(["a", "b"])


@dg.asset(partitions_def=PARTITIONS)
def toy() -> None:
    """Nothing is built."""


toys = dg.Definitions(assets=[toy], jobs=[dg.define_asset_job("toys", "*")])
