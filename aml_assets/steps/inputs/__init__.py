"""Inputs: which partitions a builder reads, and what it does about missing ones.

Belongs here: reading windows, choosing a model, and exemptions of days. Does not belong here:
building anything.
"""
