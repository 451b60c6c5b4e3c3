"""Bytes at rest: file systems, the store and its promises, manifests, formats.

Belongs here: everything that knows how a partition lies on disk. Does not belong here: what a
partition means, which day it is, or any setting. ``filesystems``, ``store``, ``manifest`` and
``formats`` know nothing of Dagster.
"""
