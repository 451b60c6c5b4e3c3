"""Checking: the figures of a stored partition, the verdict on them, and overrides.

Belongs here: checking partitions, keeping verdicts, and overriding them. Does not belong here: how
a check is computed (``core.tables.checks``), or showing a verdict in Dagster
(``assets.asset_checks``).
"""
