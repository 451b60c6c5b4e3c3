"""Builders: one module per kind of asset, each a function that builds one partition.

Belongs here: what is read for a partition, and the manifest and figures of the result. Does not
belong here: Dagster (``assets``), maths (``core``) or bytes (``io``).
"""
