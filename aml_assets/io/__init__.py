"""Stored bytes: file systems, the store and its promises, manifests, formats.

Belongs here: everything that knows how a partition is stored. Does not belong here: what a
partition means, or how settings are loaded. No module here imports Dagster.
"""
