"""The night's decisions: which runs to request, given what has landed and what is stored.

Belongs here: pure functions from a view and a cursor to a plan. Does not belong here: reading the
landing or the store (``steps.watching``), or requesting runs (``automation``).
"""
