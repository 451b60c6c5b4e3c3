"""Watching: what has landed and what is stored, gathered for the night's decisions.

Belongs here: filling in ``core.night.view``, and the status of every partition. Does not belong
here: deciding, or anything of Dagster's.
"""
