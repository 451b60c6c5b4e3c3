"""The assets: folder, group and key prefix are one.

Belongs here: declaring assets and handing each day to its step. Does not belong here: anything
that could be tested without Dagster (``steps``, ``core``, ``io``).
"""
