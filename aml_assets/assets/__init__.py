"""The assets: a module per group, whose name is the first part of its assets' keys.

Belongs here: declaring assets and handing each day to its step. Does not belong here: anything
that could be tested without Dagster (``steps``, ``core``, ``io``).
"""
