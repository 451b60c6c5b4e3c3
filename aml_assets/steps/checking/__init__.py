"""Checking: the figures of a stored partition, the verdict on them, and overrides.

Belongs here: making and keeping verdicts. Does not belong here: judging a figure
(``core.tables.checks``) or showing a verdict in Dagster (``assets.asset_checks``).
"""
